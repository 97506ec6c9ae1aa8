"""The demo: broker, house and advisor brought up together, and one recorded day played and shown."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.live import Live

from advisor.demo.bills import bills, read_record
from advisor.demo.device_bills import DeviceBills, Stage, device_bills, lived
from advisor.demo.view import DayView
from advisor.demo.words import TEXTS
from advisor.memory import ingest_history, known_history
from advisor.model_choice import chosen_model
from agent.decision.constraint_words import Language
from agent.decision.journal import open_journal
from agent.decision.record import Decision
from energy.billing.bills import Bills
from energy.errors import AdvisorError, DataError
from energy.guard import Policy
from energy.home import Home
from energy.slots import day_bounds, local_day
from ingest.history.pv_forecast import with_nowcast
from ingest.history.table import History
from knowledge.days import DayRecord, Floats
from simulator.house.house import HOUSE_SEED
from simulator.house.recording import Recording
from simulator.house.sensors import PERFECT, SensorQuality
from transport.broker import EmbeddedBroker
from transport.mqtt import BrokerAddress, MqttLink
from transport.topics import Topics

HOME = "citylearn-4"
DAY = date(2016, 12, 20)
START_SOC = 0.2

_HOUSE_STEP_MINUTES = 5
_SLOT_MINUTES = 30
# The house tells its clock after its states: who waits for a missing one waits in vain.
_GRACE_S = 0.5
# A house waits for the advisor as long as that takes; whether it lives is seen by its process.
_PATIENCE_S = 3600
_CHILD_ENDS_S = 20


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user asked of the demo."""

    home: str = HOME
    day: date = DAY
    hours: int = 24
    speed: float | None = None
    model: str = "auto"
    # Settings whose [model] the demo's advisor runs with, where there is such a file.
    config: Path | None = None
    broker: str | None = None
    folder: Path = Path(".advisor/demo")
    known: Path = Path(".advisor/memory")
    start_soc: float = START_SOC
    quality: SensorQuality = PERFECT
    page_port: int | None = None
    plan_devices: bool = True
    language: Language = "en"


@dataclass(frozen=True, slots=True)
class DemoResult:
    """How a demo went."""

    home: Home
    decisions: list[Decision]
    bills: Bills
    view: DayView
    seconds: float
    history_days: int
    devices: DeviceBills | None = None
    # How many decisions the played hours asked for.
    due: int = 0

    def as_json(self) -> dict[str, object]:
        """The one object that `--json` prints."""
        verdicts = Counter(verdict.verdict for decision in self.decisions for verdict in decision.verdicts)
        reviews = [decision.review for decision in self.decisions if decision.review]
        return {
            "home": self.home.name,
            "currency": self.home.currency,
            "decisions": len(self.decisions),
            "due": self.due,
            "published": sum(decision.outcome == "published" for decision in self.decisions),
            "verdicts": {name: verdicts[name] for name in ("allowed", "clamped", "rejected")},
            "fallbacks": sum(review.outcome != "chosen" for review in reviews),
            "model": self.view.model,
            "reviews": len(reviews),
            "similar_days": sorted({n.day.isoformat() for decision in self.decisions for n in decision.neighbours}),
            "bill": {
                "none": round(self.bills.none, 4),
                "greedy": round(self.bills.greedy, 4),
                "advisor": round(self.bills.advisor, 4),
                "oracle": round(self.bills.oracle, 4),
            },
            "self_sufficiency": round(self.bills.ledger.self_sufficiency, 4),
            "kwh_balance_error": self.bills.balance_error_kwh,
            "history_days": self.history_days,
            "devices": self.devices and self.devices.as_dict(),
            "seconds": round(self.seconds, 1),
        }


def recording(history: History, *, day: date, hours: int) -> Recording:
    """The hours to be played, and the forecasts, which reach to the end of the last day; that of PV is renewed.

    Raises:
        DataError: the home's history does not cover the day.
    """
    home = history.home
    days = _played_days(history, day, hours)
    start, _ = day_bounds(day, home.tz)
    end = start + timedelta(hours=hours)
    slots = (end - start) // history.step
    prices = home.tariff.prices([start + at * history.step for at in range(slots)], home.tz)
    played = slice(0, slots)
    return Recording(
        home=home,
        start=start,
        step=history.step,
        load_kw=_joined(days, "load_kw")[played],
        pv_kw=_joined(days, "pv_kw")[played],
        import_price=prices.import_per_kwh,
        export_price=prices.export_per_kwh,
        temperature_c=_joined(days, "temperature_c")[played] if days[0].temperature_c is not None else None,
        pv_forecast_kw=_joined(days, "pv_forecast_kw") if days[0].pv_forecast_kw is not None else None,
        temperature_forecast_c=(
            _joined(days, "temperature_forecast_c") if days[0].temperature_forecast_c is not None else None
        ),
        pv_nowcast_kw=_nowcast_kw(days, home),
    )


def _played_days(history: History, day: date, hours: int) -> list[DayRecord]:
    """The days of which hours are played.

    Raises:
        DataError: the home's history does not cover them.
    """
    home = history.home
    last = local_day(day_bounds(day, home.tz)[0] + timedelta(hours=hours) - history.step, home.tz)
    days = [record for record in history.days if day <= record.day <= last]
    if len(days) <= (last - day).days:
        first, latest = history.days[0].day, history.days[-1].day
        raise DataError(f"{home.name!r} has no {hours} hours from {day}: choose a day between {first} and {latest}")
    return days


def _nowcast_kw(days: Sequence[DayRecord], home: Home) -> Floats | None:
    """What is forecast of each slot just before it; None where a day has no forecast."""
    nowcasts = [with_nowcast(day, peak_kw=home.pv_peak_kw).pv_nowcast_kw for day in days]
    known = [one for one in nowcasts if one is not None]
    return np.concatenate(known) if len(known) == len(nowcasts) else None


def _joined(records: Sequence[DayRecord], series: str) -> Floats:
    return np.concatenate([getattr(record, series) for record in records])


def prepare(choices: Choices) -> History:
    """Read the home and put its days before the played one into the demo's memory.

    Raises:
        SettingsError: the home is neither in memory nor shipped.
        DataError: there is no day before the one to be played, or the home's history does not cover it.
    """
    history = known_history(choices.home, choices.known)
    earlier = tuple(record for record in history.days if record.day < choices.day)
    if not earlier:
        raise DataError(f"{choices.home!r} knows no day before {choices.day}: choose one after {history.days[0].day}")
    _played_days(history, choices.day, choices.hours)
    ingest_history(replace(history, days=earlier), choices.folder / "memory")
    return history


def play(choices: Choices, history: History, console: Console | None) -> DemoResult:
    """Play the day to its end, and the advisor's with it; what is raised is what `playing` raises."""
    with playing(choices, history, console) as outcome:
        return outcome


@contextmanager
def playing(choices: Choices, history: History, console: Console | None) -> Iterator[DemoResult]:
    """Play the day and give how it went; the advisor lives, and shows its page, until the end of the block.

    With a `console` the day is shown live.

    Raises:
        AdvisorError: the house or the advisor could not be started, or stopped on the way.
    """
    began = time.monotonic()
    played = recording(history, day=choices.day, hours=choices.hours)
    choices.folder.mkdir(parents=True, exist_ok=True)
    files = _Files(choices.folder, history.home.name)
    played.to_json(files.recording)
    files.record.unlink(missing_ok=True)
    files.forget_journal()
    with ExitStack() as stack:
        address = (
            BrokerAddress.from_environment(choices.broker)
            if choices.broker
            else stack.enter_context(EmbeddedBroker()).address
        )
        view = DayView(
            topics=Topics(history.home.name),
            zone=history.home.tz,
            start=played.start,
            length=timedelta(hours=choices.hours),
            currency=f"{history.home.currency}/kWh",
            top_price=max(float(played.import_price.max()), 0.01),
            language=choices.language,
            is_example=(choices.home, choices.day) == (HOME, DAY),
        )
        link = stack.enter_context(MqttLink(address, f"energy-advisor-view-{history.home.name}"))
        link.subscribe(view.topics.sensors, view.topics.decision, view.topics.advisor_status)
        files.write_settings(history.home, choices, address)
        advisor = stack.enter_context(
            _process(files.log("advisor"), ["advisor", "run", "--config", str(files.settings)])
        )
        with console.status(TEXTS[choices.language]["waiting"]) if console else nullcontext():
            _await_advisor(link, view.topics, advisor, files.log("advisor"))
        house = stack.enter_context(_process(files.log("house"), _house_command(choices, files, address)))
        _watch(link, view, house, console, advisor)
        if advisor.poll() is not None:
            raise AdvisorError(
                f"the advisor stopped on the way, with exit code {advisor.returncode}: see {files.log('advisor')}"
            )
        if house.poll() != 0:
            raise AdvisorError(f"the house stopped with exit code {house.returncode}: see {files.log('house')}")
        yield _outcome(choices, history, files, view, time.monotonic() - began)


def _outcome(choices: Choices, history: History, files: "_Files", view: DayView, seconds: float) -> DemoResult:
    with open_journal(files.journal, read_only=True) as journal:
        decisions = journal.decisions(history.home.name)
    account, devices = _account(files, choices, history.home, Recording.from_json(files.recording))
    return DemoResult(
        home=history.home,
        decisions=decisions,
        bills=account,
        devices=devices,
        view=view,
        seconds=seconds,
        history_days=sum(record.day < choices.day for record in history.days),
        due=choices.hours * 60 // _SLOT_MINUTES,
    )


def _account(files: "_Files", choices: Choices, home: Home, played: Recording) -> tuple[Bills, DeviceBills | None]:
    """The bills of what was played; those of a house with devices compare whole ways of running it."""
    step = timedelta(minutes=_HOUSE_STEP_MINUTES)
    if not home.devices:
        start_kwh = choices.start_soc * home.battery.capacity_kwh
        return bills(files.record, home, hours=step / timedelta(hours=1), start_kwh=start_kwh), None
    stage = Stage(played, step, timedelta(minutes=_SLOT_MINUTES), choices.start_soc, HOUSE_SEED)
    account = device_bills(lived(read_record(files.record), stage.hours), stage)
    return account.bills, account


@dataclass(frozen=True, slots=True)
class _Files:
    """Where a demo keeps what it plays and what it leaves."""

    folder: Path
    home: str

    @property
    def recording(self) -> Path:
        return self.folder / "recording.json"

    @property
    def record(self) -> Path:
        return self.folder / "played.jsonl"

    @property
    def sensors(self) -> Path:
        return self.folder / "sensors.yaml"

    @property
    def settings(self) -> Path:
        return self.folder / "advisor.toml"

    @property
    def memory(self) -> Path:
        return self.folder / "memory"

    @property
    def journal(self) -> Path:
        return self.memory / "journal.sqlite"

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def forget_journal(self) -> None:
        """A demo is a day of its own: what an earlier one decided must not be known to it."""
        for path in self.memory.glob("journal.sqlite*"):
            path.unlink()

    @staticmethod
    def _known(home: Home, choices: Choices) -> Home:
        return home if choices.plan_devices else home.model_copy(update={"devices": ()})

    def write_settings(self, home: Home, choices: Choices, address: BrokerAddress) -> None:
        """The settings file that the advisor of this demo runs with."""
        (self.folder / "home.json").write_text(self._known(home, choices).model_dump_json(indent=1), encoding="utf-8")
        self.settings.write_text(
            f"""\
# Written by advisor demo.
home_file = "home.json"
memory_dir = "{self.memory}"

[mqtt]
host = "{address.host}"
port = {address.port}

[service]
clock = "house"
slot_minutes = {_SLOT_MINUTES}
grace_s = {_GRACE_S}
language = "{choices.language}"

[policy]
max_snapshot_age_s = {_patience_s(choices.quality)}

[model]
{_model_lines(choices)}

[api]
enabled = {str(choices.page_port is not None).lower()}
port = {choices.page_port or 0}
language = "{choices.language if choices.language != "en" else "auto"}"
""",
            encoding="utf-8",
        )


def _model_lines(choices: Choices) -> str:
    """The model's settings; one that was asked for by name is asked at the review pace, so that it can be watched."""
    chosen = chosen_model(choices.config, choices.model).model_dump(exclude_defaults=True, mode="json")
    chosen |= {} if choices.model == "auto" else {"reviews": "always"}
    # A string, number or truth is written in TOML as it is in JSON.
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in chosen.items())


def _patience_s(quality: SensorQuality) -> float:
    """How old a state may be: meters that report changes only repeat themselves at their heartbeat."""
    return 60 * (quality.heartbeat_minutes + 1) if quality.report_on_change else Policy().max_snapshot_age_s


def _house_command(choices: Choices, files: _Files, address: BrokerAddress) -> list[str]:
    command = ["simulator", "--recording", str(files.recording), "--broker", str(address)]
    command += ["--record", str(files.record), "--soc", str(choices.start_soc)]
    if choices.quality != PERFECT:
        files.sensors.write_text(choices.quality.model_dump_json(), encoding="utf-8")
        command += ["--sensors", str(files.sensors)]
    command += ["--step-minutes", str(_HOUSE_STEP_MINUTES), "--slot-minutes", str(_SLOT_MINUTES)]
    command += ["--patience-s", str(_PATIENCE_S)]
    return command + (["--speed", str(choices.speed)] if choices.speed else [])


@contextmanager
def _process(log: Path, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A child of ours, ended when the demo ends; what it says goes to a file."""
    with (
        log.open("wb") as output,
        subprocess.Popen([sys.executable, "-m", *command], stdout=output, stderr=output) as child,  # noqa: S603 (ours)
    ):
        try:
            yield child
        finally:
            child.terminate()
            try:
                child.wait(timeout=_CHILD_ENDS_S)
            except subprocess.TimeoutExpired:
                child.kill()


def _await_advisor(link: MqttLink, topics: Topics, advisor: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the advisor says it is there, as long as its process lives: slow machines take minutes.

    Raises:
        AdvisorError: it ended.
    """
    while True:
        message = link.receive(0.2)
        if message is not None and message.topic == topics.advisor_status and message.payload == b"online":
            return
        if advisor.poll() is not None:
            raise AdvisorError(f"the advisor stopped with exit code {advisor.returncode}: see {log}")


def _watch(
    link: MqttLink,
    view: DayView,
    house: "subprocess.Popen[bytes]",
    console: Console | None,
    advisor: "subprocess.Popen[bytes]",
) -> None:
    """Follow the messages until the house has played its hours, or nobody decides for it any more."""
    with ExitStack() as stack:
        live = None
        if console is not None:
            if not console.is_terminal:
                # In a file the last picture would end without a line end.
                stack.callback(console.line)
            live = stack.enter_context(Live(view, console=console, refresh_per_second=8, transient=False))
        while True:
            message = link.receive(0.2)
            if message is not None and view.update(message.topic, message.payload) and live is not None:
                live.update(view)
            if message is None and (house.poll() is not None or advisor.poll() is not None):
                return
