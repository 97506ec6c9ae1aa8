"""Composition root of the service: settings in, an advisor that lives until it is told to stop."""

import logging
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread

from starlette.types import ASGIApp

from agent.decision.controls import ControlPanel, Controls
from agent.decision.journal import Journal, open_journal
from agent.decision.recall import Recall
from agent.language.answers.ask import Asker
from agent.language.answers.interpreter import Interpreter
from agent.language.answers.tools import looker
from agent.language.kinds.learned import read_by_own
from agent.language.kinds.names import OWN_WEIGHTS
from agent.language.notes.model import reader_by
from agent.language.notes.reading import Fallback
from agent.llm.keep_alive import until_next_review
from agent.llm.reconnecting import ReconnectingReviewer
from agent.llm.review import make_reviewer
from agent.queries import Sources
from agent.service.actuator import Actuator
from agent.service.claim import advisor_id
from agent.service.loop import Parts, Service
from agent.service.questions import price_question, pv_question
from agent.settings import Settings, check_batteries, load_settings
from agent.views.service_state import SharedServiceState
from agent.web.access import load_keys
from agent.web.app import make_app
from agent.web.server import serving
from agent.web.source import ApiSource
from agent.web.study import StudyDesk
from energy.errors import MemoryFault, NotWritable
from energy.home import Home
from ingest.evcc.runner import EvccRunner
from ingest.home_file import load_home
from ingest.homeassistant.live_states import LiveStates
from ingest.live.mapping import MappedSensors
from ingest.prices.settings import BilledHome
from knowledge.index import MemoryIndex
from knowledge.notes import NoteBook, notes_of
from knowledge.store import DayStore

_log = logging.getLogger(__name__)

# Share of a review's deadline that a model may spend on looking facts up; the rest is for the choice and one repair.
_LOOKING_SHARE = 0.6

OpenDesk = Callable[[Path], AbstractContextManager[StudyDesk]]


def serve(config: Path, open_desk: OpenDesk | None = None) -> None:
    """Run the advisor of one home until SIGTERM or SIGINT; `open_desk` gives who plays studies, given their folder.

    Raises:
        AdvisorError: settings, memory, model or broker do not allow it; the message says what to do.
    """
    settings = load_settings(config)
    home = load_home(settings.home_file)
    check_batteries(settings, home)
    stop = _stopped_by_signals()
    step = timedelta(minutes=settings.service.slot_minutes)
    with ExitStack() as stack:
        read_by_own(settings.memory_dir / OWN_WEIGHTS)
        index = open_index(settings.memory_dir / "index", stack)
        journal_path = settings.memory_dir / "journal.sqlite"
        journal = stack.enter_context(open_journal(journal_path))
        store = DayStore(settings.memory_dir / "days")
        recall = Recall(home, store, index, step)
        sources = Sources(
            home,
            store,
            open_reader(journal, journal_path, stack),
            billed_home=BilledHome(home, settings.prices, settings.memory_dir),
        )
        notes = notes_of(settings.memory_dir, home.name)
        reconnecting = _model(settings, sources, notes, stack)
        label = reconnecting.label if reconnecting else "none"
        shared_state = SharedServiceState()
        sources.follow(lambda: shared_state.shown.home if shared_state.shown else home)
        if settings.api.enabled:
            asker = _asker(settings, sources, reconnecting)
            desk = stack.enter_context(open_desk(settings.memory_dir / "study")) if open_desk else None
            api = _api(settings, shared_state, home, asker, note_fallback(reconnecting), desk)
            stack.enter_context(serving(api, settings.api))
        _log.info("deciding for %s every %s with model %s", home.name, step, label)
        panel = control_panel(settings)
        actuator = stack.enter_context(driving(settings, home))
        evcc, live = _live_sources(settings, home, stack)
        parts = Parts(
            home,
            recall,
            journal,
            reconnecting.review if reconnecting else None,
            label,
            panel,
            shared_state,
            notes,
            actuator,
            live,
            battery_actuators=driving_each(settings, home, stack),
            advisor_id=advisor_id(settings.memory_dir),
            faults=lambda: faults_of(home, store, journal, panel, index=index, evcc=evcc),
            label_now=(lambda: reconnecting.label) if reconnecting else None,
            ask_prices=price_question(settings, home),
            ask_pv_forecast=pv_question(settings, home),
            note_fallback=note_fallback(reconnecting),
        )
        Service(settings, parts, stop).run()


def _stopped_by_signals() -> Event:
    """Set once the process is asked to end."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def open_index(path: Path, stack: ExitStack) -> MemoryIndex | None:
    """The index; None where it cannot be written, and days are compared one by one.

    Raises:
        MemoryFault: another process owns it.
    """
    try:
        return stack.enter_context(MemoryIndex(path))
    except NotWritable as err:
        _log.warning("%s; days are compared one by one", err)
        return None


def open_reader(journal: Journal, path: Path, stack: ExitStack) -> Journal:
    """A journal to read from; where it is not on disk, the one that is written."""
    try:
        return stack.enter_context(open_journal(path, read_only=True))
    except MemoryFault:
        return journal


def faults_of(
    home: Home,
    store: DayStore,
    journal: Journal,
    panel: ControlPanel,
    *,
    index: MemoryIndex | None,
    evcc: EvccRunner | None = None,
) -> dict[str, str]:
    """What is wrong with the parts of the memory now, and with evcc."""
    known = {
        "days": "; ".join(store.faults(home.name)),
        "journal": journal.fault,
        "controls": panel.fault,
        "evcc": evcc.problem if evcc else "",
        "index": index.fault if index else "the index cannot be written: days are compared one by one",
    }
    return {name: fault for name, fault in known.items() if fault}


def _model(settings: Settings, sources: Sources, notes: NoteBook, stack: ExitStack) -> ReconnectingReviewer | None:
    """The model that the settings name, looked for beside the service: by the wall clock no decision waits for it."""
    if settings.model.provider == "none":
        return None
    reconnecting = reconnecting_reviewer(settings, sources, notes)
    stack.callback(reconnecting.close)
    reconnecting.wait(0.0 if settings.service.clock == "wall" else settings.service.review_deadline_s)
    return reconnecting


def _asker(settings: Settings, sources: Sources, reconnecting: ReconnectingReviewer | None) -> Asker:
    """Who answers questions; in the background a year is summed up, so that the first question finds it ready."""
    asker = Asker(sources, lambda: interpreter_of(reconnecting))
    if settings.service.clock == "wall":
        Thread(target=asker.warm, args=(datetime.now(UTC),), name="warm", daemon=True).start()
    return asker


def reconnecting_reviewer(settings: Settings, sources: Sources, notes: NoteBook) -> ReconnectingReviewer:
    """The model that reviews plans, in the mode that the settings name, kept in memory from review to review."""
    model, deadline_s, every_s = settings.model, settings.service.review_deadline_s, None
    if settings.service.clock == "wall":
        every_s = settings.service.review_hours * 3600
        if model.keep_alive is None:
            model = model.model_copy(update={"keep_alive": until_next_review(settings.service.review_hours)})
    if model.mode == "brief":
        return ReconnectingReviewer(model, deadline_s, review_every_s=every_s)
    look = looker(sources, notes, settings.policy.max_regret_per_slot, deadline_s * _LOOKING_SHARE)
    return ReconnectingReviewer(model, deadline_s, make=partial(make_reviewer, look=look), review_every_s=every_s)


def interpreter_of(reconnecting: ReconnectingReviewer | None) -> Interpreter | None:
    """The model as a help with answers, while there is one; the packaged one is too small to word them."""
    model = reconnecting.model if reconnecting else None
    return Interpreter(model) if model is not None and model.provider != "embedded" else None


def note_fallback(reconnecting: ReconnectingReviewer | None) -> Fallback | None:
    """The model as a reader of notes that nothing else is sure of, where there is one."""
    return reader_by(lambda: reconnecting.model) if reconnecting else None


def driving(settings: Settings, home: Home) -> AbstractContextManager[Actuator | None]:
    """The direct way to the inverter, where the settings list entities for it.

    Raises:
        SettingsError: they do, and there is no token for Home Assistant.
    """
    if not settings.actuation.entities:
        return nullcontext()
    return Actuator(settings.actuation.above(home.battery), settings.homeassistant.address())


def driving_each(settings: Settings, home: Home, stack: ExitStack) -> dict[str, Actuator]:
    """The direct way to each of several batteries for which the settings list entities.

    Raises:
        SettingsError: they do, and there is no token for Home Assistant.
    """
    listed = {one: settings.batteries[one.name].actuation for one in home.batteries if one.name in settings.batteries}
    return {
        battery.name: stack.enter_context(Actuator(actuation.above(battery), settings.homeassistant.address()))
        for battery, actuation in listed.items()
        if actuation.entities
    }


def _live_sources(settings: Settings, home: Home, stack: ExitStack) -> tuple[EvccRunner | None, LiveStates | None]:
    """What brings the house's states beside MQTT itself: evcc's bridge at work, and Home Assistant's own states."""
    evcc = EvccRunner(home, settings.evcc, settings.mqtt.address) if settings.evcc is not None else None
    if evcc is not None:
        stack.enter_context(evcc)
    return evcc, stack.enter_context(following(settings, home))


def following(settings: Settings, home: Home) -> AbstractContextManager[LiveStates | None]:
    """Home Assistant's own states: where sensors are read from there, and behind topics of its statestream.

    Raises:
        SettingsError: they are read from there, and there is no token for Home Assistant.
    """
    sensors, batteries = MappedSensors(settings.sensors, home), settings.battery_sensors(home)
    followed, entities = sensors.followed | batteries.followed, sensors.entities | batteries.entities
    assistant = settings.homeassistant
    has_token = assistant.token is not None or assistant.token_file is not None
    if not followed or not (entities or has_token):
        return nullcontext()
    asks_forecast = bool(entities) and "pv_forecast" not in settings.sensors
    return LiveStates(assistant.address(), followed, forecast=asks_forecast)


def control_panel(settings: Settings) -> ControlPanel:
    """The household's controls as they were left, or as a first start begins."""
    begins = Controls(acting=settings.service.begins_by, reserve_soc=settings.policy.min_reserve_soc)
    return ControlPanel(settings.memory_dir / "controls.json", begins)


def _api(
    settings: Settings,
    shared_state: SharedServiceState,
    home: Home,
    asker: Asker,
    fallback: Fallback | None,
    desk: StudyDesk | None,
) -> ASGIApp:
    memory = settings.memory_dir
    source = ApiSource(
        shared_state=shared_state,
        journal=memory / "journal.sqlite",
        notes=notes_of(memory, home.name),
        asker=asker,
        pause=timedelta(minutes=settings.policy.min_minutes_between_commands),
        note_fallback=fallback,
        language=settings.service.language,
        remarks=settings.model.remarks,
    )
    keys = load_keys(settings.api, memory)
    return make_app(source, settings=settings.api, keys=keys, home=home.name, studies=desk)
