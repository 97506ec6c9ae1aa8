// The cards beside the charts: what is done now, what it costs, and the days that were like today.

import { byId, draw, make, show, withDates } from "./dom.js";
import { clock, fact, kw, money, percent, plainDay, price } from "./words.js";

export function showNow(status) {
  const decision = status.decision;
  const mode = byId("mode");
  mode.textContent = headline(status);
  if (decision?.mode) mode.dataset.mode = decision.mode;
  else delete mode.dataset.mode;
  byId("eyebrow").textContent = eyebrow(status);
  show(byId("reason"), ...withDates(decision?.reason ?? status.problems.join("; ")));
  byId("why").hidden = !decision;
  show(byId("terms"), ...terms(status));
  show(byId("devices"), ...(decision?.devices ?? []).map((each) => make("li", {}, make("b", {}, fact(each.device)), ` ${told(each)}`)));
  show(byId("complaints"), ...status.complaints.map((each) => make("li", {}, each)));
}

function told({ power_kw, start, end, setpoint_c, limit_kw }) {
  if (setpoint_c !== null) return `kept at ${setpoint_c.toFixed(1)} °C`;
  if (limit_kw !== null) return `at most ${kw(limit_kw)} kW`;
  if (power_kw > 0) return `on with ${kw(power_kw)} kW, until ${clock(end)}`;
  return start ? `waits, from ${clock(start)} to ${clock(end)}` : "off";
}

function eyebrow({ decision, acting }) {
  if (!decision || acting === "off") return "Now";
  const said = { published: "Decided", advised: "Advised", no_command: "Tried" }[decision.outcome];
  return `${said} at ${clock(decision.at)}${acting === "advise only" ? ": it advises, and commands nothing" : ""}`;
}

function headline({ decision, flows, acting }) {
  if (acting === "off") return "Switched off";
  if (!decision) return "No decision yet";
  const [low, high] = [decision.reserve_soc ?? 0, decision.charge_to_soc ?? 0];
  const said = {
    self_consumption: low > 0.005 ? `Following the house down to ${percent(low)}` : "Following the house",
    hold: `Holding at ${percent(flows.soc)}`,
    charge: `Charging from the grid to ${percent(high)}`,
    discharge: `Selling down to ${percent(low)}`,
  };
  return said[decision.mode] ?? "No command";
}

function terms({ decision, flows, next_decision, model }) {
  const term = (name, value) => make("div", {}, make("dt", {}, name), make("dd", {}, value));
  if (!decision) return [term("Model", model)];
  const chosen = { model: "the model", planner: "the planner", "earlier review": "the model, earlier" }[decision.chosen_by];
  const house = { true: "confirmed", false: "refused", null: "no answer yet" }[decision.confirmed];
  return [
    term("Price now", price(flows.import_price)),
    term("A stored kWh is worth", price(decision.worth_per_kwh)),
    decision.outcome === "published" ? term("The house", house) : null,
    term("Chosen by", chosen),
    term("Next decision", next_decision ? clock(next_decision) : "–"),
    term("Model", model),
  ].filter(Boolean);
}

export function showBill(today) {
  const bill = today?.bill;
  if (!bill) {
    show(byId("bill"), make("p", { class: "empty" }, "It begins with the first finished slot of the day."));
    return;
  }
  const saved = bill.none - bill.advisor;
  const rows = [
    ["Without a battery", bill.none, "none"],
    ["Plain self-consumption", bill.greedy, "load"],
    ["This advisor", bill.advisor, "accent"],
    ["Best, known only afterwards", bill.bound, "battery"],
  ];
  const most = Math.max(...rows.map(([, value]) => value), 0.01);
  show(byId("bill"),
    make("p", { class: "big" }, money(bill.advisor)),
    make("p", { class: "hint" }, comparison(bill, saved)),
    make("dl", { class: "bars" }, ...rows.map(([name, value, tone]) => {
      const bar = make("i", {});
      bar.style.width = `${Math.max(value / most, 0) * 100}%`;
      bar.style.setProperty("--c", `var(--${tone})`);
      return make("div", {}, make("dt", {}, name, make("b", {}, money(value))), make("dd", {}, bar));
    })),
    make("p", { class: "hint" }, `${bill.load_kwh.toFixed(1)} kWh used, ${bill.pv_kwh.toFixed(1)} from the sun, ${bill.import_kwh.toFixed(1)} bought, `
      + `${bill.export_kwh.toFixed(1)} sold. Less the worth of what is stored, from slot means${bill.metered ? "" : "; grid not metered"}.`),
  );
}

function comparison(bill, saved) {
  const against = bill.greedy - bill.advisor;
  const most = bill.none - bill.bound;
  const first = Math.abs(saved) < 0.005 ? "As much as without a battery" : `${money(Math.abs(saved))} ${saved > 0 ? "less" : "more"} than without a battery`;
  const second = Math.abs(against) < 0.005 ? "level with plain self-consumption" : `${money(Math.abs(against))} ${against > 0 ? "less" : "more"} than plain self-consumption`;
  const share = most > 0.05 ? `; ${Math.round((saved / most) * 100)} % of what was possible` : "";
  return `${first}, ${second}${share}.`;
}

const SHOWN_DAYS = 4;

export function showDays({ days, step_minutes }, today) {
  byId("days-hint").textContent = days.length ? `The nearest of ${days.length} that the plan rests on: sun filled, house as a line, today dotted` : "";
  const own = today ? clockShape(today, step_minutes) : [];
  const top = Math.max(1, ...days.slice(0, SHOWN_DAYS).flatMap((day) => [...day.load_kw, ...day.pv_kw].map((value) => value ?? 0)));
  const cards = days.slice(0, SHOWN_DAYS).map((day) => make("li", {},
    make("h3", {}, plainDay(day.day)),
    sparkline(day, own, top),
    make("p", {}, `${day.load_kwh.toFixed(1)} kWh used, ${day.pv_kwh.toFixed(1)} kWh sun`),
    make("p", {}, day.why)));
  show(byId("days"), ...(cards.length ? cards : [make("li", { class: "empty" }, "No plan, no days.")]));
}

function clockShape(today, minutes) {
  const shape = new Array(1440 / minutes).fill(null);
  for (const slot of today.slots) {
    const [hour, minute] = clock(slot.start).split(":").map(Number);
    shape[Math.floor((hour * 60 + minute) / minutes)] = slot.load_kw;
  }
  return shape;
}

function sparkline(day, own, top) {
  const size = { width: 160, height: 60 };
  const x = (index) => ((index + 0.5) / day.load_kw.length) * size.width;
  const y = (value) => size.height - 2 - (Math.min(value, top) / top) * (size.height - 6);
  const path = (values) => {
    let pen = "M";
    return values.map((value, index) => {
      if (value === null || value === undefined) { pen = "M"; return ""; }
      const part = `${pen}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      return part;
    }).join("");
  };
  const sun = day.pv_kw.map((value) => value ?? 0);
  return draw("svg", { viewBox: `0 0 ${size.width} ${size.height}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `${plainDay(day.day)}: ${day.load_kwh.toFixed(1)} kWh used, ${day.pv_kwh.toFixed(1)} kWh of sun` },
    draw("path", { d: `${path(sun)}L${size.width} ${size.height}L0 ${size.height}Z`, fill: "var(--sun)", "fill-opacity": 0.32 }),
    draw("path", { d: path(day.load_kw), fill: "none", stroke: "var(--load)", "stroke-width": 1.6, "vector-effect": "non-scaling-stroke" }),
    draw("path", { d: path(own), fill: "none", stroke: "var(--accent)", "stroke-width": 1.8, "stroke-dasharray": "1.5 3", "stroke-linecap": "round", "vector-effect": "non-scaling-stroke" }));
}
