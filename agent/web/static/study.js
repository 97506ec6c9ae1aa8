// A study before buying: a form, how far it is, and the report to open.

import { byId, make, show } from "./dom.js";
import { Refused, get, post } from "./service.js";
import { askForToken, withToken } from "./token.js";
import { has, prepareLanguage, t } from "./words.js";

const LOOK_EVERY_MS = 1000;
const HEATINGS = ["other", "heat_pump", "resistive"];
const CHECKS = ["cooling", "car"];
// Fields in their order: what stands in each; a hint is shown where the texts have one.
const FIELDS = {
  place: typed("text", "address-level2"),
  people: typed("numeric"),
  floor_m2: typed("decimal"),
  heating: (attributes) => make("select", attributes, ...HEATINGS.map((name) => choice(name, t(`study.heating.${name}`)))),
  checks: null,
  kwp: typed("text"),
  battery_kwh: typed("text"),
  tariff: (attributes) => make("select", attributes),
  other_tariff: (attributes) => make("select", attributes),
  battery_price: typed("decimal"),
  panel_price: typed("decimal"),
  subsidy: typed("decimal"),
};
const NAMES = Object.keys(FIELDS).filter((name) => FIELDS[name]);
const TEXTS = NAMES.filter((name) => !name.endsWith("tariff"));

function typed(inputmode, autocomplete = "off") {
  return (attributes) => make("input", { type: "text", maxlength: 120, inputmode, autocomplete, ...attributes });
}

const choice = (value, text) => make("option", { value }, text);
const tariffText = (name) => (has(`study.tariff.${name}`) ? t(`study.tariff.${name}`) : name);

function field(name) {
  const hint = has(`study.${name}.hint`) && make("p", { class: "hint", id: `${name}-hint` }, t(`study.${name}.hint`));
  const described = `${name}-fault${hint ? ` ${name}-hint` : ""}`;
  return make("div", { class: "field" },
    make("label", { for: name }, t(`study.${name}`)),
    FIELDS[name]({ id: name, name, "aria-describedby": described }),
    hint,
    make("p", { class: "problem", id: `${name}-fault`, hidden: true }));
}

function check(name) {
  return make("label", { class: "check" }, make("input", { id: name, name, type: "checkbox" }), ` ${t(`study.${name}`)}`);
}

function fill(form, tariffs) {
  const rows = Object.keys(FIELDS).map((name) => (FIELDS[name] ? field(name) : make("div", { class: "field checks" }, ...CHECKS.map(check))));
  show(byId("fields"), ...rows);
  const choices = (first) => [choice("", first), ...tariffs.map((name) => choice(name, tariffText(name)))];
  show(byId("tariff"), ...choices(t("study.usual_tariff")));
  show(byId("other_tariff"), ...choices(t("study.no_tariff")));
  [byId("tariff").value, byId("other_tariff").value] = [form.tariffs[0] ?? "", form.tariffs[1] ?? ""];
  for (const name of TEXTS) byId(name).value = form[name];
  for (const name of CHECKS) byId(name).checked = form[name];
}

function asked() {
  const form = Object.fromEntries(TEXTS.map((name) => [name, byId(name).value.trim()]));
  for (const name of CHECKS) form[name] = byId(name).checked;
  // Without a first tariff the second is the only one.
  form.tariffs = [...new Set([byId("tariff").value, byId("other_tariff").value].filter(Boolean))];
  return form;
}

// What is wrong with a tariff stands below the choice that it names.
function placed({ tariffs, ...fields }) {
  if (!tariffs) return fields;
  const other = byId("other_tariff").value;
  return { ...fields, [other && tariffs.includes(`'${other}'`) ? "other_tariff" : "tariff"]: tariffs };
}

function tell(faults, error = "") {
  const fields = placed(faults);
  for (const name of NAMES) {
    const fault = byId(`${name}-fault`);
    fault.textContent = fields[name] ?? "";
    fault.hidden = !fields[name];
    byId(name).setAttribute("aria-invalid", String(Boolean(fields[name])));
  }
  byId("study-fault").textContent = error;
  NAMES.map(byId).find((one) => one.getAttribute("aria-invalid") === "true")?.focus();
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
  // What somebody has seen does not vanish: after a cancel it says so.
  byId("course").hidden &&= !known;
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

const said = (err) => (err instanceof Refused ? err.message : t("study.lost"));

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
      byId("step").textContent = said(err);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  following = false;
}

byId("study").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = asked();
  tell({});
  try {
    const { fields } = await withToken(() => post("v1/study/check", form));
    if (Object.keys(fields).length) {
      tell(fields, t("study.look"));
      return;
    }
    showProgress(await post("v1/study", form));
    byId("course").scrollIntoView({ block: "nearest" });
    follow();
  } catch (err) {
    tell({}, said(err));
    // Somebody else has begun one: it is shown.
    if (err.status === 409) follow();
  }
});

byId("cancel").addEventListener("click", async () => {
  try {
    showProgress(await withToken(() => post("v1/study/cancel")));
  } catch (err) {
    byId("study-fault").textContent = said(err);
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
  byId("study-fault").textContent = said(err);
} finally {
  // Not before it holds what it begins with: that would overwrite what somebody has typed already.
  byId("study").hidden = false;
}
