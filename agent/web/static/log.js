// The decision log, and the whole reason of each decision when it is asked for.

import { byId, make, show, withDates } from "./dom.js";
import { get } from "./service.js";
import { CANDIDATES, MODES, clock, dayAndClock, fact, has, kwh, money, number, percent, plainDay, t } from "./words.js";

const PAGE = 8;
let shown = PAGE;
let all = false;

export async function showLog() {
  const known = await get(`v1/decisions?limit=${Math.min(24 * shown, 500)}`);
  const runs = all ? known.map((line) => [line]) : changes(known);
  byId("more").hidden = runs.length <= shown;
  const open = new Set([...document.querySelectorAll("#log li[data-open]")].map((each) => each.dataset.id));
  const items = runs.slice(0, shown).map(item);
  // Opened again before they are shown, so that a reason that somebody reads does not flicker.
  for (const each of items) if (open.has(each.dataset.id)) await unfold(each);
  show(byId("log"), ...(items.length ? items : [make("li", { class: "empty" }, t("log.empty"))]));
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
    type: "button", class: "quiet", "aria-expanded": "false", "aria-label": t("why.at", { time: clock(line.at) }),
    onclick: () => (made.dataset.open === undefined ? unfold(made) : fold(made)),
  }, t("why"));
  made.append(make("div", { class: "row" },
    make("time", { datetime: line.at }, span(run)),
    make("span", { class: "what", "data-mode": line.mode }, MODES[line.mode] ?? t("head.no_command")),
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
  const box = make("div", { class: "whybox", role: "region", "aria-label": t("why") }, make("p", {}, "…"));
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
    why.candidates.length ? part(t("part.weighed"), candidates(why)) : null,
    why.review ? part(t("part.model"), review(why.review)) : null,
    part(t("part.guard"), guard(why)),
    why.neighbours.length ? part(t("part.days"), make("p", {}, why.neighbours.map((near) => plainDay(near.day)).join(" · "))) : null,
    Object.keys(why.facts).length ? part(t("part.facts"), facts(why.facts)) : null,
  ].filter(Boolean);
}

const part = (title, body) => make("section", {}, make("h3", {}, title), body);

function candidates(why) {
  const rows = why.candidates.map((each) => make("tr", {},
    make("th", { scope: "row" }, (CANDIDATES[each.name] ?? each.name) + (each.name === why.chosen ? " ✓" : "")),
    make("td", {}, money(each.expected_cost)), make("td", {}, each.extra_cost < 0.00005 ? "–" : `+${money(each.extra_cost)}`),
    make("td", {}, `± ${money(each.spread)}`), make("td", {}, percent(each.final_soc)), make("td", {}, `${kwh(each.grid_charge_kwh)} kWh`)));
  const heads = ["schedule", "expected", "more", "spread", "level", "from_grid"].map((name) => t(`weighed.${name}`));
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("weighed.label") }, make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))), make("tbody", {}, ...rows)));
}

function review(given) {
  const outcome = has(`review.${given.outcome}`) ? t(`review.${given.outcome}`) : t("review.other", { outcome: fact(given.outcome) });
  const what = given.choice ? ` ${CANDIDATES[given.choice] ?? given.choice}` : "";
  return make("p", {}, t("review.text", { model: given.model, outcome, what, seconds: number(given.seconds, 1), detail: given.rationale || given.detail }));
}

function guard(why) {
  if (!why.verdicts.length) return make("p", {}, why.problems.join("; ") || t("guard.not_asked"));
  const answer = t({ true: "house.confirmed", false: "house.refused", null: "house.silent" }[why.confirmed]);
  const verdicts = why.verdicts.map((each) => `${CANDIDATES[each.candidate] ?? each.candidate}: ${t(`guard.${each.verdict}`)}${each.reasons.length ? ` (${each.reasons.join("; ")})` : ""}`);
  return make("p", {}, `${verdicts.join("; ")}. ${why.command ? answer : ""}`);
}

// A fact is a number, a day or a text: the first two as the language writes them.
function localised(value) {
  if (/^-?\d+\.\d+$/.test(value)) return number(Number(value), value.split(".")[1].length);
  return /^\d{4}-\d\d-\d\d$/.test(value) ? plainDay(value) : value;
}

function facts(known) {
  return make("dl", { class: "facts" }, ...Object.entries(known).map(([name, value]) =>
    make("div", {}, make("dt", {}, fact(name)), make("dd", {}, localised(value)))));
}
