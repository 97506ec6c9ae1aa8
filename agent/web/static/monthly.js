// The bill of a month, line by line: the month to date, and those before it.

import { byId, make, show } from "./dom.js";
import { get } from "./service.js";
import { amount, currency, money, month, t } from "./words.js";

let wanted = null;

export async function showMonthlyBill() {
  const asked = wanted;
  const bill = await get(`v1/bill${asked ? `?month=${asked}` : ""}`);
  // Another one may have been chosen meanwhile.
  if (asked !== wanted) return;
  show(byId("month-bill"), ...(bill ? filled(bill) : [make("p", { class: "empty" }, t("month_bill.empty"))]));
}

function filled(bill) {
  const values = { month: month(bill.first), billed: bill.days_billed, days: bill.days };
  return [
    steps(bill),
    make("p", { class: "big" }, money(bill.total)),
    make("p", { class: "hint" }, t(bill.complete ? "month_bill.whole" : "month_bill.to_date", values)),
    table(bill),
    make("details", {}, make("summary", {}, t("month_bill.remarks")), make("ul", { class: "plain hint" }, ...bill.remarks.map((text) => make("li", {}, text)))),
  ].filter((part) => part.tagName !== "DETAILS" || bill.remarks.length);
}

// Months run from the newest to the oldest.
function steps({ months, month: shown }) {
  const at = months.indexOf(shown);
  const step = (name, to) => make("button", { type: "button", class: "quiet", disabled: to === undefined, onclick: () => { wanted = to; showMonthlyBill(); } }, t(`month_bill.${name}`));
  return months.length > 1 ? make("p", { class: "actions" }, step("earlier", months[at + 1]), step("later", months[at - 1])) : make("p", {});
}

function table(bill) {
  const row = (cell, label, detail, sum) => make("tr", {}, make("th", cell === "th" ? { scope: "col" } : { scope: "row" }, label), make(cell, {}, detail), make(cell, {}, sum));
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("month_bill.title") }, make("table", { class: "lines" },
    make("thead", {}, row("th", t("month_bill.line"), t("month_bill.detail"), currency())),
    make("tbody", {}, ...bill.lines.map((line) => row("td", line.label, line.detail, amount(line.amount)))),
    make("tfoot", {}, row("td", t("month_bill.total"), "", amount(bill.total)))));
}
