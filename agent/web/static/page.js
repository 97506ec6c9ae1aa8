// The page: what the service says is fetched, shown, and followed as it changes.

import { prepareAsking } from "./ask.js";
import { showBill, showDays, showNow } from "./cards.js";
import { fitCharts, moveNow, showCharts, walk } from "./charts.js";
import { byId } from "./dom.js";
import { showFlows } from "./flows.js";
import { earlier, every, explain, showLog } from "./log.js";
import { prepareActing, prepareManual, showActing } from "./manual.js";
import { showMonthlyBill } from "./monthly.js";
import { prepareNotes, showNotes, showQuestion } from "./notes.js";
import { preparePeriods, showPeriod, showSoFar } from "./periods.js";
import { Refused, get, lines, post } from "./service.js";
import { askForToken, withToken } from "./token.js";
import { clock, longDay, prepareLanguage, settle, t } from "./words.js";

const AGAIN_S = [1, 2, 5, 10, 20];
let drawn = { decision: undefined, slot: undefined };
let known = {};
let failures = 0;

async function follow() {
  for (;;) {
    try {
      await lines("v1/live", update);
      throw new Error(t("ended"));
    } catch (err) {
      await lost(err);
    }
  }
}

async function lost(err) {
  const wait_s = AGAIN_S[Math.min(failures, AGAIN_S.length - 1)];
  failures += 1;
  if (err instanceof Refused && err.status === 401) await askForToken();
  else link(t("lost"), "bad");
  await new Promise((resolve) => setTimeout(resolve, wait_s * 1000));
}

function update(status) {
  failures = 0;
  settle(status.zone, status.currency);
  known.status = status;
  byId("home").textContent = status.home;
  document.title = `${status.home} · Energy Advisor`;
  showTime(status);
  link(status.ok ? t("live") : status.problems[0], status.ok ? "live" : "bad");
  showNow(status, known.today);
  showFlows(status.flows);
  showActing(status);
  showQuestion(status.question, withToken);
  const slot = status.now && Math.floor(Date.parse(status.now) / (status.slot_minutes * 60000));
  const id = status.decision?.decision_id ?? null;
  if (drawn.decision !== id || drawn.slot !== slot) {
    drawn = { decision: id, slot };
    refresh();
  } else if (status.now) moveNow(status.now);
}

function showTime(status) {
  const time = byId("clock");
  time.textContent = status.now ? longDay(status.now) : "";
  if (status.now) time.dateTime = status.now;
}

function link(words, state) {
  const place = byId("link");
  if (place.textContent !== words) place.textContent = words;
  place.className = `link ${state}`;
}

let refreshing = false;
let stale = false;

// One refresh at a time; what changes meanwhile is fetched afterwards.
async function refresh() {
  stale = true;
  if (refreshing) return;
  refreshing = true;
  while (stale) {
    stale = false;
    try {
      const { decision, now } = known.status;
      const [plan, today, days] = await Promise.all([decision?.mode ? maybe("v1/plan") : null, now ? maybe("v1/today") : null, get("v1/days")]);
      known = { ...known, plan, today, days };
      showNow(known.status, today);
      showCharts(known);
      showBill(today);
      showDays(days, today);
      await Promise.all([showLog(), showNotes(withToken), showPeriod(), showSoFar(), showMonthlyBill()]);
    } catch (err) {
      link(err.message, "bad");
    }
  }
  refreshing = false;
}

// What has just ceased to exist is nothing to complain about.
async function maybe(path) {
  try {
    return await get(path);
  } catch (err) {
    if (err instanceof Refused && [404, 503].includes(err.status)) return null;
    throw err;
  }
}

// ---- what the reader does

byId("decide").addEventListener("click", async () => {
  const said = byId("decide-said");
  try {
    const { not_before } = await withToken(() => post("v1/decide"));
    said.textContent = not_before ? t("decide.at", { time: clock(not_before) }) : t("decide.soon");
  } catch (err) {
    said.textContent = err.message;
  }
  setTimeout(() => { said.textContent = ""; }, 8000);
});
prepareLanguage();
byId("why").addEventListener("click", () => explain(known.status.decision.decision_id));
byId("more").addEventListener("click", () => earlier());
byId("every").addEventListener("change", () => every(byId("every").checked));
prepareAsking(withToken, explain);
prepareNotes(withToken);
prepareManual(withToken, () => known.status);
prepareActing(withToken);
preparePeriods();
byId("charts").addEventListener("keydown", (event) => { if (walk(event.key)) event.preventDefault(); });

new ResizeObserver(() => requestAnimationFrame(fitCharts)).observe(byId("charts"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (known.days) showCharts(known); });

follow();
