// Weeks, months and years beside the day: bars of energy, what it cost, and what was saved.

import { byId, draw, make, show } from "./dom.js";
import { fitCharts } from "./charts.js";
import { get } from "./service.js";
import { currency, dayOfMonth, kwh, money, month, number, percent, plainDay, t, weekday } from "./words.js";

const SERIES = [["load_kwh", "load", "used"], ["pv_kwh", "solar", "solar"], ["import_kwh", "grid", "imported"], ["export_kwh", "battery", "exported"]];
const DAY_MS = 86400e3;
let view = "day";
let day = null;

export function preparePeriods() {
  for (const button of document.querySelectorAll("[data-view]")) button.addEventListener("click", () => choose(button.dataset.view));
}

function choose(wanted) {
  [view, day] = [wanted, null];
  for (const button of document.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === view));
  byId("day-view").hidden = view !== "day";
  byId("period-view").hidden = view === "day";
  byId("readout").textContent = "";
  if (view === "day") {
    byId("charts-title").textContent = t("charts.title");
    fitCharts();
  } else return showPeriod();
}

export async function showPeriod() {
  if (view === "day") return;
  const [wanted, at] = [view, day];
  const period = await get(`v1/periods/${wanted}${at ? `?day=${at}` : ""}`);
  // Another one may have been chosen meanwhile.
  if (wanted !== view || at !== day) return;
  if (period === null) {
    byId("charts-title").textContent = t(`view.${view}`);
    show(byId("period-view"), make("p", { class: "empty" }, t("period.nothing")));
    return;
  }
  byId("charts-title").textContent = title(period);
  show(byId("period-view"), steps(period), ...(period.bars.length ? filled(period) : [empty(period)]));
}

function title({ grain, first, last }) {
  if (grain === "week") return t("period.title.week", { first: dayOfMonth(first), last: plainDay(last) });
  return grain === "month" ? t("period.title.month", { month: month(first) }) : t("period.title.year", { year: first.slice(0, 4) });
}

const empty = ({ known_first }) => make("p", { class: "empty" }, t("period.empty", { day: plainDay(known_first) }));

const shifted = (iso, days) => new Date(Date.parse(`${iso}T12:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

function steps({ first, last, known_first, known_last }) {
  const step = (name, to, off) => make("button", { type: "button", class: "quiet", disabled: off, onclick: () => { day = to; showPeriod(); } }, t(`period.${name}`));
  return make("p", { class: "actions" }, step("earlier", shifted(first, -1), first <= known_first), step("later", shifted(last, 1), last >= known_last));
}

function filled(period) {
  const { total, days, billed_days } = period;
  const figure = (name, value) => make("div", {}, make("dt", {}, t(`period.${name}`)), make("dd", {}, value));
  const energy = SERIES.map(([key, , name]) => figure(name, `${kwh(total[key])} kWh`));
  const shares = ["self_sufficiency", "self_consumption"].map((name) => figure(name, percent(total[name])));
  const amounts = total.cost === null ? [] : [figure("cost", money(total.cost))];
  if (total.saved !== null) {
    amounts.push(figure("saved", money(total.saved)), figure("saved_more", money(total.saved_against_self_consumption)));
  }
  const [used, solar, ...grid] = energy;
  const figures = (...some) => make("dl", { class: "terms" }, ...some);
  // What is known of some of the days stands by itself, so that no sum of many days is read against one of few.
  const heading = (name, values) => make("h3", { class: "eyebrow" }, t(`period.${name}`, values));
  const groups = billed_days === days || billed_days === 0
    ? [figures(...shares, ...energy, ...amounts)]
    : [heading(days === 1 ? "over_one" : "over", { days }), figures(used, solar),
      heading(billed_days === 1 ? "metered_one" : "metered", { days: billed_days }), figures(...shares, ...grid, ...amounts)];
  return [...groups, legend(), chart(period), table(period)];
}

function legend() {
  return make("p", { class: "legend" }, ...SERIES.map(([, tone, name]) => {
    const swatch = make("i", { class: "key area" });
    swatch.style.setProperty("--c", `var(--${tone})`);
    return make("span", {}, swatch, t(`period.${name}`));
  }));
}

const label = (period, start) => (period.by === "month" ? month(start, "short") : period.grain === "week" ? weekday(start) : String(Number(start.slice(8))));

function chart(period) {
  const size = { width: 720, height: 240, left: 72, floor: 214 };
  const top = Math.max(1, ...period.bars.flatMap(({ figures }) => SERIES.map(([key]) => figures[key] ?? 0)));
  const wide = (size.width - size.left) / period.bars.length;
  const bar = Math.min(wide / (SERIES.length + 1), 22);
  const y = (value) => size.floor - (value / top) * (size.floor - 12);
  const svg = draw("svg", { viewBox: `0 0 ${size.width} ${size.height}`, class: "periods", role: "img", "aria-label": t("period.chart", { by: t(`period.by.${period.by}`) }) });
  for (const share of [0, 0.5, 1]) {
    svg.append(draw("line", { x1: size.left, x2: size.width, y1: y(top * share), y2: y(top * share), class: "rule" }),
      draw("text", { x: size.left - 6, y: y(top * share) + 4, "text-anchor": "end" }, `${number(top * share, top < 10 ? 1 : 0)}${share === 1 ? " kWh" : ""}`));
  }
  const every = Math.ceil(period.bars.length / 16);
  period.bars.forEach(({ start, figures }, at) => {
    const middle = size.left + wide * (at + 0.5);
    SERIES.forEach(([key, tone], place) => {
      if (figures[key] === null) return;
      svg.append(draw("rect", { x: middle + (place - SERIES.length / 2) * bar, y: y(figures[key]), width: bar * 0.86, height: Math.max(size.floor - y(figures[key]), 0.5), fill: `var(--${tone})` }));
    });
    if (at % every === 0) svg.append(draw("text", { x: middle, y: size.floor + 18, "text-anchor": "middle" }, label(period, start)));
  });
  return svg;
}

function table(period) {
  const names = [["used", "load_kwh"], ["solar", "pv_kwh"], ["imported", "import_kwh"], ["exported", "export_kwh"]];
  const heads = [t("period.col.when"), ...names.map(([name]) => `${t(`period.${name}`)}, kWh`), t("period.self_sufficiency"), `${t("period.cost")}, ${currency()}`, `${t("period.saved")}, ${currency()}`];
  const rows = period.bars.map(({ start, figures }) => make("tr", {},
    make("th", { scope: "row" }, period.by === "month" ? month(start) : plainDay(start)),
    ...[...names.map(([, key]) => kwh(figures[key])), percent(figures.self_sufficiency), number(figures.cost, 2), number(figures.saved, 2)].map((text) => make("td", {}, text))));
  return make("details", { class: "table" }, make("summary", {}, t("table")),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title(period) }, make("table", {},
      make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))), make("tbody", {}, ...rows))));
}

// Under the day's bill: what was saved since the first metered day.
export async function showSoFar() {
  const all = await get("v1/periods/all");
  if (all === null || all.total.saved === null) {
    show(byId("so-far"));
    return;
  }
  const values = { money: money(all.total.saved), day: plainDay(all.billed_first), days: all.billed_days };
  show(byId("so-far"), make("h3", { class: "eyebrow" }, t("period.so_far")),
    make("p", {}, t(all.billed_days === 1 ? "period.since_one" : "period.since", values)));
}
