"""The battery study as people read it: a plain answer, the table of sizes, what it hangs on, two figures."""

from collections.abc import Sequence
from math import isinf
from pathlib import Path

from eval.report import plots
from eval.report.page import Drawing, Section, Table, html, markdown
from eval.report.style import svg
from eval.sizing.investment import Assumptions, Option, best, variations
from eval.sizing.sizing import SizingTable

_CAVEATS = (
    "Today's prices and habits are taken to last; subsidies, taxes and repairs are left out.",
    "Hourly recordings smooth the peaks of a house, which flatters any battery.",
    "Payback: price over the first year's saving, in years. Value: net present value, all savings less the price.",
    "Savings are against the home as it is: no battery, no further panels.",
)


def write_sizing(table: SizingTable, out: Path) -> tuple[Path, Path]:
    """Write `sizing.html` and `sizing.md` into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    title, sections = f"What a battery would earn {table.home}", sizing_report(table)
    page, text = out / "sizing.html", out / "sizing.md"
    page.write_text(html(title, sections), encoding="utf-8")
    text.write_text(markdown(title, sections), encoding="utf-8")
    return page, text


def sizing_report(table: SizingTable) -> list[Section]:
    """All sections, the answer first."""
    tariffs = list(dict.fromkeys(option.tariff for option in table.options))
    return [
        Section("Is a battery worth it?", tuple(answer(table, tariff) for tariff in tariffs)),
        Section("Every size", (_sizes(table), *_drawings(table, tariffs))),
        Section("What the answer hangs on", (_sensitivity(table, tariffs),)),
        Section("What is assumed", (table.sample.told(), *_assumed(table.assumed, table.currency))),
    ]


def answer(table: SizingTable, tariff: str) -> str:
    """Yes or no for one tariff, which size, and the battery price at which the answer turns."""
    options = [option for option in table.options if option.tariff == tariff]
    with_battery = [option for option in options if option.battery_kwh]
    if not with_battery:
        return f"{tariff}: no battery was looked at."
    bare = best([option for option in options if not option.battery_kwh], table.assumed)
    found = best(with_battery, table.assumed)
    gain = found.present_value(table.assumed) - bare.present_value(table.assumed)
    turns = max(option.worthwhile_per_kwh(table.assumed, bare) for option in with_battery)
    money = table.currency
    if gain <= 0:
        return (
            f"{tariff}: no. At {table.assumed.battery_per_kwh:g} {money} per kWh no size earns its price in "
            f"{table.assumed.lifetime_years} years; the least bad, {_named(found)}, loses {-gain:.0f} {money}. "
            f"A battery would begin to pay below {turns:.0f} {money} per kWh."
        )
    return (
        f"{tariff}: yes. {_named(found)} is best: it saves {found.saving:.0f} {money} a year, is paid back after "
        f"{_years(found, table.assumed)} years, and is worth {gain:.0f} {money} more than the best choice without a "
        f"battery. A battery pays up to {turns:.0f} {money} per kWh."
    )


def _sizes(table: SizingTable) -> Table:
    headers = ("tariff", "battery kWh", "PV", "no battery", "greedy", "advisor", "saving", "price", "payback", "value")
    return Table(headers, tuple(_row(option, table.assumed) for option in table.options))


def _row(option: Option, assumed: Assumptions) -> tuple[str, ...]:
    return (
        option.tariff,
        f"{option.battery_kwh:g}",
        f"x{option.pv_factor:g}",
        f"{option.without_battery:.0f}",
        f"{option.greedy:.0f}",
        f"{option.advisor:.0f}",
        f"{option.saving:.0f}",
        f"{option.price(assumed):.0f}",
        _years(option, assumed),
        f"{option.present_value(assumed):.0f}",
    )


def _sensitivity(table: SizingTable, tariffs: Sequence[str]) -> Table:
    rows = []
    for name, assumed in variations(table.assumed).items():
        found = [best([option for option in table.options if option.tariff == tariff], assumed) for tariff in tariffs]
        rows.append((name, *(f"{_named(option)} ({option.present_value(assumed):.0f})" for option in found)))
    return Table(("best size (its value) if", *tariffs), tuple(rows))


def _drawings(table: SizingTable, tariffs: Sequence[str]) -> list[Drawing]:
    values: dict[str, dict[float, float]] = {}
    for option in table.options:
        line = values.setdefault(f"{option.tariff}, PV x{option.pv_factor:g}", {})
        line[option.battery_kwh] = option.present_value(table.assumed)
    first = [option for option in table.options if option.tariff == tariffs[0] and option.pv_factor == 1]
    bills = {
        "none": {option.battery_kwh: option.without_battery for option in first},
        "greedy": {option.battery_kwh: option.greedy for option in first},
        "planner": {option.battery_kwh: option.advisor for option in first},
    }
    return [
        Drawing(
            svg(plots.present_values(values, table.currency)),
            "What buying is worth over its lifetime in today's money: above the dashed line it pays, the ring is best.",
        ),
        Drawing(
            svg(plots.yearly_bills(bills, table.currency)),
            f"Yearly bill under {tariffs[0]} with the panels that stand there: each further kWh of battery saves less.",
        ),
    ]


def _assumed(assumed: Assumptions, currency: str) -> tuple[str, ...]:
    facts = (
        f"battery {assumed.battery_per_kwh:g} {currency} per kWh and panels {assumed.pv_per_kwp:g} {currency} per kWp, "
        f"installed; {assumed.lifetime_years} years; discount rate {assumed.discount_rate:.1%}; a saving that shrinks "
        f"{assumed.fade_per_year:.1%} a year; battery power {assumed.battery_kw_per_kwh:g} kW per kWh"
    )
    return f"Assumed, not measured: {facts}. Put your own offer in their place.", *_CAVEATS


def _named(option: Option) -> str:
    battery = f"{option.battery_kwh:g} kWh" if option.battery_kwh else "no battery"
    return battery if option.pv_factor == 1 else f"{battery} with PV x{option.pv_factor:g}"


def _years(option: Option, assumed: Assumptions) -> str:
    years = option.payback_years(assumed)
    if not option.price(assumed):
        return "-"
    return "never" if isinf(years) else f"{years:.1f}"
