// The cards beside the charts: what is done now, what it costs, and the days that were like today.

import { byId, draw, make, show } from "./dom.js";
import { MODES, age, clock, fact, kw, kwh, money, number, percent, plainDay, price, t } from "./words.js";

const MOVING_KW = 0.03;

export function showNow(status, today) {
  const decision = status.decision;
  const mode = byId("mode");
  mode.textContent = headline(status);
  if (decision?.mode) mode.dataset.mode = decision.mode;
  else delete mode.dataset.mode;
  byId("eyebrow").textContent = eyebrow(status);
  show(byId("reason"), decision?.reason ?? status.problems.join("; "));
  byId("why").hidden = !decision;
  showLearning(status);
  show(byId("terms"), ...terms(status, today?.bill));
  const devices = (decision?.devices ?? []).map((each) => make("li", {}, make("b", {}, fact(each.device)), ` ${does(each)}`));
  const batteries = status.batteries.map((each) => make("li", {}, make("b", {}, t("battery.name", each)), ` ${stands(each)}`));
  show(byId("devices"), ...batteries, ...devices);
  show(byId("complaints"), ...status.complaints.map((each) => make("li", {}, each)));
  show(byId("lights"), ...status.parts.map(light));
}

// One light for each thing that the advisor needs, with its age; a missing forecast is less, and no fault.
function light({ name, ok, problems, age_s }) {
  const state = ok ? "ok" : name === "forecast" ? "idle" : "bad";
  const words = age_s !== null && (ok || name !== "forecast") ? age(age_s) : t(ok ? "light.ok" : name === "forecast" ? "light.missing" : "light.problem");
  return make("li", { class: state, title: problems.join("; ") || null }, `${t(`light.${name}`)}: `, make("b", {}, words));
}

function showLearning({ known_days, days_to_learn, stood_in_for }) {
  const place = byId("learning");
  place.hidden = known_days >= days_to_learn;
  const kind = !stood_in_for ? "some" : known_days === 0 ? "none" : known_days === 1 ? "one" : "few";
  place.textContent = t(`learning.${kind}`, { day: known_days + 1, of: days_to_learn, known: known_days });
}

// One of several batteries: its charge, its command and whether it shows it, or why nothing is commanded to it.
function stands({ soc, mode, confirmed, problem }) {
  const command = mode ? `${MODES[mode]} (${t(`confirmed.${confirmed}`)})` : t("battery.alone");
  return [soc === null ? "" : percent(soc), problem || command].filter(Boolean).join(", ");
}

function does({ power_kw, start, end, setpoint_c, limit_kw }) {
  if (setpoint_c !== null) return t("device.kept", { temperature: number(setpoint_c, 1) });
  if (limit_kw !== null) return t("device.at_most", { power: kw(limit_kw) });
  if (power_kw > 0) return t("device.on", { power: kw(power_kw), time: clock(end) });
  return start ? t("device.waits", { start: clock(start), end: clock(end) }) : t("device.off");
}

function eyebrow({ decision, acting }) {
  if (!decision || acting === "off") return t("now");
  return t(`eyebrow.${decision.outcome}`, { time: clock(decision.at) }) + (acting === "advise only" ? t("eyebrow.advise_only") : "");
}

function headline({ decision, flows, acting }) {
  if (acting === "off") return t("head.off");
  if (!decision) return t("head.none");
  const low = decision.reserve_soc ?? 0;
  const charging = (flows.battery_kw ?? 0) < -MOVING_KW;
  const words = {
    self_consumption: low > 0.005 ? t("head.self_consumption_to", { level: percent(low) }) : t("head.self_consumption"),
    hold: t(charging ? "head.hold_charging" : "head.hold"),
    charge: t("head.charge", { level: percent(decision.charge_to_soc ?? 0) }),
    discharge: t("head.discharge", { level: percent(low) }),
  };
  return words[decision.mode] ?? t("head.no_command");
}

function terms({ decision, flows, next_decision, model }, bill) {
  const term = (name, value) => make("div", {}, make("dt", {}, t(`term.${name}`)), make("dd", {}, value));
  const named = model === "none" ? null : term("model", model);
  if (!decision) return [named].filter(Boolean);
  const by = { model: "model", planner: "planner", "earlier review": "earlier" }[decision.chosen_by];
  const advice = bill && bill.advised !== null;
  return [
    bill ? term(advice ? "would_save" : "saved", money(advice ? bill.advisor - bill.advised : bill.none - bill.advisor)) : null,
    term("price", price(flows.import_price)),
    term("worth", price(decision.worth_per_kwh)),
    decision.outcome === "published" ? term("house", t(`confirmed.${decision.confirmed}`)) : null,
    term("by", t(`by.${by}`)),
    term("next", next_decision ? clock(next_decision) : "–"),
    named,
  ].filter(Boolean);
}

export function showBill(today) {
  const bill = today?.bill;
  if (!bill) {
    show(byId("bill"), make("p", { class: "empty" }, t("bill.empty")));
    return;
  }
  const advice = bill.advised !== null;
  const rows = [
    [t("bill.none"), bill.none, "none"],
    [t("bill.greedy"), bill.greedy, "load"],
    [t(advice ? "bill.actual" : "bill.advisor"), bill.advisor, "accent"],
    advice ? [t("bill.advised"), bill.advised, "charge"] : null,
    [t("bill.bound"), bill.bound, "battery"],
  ].filter(Boolean);
  const energy = { load: kwh(bill.load_kwh), pv: kwh(bill.pv_kwh), import: kwh(bill.import_kwh), export: kwh(bill.export_kwh) };
  show(byId("bill"),
    make("p", { class: "big" }, money(bill.advisor)),
    make("p", { class: "hint" }, advice ? advised(bill) : comparison(bill)),
    bars(rows),
    make("p", { class: "hint" }, [t("bill.energy", energy), t("bill.note"), bill.metered ? "" : t("bill.unmetered")].filter(Boolean).join(" ")),
  );
}

// Bars from a common zero: to the left of it a bill that is earned instead of paid.
function bars(rows) {
  const low = Math.min(0, ...rows.map(([, value]) => value));
  const high = Math.max(0, ...rows.map(([, value]) => value));
  const whole = Math.max(high - low, 0.01);
  return make("dl", { class: "bars" }, ...rows.map(([name, value, tone]) => {
    const bar = make("i", { class: value < 0 ? "earned" : null });
    bar.style.marginLeft = `${((Math.min(value, 0) - low) / whole) * 100}%`;
    bar.style.width = `${(Math.abs(value) / whole) * 100}%`;
    bar.style.setProperty("--c", `var(--${tone})`);
    return make("div", {}, make("dt", {}, name, make("b", {}, money(value))), make("dd", {}, bar));
  }));
}

const HALF_A_CENT = 0.005;

function apart(difference, name) {
  const kind = Math.abs(difference) < HALF_A_CENT ? "same" : difference > 0 ? "less" : "more";
  return t(`bill.${kind}_${name}`, { money: money(Math.abs(difference)) });
}

function comparison(bill) {
  const saved = bill.none - bill.advisor;
  const most = bill.none - bill.bound;
  const share = most > 0.05 && saved > 0 ? `; ${t("bill.share", { share: percent(saved / most) })}` : "";
  return `${apart(saved, "none")}, ${apart(bill.greedy - bill.advisor, "greedy")}${share}.`;
}

function advised(bill) {
  const saved = bill.advisor - bill.advised;
  const kind = Math.abs(saved) < HALF_A_CENT ? "same" : saved > 0 ? "save" : "cost";
  return t(`bill.would_${kind}`, { money: money(Math.abs(saved)) });
}

const SHOWN_DAYS = 4;

export function showDays({ days, step_minutes }, today) {
  byId("days-hint").textContent = days.length ? t("days.hint", { count: days.length }) : "";
  const own = today ? clockShape(today, step_minutes) : [];
  const top = Math.max(1, ...days.slice(0, SHOWN_DAYS).flatMap((day) => [...day.load_kw, ...day.pv_kw].map((value) => value ?? 0)));
  const cards = days.slice(0, SHOWN_DAYS).map((day) => make("li", {},
    make("h3", {}, plainDay(day.day)),
    sparkline(day, own, top),
    make("p", {}, t("days.energy", { load: kwh(day.load_kwh), pv: kwh(day.pv_kwh) })),
    make("p", {}, day.why)));
  show(byId("days"), ...(cards.length ? cards : [make("li", { class: "empty" }, t("days.empty"))]));
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
  const solar = day.pv_kw.map((value) => value ?? 0);
  return draw("svg", { viewBox: `0 0 ${size.width} ${size.height}`, preserveAspectRatio: "none", role: "img",
    "aria-label": t("days.label", { day: plainDay(day.day), load: kwh(day.load_kwh), pv: kwh(day.pv_kwh) }) },
    draw("path", { d: `${path(solar)}L${size.width} ${size.height}L0 ${size.height}Z`, fill: "var(--solar)", "fill-opacity": 0.32 }),
    draw("path", { d: path(day.load_kw), fill: "none", stroke: "var(--load)", "stroke-width": 1.6, "vector-effect": "non-scaling-stroke" }),
    draw("path", { d: path(own), fill: "none", stroke: "var(--accent)", "stroke-width": 1.8, "stroke-dasharray": "1.5 3", "stroke-linecap": "round", "vector-effect": "non-scaling-stroke" }));
}
