// Set by hand: a constraint for a limited time, kept as a note, so that it is enforced, shown and withdrawn like any other;
// and whether the advisor sends commands, only advises, or is off.

import { byId, make, show } from "./dom.js";
import { problem, say, showNotes } from "./notes.js";
import { post } from "./service.js";
import { clock, t } from "./words.js";

const HOURS = [1, 2, 4, 8, 12, 24];
const WITH_LEVEL = ["reserve", "charge"];
const HOUR_MS = 3600e3;

export function prepareManual(withToken, status) {
  const [what, hours] = [byId("manual-what"), byId("manual-hours")];
  show(hours, ...HOURS.map((count) => make("option", { value: count }, t("manual.hours", { hours: count }))));
  hours.value = "4";
  what.addEventListener("change", () => {
    byId("manual-level").hidden = byId("manual-level-label").hidden = !WITH_LEVEL.includes(what.value);
  });
  byId("manual").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const wish = wished(what.value, Number(byId("manual-level").value), Number(hours.value), status());
      await withToken(() => post("v1/notes", wish));
      say(make("p", { class: "hint" }, t("notes.kept")));
      await showNotes(withToken);
    } catch (err) {
      say(problem(err.message));
    }
  });
}

export function prepareActing(withToken) {
  const hours = byId("acting-hours");
  show(hours, make("option", { value: "" }, t("acting.ever")), ...HOURS.map((count) => make("option", { value: count }, t("manual.hours", { hours: count }))));
  byId("acting").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await withToken(() => post("v1/acting", { acting: byId("acting-what").value, hours: hours.value ? Number(hours.value) : null }));
      say(make("p", { class: "hint" }, t("acting.done")));
    } catch (err) {
      say(problem(err.message));
    }
  });
}

// What holds now is chosen beforehand, unless somebody is choosing.
export function showActing({ acting, acting_until, acting_after }) {
  const what = byId("acting-what");
  if (what.dataset.now !== acting) what.value = what.dataset.now = acting;
  const until = byId("acting-until");
  until.hidden = acting_until === null;
  if (acting_until) until.textContent = t(`acting.until.${acting_after}`, { time: clock(acting_until) });
}

function wished(what, level, hours, status) {
  const name = t(`manual.${what}`);
  const text = WITH_LEVEL.includes(what) ? t("manual.text_level", { what: name, level }) : t("manual.text", { what: name });
  const start = status.now;
  const end = new Date(Date.parse(start) + hours * HOUR_MS).toISOString();
  return { text, constraint: { start, end, ...constraint(what, level / 100, status.flows.soc) } };
}

// Not discharging is a reserve of what is there now; only a charge is bought.
function constraint(what, level, soc) {
  if (what === "hold" && soc === null) throw new Error(t("manual.no_level"));
  return {
    reserve: { kind: "reserve", soc: level, bought: false },
    charge: { kind: "reserve", soc: level, bought: true },
    hold: { kind: "reserve", soc, bought: false },
    no_grid_charge: { kind: "no_grid_charge" },
    no_export: { kind: "no_export" },
    no_discharge_into_car: { kind: "no_discharge_into_car" },
  }[what];
}
