"""Tables that are not a row for each time: a column for each hour, a row for each register, blocks, days as columns."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.errors import DataError, SettingsError, UnclearError
from energy.home import Home
from ingest.history.csv_files import UnderstoodFiles, read_files, summary
from ingest.history.files.cells.words import is_something_else
from ingest.history.files.table.options import read_options
from ingest.home_file import load_home

HOME = load_home(Path(__file__).parent / "cases" / "facts.toml")
WITHOUT_PANELS = HOME.model_copy(update={"pv_peak_kw": 0.0})
ZONE = ZoneInfo("Europe/Madrid")
QUARTER = timedelta(minutes=15)
Row = tuple[datetime, float, float]  # start in UTC, load, solar


def quarters(first: date = date(2025, 6, 2), days: int = 2) -> list[Row]:
    """A house that uses something around the clock, and sun by day."""
    at = datetime.combine(first, time(), tzinfo=ZONE).astimezone(UTC)
    end = datetime.combine(first + timedelta(days=days), time(), tzinfo=ZONE).astimezone(UTC)
    rows = []
    while at < end:
        clock = at.astimezone(ZONE).hour + at.minute / 60
        rows.append(
            (
                at,
                round(0.4 + 0.03 * clock + 0.1 * (at.minute % 30 > 0), 4),
                round(max(0.0, 3 * float(np.sin((clock - 7) / 12 * np.pi))), 4),
            )
        )
        at += QUARTER
    return rows


BASE = quarters()
AUTUMN, SPRING = quarters(date(2025, 10, 25), 3), quarters(date(2025, 3, 29), 3)


def bought(row: Row) -> float:
    return max(row[1] - row[2], 0.0)


def sold(row: Row) -> float:
    return max(row[2] - row[1], 0.0)


def comma(value: float) -> str:
    return f"{value:.5f}".replace(".", ",")


def local(at: datetime, form: str = "%Y-%m-%d %H:%M") -> str:
    return at.astimezone(ZONE).strftime(form)


def hours(rows: Sequence[Row]) -> list[Row]:
    """Mean powers of whole hours."""
    fours = [rows[at : at + 4] for at in range(0, len(rows), 4)]
    return [(four[0][0], sum(r[1] for r in four) / 4, sum(r[2] for r in four) / 4) for four in fours]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def make(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


Write = Callable[[str, str], Path]


def inverter(rows: Iterable[Row] = BASE) -> str:
    return "time,pv_kw\n" + "".join(f"{at:%Y-%m-%dT%H:%MZ},{sun}\n" for at, _, sun in rows)


def understand(*paths: Path, home: Home = HOME, said: Iterable[tuple[str, str]] = ()) -> UnderstoodFiles:
    return read_files(paths, home, read_options(paths, said))


def check(understood: UnderstoodFiles, rows: Sequence[Row] = BASE, *, meter: bool = True) -> None:
    days = understood.history.days
    step = days[0].step // QUARTER
    wanted = [rows[at : at + step] for at in range(0, len(rows), step)]
    means = lambda of: [float(np.mean([of(row) for row in some])) for some in wanted]  # noqa: E731 (one line of a table)
    assert np.concatenate([day.load_kw for day in days]) == pytest.approx(means(lambda row: row[1]), abs=2e-3)
    if meter:
        imported = np.concatenate([day.grid_import_kw for day in days if day.grid_import_kw is not None])
        exported = np.concatenate([day.grid_export_kw for day in days if day.grid_export_kw is not None])
        assert imported == pytest.approx(means(bought), abs=2e-3)
        assert exported == pytest.approx(means(sold), abs=2e-3)


def registers(rows: Iterable[Row], *, blocks: bool = False) -> str:
    """A row for each quarter and each of four registers, of which two are silent at any time."""
    head = "Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Register;Volume;Eenheid;Status"
    lines = []
    for row in rows:
        at, is_day = row[0], 7 <= row[0].astimezone(ZONE).hour < 22
        for name, value in (("Afname", bought(row)), ("Injectie", sold(row))):
            for tariff in ("Dag", "Nacht"):
                said = comma(value / 4) if is_day == (tariff == "Dag") else ""
                when = f"{local(at, '%d-%m-%Y;%H:%M:%S')};{local(at + QUARTER, '%d-%m-%Y;%H:%M:%S')}"
                lines.append(f'{when};="541448820052377134";1SAG31;{name} {tariff};{said};kWh;Uitgelezen')
    if blocks:
        lines.sort(key=lambda line: line.split(";")[6])
    return "\n".join([head, *lines]) + "\n"


@pytest.mark.parametrize("blocks", [False, True], ids=["interleaved", "block after block"])
@pytest.mark.parametrize("rows", [BASE, AUTUMN, SPRING], ids=["June", "autumn", "spring"])
def test_a_row_for_each_register_is_read_and_the_registers_of_a_direction_are_added(
    write: Write, rows: list[Row], *, blocks: bool
) -> None:
    meter = write("meter.csv", registers(rows, blocks=blocks))
    understood = understand(meter, write("sun.csv", inverter(rows)))
    check(understood, rows)
    assert "4 rows for each time, which 'Register' tells apart" in "\n".join(summary(understood))
    assert "'Afname Dag' + 'Afname Nacht': added up as import" in understood.history.warnings


def test_a_silent_row_and_the_one_that_says_it_are_one(write: Write) -> None:
    lines = registers(BASE).splitlines()
    doubled = [lines[0]]
    for line in lines[1:]:
        cells = line.split(";")
        doubled += [";".join([*cells[:7], "", "kWh", "Geen verbruik"]), line]
    check(understand(write("meter.csv", "\n".join(doubled)), write("sun.csv", inverter())))


def of_kind(kinds: Sequence[tuple[str, Callable[[Row], float]]], head: str, sign: str = ",") -> str:
    lines = [sign.join([local(row[0]), kind, f"{of(row) / 4:.5f}"]) for row in BASE for kind, of in kinds]
    return "\n".join([head, *lines]) + "\n"


def test_a_unit_in_the_word_and_the_end_of_an_interval_newest_first(write: Write) -> None:
    lines = ["MPRN,Meter Serial Number,Read Value,Read Type,Read Date and End Time"]
    for row in BASE[::-1]:
        for kind, value in (("Active Import Interval (kWh)", bought(row)), ("Active Export Interval (kWh)", sold(row))):
            lines.append(f"10000000001,000033000001,{value / 4:.5f},{kind},{local(row[0] + QUARTER, '%d-%m-%Y %H:%M')}")
    check(understand(write("hdf.csv", "\n".join(lines)), write("sun.csv", inverter())))


def test_one_register_names_the_column_of_values(write: Write) -> None:
    lines = ["MPRN,Meter Serial Number,Read Value,Read Type,Read Date and End Time"]
    for at, load, _ in BASE:
        when = local(at + QUARTER, "%d-%m-%Y %H:%M")
        lines.append(f"10000000001,000033000001,{load / 4:.5f},Active Import Interval (kWh),{when}")
    check(understand(write("hdf.csv", "\n".join(lines)), home=WITHOUT_PANELS), meter=False)


def test_words_that_say_nothing_are_columns_to_be_named(write: Write) -> None:
    meter = write("meter.csv", of_kind((("BN01", bought), ("BN02", sold)), "Alkuaika,Lukema,kWh"))
    sun = write("sun.csv", inverter())
    with pytest.raises(UnclearError, match="none of the columns 'BN01 kWh', 'BN02 kWh' is known"):
        understand(meter, sun)
    check(understand(meter, sun, said=[("column", "import=BN01 kWh"), ("column", "export=BN02 kWh")]))


def test_two_columns_may_tell_the_rows_apart_together(write: Write) -> None:
    lines = ["Datum;Zeit;Richtung;Tarif;kWh"]
    for row in BASE:
        for way, of in (("Bezug", bought), ("Einspeisung", sold)):
            for tariff in ("HT", "NT"):
                on = (7 <= row[0].hour < 21) == (tariff == "HT")
                lines.append(f"{local(row[0], '%d.%m.%Y;%H:%M')};{way};{tariff};{comma(of(row) / 4 if on else 0)}")
    check(understand(write("meter.csv", "\n".join(lines)), write("sun.csv", inverter())))


def test_two_inverters_are_added_up(write: Write) -> None:
    sun = write(
        "sun.csv",
        of_kind(
            (("Inverter 1", lambda row: row[2] * 0.7), ("Inverter 2", lambda row: row[2] * 0.3)), "Time,Device,kWh"
        ),
    )
    used = write("used.csv", "time,load_kw\n" + "".join(f"{at:%Y-%m-%dT%H:%MZ},{load}\n" for at, load, _ in BASE))
    check(understand(sun, used), meter=False)


LABELS: dict[str, tuple[Callable[[int], str], int]] = {
    "hours as a range": (lambda at: f"{at:02d}-{at + 1:02d}", 24),
    "hours as a range with h": (lambda at: f"{at}h-{at + 1}h", 24),
    "H1 to H25": (lambda at: f"H{at + 1}", 25),
    "hour ending": (lambda at: f"HE{at + 1:02d}", 24),
    "with a unit": (lambda at: f"Hour {at + 1} (kWh)", 24),
    "AM and PM": (lambda at: f"{(at + 11) % 12 + 1} {'AM' if at < 12 else 'PM'}", 24),
    "clocks with AM and PM": (lambda at: f"{(at + 11) % 12 + 1}:00 {'AM' if at < 12 else 'PM'}", 24),
    "ends of hours": (lambda at: f"{at + 1:02d}:00", 24),
    "half-hours": (lambda at: f"{at // 2:02d}:{at % 2 * 30:02d}", 48),
    "half-hours from 0 on": (lambda at: f"hh_{at}", 48),
    "quarters": (lambda at: f"Q{at + 1}", 96),
    "quarters to 100": (lambda at: f"QH{at + 1:03d}", 100),
    "quarters as ranges": (
        lambda at: f"{at // 4:02d}:{at % 4 * 15:02d}-{(at + 1) // 4:02d}:{(at + 1) % 4 * 15:02d}",
        96,
    ),
}


def day_table(rows: Sequence[Row], label: Callable[[int], str], count: int, more: str = "") -> str:
    """A row for each day, with the energy of each interval and the day's total."""
    a_day = {24: 4, 25: 4, 48: 2}.get(count, 1)
    lines = [";".join(["Fecha", *(["Con/Gen"] if more else []), *map(label, range(count)), "Total"])]
    for day in dict.fromkeys(local(row[0], "%d/%m/%Y") for row in rows):
        own = [row for row in rows if local(row[0], "%d/%m/%Y") == day]
        for kind, of in (("Consumption", bought), ("Generation", sold)) if more else (("", lambda row: row[1]),):
            values = [sum(map(of, own[at : at + a_day])) / 4 for at in range(0, len(own), a_day)]
            cells = [comma(one) for one in values] + [""] * (count - len(values))
            lines.append(";".join([day, *([kind] if more else []), *cells, comma(sum(values))]))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", LABELS)
def test_a_row_for_each_day_is_asked_only_what_it_holds(write: Write, name: str) -> None:
    label, count = LABELS[name]
    path = write("days.csv", day_table(BASE, label, count))
    with pytest.raises(UnclearError, match="it is not said what column 'Value' holds") as caught:
        understand(path, home=WITHOUT_PANELS)
    assert caught.value.choices == ("load=Value", "import=Value", "export=Value", "pv=Value")
    understood = understand(path, home=WITHOUT_PANELS, said=[("column", "load=Value:kWh")])
    check(understood, meter=False)
    assert f"a row for each day, with {count} columns '{label(0)}' to" in "\n".join(summary(understood))


@pytest.mark.parametrize(("rows", "count"), [(AUTUMN, 25), (SPRING, 25), (AUTUMN, 100), (SPRING, 100)])
def test_days_on_which_clocks_change_have_as_many_columns_as_hours(write: Write, rows: list[Row], count: int) -> None:
    path = write("days.csv", day_table(rows, lambda at: f"H{at + 1}", count))
    check(understand(path, home=WITHOUT_PANELS, said=[("column", "load=Value:kWh")]), rows, meter=False)


def test_a_meter_s_consumption_and_generation_are_asked_for(write: Write) -> None:
    with_unit = write("days.csv", day_table(BASE, lambda at: f"{at + 1} kWh", 96, more="both"))
    meter = write("plain.csv", day_table(BASE, lambda at: f"{at + 1}", 96, more="both"))
    sun = write("sun.csv", inverter())
    # Asked before the unit is, whose answer would say what the column is.
    with pytest.raises(UnclearError, match=r"is nothing in .* it looks like a meter's"):
        understand(meter, sun)
    meter = with_unit
    with pytest.raises(UnclearError, match=r"is nothing in .* it looks like a meter's") as caught:
        understand(meter, sun)
    assert caught.value.choices[0] == "import=Consumption and export=Generation"
    assert caught.value.file == str(meter)
    check(understand(meter, sun, said=[("column", "import=Consumption"), ("column", "export=Generation")]))


def test_a_winter_of_a_meter_is_asked_for_too(write: Write) -> None:
    """Hardly an hour is sold, and in those nothing is bought."""
    dim = [(at, load, 0.45 * sun) for at, load, sun in BASE]
    text = table(
        "Fra,Til,KWH 15 Forbruk,KWH 15 Produksjon",
        lambda row: f"{local(row[0])},{local(row[0] + QUARTER)},{bought(row) / 4:.5f},{sold(row) / 4:.5f}",
        dim,
    )
    meter, sun = write("meter.csv", text), write("sun.csv", inverter(dim))
    with pytest.raises(UnclearError, match="of the hours with sun, and a house always uses something") as caught:
        understand(meter, sun)
    check(understand(meter, sun, said=[("column", one) for one in caught.value.choices[0].split(" and ")]), dim)


def test_days_as_columns_are_turned(write: Write) -> None:
    rows = hours(BASE)
    days = list(dict.fromkeys(local(row[0], "%d/%m/%Y") for row in rows))
    by_hour = [[row for row in rows if row[0].astimezone(ZONE).hour == hour] for hour in range(24)]
    lines = [f"Hora;{';'.join(days)}"]
    lines += [f"{hour:02d}:00;{';'.join(comma(row[1]) for row in own)}" for hour, own in enumerate(by_hour)]
    path = write("days.csv", "\n".join([*lines, "Total;1,0;1,0"]))
    check(understand(path, home=WITHOUT_PANELS, said=[("column", "load=Value:kWh")]), meter=False)


def test_dates_in_rows_of_their_own_hold_for_the_clocks_below(write: Write) -> None:
    lines = ["Récapitulatif de ma consommation", "", "Date de la consommation;Puissance atteinte (kW);Type de relevé"]
    for day in dict.fromkeys(local(row[0], "%d/%m/%Y") for row in BASE):
        lines.append(f"{day};;")
        own = [row for row in BASE if local(row[0], "%d/%m/%Y") == day]
        lines += [f"{local(row[0], '%H:%M:%S')};{comma(row[1])};Réelle" for row in reversed(own)]
    path = write("edf.csv", "\n".join(lines))
    with pytest.raises(UnclearError, match=r"not said what column 'Puissance atteinte \(kW\)' holds"):
        understand(path, home=WITHOUT_PANELS)
    said = [("column", "load=Puissance atteinte (kW)")]
    check(understand(path, home=WITHOUT_PANELS, said=said), meter=False)


def test_nem12_with_a_controlled_load_at_utc_plus_10(write: Write) -> None:
    home = HOME.model_copy(update={"zone": "Australia/Brisbane"})
    shift = timedelta(hours=8)
    rows = [(at - shift, load, sun) for at, load, sun in BASE]
    lines = ["100,NEM12,202506060000,MDP,RETAIL"]
    for suffix, of in (
        ("E1", lambda row: bought(row) * 0.8),
        ("E2", lambda row: bought(row) * 0.2),
        ("B1", sold),
        ("Q1", lambda _: 0.7),
    ):
        lines.append(f"200,6305000000,B1E1E2Q1,{suffix},{suffix},,123456,{'KWH' if suffix != 'Q1' else 'KVARH'},15,")
        for at in range(0, len(rows), 96):
            day = (rows[at][0] + timedelta(hours=10)).strftime("%Y%m%d")
            lines.append(
                f"300,{day},{','.join(f'{of(row) / 4:.5f}' for row in rows[at : at + 96])},A,,,20250606000000,"
            )
    meter = write("nem12.csv", "\n".join([*lines, "900"]))
    check(understand(meter, write("sun.csv", inverter(rows)), home=home), rows)


def test_blocks_under_headers_that_differ_in_a_word(write: Write) -> None:
    lines = ['"Energy Usage Information"', '"For location: 1 MAIN ST"', ""]
    for day in dict.fromkeys(local(row[0], "%Y-%m-%d") for row in BASE):
        for way, of in (("Delivered", bought), ("Received", sold)):
            lines.append(f'"Energy {way} time period","Usage(Real energy in kilowatt-hours)","Reading quality"')
            lines += [
                f'"{local(row[0])}:00 to {local(row[0] + QUARTER)}:00","{of(row) / 4:.5f}",""'
                for row in BASE
                if local(row[0], "%Y-%m-%d") == day
            ]
    meter, sun = write("blocks.csv", "\n".join(lines)), write("sun.csv", inverter())
    with pytest.raises(UnclearError, match="'Energy Delivered time period Usage") as caught:
        understand(meter, sun)
    delivered, received, _ = caught.value.choices
    check(understand(meter, sun, said=[("column", f"import={delivered}"), ("column", f"export={received}")]))


def table(head: str, cells: Callable[[Row], str], rows: Iterable[Row] = BASE) -> str:
    return "\n".join([head, *(cells(row) for row in rows)]) + "\n"


def counters(of: Callable[[Row], float], first: float) -> list[float]:
    return (first + np.concatenate([[0.0], np.cumsum([of(row) / 4 for row in BASE])])).tolist()


def test_the_registers_of_a_p1_meter_are_counters_and_added_up_though_one_stands_still(write: Write) -> None:
    one, two, back = counters(bought, 2345.6), counters(lambda _: 0.0, 1234.5), counters(sold, 345.6)
    lines = ["time,Import T1 kWh,Import T2 kWh,Export T1 kWh,Export T2 kWh,L1 max W"]
    for at, (a, b, c) in enumerate(zip(one, two, back, strict=True)):
        lines.append(f"{local(BASE[0][0] + at * QUARTER)},{b:.5f},{a:.5f},{b:.5f},{c:.5f},900")
    check(understand(write("p1.csv", "\n".join(lines)), write("sun.csv", inverter())))


@pytest.mark.parametrize(
    "head", ["Time,Home (kW),From Grid (kW),Solar (kW)", "Time,Consumption_W,GridFeedIn_W,Production_W"]
)
def test_a_direction_with_both_signs_is_a_net(write: Write, head: str) -> None:
    scale, sign = (1, 1) if "kW" in head else (1000, -1)
    text = table(
        head, lambda row: f"{local(row[0])},{row[1] * scale},{(row[1] - row[2]) * scale * sign},{row[2] * scale}"
    )
    check(understand(write("home.csv", text)))


@pytest.mark.parametrize(
    ("head", "of"),
    [
        (";kWh;kWh\nZeit;Verbrauch;Erzeugung", lambda row: f"{local(row[0])};{comma(row[1] / 4)};{comma(row[2] / 4)}"),
        (
            "Zeit;Verbrauch;Erzeugung;Einheit",
            lambda row: f"{local(row[0])};{comma(row[1] / 4)};{comma(row[2] / 4)};kWh",
        ),
        (
            "Punkt;Unité\n17;W\nZeit;Verbrauch;PV",
            lambda row: f"{local(row[0])};{row[1] * 1000:.1f};{row[2] * 1000:.1f}",
        ),
        ("Zeit;Verbrauch (kilowatt-hours);PV (kW h)", lambda row: f"{local(row[0])};{row[1] / 4:.5f};{row[2] / 4:.5f}"),
    ],
    ids=["above the header", "in a column", "in the preamble", "in words"],
)
def test_a_unit_may_stand_elsewhere(write: Write, head: str, of: Callable[[Row], str]) -> None:
    check(understand(write("home.csv", table(head, of))), meter=False)


def test_a_unit_that_is_not_said_to_be_one_is_none(write: Write) -> None:
    text = table("Leistung;4;kW\n\nZeit;Verbrauch;PV", lambda row: f"{local(row[0])};{row[1] / 4:.5f};{row[2] / 4:.5f}")
    with pytest.raises(UnclearError, match="its unit is not named"):
        understand(write("home.csv", text))


@pytest.mark.parametrize(
    ("head", "at"),
    [
        ("Time (UTC),load kW,pv kW", lambda moment: moment),
        ("timestamp_utc,load kW,pv kW", lambda moment: moment),
        ("Time (GMT+1),load kW,pv kW", lambda moment: moment + timedelta(hours=1)),
        ("Time (Europe/London),load kW,pv kW", lambda moment: moment.astimezone(ZoneInfo("Europe/London"))),
    ],
)
def test_a_header_may_name_the_zone(write: Write, head: str, at: Callable[[datetime], datetime]) -> None:
    text = table(head, lambda row: f"{at(row[0]):%Y-%m-%d %H:%M},{row[1]},{row[2]}")
    check(understand(write("home.csv", text)), meter=False)


def test_of_two_times_the_second_may_be_where_the_next_interval_begins(write: Write) -> None:
    text = table(
        "Algus;Lõpp;load kWh;pv kWh",
        lambda row: f"{local(row[0])};{local(row[0] + QUARTER)};{row[1] / 4:.5f};{row[2] / 4:.5f}",
    )
    check(understand(write("home.csv", text)), meter=False)


def test_an_hour_s_number_needs_no_known_word(write: Write) -> None:
    text = table(
        "Data;Godzina;Energia pobrana [kWh];Energia oddana [kWh]",
        lambda row: f"{local(row[0], '%Y-%m-%d')};{row[0].astimezone(ZONE).hour + 1};{bought(row):.5f};{sold(row):.5f}",
        hours(BASE),
    )
    rows = [(at + n * QUARTER, *one) for at, *one in hours(BASE) for n in range(4)]
    check(understand(write("meter.csv", text), write("sun.csv", inverter(rows))), rows)


def test_a_net_battery_is_asked_for_where_load_follows_from_it(write: Write) -> None:
    battery = lambda row: 0.2 if row[2] == 0 else -0.2 if row[2] > 1 else 0.0  # noqa: E731 (one line of a table)
    text = table(
        "Time,PV (W),Battery (W),Grid (W)",
        lambda row: (
            f"{local(row[0])},{row[2] * 1000},{battery(row) * 1000},{(row[1] - row[2] - battery(row)) * 1000:.2f}"
        ),
    )
    path = write("home.csv", text)
    with pytest.raises(UnclearError, match="what the battery gave or took, and its sign is not known"):
        understand(path)
    check(understand(path, said=[("column", "battery=Battery (W)")]), meter=False)


def test_a_grid_whose_sign_is_turned_names_the_option(write: Write) -> None:
    text = table("Time,PV (W),Grid (W)", lambda row: f"{local(row[0])},{row[2] * 1000},{(row[2] - row[1]) * 1000:.2f}")
    path = write("home.csv", text)
    with pytest.raises(DataError, match=r"a sign may be turned: try --column 'grid=-Grid \(W\)'"):
        understand(path)
    check(understand(path, said=[("column", "grid=-Grid (W)")]))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("Zeit;Netzbezug (kWh);Netzbezug Tag (kWh);Einspeisung (kWh);PV (kWh)", "'Netzbezug Tag (kWh)' may all be"),
        ("Time;Load (kWh);PV roof (kWh);PV barn (kWh);Note", "'PV roof (kWh)', 'PV barn (kWh)' may all be"),
        ("Time;Load 1 (W);Load 2 (W);PV (W);Note", "'Load 1 (W)', 'Load 2 (W)' may all be what the house used"),
    ],
)
def test_columns_that_may_not_be_parts_of_one_thing_are_not_added_up(write: Write, head: str, expected: str) -> None:
    text = table(head, lambda row: f"{local(row[0])};{row[1]};{row[1] / 2};{row[2]};{row[2]}")
    with pytest.raises(UnclearError) as caught:
        understand(write("home.csv", text))
    assert expected in str(caught.value)


def test_a_file_without_a_known_column_is_a_sentence_for_a_home_without_panels_too(write: Write) -> None:
    for head, rest in (("Time;Foo;Bar", "1;2"), ("Time;Gas (m3)", "0.1"), ("Time;Serial", "1000001")):
        with pytest.raises(UnclearError, match="is known: there is no use of the house"):
            understand(
                write("home.csv", table(head, lambda row, rest=rest: f"{local(row[0])};{rest}")), home=WITHOUT_PANELS
            )


def test_options_may_be_said_of_one_file_alone(write: Write) -> None:
    """Two files with the same header, of other clocks and other orders of day and month."""
    used = write(
        "used.csv", table("Horodate;Valeur", lambda row: f"{local(row[0], '%m/%d/%Y %H:%M')};{row[1] * 1000:.0f}")
    )
    sun = write("sun.csv", table("Horodate;Valeur", lambda row: f"{row[0]:%d/%m/%Y %H:%M};{row[2]:.4f}"))
    said = [("column", "used.csv:load=#2:W"), ("column", "sun:pv=Valeur:kW"), ("zone", f"{sun}:UTC")]
    said += [("dates", "used.csv:month-first"), ("dates", "day-first")]
    check(understand(used, sun, said=said), meter=False)
    with pytest.raises(UnclearError, match="not said what column 'Valeur' holds") as caught:
        understand(used, sun, said=said[1:])
    # The header is that of both files, and so is the answer.
    assert caught.value.file is None
    with pytest.raises(SettingsError, match="--column load=Wert: no file has that column"):
        understand(used, sun, said=[("column", "used.csv:load=Wert")])


@pytest.mark.parametrize(
    ("option", "text", "expected"),
    [
        ("dates", "us", "--dates 'us': use day-first or month-first, or FILE:day-first"),
        ("stamps", "used.csv:middle", "--stamps 'middle': use start or end"),
        ("column", "other.csv:load=A", "for one of several files FILE:ROLE=NAME"),
        ("zone", "used.csv:Mars", "--zone 'Mars' is not an IANA zone"),
    ],
)
def test_an_option_that_means_nothing_is_refused(option: str, text: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_options([Path("used.csv"), Path("sun.csv")], [(option, text)])
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "names",
    [
        ("Profil +A [kW]", "Profil -A [kW]"),
        ("Wirkarbeit A+ (kW)", "Wirkarbeit A- (kW)"),
        ("1-0:1.8.0 kW", "1-0:2.8.0 kW"),
    ],
)
def test_directions_may_have_the_names_that_meters_give_them(write: Write, names: tuple[str, str]) -> None:
    text = table(
        f"Datum;{names[0]};Status;{names[1]};Status",
        lambda row: f"{local(row[0] + QUARTER, '%d.%m.%Y %H:%M:%S')};{comma(bought(row))};OK;{comma(sold(row))};OK",
    )
    check(understand(write("meter.csv", text), write("sun.csv", inverter())))


def test_an_iso_interval_and_guarded_cells_are_read(write: Write) -> None:
    text = table(
        "Interval;Meter;Load kWh;PV kWh",
        lambda row: (
            f'{row[0]:%Y-%m-%dT%H:%M:%SZ}/{row[0] + QUARTER:%Y-%m-%dT%H:%M:%SZ};="541448820052377134";'
            f'="{comma(row[1] / 4)}";="{comma(row[2] / 4)}"'
        ),
    )
    check(understand(write("home.csv", text)), meter=False)


def test_titles_over_several_columns_name_each_of_them(write: Write) -> None:
    def cells(row: Row) -> str:
        high = 7 <= row[0].hour < 21
        parts = [of(row) / 4 if on else 0.0 for of in (bought, sold) for on in (high, not high)]
        return f"{local(row[0], '%d.%m.%Y %H:%M')};{';'.join(map(comma, parts))}"

    text = table(";Bezug;;Rücklieferung;\nZeit;HT (kWh);NT (kWh);HT (kWh);NT (kWh)", cells)
    check(understand(write("meter.csv", text), write("sun.csv", inverter())))


def test_a_question_is_asked_once_for_the_days_of_a_portal(write: Write) -> None:
    days = list(dict.fromkeys(local(row[0], "%m/%d/%Y") for row in BASE))
    paths = [
        write(
            f"day{at}.csv",
            table(
                "Time,Load (kW),PV (kW)",
                lambda row: f"{local(row[0], '%m/%d/%Y %H:%M')},{row[1]},{row[2]}",
                [row for row in BASE if local(row[0], "%m/%d/%Y") == day],
            ),
        )
        for at, day in enumerate(days)
    ]
    with pytest.raises(UnclearError, match="can be read in two ways") as caught:
        understand(*paths)
    assert caught.value.file is None
    check(understand(*paths, said=[("dates", "month-first")]), meter=False)


def test_one_register_named_alone_asks_for_the_other(write: Write) -> None:
    text = table(
        "Zeit;Bezug HT (kWh);Bezug NT (kWh);Einspeisung (kWh)",
        lambda row: f"{local(row[0])};{comma(bought(row) / 8)};{comma(bought(row) / 8)};{comma(sold(row) / 4)}",
    )
    meter, sun = write("meter.csv", text), write("sun.csv", inverter())
    said = [("column", "import=Bezug HT (kWh)")]
    with pytest.raises(UnclearError, match=r"'Bezug NT \(kWh\)' looks like another part of what was bought") as caught:
        understand(meter, sun, said=said)
    check(understand(meter, sun, said=[*said, ("column", caught.value.choices[0])]))
    used = write("used.csv", table("Zeit;Consumo P1 kWh;Consumo P2 kWh", lambda row: f"{local(row[0])};0,05;0,05"))
    with pytest.raises(UnclearError, match="'Consumo P2 kWh' looks like another part of what was bought"):
        understand(used, home=WITHOUT_PANELS, said=[("column", "import=Consumo P1 kWh")])


def test_a_question_about_parts_is_answered_for_all_of_them(write: Write) -> None:
    text = table("Fecha;Consumo P1;Consumo P2", lambda row: f"{local(row[0])};{comma(row[1] / 8)};{comma(row[1] / 8)}")
    path = write("meter.csv", text)
    with pytest.raises(
        UnclearError, match="the columns 'Consumo P1', 'Consumo P2' may be what the house used"
    ) as caught:
        understand(path, home=WITHOUT_PANELS)
    assert caught.value.choices[0] == "load=Consumo P1 and load=Consumo P2"
    said = [("column", one) for one in caught.value.choices[0].split(" and ")]
    with pytest.raises(UnclearError, match="its unit is not named") as caught:
        understand(path, home=WITHOUT_PANELS, said=said)
    [settled] = [choice for choice in caught.value.choices if choice.endswith("P1:kWh and load=Consumo P2:kWh")]
    check(understand(path, home=WITHOUT_PANELS, said=[("column", one) for one in settled.split(" and ")]), meter=False)


def test_cells_may_scale_their_unit_one_by_one(write: Write) -> None:
    """Charts write 812 W and 1.2 kW in one column."""

    def scaled(value: float) -> str:
        return f"{value * 1000:.1f} W" if value < 1 else f"{value:.4f} kW"

    text = table("Time,Load,PV", lambda row: f"{local(row[0])},{scaled(row[1])},{scaled(row[2]) if row[2] else '0'}")
    check(understand(write("chart.csv", text)), meter=False)


def test_a_name_that_says_power_is_no_energy(write: Write) -> None:
    text = table("time,loadsPower,pvPower", lambda row: f"{local(row[0])},{row[1]},{row[2]}")
    check(understand(write("home.csv", text)), meter=False)


def test_a_minus_throughout_is_told(write: Write) -> None:
    text = table("Time,load kW,pv kW", lambda row: f"{local(row[0])},{row[1]},{-row[2]}")
    understood = understand(write("home.csv", text))
    check(understood, meter=False)
    assert "'pv kW' is written with a minus throughout, which is taken for none" in understood.history.warnings


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("usage.xml", '<?xml version="1.0"?><feed></feed>', "is a web page or XML, no table: choose CSV"),
        ("usage.json", '[{"time": "2025-06-02T00:00", "kwh": 0.5}]', "is JSON, no table: choose CSV"),
    ],
)
def test_other_text_than_tables_is_named(write: Write, name: str, text: str, expected: str) -> None:
    with pytest.raises(DataError, match=expected):
        understand(write(name, text))


@pytest.mark.parametrize("hours_off", [-9, 9])
def test_sun_at_night_is_another_clock(write: Write, hours_off: int) -> None:
    shift = timedelta(hours=hours_off)
    text = table("Time,load kW,pv kW", lambda row: f"{row[0] + shift:%Y-%m-%d %H:%M},{row[1]},{row[2]}")
    path = write("home.csv", text)
    with pytest.raises(UnclearError, match="of the solar production is between 23:00 and 3:00 in Europe/Madrid"):
        understand(path)
    check(understand(path, said=[("zone", f"Etc/GMT{-hours_off:+d}")]), meter=False)


@pytest.mark.parametrize(
    "beside",
    [
        "EV Charger (kWh)",
        "Wallbox charging energy (kWh)",
        "From solar (kWh)",
        "Import (EUR)",
        "Charge (%)",
        "Solar to home (kWh)",
    ],
)
def test_what_only_looks_like_a_flow_of_the_home_is_not_read(write: Write, beside: str) -> None:
    text = table(
        f"Time;Import (kWh);Export (kWh);PV (kWh);{beside}",
        lambda row: f"{local(row[0])};{bought(row) / 4:.5f};{sold(row) / 4:.5f};{row[2] / 4:.5f};0.05",
    )
    understood = understand(write("home.csv", text))
    check(understood)
    assert f"columns not known and not read: {beside}" in understood.history.warnings


def test_net_consumption_is_the_grid(write: Write) -> None:
    text = table(
        "Time;Net consumption (kWh);PV (kWh)",
        lambda row: f"{local(row[0])};{(row[1] - row[2]) / 4:.5f};{row[2] / 4:.5f}",
    )
    check(understand(write("home.csv", text)))


def test_what_is_said_as_a_power_an_energy_and_a_counter_is_read_once(write: Write) -> None:
    """Two registers that run on, the energy of each interval and the mean power, in both directions."""
    parts = {}
    for name, of in (("VERBR", bought), ("GELVR", sold)):
        parts[name] = (
            counters(lambda row, of=of: of(row) * 0.6, 2000),
            counters(lambda row, of=of: of(row) * 0.4, 900),
        )
    lines = [
        "TIMESTAMP,VERBR_KWH_181,VERBR_KWH_182,GELVR_KWH_281,GELVR_KWH_282,VERBR_KWH_X,GELVR_KWH_X,VERBR_KW,GELVR_KW"
    ]
    for at, row in enumerate(BASE):
        totals = ",".join(f"{one[at]:.5f}" for name in ("VERBR", "GELVR") for one in parts[name])
        energies = f"{bought(row) / 4:.5f},{sold(row) / 4:.5f}"
        lines.append(f"{local(row[0])},{totals},{energies},{bought(row):.5f},{sold(row):.5f}")
    understood = understand(write("p1.csv", "\n".join(lines)), write("sun.csv", inverter()))
    check(understood)
    assert any("several columns say the same as" in warning for warning in understood.history.warnings)


# As public readers of these downloads describe them; made after the reader was written, which was not changed for them.
def test_a_polish_distributor_s_file_is_read_as_it_comes(write: Write) -> None:
    rows = hours(BASE)
    lines = ["Data; Strefa; Wartość kWh;Rodzaj;"]
    for kind, of in (("pobór", bought), ("oddanie", sold)):
        for row in rows:
            start = row[0].astimezone(ZONE)
            lines.append(f"{start:%Y-%m-%d} {start.hour + 1}:00;T1;{comma(of(row))};{kind};")
    flat = [(at + n * QUARTER, *one) for at, *one in rows for n in range(4)]
    check(understand(write("meter.csv", "\n".join(lines)), write("sun.csv", inverter(flat))), flat)


def test_a_british_supplier_s_file_of_bare_kwh_asks_one_question(write: Write) -> None:
    text = table(
        "Interval Start,Interval End,kWh",
        lambda row: f"{row[0]:%Y-%m-%dT%H:%M:%SZ},{row[0] + QUARTER:%Y-%m-%dT%H:%M:%SZ},{row[1] / 4:.5f}",
    )
    path = write("meter.csv", text)
    with pytest.raises(UnclearError, match="it is not said what column 'kWh' holds") as caught:
        understand(path, home=WITHOUT_PANELS)
    check(understand(path, home=WITHOUT_PANELS, said=[("column", caught.value.choices[1])]), meter=False)


@pytest.mark.parametrize("header", ["House (BTU)", "Solar (hp)", "Consumption (MJ)", "Load (kWh/15min)", "Grid (GW)"])
def test_a_unit_that_is_not_read_makes_a_column_something_else(header: str) -> None:
    assert is_something_else(header)
