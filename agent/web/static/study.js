// A study before buying: a form, how far it is, and the report to open.

import { byId, make, show } from "./dom.js";
import { Refused, get, post } from "./service.js";
import { askForToken, withToken } from "./token.js";
import { prepareLanguage, t } from "./words.js";

const LOOK_EVERY_MS = 1000;
const TEXTS = ["place", "people", "floor_m2", "heating", "kwp", "battery_kwh", "battery_price", "panel_price", "subsidy"];
const CHECKS = ["cooling", "car"];
const FIELDS = [...TEXTS, "tariff"];

function fill(form, tariffs) {
  for (const name of TEXTS) byId(name).value = form[name];
  for (const name of CHECKS) byId(name).checked = form[name];
  const choices = (first) => [make("option", { value: "" }, first), ...tariffs.map((name) => make("option", { value: name }, name))];
  show(byId("tariff"), ...choices(t("study.usual_tariff")));
  show(byId("other_tariff"), ...choices(t("study.no_tariff")));
}

function asked() {
  const form = Object.fromEntries(TEXTS.map((name) => [name, byId(name).value.trim()]));
  for (const name of CHECKS) form[name] = byId(name).checked;
  // Without a first tariff the second is the only one.
  form.tariffs = [...new Set([byId("tariff").value, byId("other_tariff").value].filter(Boolean))];
  return form;
}

function tell(fields, error = "") {
  for (const name of FIELDS) {
    const fault = byId(`${name}-fault`);
    const said = fields[name] ?? (name === "tariff" ? fields.tariffs : undefined);
    fault.textContent = said ?? "";
    fault.hidden = !said;
    byId(name).setAttribute("aria-invalid", String(Boolean(said)));
  }
  byId("study-fault").textContent = error;
  FIELDS.map(byId).find((field) => field.getAttribute("aria-invalid") === "true")?.focus();
}

function minutes(seconds) {
  return seconds < 90 ? t("study.left_s", { n: Math.max(5, Math.round(seconds / 5) * 5) }) : t("study.left_min", { n: Math.round(seconds / 60) });
}

function step(progress) {
  if (progress.failed) return progress.failed;
  if (!progress.running) return progress.final ? t("study.done") : progress.report ? t("study.kept") : t("study.ended");
  if (!progress.step) return t("study.starting");
  const now = t("study.step", { what: t(`study.step.${progress.step}`), done: progress.done, total: progress.total });
  return progress.left_s === null ? now : `${now} ${minutes(progress.left_s)}`;
}

function showProgress(progress) {
  const known = progress.running || progress.report || progress.failed;
  byId("course").hidden = !known;
  byId("begin").disabled = progress.running;
  byId("cancel").hidden = byId("share").hidden = !progress.running;
  byId("share").value = progress.share;
  byId("step").textContent = step(progress);
  byId("step").className = progress.failed ? "problem" : "";
  byId("answer").textContent = progress.answer ?? "";
  const report = byId("report");
  report.hidden = !progress.report;
  if (progress.report) report.href = `v1/study/report/${progress.report}`;
  report.textContent = progress.running ? t("study.first_report") : t("study.report");
}

let following = false;

async function follow() {
  if (following) return;
  following = true;
  for (;;) {
    try {
      const { progress } = await get("v1/study");
      showProgress(progress);
      if (!progress.running) break;
    } catch (err) {
      byId("step").textContent = err.message;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  following = false;
}

byId("study").addEventListener("submit", async (event) => {
  event.preventDefault();
  tell({});
  try {
    showProgress(await withToken(() => post("v1/study", asked())));
    byId("course").scrollIntoView({ block: "nearest" });
    follow();
  } catch (err) {
    tell(err.fields ?? {}, Object.keys(err.fields ?? {}).length ? t("study.look") : err.message);
  }
});

byId("cancel").addEventListener("click", async () => {
  try {
    showProgress(await withToken(() => post("v1/study/cancel")));
  } catch (err) {
    byId("study-fault").textContent = err.message;
  }
});

async function begin() {
  try {
    return await get("v1/study");
  } catch (err) {
    if (!(err instanceof Refused) || err.status !== 401 || !(await askForToken())) throw err;
    return get("v1/study");
  }
}

prepareLanguage();
try {
  const { form, tariffs, progress } = await begin();
  fill(form, tariffs);
  showProgress(progress);
  if (progress.running) follow();
} catch (err) {
  byId("study-fault").textContent = err.message;
} finally {
  // Not before it holds what it begins with: that would overwrite what somebody has typed already.
  byId("study").hidden = false;
}
