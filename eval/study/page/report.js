"use strict";
(() => {
  const data = JSON.parse(document.getElementById("figures").textContent);
  const form = document.getElementById("assumptions");
  const money = (amount) => {
    const whole = new Intl.NumberFormat(data.locale, { maximumFractionDigits: 0, useGrouping: "always" }).format(Math.round(amount) + 0);
    return amount <= -0.5 ? "-" + money(-amount) : data.money.replace("0", whole);
  };
  const years = (span) => {
    if (!isFinite(span)) return data.words.never;
    if (span < 0.75) return data.words.months_few;
    const whole = Math.round(span);
    return whole === 1 ? data.words.one_year : data.words.years.replace("{n}", whole);
  };
  const fill = (text, gaps) => text.replace(/\{(\w+)\}/g, (all, name) => gaps[name] ?? all);

  const purchase = (price, saving, life, fade, m) => {
    let worth = 0, left = price, payback = price > 0 ? Infinity : 0;
    for (let year = 1; year <= life; year++) {
      const saved = saving * Math.pow((1 - fade) * (1 + m.rise), year - 1);
      worth += saved * Math.pow(1 + m.rate, -year);
      if (payback === Infinity && saved > 0) {
        if (saved >= left) payback = year - 1 + left / saved;
        left -= saved;
      }
    }
    return { price, saving, payback, worth, value: worth - price };
  };
  const battery = (saving, kwh, m) =>
    purchase(kwh * m.battery * (1 - m.subsidy), saving, m.batteryYears, m.batteryFade, m);
  const panels = (saving, kwp, m) =>
    purchase(kwp * m.pv * (1 - m.subsidy), saving, m.pvYears, data.pvFade, m);

  // Two lives at once: the panels go on when the battery has ended.
  const both = (option, m) => {
    const one = panels(option.panels_saving, option.added_kwp, m);
    const two = battery(option.battery_saving, option.kwh, m);
    const price = one.price + two.price;
    let left = price, payback = price > 0 ? Infinity : 0;
    for (let year = 1; year <= Math.max(m.pvYears, m.batteryYears) && payback === Infinity; year++) {
      const solar = year <= m.pvYears && option.added_kwp > 0 ? Math.pow((1 - data.pvFade) * (1 + m.rise), year - 1) : 0;
      const stored = year <= m.batteryYears ? Math.pow((1 - m.batteryFade) * (1 + m.rise), year - 1) : 0;
      const saved = option.panels_saving * solar + option.battery_saving * stored;
      if (saved > 0 && saved >= left) payback = year - 1 + left / saved;
      left -= saved;
    }
    return { price, payback, value: one.value + two.value };
  };

  const read = () => {
    const of = (name) => Number(form.elements[name].value) || 0;
    return { battery: of("battery_per_kwh"), pv: of("pv_per_kwp"), subsidy: of("subsidy") / 100,
      batteryYears: Math.max(Math.round(of("battery_years")), 1), pvYears: Math.max(Math.round(of("pv_years")), 1),
      rate: of("rate") / 100, rise: of("rise") / 100, batteryFade: of("fade") / 100 };
  };

  const cell = (row, name) => row.querySelector(`[data-cell="${name}"]`);
  const tables = (m) => document.querySelectorAll("tr[data-option]").forEach((row) => {
    const found = both(data.options[Number(row.dataset.option)], m);
    cell(row, "price").textContent = found.price ? money(found.price) : "–";
    cell(row, "payback").textContent = found.price ? years(found.payback) : "–";
    cell(row, "value").textContent = found.price ? money(found.value) : "–";
    cell(row, "value").className = !found.price ? "" : found.value > 0 ? "good" : "bad";
  });
  const hangs = (m) => document.querySelectorAll("tr[data-saving]").forEach((row) => {
    const change = JSON.parse(row.dataset.change);
    const other = { ...m, battery: m.battery * (change.battery ?? 1), batteryYears: m.batteryYears + (change.years ?? 0),
      rate: m.rate + (change.rate ?? 0), rise: m.rise + (change.rise ?? 0) };
    const pays = battery(Number(row.dataset.saving), data.shown.kwh, other).value > 0;
    cell(row, "then").textContent = pays ? data.words.then_yes : data.words.then_no;
    cell(row, "then").className = pays ? "good" : "bad";
  });
  const sentences = (m) => {
    if (!data.shown.kwh) return;
    const alone = battery(data.shown.saving, data.shown.kwh, m);
    const advised = data.shown.advised === null ? null : battery(data.shown.advised, data.shown.kwh, m);
    const verdict = alone.value > 0 ? "yes" : advised && advised.value > 0 ? "advisor" : "no";
    const name = verdict !== "no" ? verdict : isFinite(alone.payback) ? "late" : "no";
    const told = verdict === "advisor" ? advised : alone;
    const below = Math.max(alone.worth / (data.shown.kwh * (1 - m.subsidy)), 0);
    const never = verdict === "no" && below < 0.5;
    const head = document.getElementById("verdict");
    head.dataset.verdict = verdict;
    head.textContent = data.words[`verdict_${never ? "never" : verdict}`];
    document.getElementById("sentence").textContent = fill(data.words[`answer_${name}`], {
      ...data.shown.told, price: money(told.price), payback: years(told.payback), life: m.batteryYears,
      rate: form.elements.rate.value.replace(".", data.locale.startsWith("es") ? "," : ".") + (data.locale.startsWith("es") ? " %" : "%") });
    const turns = verdict === "yes" ? "up_to" : never ? "no_price" : "below";
    document.getElementById("below").textContent = fill(data.words[`answer_${turns}`], { below: money(below) });
  };
  const solar = (m) => {
    const place = document.getElementById("panels");
    if (!place) return;
    const found = panels(data.shown.panels_saving, data.shown.added_kwp, m);
    place.textContent = fill(data.words[found.value > 0 ? "answer_panels_yes" : "answer_panels_no"],
      { ...data.shown.panels_told, price: money(found.price), payback: years(found.payback) });
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    // What is half typed or out of range changes nothing.
    if (!form.checkValidity()) return;
    const m = read(); tables(m); hangs(m); sentences(m); solar(m);
  });
  document.getElementById("print").addEventListener("click", () => window.print());
})();
