"""Worked examples, each computed by hand from the tariff's own figures: every line and the total, to the cent."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from agent.language.answers.bill_words import doubts
from energy.billing.bill import bills
from energy.billing.lines import BillLine, Carried, MonthBill
from energy.pricing.calendar import BillingPeriod
from energy.pricing.metering import MeterReadings
from energy.slots import DAY, day_bounds, slots_between
from ingest.tariffs.catalogue import contract_of, named_tariff

Profile = Callable[[datetime], tuple[float, float]]
HOUR = timedelta(hours=1)


def metered(first: date, last: date, zone: str, profile: Profile, step: timedelta = HOUR) -> MeterReadings:
    there = ZoneInfo(zone)
    starts = slots_between(day_bounds(first, there)[0], day_bounds(last, there)[1], step)
    rows = np.array([profile(start.astimezone(there)) for start in starts])
    return MeterReadings(starts, rows[:, 0], rows[:, 1], step)


def month(name: str, first: date, zone: str, profile: Profile, *, step: timedelta = HOUR, **own: Any) -> MonthBill:
    last = (first + 31 * DAY).replace(day=1) - DAY
    [bill] = bills(metered(first, last, zone, profile, step), named_tariff(name, **own), ZoneInfo(zone))
    assert bill.complete
    assert sum(line.amount for line in bill.lines) == pytest.approx(bill.total)
    return bill.rounded()


def told(bill: MonthBill) -> list[tuple[str, str, float]]:
    return [(line.name, line.period, line.amount) for line in bill.lines]


def evening_and_noon(local: datetime) -> tuple[float, float]:
    """0.2 kWh an hour from 20:00 to midnight; 2 kWh an hour sold from 12:00 to 15:00."""
    return 0.2 * (local.hour >= 20), 2.0 * (12 <= local.hour < 15)


# February 2026: 20 workdays and 8 rest days. P1 8 kWh, P2 8 kWh, P3 6.4 kWh; 168 kWh sold at 0.06 are 10.08,
# the energy bought costs 2.16, so that 7.92 are lost.
CAPPED = [
    ("energy", "P1", 0.92),
    ("energy", "P2", 0.76),
    ("energy", "P3", 0.48),
    ("tolls and charges", "P1", 0.78),
    ("tolls and charges", "P2", 0.23),
    ("tolls and charges", "P3", 0.02),
    ("surplus", "", -10.08),
    ("beyond the cap", "", 7.92),
]
# 4.6 kW x 27.704 x 28 / 365 and so on.
FIXED = [("power P1", "", 9.78), ("power P2", "", 0.26), ("social bonus", "", 0.54), ("meter rental", "", 0.75)]


def test_a_spanish_market_contract_whose_cap_binds() -> None:
    bill = month("es-2.0td", date(2026, 2, 1), "Europe/Madrid", evening_and_noon)
    # electricity tax on the lines' 1.03 + 10.58 = 11.61; VAT on that, the tax and the rental, 12.95
    taxes = [("electricity tax", "", 0.59), ("VAT", "", 2.72)]
    assert told(bill) == [*CAPPED, *FIXED, *taxes]
    assert bill.total == pytest.approx(15.67)


def test_a_spanish_contract_with_a_wallet_keeps_what_the_cap_cuts_off_for_the_next_bill() -> None:
    contract = named_tariff("es-2.0td", wallet={"fee_per_month": 1.99})
    read = metered(date(2026, 2, 1), date(2026, 2, 28), "Europe/Madrid", evening_and_noon)
    [first] = bills(read, contract, ZoneInfo("Europe/Madrid"))
    # VAT on 11.61 + 0.59 + 0.75 + 1.99 = 14.94
    taxes = [("electricity tax", "", 0.59), ("VAT", "", 3.14)]
    assert told(first.rounded()) == [
        *CAPPED[:-1],
        ("kept in the wallet", "", 7.92),
        ("wallet fee", "", 1.99),
        *FIXED,
        *taxes,
    ]
    assert first.rounded().total == pytest.approx(18.08)
    assert first.carried.wallet == pytest.approx(7.92)
    [second] = bills(read, contract, ZoneInfo("Europe/Madrid"), carried=first.carried)
    assert told(second.rounded())[-1] == ("paid from the wallet", "", -7.92)
    assert second.rounded().total == pytest.approx(10.16)


def test_a_wallet_that_pays_all_leaves_nothing_to_pay_to_the_cent() -> None:
    contract = named_tariff("es-2.0td", wallet={"fee_per_month": 1.99})
    read = metered(date(2026, 2, 1), date(2026, 2, 28), "Europe/Madrid", evening_and_noon)
    [bill] = bills(read, contract, ZoneInfo("Europe/Madrid"), carried=Carried(wallet=100.0))
    # the lines above add up to 18.08 to the cent
    assert told(bill.rounded())[-1] == ("paid from the wallet", "", -18.08)
    assert f"{bill.rounded().total:.2f}" == "0.00"


def test_what_rounding_moves_goes_on_the_wallets_line() -> None:
    parts = (BillLine("energy", "energy", 1.004), BillLine("fixed", "power", 1.004))
    whole = MonthBill(
        period=BillingPeriod(date(2026, 2, 1), date(2026, 2, 28)),
        lines=(*parts, BillLine("wallet", "paid from the wallet", -2.008)),
        import_kwh=1.0,
        export_kwh=0.0,
        cancelled_kwh=0.0,
        days_billed=28,
        complete=True,
    )
    assert [line.amount for line in whole.rounded().lines] == [1.0, 1.0, -2.0]
    assert whole.rounded().total == 0.0
    assert [line.amount for line in whole.rounded(0).lines] == [1.0, 1.0, -2.0]


def test_a_pvpc_month_in_which_taxes_change_is_taxed_by_the_rates_of_its_end() -> None:
    first = date(2026, 3, 1)
    start = day_bounds(first, ZoneInfo("Europe/Madrid"))[0].isoformat()
    series = {
        "pvpc": {"runs": [{"start": start, "per_kwh": [0.15] * 800}], "includes": ["tolls and charges"]},
        "surplus": {"runs": [{"start": start, "per_kwh": [0.05] * 800}]},
    }

    def noon(local: datetime) -> tuple[float, float]:
        return 0.5 * (local.hour == 12), 1.0 * (local.hour == 15)

    bill = month("es-pvpc", first, "Europe/Madrid", noon, series=series)
    # 22 workdays, 9 rest days: 11 kWh in P1, 4.5 in P3. Energy 11 x (0.15 - 0.097553) + 4.5 x (0.15 - 0.003292).
    # 31 kWh sold at 0.05, capped at the energy's 1.237103. From 22 March 0.5 % and 10 %: the whole bill.
    assert told(bill) == [
        ("energy", "", 1.24),
        ("tolls and charges", "P1", 1.07),
        ("tolls and charges", "P3", 0.01),
        ("surplus", "", -1.55),
        ("beyond the cap", "", 0.31),
        ("power P1", "", 10.82),
        ("power P2", "", 0.28),
        ("marketing margin", "", 1.22),
        ("social bonus", "", 0.59),
        ("meter rental", "", 0.83),
        ("electricity tax", "", 0.07),
        ("VAT", "", 1.49),
    ]
    assert bill.total == pytest.approx(16.38)
    assert any("0.5 %" in doubt.en and "0,5 %" in doubt.es for doubt in bill.unsure)


@pytest.mark.parametrize(
    ("name", "taxes"),
    [
        # 11.61 + 0.59: IGIC 0 % on electricity, 7 % on the rental of 0.75; IPSI 1 % and 10 or 4 %
        ("es-2.0td-canaries", [("electricity tax", 0.59), ("IGIC", 0.0), ("IGIC on rental", 0.05)]),
        ("es-2.0td-ceuta", [("electricity tax", 0.59), ("IPSI", 0.12), ("IPSI on rental", 0.08)]),
        ("es-2.0td-melilla", [("electricity tax", 0.59), ("IPSI", 0.12), ("IPSI on rental", 0.03)]),
    ],
)
def test_the_spanish_places_with_other_taxes(name: str, taxes: list[tuple[str, float]]) -> None:
    bill = month(name, date(2026, 2, 1), "Europe/Madrid", evening_and_noon)
    assert [(line.name, line.amount) for line in bill.lines if line.kind == "tax"] == taxes
    assert bill.total == pytest.approx(12.36 + sum(amount for _, amount in taxes))


def test_flanders_bills_the_highest_quarter_of_the_month_and_at_least_the_floor() -> None:
    def cooking(local: datetime) -> tuple[float, float]:
        return (1.5 if (local.day, local.hour, local.minute) == (9, 18, 30) else 0.25), 0.0

    quarter = timedelta(minutes=15)
    bill = month("be-flanders-capacity", date(2026, 4, 1), "Europe/Brussels", cooking, step=quarter)
    # 2,879 quarters of 0.25 kWh and one of 1.5: 721.25 kWh; 6 kW at 3.37; VAT 6 %
    assert told(bill) == [
        ("energy", "", 93.76),
        ("network and levies", "", 61.31),
        ("capacity tariff", "", 20.22),
        ("data management", "", 1.15),
        ("VAT", "", 10.59),
    ]
    assert bill.total == pytest.approx(187.03)
    low = month("be-flanders-capacity", date(2026, 4, 1), "Europe/Brussels", lambda _: (0.25, 0.0), step=quarter)
    assert low.of("peak") == pytest.approx(8.43)  # 2.5 kW x 3.37 = 8.425


def test_norway_bills_the_step_of_the_three_highest_days() -> None:
    peaks = {(5, 17): 4.0, (12, 8): 5.0, (20, 19): 9.0, (20, 20): 8.5}

    def days(local: datetime) -> tuple[float, float]:
        return peaks.get((local.day, local.hour), 0.5), 0.0

    bill = month("no-capacity-steps", date(2026, 4, 1), "Europe/Oslo", days)
    # mean of 4, 5 and 9 kW: the step up to 10 kW. 720 hours of 0.5 kWh and 24.5 more. April 2026 has
    # 22 workdays with 16 day hours, so 22 x 8 kWh and Monday the 20th's 16.5 more are day, the rest is 192
    assert told(bill) == [
        ("energy", "", 346.05),
        ("network", "day", 83.83),
        ("network", "night and weekend", 71.62),
        ("capacity step", "", 270.0),
    ]
    assert bill.total == pytest.approx(771.5)
    assert bill.peak_kw == {"capacity step": pytest.approx(6.0)}


def spot(first: date, days: int, price: float) -> dict[str, Any]:
    start = day_bounds(first, ZoneInfo("Europe/Amsterdam"))[0].isoformat()
    return {"day_ahead": {"runs": [{"start": start, "per_kwh": [price] * (24 * days + 2)}]}}


def test_the_dutch_energy_tax_is_netted_over_the_year_until_2026_and_not_after() -> None:
    def winter_and_summer(local: datetime) -> tuple[float, float]:
        return (1.0, 0.0) if local.hour >= 20 else (0.0, 1.0 * (local.hour == 12 and local.month != 10))

    read = metered(date(2026, 10, 1), date(2027, 1, 31), "Europe/Amsterdam", winter_and_summer)
    made = bills(
        read, named_tariff("nl-dynamic", series=spot(date(2026, 10, 1), 130, 0.1)), ZoneInfo("Europe/Amsterdam")
    )
    october, november, _, january = (bill.rounded() for bill in made)
    assert october.of("netting") == 0.0
    # 30 kWh sold in November come off October's and November's tax, and earn the hour's price as well
    assert november.of("netting") == pytest.approx(-2.75)
    assert november.of("credit") == pytest.approx(-3.0)
    assert january.of("netting") == 0.0
    # January: 124 kWh at 0.118 and 0.0916, 31 kWh sold at 0.1, 5.99 + 40 - 519.80 x 31 / 365, VAT 21 %
    assert [line.amount for line in january.lines] == pytest.approx([14.63, 11.36, -3.1, 5.99, -44.15, 40.0, 5.19])
    assert january.total == pytest.approx(29.92)


def test_agile_imports_by_the_wholesale_price_and_the_peak_premium() -> None:
    start = day_bounds(date(2026, 2, 1), ZoneInfo("Europe/London"))[0].isoformat()
    series = {"wholesale": {"runs": [{"start": start, "step_minutes": 30, "per_kwh": [0.08] * 1344}]}}

    def tea(local: datetime) -> tuple[float, float]:
        return 0.5 * (local.hour in {3, 17}), 1.0 * (local.hour == 12)

    bill = month("uk-agile-seg", date(2026, 2, 1), "Europe/London", tea, step=HOUR / 2, series=series)
    # 28 kWh at night at 0.176, 28 kWh in the peak at 0.296; 56 kWh sold at 0.15; 28 days at 0.4762; VAT 5 %
    assert told(bill) == [
        ("energy", "day", 4.93),
        ("energy", "peak", 8.29),
        ("export", "", -8.4),
        ("standing charge", "", 13.33),
        ("VAT", "", 1.33),
    ]
    assert bill.total == pytest.approx(19.48)


def test_germany_bills_the_network_by_the_hour_and_pays_for_what_is_fed_in() -> None:
    def usual(local: datetime) -> tuple[float, float]:
        return 0.5 * (local.hour in {2, 9, 18}), 2.0 * (local.hour == 13)

    bill = month("de-feed-in", date(2026, 6, 1), "Europe/Berlin", usual)
    # 15 kWh in each band; 60 kWh fed in at 0.0778; 120 and 130 a year for 30 days; VAT 19 % but on what is fed in
    assert told(bill) == [
        ("supply", "", 8.33),
        ("network", "high", 2.1),
        ("network", "low", 0.3),
        ("network", "standard", 1.35),
        ("feed-in tariff", "", -4.67),
        ("module 1", "", -9.86),
        ("base price", "", 10.68),
        ("VAT", "", 2.45),
    ]
    assert bill.total == pytest.approx(10.68)


def test_france_bills_peak_and_off_peak_hours_over_midnight() -> None:
    def usual(local: datetime) -> tuple[float, float]:
        return 0.5 * (local.hour in {23, 6, 12}), 1.0 * (local.hour == 14)

    bill = month("fr-hp-hc", date(2026, 6, 1), "Europe/Paris", usual, step=timedelta(minutes=30))
    # half-hours: 23:00 and 23:30 and 06:00 off-peak (45 kWh), 06:30 and 12:00 and 12:30 peak (45 kWh)
    assert told(bill) == [
        ("energy", "off-peak", 7.36),
        ("energy", "peak", 9.36),
        ("surplus", "", -2.4),
        ("subscription", "", 15.74),
    ]
    assert bill.total == pytest.approx(30.06)


@pytest.mark.parametrize(
    ("name", "first", "english", "spanish"),
    [
        ("es-2.0td", date(2026, 12, 1), "", ""),
        (
            "es-2.0td",
            date(2027, 1, 1),
            "{}: nothing is published beyond 31 December 2026; the last known rates are taken",
            "{}: no hay nada publicado después del 31 de diciembre de 2026; se toma lo último conocido",
        ),
        (
            "es-2.0td",
            date(2025, 12, 1),
            "{}: known from 1 January 2026 on only; those rates are taken for the days before",
            "{}: solo se conoce desde el 1 de enero de 2026; se toma lo mismo para los días anteriores",
        ),
        (
            "fr-hp-hc",
            date(2026, 2, 1),
            "energy: nothing is published beyond 31 January 2026; the last known rates are taken",
            "energía: no hay nada publicado después del 31 de enero de 2026; se toma lo último conocido",
        ),
    ],
)
def test_a_bill_beyond_what_is_published_takes_the_last_known_rates_and_says_so(
    name: str, first: date, english: str, spanish: str
) -> None:
    bill = month(name, first, "Europe/Madrid", evening_and_noon)
    told = [doubts(bill, language)[len(bill.unsure) :] for language in ("en", "es")]
    terms = (
        "tolls and charges, power P1, power P2, social bonus",
        "peajes y cargos, potencia P1, potencia P2, financiación del bono social",
    )
    wanted = [text.format(names) for text, names in zip((english, spanish), terms, strict=True)]
    assert told == [[text] if text else [] for text in wanted]


def test_the_regulators_simulator_gives_the_same_lines_and_total_for_a_pvpc_month_without_consumption() -> None:
    """CNMC's simulator 2.1.2: 2025-12-29 (excluded) to 2026-01-29, 3.5 kW, 0 kWh: 9.36, 0.51 and 13.65 in all.

    As luzfija.es records it. Its two days of 2025 have the power prices of 2025 (any social bonus from 3.8 to 5.5 EUR a
    year gives the same cent); a billing day of at most 28 moves both borders by two days.
    """
    contract = named_tariff("es-pvpc", contracted_kw={"P1": 3.5, "P2": 3.5}, billing_day=28)
    of_2025 = {"power P1": 26.933256, "power P2": 0.697762, "social bonus": 4.650987}
    rows = []
    for row in contract.fixed:
        if row.name in of_2025 and row.first is None:
            until = {"amount": of_2025[row.name], "per": "year", "last": date(2025, 12, 29)}
            rows += [row.model_copy(update=until), row.model_copy(update={"first": date(2025, 12, 30)})]
        else:
            rows.append(row)
    read = metered(date(2025, 12, 28), date(2026, 1, 27), "Europe/Madrid", lambda _: (0.0, 0.0))
    [bill] = bills(read, contract.model_copy(update={"fixed": tuple(rows)}), ZoneInfo("Europe/Madrid"))
    amounts = [(line.name, line.amount) for line in bill.rounded().lines]
    power = sum(amount for name, amount in amounts if name.startswith("power") or name == "marketing margin")
    assert power == pytest.approx(9.36)
    assert amounts[-2] == ("electricity tax", 0.51)
    assert bill.rounded().total == pytest.approx(13.65)


def test_taxes_are_those_of_the_printed_amounts() -> None:
    # Two lines of 0.104 are printed as 0.10, and 25 % of 0.20 is taxed, not of 0.208.
    term = {"price": 0.104, "name": "energy"}
    contract = contract_of(
        {
            "import_terms": [term, {**term, "name": "network"}],
            "taxes": [{"name": "VAT", "percent": 25, "on": ["energy", "network"]}],
        },
        "test",
    )
    read = metered(date(2026, 2, 1), date(2026, 2, 1), "Europe/Madrid", lambda local: (1.0 * (local.hour == 1), 0.0))
    [bill] = bills(read, contract, ZoneInfo("Europe/Madrid"))
    assert [(line.amount, line.quantity) for line in bill.rounded().lines] == [(0.1, 1.0), (0.1, 1.0), (0.05, 0.2)]
    assert bill.total == pytest.approx(0.208 * 1.25)


def test_a_month_that_is_not_over_is_billed_to_date() -> None:
    read = metered(date(2026, 2, 1), date(2026, 2, 14), "Europe/Madrid", evening_and_noon)
    [bill] = bills(read, named_tariff("es-2.0td"), ZoneInfo("Europe/Madrid"))
    assert (bill.complete, bill.days_billed) == (False, 14)
    assert bill.of("fixed") == pytest.approx(11.312970 / 2, abs=1e-5)


def test_hours_without_a_price_or_a_reading_are_not_billed_but_counted() -> None:
    read = metered(date(2026, 10, 1), date(2026, 10, 31), "Europe/Amsterdam", lambda _: (1.0, 0.0))
    read.import_kwh[:5] = np.nan
    tariff = named_tariff("nl-dynamic", series=spot(date(2026, 10, 1), 10, 0.1))
    [bill] = bills(read, tariff, ZoneInfo("Europe/Amsterdam"))
    energy = sum(line.quantity or 0 for line in bill.lines if line.name == "energy")
    assert (energy, bill.hours_without_meter) == (pytest.approx(242 - 5), 5)
    assert bill.hours_without_price == pytest.approx(745 - 242)
    assert not bill.complete


def test_netting_within_the_hour_cancels_what_quarters_show() -> None:
    def shaky(local: datetime) -> tuple[float, float]:
        return (1.0, 0.0) if local.minute < 30 else (0.0, 0.75)

    quarters = timedelta(minutes=15)
    bill = month("es-2.0td", date(2026, 2, 1), "Europe/Madrid", shaky, step=quarters)
    assert bill.cancelled_kwh == pytest.approx(1.5 * 24 * 28)
    assert sum(line.quantity or 0 for line in bill.lines if line.name == "energy") == pytest.approx(0.5 * 24 * 28)
    assert bill.of("credit", "cap") == 0.0


def test_the_wallet_starts_empty() -> None:
    assert Carried().wallet == 0.0
