import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from energy.errors import DataError
from ingest.prices.markets import read_entsoe, read_esios_archive, read_redata

MADRID = ZoneInfo("Europe/Madrid")
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


def redata(title: str, values: list[tuple[str, float]]) -> dict[str, Any]:
    """The shape of an answer of REData's real-time prices, with made-up prices."""
    rows = [{"value": value, "percentage": 1, "datetime": time} for time, value in values]
    return {
        "data": {"type": "Precios mercado peninsular en tiempo real", "id": "mer13"},
        "included": [{"type": title, "id": "1001", "attributes": {"title": title, "values": rows}}],
    }


def test_redata_gives_the_indicator_that_is_asked_for() -> None:
    answer = redata("PVPC (€/MWh)", [("2026-01-15T00:00:00.000+01:00", 120.5), ("2026-01-15T01:00:00.000+01:00", 90.0)])
    answer["included"] += redata("Precio mercado spot (€/MWh)", [("2026-01-15T00:00:00.000+01:00", 60.0)])["included"]
    points = read_redata(answer, "pvpc", MADRID)
    assert (points[0].start, points[0].price) == (datetime(2026, 1, 14, 23, tzinfo=UTC), 120.5)
    assert [point.price for point in read_redata(answer, "spot", MADRID)] == [60.0]


@pytest.mark.parametrize("text", [{}, {"errors": [{"code": 500}]}, [], redata("Otro", [])])
def test_an_answer_without_the_indicator_is_said_to_lack_it(text: Any) -> None:
    with pytest.raises(DataError, match="no series of 'pvpc'"):
        read_redata(text, "pvpc", MADRID)


@pytest.mark.parametrize(("date", "hours"), [("15/01/2026", 24), ("29/03/2026", 23), ("25/10/2026", 25)])
def test_the_archive_of_esios_has_decimal_commas_and_as_many_hours_as_the_day(date: str, hours: int) -> None:
    rows = [{"Dia": date, "Hora": f"{at:02d}-{at + 1:02d}", "PCB": "1.116,33", "CYM": "99,5"} for at in range(hours)]
    points = read_esios_archive({"PVPC": rows}, MADRID)
    assert (len(points), points[0].price) == (hours, 1116.33)
    assert read_esios_archive({"PVPC": rows}, MADRID, column="CYM")[0].price == 99.5


@pytest.mark.parametrize("text", [{}, {"message": "No values for specified archive"}, {"PVPC": [{"Dia": "x"}]}])
def test_no_archive_is_said_to_be_none(text: Any) -> None:
    with pytest.raises(DataError, match="not an archive of one day"):
        read_esios_archive(text, MADRID)


def entsoe(*periods: tuple[str, str, str, dict[int, float]]) -> bytes:
    """A publication document of the Transparency Platform, with made-up prices."""
    result = []
    for start, end, resolution, prices in periods:
        points = "".join(
            f"<Point><position>{at}</position><price.amount>{price}</price.amount></Point>"
            for at, price in prices.items()
        )
        result.append(
            f"<TimeSeries><curveType>A03</curveType><Period><timeInterval><start>{start}</start><end>{end}</end>"
            f"</timeInterval><resolution>{resolution}</resolution>{points}</Period></TimeSeries>"
        )
    space = "urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"
    return f'<Publication_MarketDocument xmlns="{space}">{"".join(result)}</Publication_MarketDocument>'.encode()


def test_a_position_that_is_left_out_repeats_the_price_before() -> None:
    document = entsoe(("2026-01-14T23:00Z", "2026-01-15T03:00Z", "PT60M", {1: 50.0, 3: -2.5}))
    points = read_entsoe(document)
    assert [point.price for point in points] == [50.0, 50.0, -2.5, -2.5]
    assert points[0].start == datetime(2026, 1, 14, 23, tzinfo=UTC)


def test_of_hours_and_quarters_of_one_time_the_quarters_count() -> None:
    hours = ("2026-01-14T23:00Z", "2026-01-15T01:00Z", "PT60M", {1: 50.0, 2: 60.0})
    quarters = ("2026-01-15T00:00Z", "2026-01-15T01:00Z", "PT15M", {1: 55.0, 2: 56.0, 3: 57.0, 4: 58.0})
    for document in (entsoe(hours, quarters), entsoe(quarters, hours)):
        points = read_entsoe(document)
        assert [point.price for point in points] == [50.0, 55.0, 56.0, 57.0, 58.0]
        assert [point.end - point.start for point in points] == [HOUR, *[QUARTER] * 4]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            b"<Acknowledgement_MarketDocument><Reason><text>No data</text></Reason></Acknowledgement_MarketDocument>",
            "No data",
        ),
        (b"not xml", "not XML"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "declares entities"),
        (entsoe(("2026-01-14T23:00Z", "2026-01-15T03:00Z", "PT0M", {1: 1.0})), "no interval or no resolution"),
    ],
)
def test_a_document_without_prices_says_why(document: bytes, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        read_entsoe(document)
