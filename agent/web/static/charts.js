// The day behind and the plan ahead on one time axis: power, charge and price, with the modes under the charge.

import { byId, colour, make, show } from "./dom.js";
import { MODES, clock, currency, dayAndClock, kw, number, percent, price, shortDay, t, zone } from "./words.js";

/* global uPlot */

const HOUR = 3600;
const AXIS_WIDTH = 46;
let plots = [];
let slots = [];
let nowS = null;
let chosen = null;

// What is behind comes from today, what is ahead from the plan; a slot is never both.
export function joined(today, plan) {
  const behind = (today?.slots ?? []).map((slot) => ({
    start: seconds(slot.start), measured: true, mode: slot.mode, soc: slot.soc,
    load: slot.load_kw, solar: slot.pv_kw, grid: slot.grid_kw, battery: slot.battery_kw, buy: slot.import_price, sell: slot.export_price,
  }));
  const last = behind.at(-1)?.start ?? -Infinity;
  const ahead = (plan?.slots ?? []).filter((slot) => seconds(slot.start) > last).map((slot) => ({
    start: seconds(slot.start), measured: false, mode: slot.mode, soc: slot.soc.mean, socs: slot.soc,
    load: slot.load_kw.mean, loads: slot.load_kw, solar: slot.pv_kw.mean, solars: slot.pv_kw,
    grid: slot.grid_kw, battery: slot.battery_kw, buy: slot.import_price, sell: slot.export_price, reserve: slot.reserve_soc,
  }));
  return [...behind, ...ahead];
}

const seconds = (iso) => Date.parse(iso) / 1000;

export function showCharts({ today, plan, status }) {
  slots = joined(today, plan);
  const step = status.slot_minutes * 60;
  nowS = seconds(status.now ?? status.started);
  byId("price-title").textContent = t("axis.price", { currency: currency() });
  byId("charts").hidden = byId("plan-table").hidden = !slots.length;
  byId("charts-empty").hidden = slots.length > 0;
  for (const plot of plots) plot.destroy();
  plots = slots.length ? [power(step), charge(step, plan), prices(step)] : [];
  showLegend();
  showTable(step);
  point(null);
}

export function moveNow(now) {
  nowS = seconds(now);
  for (const plot of plots) plot.redraw(false, false);
}

// ---- the three plots

function power(step) {
  const mid = slots.map((slot) => slot.start + step / 2);
  const past = (name) => slots.map((slot) => (slot.measured ? slot[name] : null));
  const ahead = (name) => bridged(name, (slot) => slot[name]);
  const edge = (name, side) => slots.map((slot) => slot[name]?.[side] ?? null);
  return plot("power", [mid, past("solar"), ahead("solar"), past("load"), ahead("load"), edge("solars", "high"), edge("solars", "low"),
    edge("loads", "high"), edge("loads", "low"), past("grid"), ahead("grid"), past("battery"), ahead("battery")], {
    series: [
      {},
      line("solar", { fill: faint("solar", 0.3) }),
      line("solar", { dash: [5, 4], fill: faint("solar", 0.12) }),
      line("load", { width: 2 }),
      line("load", { dash: [5, 4] }),
      ...[0, 1, 2, 3].map(() => ({ stroke: "transparent", width: 0, points: { show: false } })),
      line("grid", { width: 1.3 }),
      line("grid", { width: 1.3, dash: [5, 4] }),
      line("battery", { width: 1.3 }),
      line("battery", { width: 1.3, dash: [5, 4] }),
    ],
    bands: [
      { series: [5, 6], fill: faint("solar", 0.16) },
      { series: [7, 8], fill: faint("load", 0.15) },
    ],
    range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(1, (high ?? 1) * 1.08)],
    value: (value) => number(value, Math.abs(value) < 10 && value % 1 ? 1 : 0),
    step,
  });
}

function charge(step, plan) {
  const ends = slots.map((slot) => slot.start + step);
  const past = slots.map((slot) => (slot.measured ? slot.soc * 100 : null));
  const ahead = bridged("soc", (slot) => slot.soc * 100);
  const edge = (side) => slots.map((slot) => (slot.socs ? slot.socs[side] * 100 : null));
  const reserve = slots.map((slot) => (slot.reserve === undefined ? null : slot.reserve * 100));
  return plot("charge", [ends, past, ahead, edge("high"), edge("low"), reserve], {
    series: [
      {},
      line("battery", { width: 2.4, fill: faint("battery", 0.16) }),
      line("battery", { dash: [5, 4], width: 2 }),
      { stroke: "transparent", width: 0, points: { show: false } },
      { stroke: "transparent", width: 0, points: { show: false } },
      line("reserve", { width: 1.6, paths: uPlot.paths.stepped({ align: -1 }) }),
    ],
    bands: [{ series: [3, 4], fill: faint("battery", 0.17) }],
    range: () => [-13, 103],
    splits: () => [0, 25, 50, 75, 100],
    value: (value) => `${value}`,
    ribbon: true,
    step,
    plan,
  });
}

function prices(step) {
  const last = slots.at(-1);
  const starts = [...slots.map((slot) => slot.start), last.start + step];
  const buy = [...slots.map((slot) => slot.buy), last.buy];
  const sell = [...slots.map((slot) => slot.sell), last.sell];
  const stepped = uPlot.paths.stepped({ align: 1 });
  return plot("price", [starts, buy, sell], {
    series: [
      {},
      line("price", { paths: stepped, width: 2, fill: faint("price", 0.14) }),
      line("price", { paths: stepped, width: 1.2, dash: [2, 3] }),
    ],
    range: (_, low, high) => [Math.min(0, low ?? 0), Math.max((high ?? 0) * 1.12, 0.05)],
    value: (value) => number(value, 2),
    hours: true,
    step,
  });
}

// The planned line begins where the measured one ends.
function bridged(name, value) {
  const lastMeasured = slots.findLastIndex((slot) => slot.measured);
  return slots.map((slot, index) => (slot.measured && index !== lastMeasured ? null : value(slot)));
}

function plot(id, data, options) {
  const parent = byId(id);
  const low = slots[0].start;
  const high = slots.at(-1).start + options.step;
  const axis = { stroke: colour("soft"), font: "12px system-ui, sans-serif", grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
  const made = new uPlot({
    width: parent.clientWidth,
    height: parent.clientHeight,
    padding: [8, 10, options.hours ? 0 : 4, 0],
    tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), zone()),
    legend: { show: false },
    cursor: { sync: { key: "day", setSeries: false, scales: ["x", null] }, y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: true, range: () => [low, high] }, y: { range: options.range } },
    axes: [
      { ...axis, size: options.hours ? 32 : 0, gap: 9, splits: hourSplits, values: options.hours ? hourValues : () => [] },
      { ...axis, size: AXIS_WIDTH, gap: 6, splits: options.splits, values: (_, ticks) => ticks.map(options.value) },
    ],
    series: options.series,
    bands: options.bands ?? [],
    hooks: {
      draw: [(self) => { if (options.ribbon) ribbon(self, options.step); nowLine(self); }],
      setCursor: [(self) => { if (self.cursor.idx !== undefined && self.cursor.left >= 0) point(at(self.posToVal(self.cursor.left, "x"), options.step)); else if (self.cursor.left < 0) point(null); }],
    },
  }, data, parent);
  return made;
}

function line(name, options) {
  return { stroke: colour(name), width: 1.8, points: { show: false }, spanGaps: false, ...options };
}

function faint(name, share) {
  const value = colour(name);
  return `${value}${Math.round(share * 255).toString(16).padStart(2, "0")}`;
}

// ---- the time axis in the home's own hours

function hourSplits(self, _, low, high) {
  const width = self.bbox.width / devicePixelRatio;
  const every = [1, 2, 3, 4, 6, 12].find((hours) => ((high - low) / HOUR / hours) * 40 < width) ?? 24;
  const found = [];
  for (let at = Math.ceil(low / HOUR) * HOUR; at <= high; at += HOUR) if (Number(clock(new Date(at * 1e3)).slice(0, 2)) % every === 0) found.push(at);
  return found;
}

function hourValues(_, splits) {
  return splits.map((at) => {
    const time = clock(new Date(at * 1e3));
    return time === "00:00" ? shortDay(new Date(at * 1e3)) : time.slice(0, 2);
  });
}

// ---- what is drawn over the plots

function nowLine(self) {
  if (nowS === null) return;
  const x = Math.round(self.valToPos(nowS, "x", true));
  const { top, height } = self.bbox;
  const ctx = self.ctx;
  ctx.save();
  ctx.strokeStyle = colour("ink");
  ctx.globalAlpha = 0.55;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, top + height);
  ctx.stroke();
  ctx.restore();
}

function ribbon(self, step) {
  const { top, height } = self.bbox;
  const ctx = self.ctx;
  const deep = 9 * devicePixelRatio;
  ctx.save();
  for (const run of runs(step)) {
    const left = self.valToPos(run.from, "x", true);
    const width = self.valToPos(run.to, "x", true) - left;
    ctx.fillStyle = colour(run.mode in MODES ? run.mode : "none");
    ctx.globalAlpha = run.measured ? 1 : 0.62;
    ctx.fillRect(left, top + height - deep, Math.max(width - devicePixelRatio, 1), deep);
  }
  ctx.restore();
}

function runs(step) {
  const found = [];
  for (const slot of slots) {
    const last = found.at(-1);
    if (last && last.mode === slot.mode && last.measured === slot.measured) last.to = slot.start + step;
    else found.push({ mode: slot.mode ?? "none", measured: slot.measured, from: slot.start, to: slot.start + step });
  }
  return found;
}

// ---- what is read out

function at(moment, step) {
  const index = slots.findIndex((slot) => slot.start <= moment && moment < slot.start + step);
  return index < 0 ? null : index;
}

function point(index) {
  chosen = index;
  const parent = byId("readout");
  const slot = slots[index];
  if (!slot) {
    parent.textContent = "";
    return;
  }
  const parts = [
    `${t("house")} ${kw(slot.load)} kW`, `${t("solar")} ${kw(slot.solar)} kW`,
    t(slot.grid < 0 ? "readout.export" : "readout.import", { power: kw(slot.grid) }),
    `${t("level")} ${percent(slot.soc)}`, price(slot.buy), MODES[slot.mode] ?? t("no_command"),
  ];
  show(parent, make("b", {}, t(slot.measured ? "readout.now" : "readout.planned", { time: clock(new Date(slot.start * 1e3)) })), ` · ${parts.join(" · ")}`);
}

export function walk(key) {
  if (!slots.length) return false;
  const now = slots.findLastIndex((slot) => slot.measured);
  const from = chosen ?? Math.max(now, 0);
  const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: slots.length - 1, Escape: null }[key];
  if (to === undefined) return false;
  const index = to === null ? null : Math.min(Math.max(to, 0), slots.length - 1);
  if (index === null) {
    for (const each of plots) each.setCursor({ left: -10, top: -10 }, false);
    point(null);
    return true;
  }
  const step = slots.length > 1 ? slots[1].start - slots[0].start : HOUR;
  for (const each of plots) each.setCursor({ left: each.valToPos(slots[index].start + step / 2, "x"), top: 10 }, false);
  point(index);
  return true;
}

function showLegend() {
  const modes = [...new Set(slots.map((slot) => slot.mode))].filter((mode) => mode in MODES);
  const key = (name, words, kind = "") => {
    const swatch = make("i", { class: `key ${kind}` });
    swatch.style.setProperty("--c", `var(--${name})`);
    return make("span", {}, swatch, words);
  };
  show(byId("legend"), key("load", t("house")), key("solar", t("solar"), "area"), key("grid", t("grid")), key("battery", t("battery")), key("reserve", t("reserve")),
    key("soft", t("planned"), "dash"), ...modes.map((mode) => key(mode, MODES[mode], "area")));
}

function showTable(step) {
  const head = ["slot", "kind", "mode", "house", "solar", "grid", "battery", "level", "price", "cost"];
  const hours = step / HOUR;
  const rows = slots.map((slot) => make("tr", {},
    make("th", { scope: "row" }, dayAndClock(new Date(slot.start * 1e3))),
    ...[t(slot.measured ? "measured" : "planned"), MODES[slot.mode] ?? "–", kw(slot.load), kw(slot.solar), number(slot.grid, 2),
      number(slot.battery, 2), percent(slot.soc), number(slot.buy, 3), number(slotCost(slot) * hours, 3)].map((text) => make("td", {}, text))));
  show(byId("plan-table").querySelector(".scroll"), make("table", {},
    make("caption", { class: "visually-hidden" }, t("table.caption", { minutes: step / 60 })),
    make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, t(`col.${name}`, { currency: currency() }))))), make("tbody", {}, ...rows)));
}

// Money an hour at the meter: what is imported is paid, what is exported is earned.
const slotCost = ({ grid, buy, sell }) => (grid > 0 ? grid * buy : grid * sell);

export function fitCharts() {
  for (const each of plots) {
    const parent = each.root.parentElement;
    if (each.width === parent.clientWidth && each.height === parent.clientHeight) continue;
    each.setSize({ width: parent.clientWidth, height: parent.clientHeight });
  }
}
