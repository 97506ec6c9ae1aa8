// The four ends of the house's wiring, and what runs between them now.

import { byId, draw, show } from "./dom.js";
import { kw, percent } from "./words.js";

const IDLE_KW = 0.03;
const ENDS = {
  sun: { x: 180, y: 50, name: "Sun", colour: "sun" },
  grid: { x: 52, y: 140, name: "Grid", colour: "grid" },
  house: { x: 308, y: 140, name: "House", colour: "load" },
  battery: { x: 180, y: 230, name: "Battery", colour: "battery" },
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
  "sun-house": "M200 88 C 210 130, 230 140, 266 140",
  "sun-battery": "M180 92 L 180 188",
  "sun-grid": "M160 88 C 150 130, 130 140, 94 140",
  "grid-house": "M94 147 C 150 147, 210 147, 266 147",
  "battery-house": "M200 192 C 210 162, 230 154, 266 154",
  "grid-battery": "M94 154 C 130 154, 150 162, 160 192",
};

// What each wire carries, from the four powers: sun first serves the house, then the battery, then the grid.
function wiring({ load_kw, pv_kw, grid_kw, battery_kw }) {
  const sun = Math.max(pv_kw ?? 0, 0);
  const load = Math.max(load_kw ?? 0, 0);
  const charge = Math.max(-(battery_kw ?? 0), 0);
  const discharge = Math.max(battery_kw ?? 0, 0);
  const bought = Math.max(grid_kw ?? 0, 0);
  const sunHouse = Math.min(sun, load);
  const sunBattery = Math.min(sun - sunHouse, charge);
  const gridBattery = Math.min(charge - sunBattery, bought);
  const batteryHouse = Math.min(discharge, load - sunHouse);
  return [
    ["sun-house", sunHouse],
    ["sun-battery", sunBattery],
    ["sun-grid", sun - sunHouse - sunBattery],
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
    draw("text", { class: "name", y: -16 }, end.name),
    draw("text", { class: "value", y: 6 }, value),
    draw("text", { class: "unit", y: 23 }, unit),
  );
  return group;
}

function figure(key, { load_kw, pv_kw, grid_kw, battery_kw, soc }) {
  if (key === "battery") return [percent(soc), battery_kw === null ? "" : `${kw(battery_kw)} kW`];
  if (key === "grid") return [kw(grid_kw), grid_kw === null ? "" : grid_kw < -IDLE_KW ? "kW sold" : grid_kw > IDLE_KW ? "kW bought" : "kW"];
  return [kw(key === "sun" ? pv_kw : load_kw), "kW"];
}

function arc(share) {
  const full = 2 * Math.PI * RADIUS;
  const ring = draw("circle", {
    class: "arc", r: RADIUS, stroke: "var(--battery)", transform: "rotate(-90)",
    "stroke-dasharray": `${Math.max(share, 0.001) * full} ${full}`,
  });
  return ring;
}

function inWords({ load_kw, pv_kw, grid_kw, battery_kw, soc }) {
  const battery = battery_kw === null ? "" : battery_kw > IDLE_KW ? ` giving ${kw(battery_kw)} kW` : battery_kw < -IDLE_KW ? ` taking ${kw(battery_kw)} kW` : " idle";
  const grid = grid_kw === null ? "grid not measured" : grid_kw < 0 ? `${kw(grid_kw)} kW to the grid` : `${kw(grid_kw)} kW from the grid`;
  return `House ${kw(load_kw)} kW, sun ${kw(pv_kw)} kW, ${grid}, battery at ${percent(soc)}${battery}.`;
}
