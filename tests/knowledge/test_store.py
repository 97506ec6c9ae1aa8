import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from energy.errors import MemoryFault
from energy.home import Home
from knowledge.days import DayRecord
from knowledge.store import Appended, DayStore

DayMaker = Callable[..., list[DayRecord]]


def test_days_come_back_as_they_were_and_twice_is_once(tmp_path: Path, make_days: DayMaker) -> None:
    records = make_days(5)
    gap = records[2].load_kw.copy()
    gap[3] = np.nan
    records[2] = replace(records[2], load_kw=gap)
    assert DayStore(tmp_path).append("test", records) == Appended(added=5)
    again = DayStore(tmp_path)
    assert again.append("test", records) == Appended(unchanged=5)
    for kept, given in zip(again.days("test"), records, strict=True):
        np.testing.assert_array_equal(kept.load_kw, given.load_kw)
        assert (kept.day, kept.start, kept.step) == (given.day, given.start, given.step)


def test_what_was_known_beforehand_is_kept(tmp_path: Path, make_days: DayMaker) -> None:
    [record] = make_days(1)
    result = replace(record, temperature_forecast_c=record.load_kw + 3, notes=("guests for dinner", "car away"))
    DayStore(tmp_path).append("test", [result])
    [kept] = DayStore(tmp_path).days("test")
    assert kept.notes == result.notes
    assert kept.temperature_forecast_c is not None
    assert result.temperature_forecast_c is not None
    np.testing.assert_allclose(kept.temperature_forecast_c, result.temperature_forecast_c)


def test_a_changed_day_replaces_the_old_one(tmp_path: Path, make_days: DayMaker) -> None:
    records = make_days(3)
    store = DayStore(tmp_path)
    store.append("test", records)
    changed = replace(records[1], load_kw=records[1].load_kw + 1)
    assert store.append("test", [changed]) == Appended(replaced=1)
    kept = DayStore(tmp_path).days("test")
    assert len(kept) == 3
    assert kept[1].load_kw[0] == pytest.approx(records[1].load_kw[0] + 1)


def test_only_earlier_days_are_given_when_asked(tmp_path: Path, make_days: DayMaker) -> None:
    store = DayStore(tmp_path)
    store.append("test", make_days(5))
    assert [record.day.day for record in store.days("test", before=date(2026, 1, 4))] == [1, 2, 3]


def test_facts_of_a_home_are_kept_and_an_unknown_home_is_named(tmp_path: Path, home: Home) -> None:
    DayStore(tmp_path).remember_home(home)
    assert DayStore(tmp_path).home("test") == home
    with pytest.raises(MemoryFault, match="no home 'other'"):
        DayStore(tmp_path).home("other")


def test_kept_facts_that_are_not_allowed_any_more_are_told_with_their_file(tmp_path: Path, home: Home) -> None:
    store = DayStore(tmp_path)
    store.remember_home(home)
    rows = [
        {"name": "energy", "price": 0.2, "last": "2026-03-10"},
        {"name": "energy", "price": 0.2, "first": "2026-03-21"},
    ]
    path = tmp_path / "test" / "home.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(facts | {"tariff": {"kind": "contract", "import_terms": rows}}), encoding="utf-8")
    with pytest.raises(MemoryFault, match=r"home\.json: .*no row holds from 2026-03-11 to 2026-03-20.*ingest again"):
        store.home("test")


def test_a_torn_last_line_is_dropped_and_the_day_can_be_added_again(tmp_path: Path, make_days: DayMaker) -> None:
    records = make_days(3)
    DayStore(tmp_path).append("test", records)
    path = tmp_path / "test" / "days.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    store = DayStore(tmp_path)
    assert len(store.days("test")) == 2
    assert store.append("test", records) == Appended(added=1, unchanged=2)
    assert len(DayStore(tmp_path).days("test")) == 3


def test_a_damaged_day_is_set_aside_and_told_and_the_others_go_on(tmp_path: Path, make_days: DayMaker) -> None:
    DayStore(tmp_path).append("test", make_days(3))
    path = tmp_path / "test" / "days.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace("2026-01-02", "2026-01-09", 1)
    path.write_text("".join(lines))
    store = DayStore(tmp_path)
    assert [record.day.day for record in store.days("test")] == [1, 3]
    assert "1 damaged (line 2) and set aside" in store.faults("test")[0]
    assert path.with_name("days.jsonl.damaged").read_text() == lines[1]
    assert DayStore(tmp_path).faults("test") == ()
    store.append("test", make_days(3))
    assert len(DayStore(tmp_path).days("test")) == 3


@pytest.mark.parametrize("seed", range(20))
def test_any_flipped_byte_costs_the_days_it_touches_and_no_other(
    tmp_path: Path, make_days: DayMaker, seed: int
) -> None:
    DayStore(tmp_path).append("test", make_days(5))
    path = tmp_path / "test" / "days.jsonl"
    content, rng = bytearray(path.read_bytes()), random.Random(seed)  # noqa: S311 (no secret)
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    store = DayStore(tmp_path)
    assert len(store.days("test")) >= 3
    assert (len(store.days("test")) == 5) == (store.faults("test") == ())
    store.append("test", make_days(5))
    assert len(DayStore(tmp_path).days("test")) == 5


def test_an_emptied_store_is_told_and_a_new_home_is_none(tmp_path: Path, home: Home, make_days: DayMaker) -> None:
    store = DayStore(tmp_path)
    assert store.faults("test") == ()
    store.remember_home(home.model_copy(update={"name": "test"}))
    store.append("test", make_days(3))
    assert store.faults("test") == ()
    (tmp_path / "test" / "days.jsonl").write_bytes(b"")
    assert "holds no day any more" in DayStore(tmp_path).faults("test")[0]
