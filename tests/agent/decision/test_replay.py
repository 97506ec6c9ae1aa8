"""A decision taken out of the journal and made again from its file alone."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from agent.decision.decide import Situation, decide
from agent.decision.journal import open_journal
from agent.decision.record import Decision
from agent.decision.replay import Export, export, read_export, replay
from agent.llm.review import Brief, Chosen, NoChoice
from energy.constraints import Away, CarReady, ExtraLoad, NoGridCharge, Reserve
from energy.errors import DataError
from energy.guard import Policy
from energy.home import Grid, Home
from energy.planning.account import Account
from energy.planning.under_rules import BillSoFar, UsualDay
from energy.pricing.calendar import BillingPeriod
from energy.pricing.contract import Contract
from energy.pricing.tariff import DynamicTariff
from ingest.live.snapshot import NoSnapshot, Snapshot
from knowledge.store import DayStore

SituationMaker = Callable[..., Situation]


def choosing(words: str) -> Callable[[Brief], Chosen]:
    """A model that picks the candidate whose label holds some words."""

    def review(brief: Brief) -> Chosen:
        choice = next(candidate.id for candidate in brief.candidates if words in candidate.label)
        return Chosen(choice, "Guests of Ana come tonight", True, "rule", "decide", 1, "0" * 12, 0.1, 1, 1, 0, False)

    return review


def half(now: datetime) -> Reserve:
    return Reserve(start=now, end=now + timedelta(hours=14), soc=0.5)


def adjusting(now: datetime) -> Callable[[Brief], Chosen]:
    """A model that wants half of the battery kept."""
    chosen = choosing("reserve")
    return lambda brief: replace(chosen(brief), choice="adjusted", adjustment=half(now))


def again(decision: Decision, folder: Path, *, anonymous: bool = False) -> tuple[Export, Any]:
    """Through the journal, into a file and out of it."""
    with open_journal(folder / "journal.sqlite") as journal:
        journal.write(decision)
        kept = journal.last()
    assert kept is not None
    file = folder / "decision.json"
    file.write_text(export(kept, anonymous=anonymous).model_dump_json(indent=1))
    exported = read_export(file)
    return exported, replay(exported)


def dynamic(home: Home, situation: Situation) -> Home:
    slots = 24 * 400
    prices = tuple(round(0.1 + 0.05 * ((hour * 7) % 11) / 11, 5) for hour in range(slots))
    start = situation.now - timedelta(days=200)
    tariff = DynamicTariff(start=start.replace(minute=0), import_prices=prices, export_prices=(0.03,) * slots)
    return home.model_copy(update={"tariff": tariff})


def capped(home: Home) -> Home:
    contract = {
        "import_terms": [{"name": "energy", "price": 0.2}],
        "export_terms": [{"name": "surplus", "price": 0.08}],
        "credit": {"cap": "energy_bought"},
        "peaks": [{"per_kw_month": 5.0}],
        "netting": [{"interval": "hour"}],
    }
    return home.model_copy(update={"tariff": Contract.model_validate(contract)})


BILL = BillSoFar(
    Account(
        period=BillingPeriod(date(2026, 1, 1), date(2026, 1, 31)),
        year=2026,
        earned=1 / 3,
        cap=0.1 + 0.2,
        registers={"energy: ": 7 / 3},
        peaks={"peak": {date(2026, 1, 3): 10 / 3}},
    ),
    usual=tuple(UsualDay(1 / (3 + at), 0.2, 3.1, {"energy: ": 0.1}) for at in range(5)),
    known_from=datetime(2026, 1, 3, 8, tzinfo=UTC),
)


def asked(situation: Situation) -> tuple[Any, ...]:
    now = situation.now
    return (
        Reserve(start=now, end=now + timedelta(hours=6), soc=0.4),
        ExtraLoad(start=now + timedelta(hours=2), end=now + timedelta(hours=3, minutes=17), power_kw=1.2345),
        Away(start=now + timedelta(hours=8), end=now + timedelta(hours=12), load_factor=0.333),
        CarReady(start=now, end=now + timedelta(hours=15), energy_kwh=7.77),
        NoGridCharge(start=now + timedelta(hours=1), end=now + timedelta(hours=2)),
    )


def situations(make: SituationMaker) -> dict[str, tuple[Situation, Any]]:
    plain = make()
    shot = plain.snapshot
    assert isinstance(shot, Snapshot)
    return {
        "planner": (plain, None),
        "spanish": (make(language="es"), None),
        "odd charge": (make(snapshot=replace(shot, soc=1 / 3, load_kw=0.1 + 0.2)), None),
        "model": (make(policy=Policy(max_regret_per_slot=1.0)), choosing("reserve")),
        "model overruled": (make(policy=Policy(max_regret_per_slot=0.0)), choosing("self-consumption")),
        "model late": (plain, lambda _: NoChoice("late", "no answer of Ana's model", "rule", 0.1)),
        "model adjusting": (make(policy=Policy(max_regret_per_slot=1.0)), adjusting(plain.now)),
        "model adjusting too much": (make(policy=Policy(max_regret_per_slot=0.0)), adjusting(plain.now)),
        "adjustment held": (
            make(in_force="adjusted", adjustment=half(plain.now), policy=Policy(max_regret_per_slot=1.0)),
            None,
        ),
        "held": (make(in_force="keep_reserve", policy=Policy(max_regret_per_slot=1.0)), None),
        "held no more": (make(in_force="self_consumption", policy=Policy(max_regret_per_slot=0.0)), None),
        "asked": (make(asked=asked(plain), notes=("Ana and Luis come at eight",)), None),
        "dynamic": (make(home=dynamic(plain.home, plain)), None),
        "export": (make(home=plain.home.model_copy(update={"grid": Grid(allow_battery_export=True)})), None),
        "open bill": (make(home=capped(plain.home), bill=BILL), None),
        "too soon": (make(last_command_at=plain.now - timedelta(seconds=5)), None),
        "stale": (make(snapshot=replace(shot, at=plain.now - timedelta(hours=1))), None),
    }


NAMES = [
    "planner", "spanish", "odd charge", "model", "model overruled", "model late", "held", "held no more", "asked",
    "dynamic", "export", "open bill", "too soon", "stale",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("anonymous", [False, True])
def test_a_decision_made_again_is_the_same_bit_for_bit(
    make_situation: SituationMaker, tmp_path: Path, name: str, anonymous: bool
) -> None:
    situation, reviewer = situations(make_situation)[name]
    decision = decide(situation, reviewer)
    _, made = again(decision, tmp_path, anonymous=anonymous)
    assert made.differences == ()
    assert (made.decision.command, made.decision.reason, made.decision.facts) == (
        decision.command,
        decision.reason,
        decision.facts,
    )
    assert made.decision.decision_id == decision.decision_id


def test_the_same_inputs_give_the_same_id_and_others_another(make_situation: SituationMaker) -> None:
    made = [decide(situation, reviewer) for situation, reviewer in situations(make_situation).values()]
    again_ = [decide(situation, reviewer) for situation, reviewer in situations(make_situation).values()]
    assert [one.decision_id for one in made] == [one.decision_id for one in again_]
    outcomes: dict[str, Any] = {}
    for one in made:
        known = outcomes.setdefault(one.decision_id, (one.command, one.reason))
        assert known == (one.command, one.reason)
    assert len(outcomes) >= len(made) - 1


def test_a_decision_journalled_twice_is_there_once(make_situation: SituationMaker, tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.sqlite") as journal:
        journal.write(decide(make_situation()))
        journal.write(decide(make_situation()))
        assert len(journal.decisions("test")) == 1


def test_an_anonymous_file_holds_no_name_and_no_note(make_situation: SituationMaker, tmp_path: Path) -> None:
    situation = make_situation(notes=("Ana and Luis come at eight",), policy=Policy(max_regret_per_slot=1.0))
    situation = replace(situation, home=situation.home.model_copy(update={"name": "casa-de-ana"}))
    exported, made = again(decide(situation, choosing("reserve")), tmp_path, anonymous=True)
    text = (tmp_path / "decision.json").read_text()
    assert exported.anonymous
    for private in ("ana", "Ana", "Luis", "Guests"):
        assert private not in text
    assert made.differences == ()


def test_another_outcome_is_told_field_by_field(make_situation: SituationMaker, tmp_path: Path) -> None:
    exported, _ = again(decide(make_situation()), tmp_path)
    assert exported.decision.inputs is not None
    battery = exported.decision.inputs.home.battery.model_copy(update={"capacity_kwh": 20.0})
    home = exported.decision.inputs.home.model_copy(update={"battery": battery})
    inputs = exported.decision.inputs.model_copy(update={"home": home})
    other = exported.model_copy(update={"decision": exported.decision.model_copy(update={"inputs": inputs})})
    assert "candidates" in replay(other).differences


@pytest.mark.parametrize(
    ("name", "value"), [("start", "9999-12-31T23:59:59Z"), ("step_minutes", -1), ("step_minutes", 10**9)]
)
def test_a_file_changed_into_what_cannot_be_planned_is_told(
    make_situation: SituationMaker, tmp_path: Path, name: str, value: object
) -> None:
    exported, _ = again(decide(make_situation()), tmp_path)
    changed = exported.model_dump(mode="json")
    changed["decision"]["ensemble"][name] = value
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(changed), encoding="utf-8")
    with pytest.raises(DataError, match=r"the file was changed|is not an exported decision"):
        replay(read_export(path))


def test_the_prices_of_a_year_are_not_kept_in_every_decision(make_situation: SituationMaker) -> None:
    situation, _ = situations(make_situation)["dynamic"]
    decision = decide(situation)
    assert decision.inputs is not None
    assert isinstance(decision.inputs.home.tariff, DynamicTariff)
    assert len(decision.inputs.home.tariff.import_prices) == 48


def test_what_planned_nothing_cannot_be_made_again_and_says_why(make_situation: SituationMaker) -> None:
    silent = decide(make_situation(snapshot=NoSnapshot(("battery_soc is 300 s old, limit 120 s",))))
    with pytest.raises(DataError, match=r"300 s old.*nothing to make again"):
        replay(export(silent, anonymous=False))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "cannot be read"),
        (b"", "not an exported decision"),
        (b"\xff\xfe", "not an exported decision"),
        (b"[]", "not an exported decision"),
        (b'{"kind": "something-else"}', "not an exported decision: kind"),
        (b'{"kind": "energy-advisor-decision", "format": 2}', "not an exported decision: format"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, content: bytes | None, expected: str) -> None:
    file = tmp_path / "decision.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=expected):
        read_export(file)


def test_the_commands_export_and_replay(
    make_situation: SituationMaker, advisor: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    situation = make_situation()
    DayStore(tmp_path / "memory" / "days").remember_home(situation.home)
    with open_journal(tmp_path / "memory" / "journal.sqlite") as journal:
        journal.write(decide(situation))
    file = str(tmp_path / "decision.json")
    result = advisor("explain", "--last", "--memory", str(tmp_path / "memory"), "--export", file, "--anonymous")
    assert result.returncode == 0, result.stderr
    same = advisor("replay", file, "--json")
    assert (same.returncode, json.loads(same.stdout)["same"]) == (0, True)
    altered = Path(file).read_text().replace('"capacity_kwh": 10.0', '"capacity_kwh": 20.0')
    Path(file).write_text(altered)
    other = advisor("replay", file)
    assert other.returncode == 1
    assert "candidates was" in other.stdout
    assert advisor("explain", "--last", "--anonymous").returncode == 2


def test_a_decision_that_counted_co2_is_made_again_with_it(make_situation: SituationMaker, tmp_path: Path) -> None:
    decision = decide(make_situation(carbon=tuple(0.001 * at for at in range(48))))
    _, made = again(decision, tmp_path)
    assert made.differences == ()
    assert made.decision.facts == decision.facts
