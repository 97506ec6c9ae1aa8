// The four ends of the house's wiring, and what runs between them now.

import { byId, draw, show } from "./dom.js";
import { kw, percent, t } from "./words.js";

const IDLE_KW = 0.03;
const ENDS = {
  solar: { x: 180, y: 50, colour: "solar" },
  grid: { x: 52, y: 140, colour: "grid" },
  house: { x: 308, y: 140, colour: "load" },
  battery: { x: 180, y: 230, colour: "battery" },
};
const RADIUS = 43;

export function showFlows(flows) {
  const runs = wiring(flows);
  const svg = draw("svg", { viewBox: "0 0 360 282", role: "img", "aria-labelledby": "flows-text" });
  for (const wire of Object.values(WIRES)) svg.append(draw("path", { class: "wire", d: wire }));
  for (const [name, power] of runs) {
    if (Math.abs(power) < IDLE_KW) continue;
    const from = ENDS[name.split("-")[power > 0 ? 0 : 1]];
    const width = Math.min(2.4 + Math.abs(power) * 0.9, 7);
    const path = draw("path", { class: power > 0 ? "run" : "run back", d: WIRES[name], stroke: `var(--${from.colour})` });
    path.style.strokeWidth = width;
    svg.append(path);
  }
  for (const [key, end] of Object.entries(ENDS)) svg.append(node(key, end, flows));
  show(byId("flows"), svg);
  byId("flows-text").textContent = inWords(flows);
}

const WIRES = {
  "solar-house": "M200 88 C 210 130, 230 140, 266 140",
  "solar-battery": "M180 92 L 180 188",
  "solar-grid": "M160 88 C 150 130, 130 140, 94 140",
  "grid-house": "M94 147 C 150 147, 210 147, 266 147",
  "battery-house": "M200 192 C 210 162, 230 154, 266 154",
  "grid-battery": "M94 154 C 130 154, 150 162, 160 192",
};

// What each wire carries, from the four powers: solar first serves the house, then the battery, then the grid.
function wiring({ load_kw, pv_kw, grid_kw, battery_kw }) {
  const solar = Math.max(pv_kw ?? 0, 0);
  const load = Math.max(load_kw ?? 0, 0);
  const charge = Math.max(-(battery_kw ?? 0), 0);
  const discharge = Math.max(battery_kw ?? 0, 0);
  const bought = Math.max(grid_kw ?? 0, 0);
  const solarHouse = Math.min(solar, load);
  const solarBattery = Math.min(solar - solarHouse, charge);
  const gridBattery = Math.min(charge - solarBattery, bought);
  const batteryHouse = Math.min(discharge, load - solarHouse);
  return [
    ["solar-house", solarHouse],
    ["solar-battery", solarBattery],
    ["solar-grid", solar - solarHouse - solarBattery],
    ["grid-house", Math.max(bought - gridBattery, 0)],
    ["battery-house", batteryHouse],
    ["grid-battery", gridBattery - (discharge - batteryHouse)],
  ];
}

function node(key, end, flows) {
  const group = draw("g", { transform: `translate(${end.x} ${end.y})` });
  group.append(draw("circle", { class: "ring", r: RADIUS, stroke: `var(--${key === "battery" ? "line" : end.colour})` }));
  if (key === "battery") group.append(arc(flows.soc ?? 0));
  const [value, unit] = figure(key, flows);
  group.append(
    draw("text", { class: "name", y: -16 }, named(key, flows)),
    draw("text", { class: "value", y: 6 }, value),
    draw("text", { class: "unit", y: 23 }, unit),
  );
  return group;
}

function named(key, { grid_kw }) {
  if (key !== "grid" || grid_kw === null || Math.abs(grid_kw) <= IDLE_KW) return t(`flow.${key}`);
  return t(grid_kw < 0 ? "flow.exporting" : "flow.importing");
}

function figure(key, { load_kw, pv_kw, grid_kw, battery_kw, car_kw, soc }) {
  if (key === "battery") return [percent(soc), battery(battery_kw)];
  if (key === "grid") return [kw(grid_kw), grid_kw === null ? "" : "kW"];
  if (key === "house" && car_kw > IDLE_KW) return [kw(load_kw), t("flow.with_car", { power: kw(car_kw) })];
  return [kw(key === "house" ? load_kw : pv_kw), "kW"];
}

function battery(power_kw) {
  if (power_kw === null) return "";
  if (Math.abs(power_kw) <= IDLE_KW) return t("flow.idle");
  return t(power_kw < 0 ? "flow.charging" : "flow.discharging", { power: kw(power_kw) });
}

function arc(share) {
  const full = 2 * Math.PI * RADIUS;
  const ring = draw("circle", {
    class: "arc", r: RADIUS, stroke: "var(--battery)", transform: "rotate(-90)",
    "stroke-dasharray": `${Math.max(share, 0.001) * full} ${full}`,
  });
  return ring;
}

function inWords({ load_kw, pv_kw, grid_kw, battery_kw, car_kw, soc }) {
  const idle = battery_kw !== null && Math.abs(battery_kw) <= IDLE_KW;
  const moves = battery_kw === null ? "" : t(idle ? "flows.idle" : battery_kw > 0 ? "flows.giving" : "flows.taking", { power: kw(battery_kw) });
  const grid = t(grid_kw === null ? "flows.grid_none" : grid_kw < 0 ? "flows.grid_to" : "flows.grid_from", { power: kw(grid_kw) });
  const car = car_kw > IDLE_KW ? t("flows.car", { power: kw(car_kw) }) : "";
  return t("flows.text", { house: kw(load_kw), car, solar: kw(pv_kw), grid, level: percent(soc), battery: moves });
}
