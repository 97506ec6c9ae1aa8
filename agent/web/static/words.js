// Texts in the page's language, and figures and times as people read them in the home's own zone and currency.

const texts = JSON.parse(document.getElementById("texts").textContent);

export const LANGUAGE = texts.lang;

// A text with its values; a key that is not there is a mistake of ours and shows itself.
export const t = (key, values = {}) =>
  (texts[key] ?? `⟨${key}⟩`).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
export const has = (key) => key in texts;

const named = (prefix) => Object.fromEntries(
  Object.keys(texts).filter((key) => key.startsWith(prefix)).map((key) => [key.slice(prefix.length), texts[key]]));

export const MODES = named("mode.");
export const CANDIDATES = named("candidate.");

const place = { zone: "UTC", currency: "EUR" };

export function settle(zone, currency) {
  Object.assign(place, { zone, currency });
}

const formats = new Map();

function format(options, zone = place.zone) {
  const key = zone + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(texts.locale, { timeZone: zone, ...options }));
  return formats.get(key);
}

const moment = (when) => (when instanceof Date ? when : new Date(when));
const noon = (isoDay) => new Date(`${isoDay}T12:00:00Z`);

export const clock = (when) => format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(moment(when));
export const dayAndClock = (when) =>
  format({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(moment(when));
export const shortDay = (when) => format({ weekday: "short", day: "numeric" }).format(moment(when));
export const longDay = (when) =>
  format({ weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(moment(when));
export const plainDay = (isoDay) =>
  format({ weekday: "short", day: "numeric", month: "short", year: "numeric" }, "UTC").format(noon(isoDay));
export const dayOfMonth = (isoDay) => format({ day: "numeric", month: "short" }, "UTC").format(noon(isoDay));
export const weekday = (isoDay) => format({ weekday: "short", day: "numeric" }, "UTC").format(noon(isoDay));
export const month = (isoDay, width = "long") => format({ month: width, year: width === "long" ? "numeric" : undefined }, "UTC").format(noon(isoDay));

const numbers = new Map();

export function number(value, digits) {
  if (value === null || value === undefined) return "–";
  if (!numbers.has(digits)) {
    numbers.set(digits, new Intl.NumberFormat(texts.locale, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: "min2" }));
  }
  return numbers.get(digits).format(value);
}

export const kw = (value) => (value === null || value === undefined ? "–" : number(Math.abs(value), Math.abs(value) < 10 ? 2 : 1));
export const kwh = (value) => number(value, 1);
export const percent = (fraction) => (fraction === null || fraction === undefined ? "–" : `${Math.round(fraction * 100)} %`);
export const price = (value) => (value === null || value === undefined ? "–" : `${number(value, 2)} ${place.currency}/kWh`);
const moneyFormat = () =>
  new Intl.NumberFormat(texts.locale, { style: "currency", currency: place.currency, currencyDisplay: "narrowSymbol" });
export const money = (value) => moneyFormat().format(value);
export const amount = (value) => number(value, moneyFormat().resolvedOptions().maximumFractionDigits);
export const currency = () => place.currency;
export const zone = () => place.zone;
export const fact = (name) => (has(`fact.${name}`) ? texts[`fact.${name}`] : name.replaceAll("_", " "));

export function age(seconds) {
  if (seconds < 100) return t("age.s", { n: Math.round(seconds) });
  if (seconds < 100 * 60) return t("age.min", { n: Math.round(seconds / 60) });
  return seconds < 48 * 3600 ? t("age.h", { n: Math.round(seconds / 3600) }) : t("age.d", { n: Math.round(seconds / 86400) });
}

// For this page alone, and never sent anywhere else; a year.
export function prepareLanguage() {
  const chooser = document.getElementById("language");
  chooser.value = LANGUAGE;
  chooser.addEventListener("change", () => {
    const path = location.pathname.replace(/study$/, "");
    document.cookie = `advisor_language=${chooser.value}; path=${path}; max-age=31536000; samesite=strict`;
    location.reload();
  });
}
