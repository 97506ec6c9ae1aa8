// The decision log, and the whole reason of each decision when it is asked for.

import { byId, make, show, withDates } from "./dom.js";
import { get } from "./service.js";
import { CANDIDATES, MODES, clock, dayAndClock, fact, money, percent, plainDay, price } from "./words.js";

const PAGE = 8;
let shown = PAGE;
let all = false;

export async function showLog() {
  const known = await get(`v1/decisions?limit=${Math.min(24 * shown, 500)}`);
  const runs = all ? known.map((line) => [line]) : changes(known);
  byId("more").hidden = runs.length <= shown;
  const open = new Set([...document.querySelectorAll("#log li[data-open]")].map((each) => each.dataset.id));
  const items = runs.slice(0, shown).map(item);
  show(byId("log"), ...(items.length ? items : [make("li", { class: "empty" }, "Nothing has been decided yet.")]));
  for (const each of items) if (open.has(each.dataset.id)) await unfold(each);
}

// Neighbouring decisions of one mode, newest first; each run keeps the decision that began it last.
function changes(lines) {
  const runs = [];
  for (const line of lines) {
    if (runs.at(-1)?.[0].mode === line.mode) runs.at(-1).push(line);
    else runs.push([line]);
  }
  return runs;
}

export function earlier() {
  shown += 3 * PAGE;
  return showLog();
}

export function every(wanted) {
  all = wanted;
  return showLog();
}

function item(run) {
  const line = run.at(-1);
  const made = make("li", { "data-id": line.decision_id });
  const button = make("button", {
    type: "button", class: "quiet", "aria-expanded": "false", "aria-label": `Why at ${clock(line.at)}`,
    onclick: () => (made.dataset.open === undefined ? unfold(made) : fold(made)),
  }, "Why");
  made.append(make("div", { class: "row" },
    make("time", { datetime: line.at }, span(run)),
    make("span", { class: "what", "data-mode": line.mode }, MODES[line.mode] ?? "No command"),
    make("span", { class: "soc" }, percent(line.soc)),
    make("p", { title: line.reason }, line.reason),
    button));
  return made;
}

// From the decision that began a run to the newest of it.
function span(run) {
  const [last, first] = [run[0], run.at(-1)];
  return run.length > 1 ? `${dayAndClock(first.at)} – ${clock(last.at)}` : dayAndClock(first.at);
}

function fold(made) {
  delete made.dataset.open;
  made.querySelector(".whybox")?.remove();
  made.querySelector("button").setAttribute("aria-expanded", "false");
}

async function unfold(made) {
  made.dataset.open = "";
  made.querySelector("button").setAttribute("aria-expanded", "true");
  const box = make("div", { class: "whybox", role: "region", "aria-label": "Why" }, make("p", {}, "…"));
  made.append(box);
  try {
    show(box, ...reasons(await get(`v1/decisions/${encodeURIComponent(made.dataset.id)}`)));
  } catch (err) {
    show(box, make("p", { class: "problem" }, err.message));
  }
}

// Opens a decision's reason and brings it into view; one that is not in the list is put on top.
export async function explain(id) {
  const listed = [...byId("log").querySelectorAll("li[data-id]")].find((each) => each.dataset.id === id);
  const first = listed ?? await alone(id);
  if (first.dataset.open === undefined) await unfold(first);
  first.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  first.querySelector("button").focus({ preventScroll: true });
}

async function alone(id) {
  const why = await get(`v1/decisions/${encodeURIComponent(id)}`);
  const made = item([{ ...why, mode: why.command?.mode ?? null, soc: why.snapshot?.soc ?? null }]);
  byId("log").prepend(made);
  return made;
}

function reasons(why) {
  return [
    make("p", {}, ...withDates(why.reason)),
    why.candidates.length ? part("What was weighed", candidates(why)) : null,
    why.review ? part("What the model said", review(why.review)) : null,
    part("The guard", guard(why)),
    why.neighbours.length ? part("It rests on", make("p", {}, why.neighbours.map((near) => plainDay(near.day)).join(" · "))) : null,
    Object.keys(why.facts).length ? part("Facts", facts(why.facts)) : null,
  ].filter(Boolean);
}

const part = (title, body) => make("section", {}, make("h3", {}, title), body);

function candidates(why) {
  const rows = why.candidates.map((each) => make("tr", {},
    make("th", { scope: "row" }, (CANDIDATES[each.name] ?? each.name) + (each.name === why.chosen ? " ✓" : "")),
    make("td", {}, money(each.expected_cost)), make("td", {}, each.extra_cost < 0.00005 ? "–" : `+${price(each.extra_cost)}`),
    make("td", {}, `± ${money(each.spread)}`), make("td", {}, percent(each.final_soc)), make("td", {}, `${each.grid_charge_kwh.toFixed(1)} kWh`)));
  const heads = ["Schedule", "Expected", "More", "Spread", "Charge at end", "From the grid"];
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Candidates" }, make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))), make("tbody", {}, ...rows)));
}

function review(said) {
  const outcome = { chosen: "chose", late: "was too late", unreachable: "could not be reached", invalid: "gave no usable answer", overruled: "was overruled" }[said.outcome] ?? `gave no usable answer (${fact(said.outcome)})`;
  const what = said.choice ? ` ${CANDIDATES[said.choice] ?? said.choice}` : "";
  return make("p", {}, `${said.model} ${outcome}${what}, after ${said.seconds.toFixed(1)} s. ${said.rationale || said.detail}`);
}

function guard(why) {
  if (!why.verdicts.length) return make("p", {}, why.problems.join("; ") || "was not asked");
  const answer = { true: "The house confirmed it.", false: "The house refused it.", null: "The house has not answered." }[why.confirmed];
  const told = why.verdicts.map((each) => `${CANDIDATES[each.candidate] ?? each.candidate}: ${each.verdict}${each.reasons.length ? ` (${each.reasons.join("; ")})` : ""}`);
  return make("p", {}, `${told.join("; ")}. ${why.command ? answer : ""}`);
}

function facts(known) {
  return make("dl", { class: "facts" }, ...Object.entries(known).map(([name, value]) =>
    make("div", {}, make("dt", {}, fact(name)), make("dd", {}, value))));
}
