// Set by hand: a constraint for a limited time, kept as a note, so that it is enforced, shown and withdrawn like any other.

import { byId, make, show } from "./dom.js";
import { problem, say, showNotes } from "./notes.js";
import { post } from "./service.js";
import { t } from "./words.js";

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
  }[what];
}
