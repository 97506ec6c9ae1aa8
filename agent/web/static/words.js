// Figures and times as people read them, in the home's own zone and currency.

export const MODES = {
  self_consumption: "Follow the house",
  hold: "Hold",
  charge: "Charge from the grid",
  discharge: "Sell",
};

export const CANDIDATES = {
  best: "the best schedule",
  self_consumption: "plain self-consumption",
  keep_reserve: "keeping a reserve",
  calm: "fewer changes of mode",
  no_grid_charging: "no charging from the grid",
};

const place = { zone: "UTC", currency: "EUR" };

export function settle(zone, currency) {
  Object.assign(place, { zone, currency });
}

const formats = new Map();

function format(options) {
  const key = place.zone + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: place.zone, ...options }));
  return formats.get(key);
}

const moment = (when) => (when instanceof Date ? when : new Date(when));

export const clock = (when) => format({ hour: "2-digit", minute: "2-digit" }).format(moment(when));
export const dayAndClock = (when) =>
  format({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(moment(when));
export const shortDay = (when) => format({ weekday: "short", day: "numeric" }).format(moment(when));
export const longDay = (when) =>
  format({ weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" }).format(moment(when));
export const plainDay = (isoDay) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric" })
    .format(new Date(`${isoDay}T12:00:00Z`));

export const kw = (value) => (value === null || value === undefined ? "–" : Math.abs(value).toFixed(Math.abs(value) < 10 ? 2 : 1));
export const percent = (fraction) => (fraction === null || fraction === undefined ? "–" : `${Math.round(fraction * 100)} %`);
export const price = (value) => (value === null || value === undefined ? "–" : `${value.toFixed(2)} ${place.currency}`);
export const money = (value) =>
  new Intl.NumberFormat("en-GB", { style: "currency", currency: place.currency, currencyDisplay: "narrowSymbol" }).format(value);
export const currency = () => place.currency;
export const zone = () => place.zone;
export const fact = (name) => name.replaceAll("_", " ");
