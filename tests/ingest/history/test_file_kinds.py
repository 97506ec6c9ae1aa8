"""The same three days of one home, written as suppliers, portals and spreadsheets write them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.errors import DataError, SettingsError, UnclearError
from energy.home import Home
from ingest.history.csv_files import UnderstoodFiles, read_files
from ingest.history.files.table.options import Options, read_wish
from ingest.home_file import load_home

CASES = Path(__file__).parent / "cases"
HOME = load_home(CASES / "facts.toml")
MADRID = ZoneInfo("Europe/Madrid")
HOUR = timedelta(hours=1)


def hours(first: date = date(2025, 6, 2), days: int = 3) -> list[tuple[datetime, float, float]]:
    """UTC time, load and PV of each hour: a load with a day's shape, PV from 8 to 18 local."""
    at = datetime.combine(first, datetime.min.time(), tzinfo=MADRID).astimezone(UTC)
    end = datetime.combine(first + timedelta(days=days), datetime.min.time(), tzinfo=MADRID).astimezone(UTC)
    rows = []
    while at < end:
        clock = at.astimezone(MADRID).hour
        load = round(0.3 + 0.04 * clock + 0.01 * (at.day % 3), 3)
        sun = round(max(0.0, 3.2 * float(np.sin((clock - 7) / 12 * np.pi))), 3) if 8 <= clock <= 18 else 0.0
        rows.append((at, load, sun))
        at += HOUR
    return rows


BASE = hours()


def local(at: datetime, form: str) -> str:
    return at.astimezone(MADRID).strftime(form)


def table(
    head: str, row: Callable[[datetime, float, float], str], rows: list[tuple[datetime, float, float]] = BASE
) -> str:
    return "\n".join([head, *(row(*one) for one in rows)]) + "\n"


def comma(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}".replace(".", ",")


def counters(scale: float, first: float = 5000.0) -> list[tuple[datetime, float, float]]:
    """The running totals at the start of each hour, and one more row at the end."""
    load = first + np.concatenate([[0.0], np.cumsum([one[1] for one in BASE])])
    sun = first / 2 + np.concatenate([[0.0], np.cumsum([one[2] for one in BASE])])
    times = [one[0] for one in BASE] + [BASE[-1][0] + HOUR]
    return [(at, round(a * scale, 4), round(b * scale, 4)) for at, a, b in zip(times, load, sun, strict=True)]


def hour_24(at: datetime) -> str:
    """The label of the hour that ends, 24:00 for the last of a day."""
    start = at.astimezone(MADRID)
    return f"{start:%d/%m/%Y};{start.hour + 1:02d}:00"


ISO = "timestamp,load_kw,pv_kw"
SAME: dict[str, str | bytes] = {
    "comma": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')},{a},{b}"),
    "a space instead of T, seconds": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M:%S')},{a},{b}"),
    "offset": table(ISO, lambda t, a, b: f"{t.astimezone(MADRID).isoformat()},{a},{b}"),
    "Z": table(ISO, lambda t, a, b: f"{t:%Y-%m-%dT%H:%M:%SZ},{a},{b}"),
    "UTC with milliseconds": table(ISO, lambda t, a, b: f"{t:%Y-%m-%dT%H:%M:%S.123Z},{a},{b}"),
    "byte order mark": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')},{a},{b}").encode("utf-8-sig"),
    "UTF-16 without a mark": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')},{a},{b}").encode("utf-16-le"),
    "UTF-16 big endian, tabs": table(
        "timestamp\tload_kw\tpv_kw", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')}\t{a}\t{b}"
    ).encode("utf-16"),
    "carriage returns": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')},{a},{b}").replace("\n", "\r\n"),
    "quoted": table('"timestamp","load_kw","pv_kw"', lambda t, a, b: f'"{local(t, "%Y-%m-%dT%H:%M")}","{a}","{b}"'),
    "quoted decimal commas": table(ISO, lambda t, a, b: f'{local(t, "%Y-%m-%dT%H:%M")},"{comma(a)}","{comma(b)}"'),
    "capitals and spaces": table(
        "Timestamp, Load_kW , PV_kW", lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')}, {a} , {b}"
    ),
    "other order": table("pv_kw,timestamp,load_kw", lambda t, a, b: f"{b},{local(t, '%Y-%m-%dT%H:%M')},{a}"),
    "newest first": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')},{a},{b}", BASE[::-1]),
    "semicolon and decimal comma": table(
        "timestamp;load_kw;pv_kw", lambda t, a, b: f"{local(t, '%d.%m.%Y %H:%M')};{comma(a)};{comma(b)}"
    ),
    "trailing delimiters": table(
        "timestamp;load_kw;pv_kw;", lambda t, a, b: f"{local(t, '%d.%m.%Y %H:%M')};{comma(a)};{comma(b)};"
    ),
    "bars": table("timestamp|load_kw|pv_kw", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')}|{a}|{b}"),
    "sep line, preamble, units": "sep=;\nMy plant;Madrid\n\n"
    + table(
        "Date;Consumption;PV production\n;[kWh];[kWh]",
        lambda t, a, b: f"{local(t, '%d.%m.%Y %H:%M')};{comma(a)};{comma(b)}",
    ),
    "total row": table(
        "Zeit;Verbrauch [kWh];Erzeugung [kWh]",
        lambda t, a, b: f"{local(t, '%d.%m.%Y %H:%M')};{comma(a)};{comma(b)}",
    )
    + "Summe;58,1;72,9\n",
    "total row without a word and a footer": table(
        "Zeit;Verbrauch [kWh];Erzeugung [kWh]",
        lambda t, a, b: f"{local(t, '%d.%m.%Y %H:%M')};{comma(a)};{comma(b)}",
    )
    + ";58,1;72,9\n\nAlle Angaben ohne Gewähr\n",
    "unix seconds": table(ISO, lambda t, a, b: f"{int(t.timestamp())},{a},{b}"),
    "unix milliseconds": table(ISO, lambda t, a, b: f"{int(t.timestamp())}000,{a},{b}"),
    "AM and PM": table("Time,Load (kW),Solar (kW)", lambda t, a, b: f"{local(t, '%m/%d/%Y %I:%M %p')},{a},{b}"),
    "AM and PM without a space": table(
        "Time,Load (kW),Solar (kW)", lambda t, a, b: f"{local(t, '%m/%d/%Y %I:%M:%S%p')},{a},{b}"
    ),
    "month names": table("Time,Load (kW),Solar (kW)", lambda t, a, b: f"{local(t, '%d-%b-%Y %H:%M')},{a},{b}"),
    "month first with names": table(
        "Time,Load (kW),Solar (kW)", lambda t, a, b: f'"{local(t, "%b %d, %Y %I:%M %p")}",{a},{b}'
    ),
    "two-digit years": table(
        "Datum;Last kW;PV kW", lambda t, a, b: f"{local(t, '%d.%m.%y %H:%M')};{comma(a)};{comma(b)}"
    ),
    "packed": table(ISO, lambda t, a, b: f"{local(t, '%Y%m%d%H%M')},{a},{b}"),
    "date and clock apart": table(
        "Fecha;Hora;Consumo (kWh);Solar (kWh)", lambda t, a, b: f"{local(t, '%d/%m/%Y;%H:%M')};{comma(a)};{comma(b)}"
    ),
    "hour 24": table("Fecha;Hora;Consumo (kWh);Solar (kWh)", lambda t, a, b: f"{hour_24(t)};{comma(a)};{comma(b)}"),
    "hours 1 to 24": table(
        "Fecha;Hora;Consumo (kWh);Solar (kWh)",
        lambda t, a, b: f"{local(t, '%d/%m/%Y')};{t.astimezone(MADRID).hour + 1};{comma(a)};{comma(b)}",
    ),
    "hours 0 to 23": table(
        "Fecha;Hora;Consumo (kWh);Solar (kWh)",
        lambda t, a, b: f"{local(t, '%d/%m/%Y')};{t.astimezone(MADRID).hour};{comma(a)};{comma(b)}",
    ),
    "hour-ending stamps": table(ISO, lambda t, a, b: f"{local(t + HOUR, '%Y-%m-%d %H:%M')},{a},{b}"),
    "ending named in the header": table(
        "Period ending,Consumption kWh,Solar kWh", lambda t, a, b: f"{local(t + HOUR, '%Y-%m-%d %H:%M')},{a},{b}"
    ),
    "from and to": table(
        "von;bis;Verbrauch kWh;Erzeugung kWh",
        lambda t, a, b: f"{local(t, '%d.%m.%Y %H:%M')};{local(t + HOUR, '%d.%m.%Y %H:%M')};{comma(a)};{comma(b)}",
    ),
    "ranges of hours": table(
        "Fecha;Hora;Consumo kWh;Solar kWh",
        lambda t, a, b: (
            f"{local(t, '%d/%m/%Y')};{local(t, '%H:%M')} - {local(t + HOUR, '%H:%M')};{comma(a)};{comma(b)}"
        ),
    ),
    "midnight without a clock": table(
        "Time;Load kW;PV kW",
        lambda t, a, b: f"{local(t, '%d.%m.%Y %H:%M').removesuffix(' 00:00')};{comma(a)};{comma(b)}",
    ),
    "watts": table(
        "time,house power (W),pv power (W)",
        lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a * 1000:.0f},{b * 1000:.0f}",
    ),
    "watts with thousands": table(
        "Zeit;Hausverbrauch [W];PV [W]",
        lambda t, a, b: (
            f"{local(t, '%d.%m.%Y %H:%M')};{f'{a * 1000:,.1f}'.translate(str.maketrans(',.', '.,'))};"
            f"{f'{b * 1000:,.1f}'.translate(str.maketrans(',.', '.,'))}"
        ),
    ),
    "watt hours": table(
        "time,load Wh,pv Wh", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a * 1000:.0f},{b * 1000:.0f}"
    ),
    "units in the cells": table("time,load,pv", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a} kW,{b} kW"),
    "no unit": table("time,load,pv", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b}"),
    "no unit, watts": table(
        "time,load,pv", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a * 1000:.0f},{b * 1000:.0f}"
    ),
    "counters in kWh": table(
        "time,load kWh,pv kWh", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b}", counters(1)
    ),
    "counters in Wh": table(
        "time,load Wh,pv Wh", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a:.0f},{b:.0f}", counters(1000)
    ),
    "empty at night": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')},{a},{b or ''}"),
    "a dash at night": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')},{a},{b or '-'}"),
    "solar as a negative number": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')},{a},{-b}"),
    "repeated rows": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')},{a},{b}", [*BASE[:5], *BASE[4:]]),
    "not in order": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')},{a},{b}", [*BASE[30:], *BASE[:30]]),
    "a few seconds late": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')}:0{t.hour % 7},{a},{b}"),
    "blank lines": table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%dT%H:%M')},{a},{b}\n"),
    "self-consumption and costs beside": table(
        "Time,Consumption (Wh),Self consumption (Wh),Solar production (Wh),Cost (EUR),State of charge (%)",
        lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a * 1000:.0f},{min(a, b) * 1000:.0f},{b * 1000:.0f},0.1,55",
    ),
    "import, export and solar": table(
        "Time;Grid import (kWh);Feed-in (kWh);PV yield (kWh)",
        lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')};{max(a - b, 0):.3f};{max(b - a, 0):.3f};{b}",
    ),
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def make(name: str, text: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return make


def understand(*paths: Path, columns: tuple[str, ...] = (), home: Home = HOME, **options: object) -> UnderstoodFiles:
    wishes = tuple(read_wish(column) for column in columns)
    return read_files(paths, home, Options(columns=wishes, **options))  # type: ignore[arg-type]


def check_base(understood: UnderstoodFiles, *, tolerance: float = 1e-3) -> None:
    days = understood.history.days
    assert [day.day.isoformat() for day in days] == ["2025-06-02", "2025-06-03", "2025-06-04"]
    for at, day in enumerate(days):
        wanted = BASE[24 * at : 24 * at + 24]
        assert day.load_kw == pytest.approx([one[1] for one in wanted], abs=tolerance)
        assert day.pv_kw == pytest.approx([one[2] for one in wanted], abs=tolerance)


@pytest.mark.parametrize("name", SAME)
def test_the_same_days_are_read_however_they_are_written(write: Callable[[str, str | bytes], Path], name: str) -> None:
    check_base(understand(write("file.csv", SAME[name])))


CHANGES = {"spring": hours(date(2026, 3, 28)), "autumn": hours(date(2025, 10, 25))}


def numbered(rows: list[tuple[datetime, float, float]]) -> str:
    """Hours counted through each day: 1 to 23 in spring, 1 to 25 in autumn."""
    lines, seen = [], dict[str, int]()
    for at, load, sun in rows:
        day = local(at, "%d/%m/%Y")
        seen[day] = seen.get(day, 0) + 1
        lines.append(f"{day};{seen[day]};{comma(load)};{comma(sun)}")
    return "\n".join(["Fecha;Hora;Consumo_kWh (casa);Solar_kWh", *lines]) + "\n"


def labels(rows: list[tuple[datetime, float, float]]) -> str:
    """Labels 01:00 to 24:00 of the wall clock: 03:00 is missing in spring and there twice in autumn."""
    lines = [f"{hour_24(at)};{comma(load)};{comma(sun)}" for at, load, sun in rows]
    return "\n".join(["Fecha;Hora;Consumo kWh;Solar kWh", *lines]) + "\n"


def wall_numbers(rows: list[tuple[datetime, float, float]]) -> str:
    """Hours 1 to 24 of the wall clock, with an empty third one in spring."""
    lines = []
    for at, load, sun in rows:
        start = at.astimezone(MADRID)
        if start.hour == 3 and start.utcoffset() != (at - HOUR).astimezone(MADRID).utcoffset():
            lines.append(f"{start:%d/%m/%Y};3;;")
        lines.append(f"{start:%d/%m/%Y};{start.hour + 1};{comma(load)};{comma(sun)}")
    return "\n".join(["Fecha;Hora;Consumo kWh;Solar kWh", *lines]) + "\n"


def counted_clocks(rows: list[tuple[datetime, float, float]]) -> str:
    """Hours counted through each day and written as clocks, 01:00 to 25:00."""
    head, *lines = numbered(rows).splitlines()
    split = [line.split(";") for line in lines]
    return "\n".join([head, *(";".join([day, f"{int(hour):02d}:00", *rest]) for day, hour, *rest in split)]) + "\n"


CLOCKS: dict[str, Callable[[list[tuple[datetime, float, float]]], str]] = {
    "wall clock": lambda rows: table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b}", rows),
    "wall clock, newest first": lambda rows: table(
        ISO, lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b}", rows[::-1]
    ),
    "ends of hours": lambda rows: table(ISO, lambda t, a, b: f"{local(t + HOUR, '%Y-%m-%d %H:%M')},{a},{b}", rows),
    "offsets": lambda rows: table(ISO, lambda t, a, b: f"{t.astimezone(MADRID).isoformat()},{a},{b}", rows),
    "zone names": lambda rows: table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M %Z')},{a},{b}", rows),
    "counted hours": numbered,
    "labels to 24:00": labels,
    "numbers of the wall clock": wall_numbers,
    "counted to 25:00": counted_clocks,
}


@pytest.mark.parametrize("season", CHANGES)
@pytest.mark.parametrize("name", CLOCKS)
def test_days_on_which_clocks_change_keep_every_hour(
    write: Callable[[str, str | bytes], Path], name: str, season: str
) -> None:
    rows = CHANGES[season]
    days = understand(write("file.csv", CLOCKS[name](rows))).history.days
    assert [len(day.load_kw) for day in days] == [24, 23 if season == "spring" else 25, 24]
    assert np.concatenate([day.load_kw for day in days]) == pytest.approx([one[1] for one in rows], abs=1e-3)
    assert np.concatenate([day.pv_kw for day in days]) == pytest.approx([one[2] for one in rows], abs=1e-3)


def test_half_hours_and_quarters_in_kwh_are_twice_and_four_times_as_many_kw(
    write: Callable[[str, str | bytes], Path],
) -> None:
    for parts in (2, 4):
        rows = [(at + n * HOUR / parts, a / parts, b / parts) for at, a, b in BASE for n in range(parts)]
        text = table("time,load kWh,solar kWh", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a:.5f},{b:.5f}", rows)
        for at, day in enumerate(understand(write("file.csv", text)).history.days):
            assert day.load_kw[::parts] == pytest.approx([one[1] for one in BASE[24 * at : 24 * at + 24]], abs=1e-3)


def test_minutes_become_five_minutes(write: Callable[[str, str | bytes], Path]) -> None:
    rows = [(at + timedelta(minutes=n), a * 1000, b * 1000) for at, a, b in BASE for n in range(60)]
    text = table("time,load W,solar W", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a:.0f},{b:.0f}", rows)
    history = understand(write("file.csv", text)).history
    assert history.step == timedelta(minutes=5)
    assert history.days[0].load_kw[::12] == pytest.approx([one[1] for one in BASE[:24]], abs=1e-3)


def test_a_counter_of_each_day_begins_anew_at_midnight(write: Callable[[str, str | bytes], Path]) -> None:
    totals, sums = {}, [0.0, 0.0]
    lines = ["time,Load today (kWh),PV today (kWh)"]
    for at, load, sun in BASE:
        day = local(at, "%d")
        sums = sums if day in totals else [0.0, 0.0]
        totals[day] = True
        lines.append(f"{local(at, '%Y-%m-%d %H:%M')},{sums[0]:.3f},{sums[1]:.3f}")
        sums = [sums[0] + load, sums[1] + sun]
    day = understand(write("file.csv", "\n".join(lines))).history.days[1]
    assert day.load_kw[:23] == pytest.approx([one[1] for one in BASE[24:47]], abs=1e-3)
    # What flowed between the last reading of a day and midnight is not to be seen: it goes on as before.
    assert day.load_kw[23] == pytest.approx(BASE[46][1], abs=1e-3)


def meter_file(rows: list[tuple[datetime, float, float]] = BASE) -> str:
    return table(
        "CUPS;Fecha;Hora;Consumo_kWh;Metodo_obtencion;Energia_vertida_kWh;Energia_generada_kWh",
        lambda t, a, b: (
            f"ES00;{local(t, '%Y/%m/%d')};{t.astimezone(MADRID).hour + 1:02d}:00;"
            f"{comma(max(a - b, 0))};Real;{comma(max(b - a, 0))};"
        ),
        rows,
    )


def inverter_file(rows: list[tuple[datetime, float, float]] = BASE) -> str:
    quarters = [(at + n * HOUR / 4, a, b) for at, a, b in rows for n in range(4)]
    return table("Time,Production (W)", lambda t, _, b: f"{local(t, '%m/%d/%Y %H:%M')},{b * 1000:.0f}", quarters)


def test_a_meter_and_an_inverter_become_one_home_with_load_by_balance(
    write: Callable[[str, str | bytes], Path],
) -> None:
    understood = understand(write("meter.csv", meter_file()), write("inverter.csv", inverter_file()))
    check_base(understood, tolerance=2e-3)
    day = understood.history.days[0]
    assert day.grid_import_kw == pytest.approx([max(a - b, 0) for _, a, b in BASE[:24]], abs=1e-3)
    assert day.grid_export_kw == pytest.approx([max(b - a, 0) for _, a, b in BASE[:24]], abs=1e-3)
    assert any("what a battery took or gave" in note for note in understood.history.warnings)


def test_two_months_in_two_files_follow_each_other(write: Callable[[str, str | bytes], Path]) -> None:
    parts = [
        table(ISO, lambda t, a, b: f"{t.isoformat()},{a},{b}", BASE[part]) for part in (slice(24), slice(24, None))
    ]
    check_base(understand(write("2.csv", parts[1]), write("1.csv", parts[0])))


def test_a_bad_cell_or_row_sets_its_own_day_aside(write: Callable[[str, str | bytes], Path]) -> None:
    good = str(SAME["comma"]).splitlines()
    for row, result in {
        "2025-06-03T05:00,much,0": "row 31, column 'load_kw': 'much' is not a number",
        "2025-06-03T05:00,0.5": "row 31, 2 cells, the header has 3",
        "2025-06-03T25:30,0.5,0": "row 31, column 'timestamp': '2025-06-03T25:30' is not a time",
        "2025-06-03T04:20,0.5,0": "off the grid of 60 minutes",
        "2025-06-03T04:00,9.5,0": "its time is there twice, with other values",
        "2025-06-03T05:00,300,0": "row 31, column 'load_kw': 300 kW at 2025-06-03 05:00 is outside 0 to 25.5",
        "2025-06-03T05:00,-3,0": "is outside 0 to 25.5 kW, what this home can measure: check its sign",
        "2206-06-03T05:00,0.5,0": "correct the year",
    }.items():
        lines = [*good[:30], row, *good[31:]]
        understood = understand(write("file.csv", "\n".join(lines)))
        assert [day.day.isoformat() for day in understood.history.days] == ["2025-06-02", "2025-06-04"]
        assert result in understood.set_aside[date(2025, 6, 3)]


def test_the_readings_of_two_meters_in_one_file_are_refused_with_the_column_that_tells_them_apart(
    write: Callable[[str, str | bytes], Path],
) -> None:
    one, other = meter_file().splitlines(), meter_file().replace("ES00", "ES99").replace(";0,3", ";0,4").splitlines()
    with pytest.raises(DataError, match="column 'CUPS' tells them apart"):
        understand(write("file.csv", "\n".join([*one, *other[1:]])), write("pv.csv", inverter_file()))


UNCLEAR = {
    "one day whose date reads both ways": (
        table(
            "Time,Load (W),PV (W)",
            lambda t, a, b: f"{local(t, '%m/%d/%Y %H:%M')},{a * 1000:.0f},{b * 1000:.0f}",
            BASE[:24],
        ),
        "--dates day-first",
        {"dates": "month-first"},
    ),
    "half-hours without a unit": (
        table(
            "time,load,pv",
            lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b}\n{local(t + HOUR / 2, '%Y-%m-%d %H:%M')},{a},{b}",
        ),
        "its unit is not named and its values may be kW or kWh: say --column load=load:kW",
        {"columns": ("load=load:kW", "pv=pv:kW")},
    ),
    "two columns of solar": (
        table(
            "time,load kW,PV roof kW,PV barn kW", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b / 2},{b / 2}"
        ),
        "may all be solar production: say which with --column pv=NAME, once for each to be added up",
        {"columns": ("pv=PV roof kW", "pv=PV barn kW")},
    ),
    "headers that say nothing": (
        table("when,A,B", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b}"),
        "--column pv=NAME:UNIT",
        {"columns": ("load=A:kW", "pv=B:kW")},
    ),
    "no header": (
        table("", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b}").lstrip("\n"),
        "--column pv=NAME:UNIT",
        {"columns": ("load=#2:kW", "pv=#3:kW")},
    ),
    "thousands or decimals": (
        table("time;load W;pv W", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')};{1.1 + a:.3f};{1.0 + b:.3f}"),
        "can be read in two ways: say --decimal point or --decimal comma",
        None,
    ),
    "a value in the hour that does not exist": (
        table(ISO, lambda t, a, b: f"{(t + HOUR):%Y-%m-%d %H:%M},{a},{b}", CHANGES["spring"]),
        "does not exist in Europe/Madrid, clocks jump over it, and yet it has values",
        None,
    ),
    "two columns of times": (
        table(
            "first,second,load kW,pv kW",
            lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{local(t, '%Y-%m-%d %H:%M')},{a},{b}",
        ),
        "all hold times: say which one counts with --column time=NAME",
        {"columns": ("time=first",)},
    ),
    "consumption that may be bought or used": (
        table("time,consumption kWh", lambda t, a, _: f"{local(t, '%Y-%m-%d %H:%M')},{a}"),
        "say --column 'load=consumption kWh' or --column 'import=consumption kWh'",
        None,
    ),
    "solar and import but not export": (
        table("time,import kWh,pv kWh", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{max(a - b, 0)},{b}"),
        "give the meter's export as well (--column export=NAME:UNIT), or say --no-export",
        None,
    ),
    "a counter without a unit": (
        table("time,load,pv kWh", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b}", counters(1)),
        "say --column load=load:kWh-total",
        {"columns": ("load=load:kWh-total",)},
    ),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_can_be_meant_in_two_ways_is_asked_and_settled_by_the_option_it_names(
    write: Callable[[str, str | bytes], Path], name: str
) -> None:
    text, result, answer = UNCLEAR[name]
    path = write("file.csv", text)
    with pytest.raises(UnclearError) as caught:
        understand(path)
    assert result in str(caught.value)
    assert str(path) in str(caught.value)
    if answer is not None:
        history = understand(path, **answer).history
        assert history.days[0].load_kw[:24:12] == pytest.approx(
            [BASE[0][1], BASE[12][1]] if len(history.days[0].load_kw) == 24 else [BASE[0][1], BASE[6][1]], abs=1e-3
        )


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "watts called kW": (
        table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a * 400:.0f},{b * 200:.0f}"),
        "it looks like W: say --column load=load_kw:W",
    ),
    "kW called watts": (
        table("time,load W,pv W", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b}"),
        "it looks like kW: say --column 'load=load W:kW'",
    ),
    "a counter called kW": (
        table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b}", counters(1)),
        "it looks like a counter: say --column load=load_kw:kWh-total",
    ),
    "unquoted decimal commas": (
        table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{comma(a)},{comma(b)}"),
        "cells must be separated by semicolons or tabs, or be quoted",
    ),
    "prices in cents": (
        table(f"{ISO},import_price", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b},9.3"),
        "it looks like cent per kWh: say --column import_price=import_price:cent-per-kWh",
    ),
    "prices per MWh": (
        table(f"{ISO},import_price", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b},93.1"),
        "it looks like per MWh: say --column import_price=import_price:per-MWh",
    ),
    "a workbook": (b"PK\x03\x04....", "is an Excel workbook or a ZIP archive, no text: save or export it as CSV"),
    "an empty file": ("\n", "is empty"),
    "nothing but spaces of another encoding": (" \u00a0\u2003\n".encode(), "is empty"),
    "a header alone": (f"{ISO}\n", "0 rows"),
    "seven minutes": (
        table(ISO, lambda t, a, b: f"{(BASE[0][0] + (t - BASE[0][0]) / 60 * 7):%Y-%m-%d %H:%M},{a},{b}"),
        "7 minutes apart: resample to one of 5, 6, 10",
    ),
    "totals of days": (
        table("date,load kWh,pv kWh", lambda t, a, b: f"{(BASE[0][0] + (t - BASE[0][0]) * 24):%Y-%m-%d},{a},{b}"),
        "totals of days cannot be used",
    ),
    "words for numbers": (
        table(ISO, lambda t, _, b: f"{local(t, '%Y-%m-%d %H:%M')},much,{b}"),
        "row 2, column 'load_kw': 'much' is not a number",
    ),
    "a clock an hour off between two files": (
        table(
            "time,import kWh,export kWh,pv kWh", lambda t, _, b: f"{local(t, '%Y-%m-%d %H:%M')},0,{b * 1.5 + 0.5},{b}"
        ),
        "of the time more was sold than panels and grid gave",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_this_home_is_refused_with_the_likely_cause(
    write: Callable[[str, str | bytes], Path], name: str
) -> None:
    text, result = REFUSED[name]
    path = write("file.csv", text)
    with pytest.raises(DataError) as caught:
        understand(path)
    assert result in str(caught.value)
    assert "file.csv" in str(caught.value)


def test_a_named_unit_settles_what_was_refused(write: Callable[[str, str | bytes], Path]) -> None:
    watts = table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a * 1000:.0f},{b * 1000:.0f}")
    check_base(understand(write("w.csv", watts), columns=("load=load_kw:W", "pv=pv_kw:W")))
    counted = table(ISO, lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b}", counters(1))
    check_base(understand(write("c.csv", counted), columns=("load=load_kw:kWh-total", "pv=pv_kw:kWh-total")))


def test_net_columns_are_split_into_their_directions(write: Callable[[str, str | bytes], Path]) -> None:
    text = table("time;net W;pv W", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')};{(b - a) * 1000:.0f};{b * 1000:.0f}")
    understood = understand(write("file.csv", text), columns=("grid=-net W:W",))
    check_base(understood, tolerance=2e-3)
    assert understood.history.days[0].grid_export_kw == pytest.approx(
        [max(b - a, 0) for _, a, b in BASE[:24]], abs=2e-3
    )


def test_a_home_without_panels_needs_its_meter_alone(write: Callable[[str, str | bytes], Path]) -> None:
    home = HOME.model_copy(update={"pv_peak_kw": 0.0})
    days = understand(CASES / "15_octopus.csv", home=home.model_copy(update={"zone": "Europe/London"})).history.days
    assert [round(float(day.load_kw.sum() / 2), 1) for day in days] == [13.6, 14.1, 13.5]
    assert days[0].grid_import_kw is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("load", "write ROLE=NAME"),
        ("speed=A:kW", "with a role of load, pv"),
        ("load=A:kWatt", "unit 'kWatt' is not known: use one of W, kW"),
        ("load=C:kW", "no file has that column; there are"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(
    write: Callable[[str, str | bytes], Path], text: str, expected: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        understand(write("file.csv", SAME["comma"]), columns=(text,))
    assert expected in str(caught.value)


# Made from the column names in the public importer solectrus/csv-importer after the reader was written, which was not
# changed for them.
UNSEEN = {
    "SENEC": table(
        "Uhrzeit;Netzbezug [kW];Netzeinspeisung [kW];Stromverbrauch [kW];Akku-Beladung [kW];Akku-Entnahme [kW];"
        "Stromerzeugung [kW];Akku Spannung [V];Akku Stromstärke [A]",
        lambda t, a, b: (
            f"{local(t, '%d.%m.%Y %H:%M:%S')};{comma(max(a - b, 0))};{comma(max(b - a, 0))};{comma(a)};0,0;0,0;"
            f"{comma(b)};53,1;0,2"
        ),
    ),
    "Sungrow": table(
        "Zeit,PV-Ertrag(W),Netz(W),Batterie(W),Gesamtverbrauch(W)",
        lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M:%S')},{b * 1000:.1f},{(a - b) * 1000:.1f},0.0,{a * 1000:.1f}",
    ),
    "SolarEdge with a meter": table(
        "Time,Energie (Wh),ZählerBezugs-Zähler E (Wh),ZählerEinspeise-Zähler E (Wh)",
        lambda t, a, b: (
            f"{local(t, '%d.%m.%Y %H:%M')},{b * 1000:.0f},{max(a - b, 0) * 1000:.0f},{max(b - a, 0) * 1000:.0f}"
        ),
    ),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_formats_that_were_not_looked_at_are_read_or_asked_one_question(
    write: Callable[[str, str | bytes], Path], name: str
) -> None:
    path = write("file.csv", UNSEEN[name])
    if name == "SolarEdge with a meter":
        with pytest.raises(UnclearError, match="no solar production"):
            understand(path)
        check_base(understand(path, columns=("pv=Energie (Wh)",)), tolerance=2e-3)
    else:
        check_base(understand(path))


@pytest.mark.timeout(60)
def test_a_cell_without_end_gets_a_sentence_soon(write: Callable[[str, str | bytes], Path]) -> None:
    path = write("long.csv", "_" * 60_000 + ",load\nx,y\n" + "2025-06-02 00:00,0.5\n" * 3)
    with pytest.raises((DataError, UnclearError), match=r"long\.csv"):
        read_files([path], HOME, Options())


def wide(rows: list[tuple[datetime, float, float]], *, pv: bool, labels: Callable[[int], str], count: int = 25) -> str:
    """A row for each day, a column for each of its hours, and the day's total."""
    lines: dict[str, list[float]] = {}
    for at, load, sun in rows:
        lines.setdefault(local(at, "%d/%m/%Y"), []).append(sun if pv else load)
    cells = [
        ";".join([day, *(comma(one) for one in values), *[""] * (count - len(values)), comma(sum(values))])
        for day, values in lines.items()
    ]
    return "\n".join([";".join(["Fecha", *map(labels, range(1, count + 1)), "Total"]), *cells]) + "\n"


@pytest.mark.parametrize("season", CHANGES)
def test_a_row_for_each_day_with_a_column_for_each_hour_keeps_every_hour(
    write: Callable[[str, str | bytes], Path], season: str
) -> None:
    rows = CHANGES[season]
    used = write("used.csv", wide(rows, pv=False, labels=lambda hour: f"H{hour}"))
    sun = write("sun.csv", table("time,solar kW", lambda t, _, b: f"{t.isoformat()},{b}", rows))
    days = understand(used, sun, columns=("load=Value:kWh",)).history.days
    assert np.concatenate([day.load_kw for day in days]) == pytest.approx([one[1] for one in rows], abs=1e-3)


def test_columns_may_be_clocks(write: Callable[[str, str | bytes], Path]) -> None:
    used = write("used.csv", wide(BASE, pv=False, labels=lambda hour: f"{hour - 1:02d}:00", count=24))
    sun = write("sun.csv", table("time,solar kW", lambda t, _, b: f"{t.isoformat()},{b}"))
    check_base(understand(used, sun, columns=("load=Value:kWh",)))


def test_flows_named_by_both_ends_are_read_for_both(write: Callable[[str, str | bytes], Path]) -> None:
    names = ("Grid to battery", "Grid to consumers", "PV to battery", "PV to consumers", "PV to grid")
    names += ("Battery to consumers", "Battery to grid")
    head = f"timestamp,{','.join(names)}\nEurope/Madrid (+02:00),{','.join(['kWh'] * len(names))}"
    text = table(
        head,
        lambda t, a, b: (
            f"{local(t, '%Y-%m-%d %H:%M:%S')},0,{max(a - b, 0):.3f},0,{min(a, b):.3f},{max(b - a, 0):.3f},0,0"
        ),
    )
    understood = understand(write("vrm.csv", text))
    check_base(understood)
    day = understood.history.days[0]
    assert day.grid_import_kw == pytest.approx([max(a - b, 0) for _, a, b in BASE[:24]], abs=1e-3)
    assert day.grid_export_kw == pytest.approx([max(b - a, 0) for _, a, b in BASE[:24]], abs=1e-3)


def test_a_line_that_tells_of_the_file_is_no_data(write: Callable[[str, str | bytes], Path]) -> None:
    about = "Identifiant;Type;Date de debut;Date de fin;Unite;Pas\n123;Courbe;02/06/2025;05/06/2025;W;60\n"
    used = write(
        "meter.csv",
        about + table("Horodate;Valeur", lambda t, a, _: f"{(t + HOUR).astimezone(MADRID).isoformat()};{a * 1000:.0f}"),
    )
    sun = write("sun.csv", table("time,solar kW", lambda t, _, b: f"{(t + HOUR).isoformat()},{b}"))
    check_base(understand(used, sun, columns=("load=Valeur:W",), stamps="end"))


def test_a_file_of_unknown_columns_names_them(write: Callable[[str, str | bytes], Path]) -> None:
    with pytest.raises(UnclearError, match=r"none of the columns 'Foo', 'Bar' is known.*--column pv=NAME:UNIT"):
        understand(write("file.csv", table("time,Foo,Bar", lambda t, a, b: f"{local(t, '%Y-%m-%d %H:%M')},{a},{b}")))
