"""Driving the inverter through Home Assistant's own actions: listed entities only, written, read back and watched."""

import logging
from collections.abc import Mapping
from queue import Empty, Queue
from threading import Event, Thread
from time import monotonic
from typing import Any, Self

from agent.decision.inverter_mapping import Actuation
from agent.decision.read_back import ReadBack
from energy.commands import BatteryCommand
from energy.errors import AdvisorError
from ingest.homeassistant.client import HomeAssistant, HomeAssistantAddress

_log = logging.getLogger(__name__)

_NUMBERS, _SELECTS, _SWITCHES = ("number", "input_number"), ("select", "input_select"), ("switch", "input_boolean")
_GLANCE_S = 1.0


class Actuator:
    """Writes and watches in a thread of its own, so that no decision waits for Home Assistant.

    What the entities show is left in `reports`: after a command, and whenever somebody changed one. At the end of its
    `with` block, entities that still stand as it left them return to self-consumption.
    """

    def __init__(self, actuation: Actuation, address: HomeAssistantAddress) -> None:
        self.reports: Queue[ReadBack] = Queue()
        self._actuation = actuation
        self._address = address
        self._orders: Queue[tuple[str, dict[str, str]]] = Queue()
        self._stop = Event()
        self._last: dict[str, str] = {}
        self._wrote: dict[str, str] = {}
        self._unreachable = False
        self._thread = Thread(target=self._work, name="actuator", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join(2 * _GLANCE_S + self._actuation.settle_s)

    def apply(self, decision_id: str, command: BatteryCommand | None) -> None:
        """Have a command's positions written; a later one overtakes what still waits."""
        self._orders.put((decision_id, self._actuation.wanted(command)))

    def _work(self) -> None:
        looked_s = 0.0
        while not self._stop.is_set():
            order = self._next_order()
            if order is None and monotonic() - looked_s < self._actuation.watch_s:
                continue
            looked_s = monotonic()
            try:
                with HomeAssistant(self._address) as assistant:
                    self._serve(assistant, order)
            except AdvisorError as err:
                self._fail(order, str(err))
            else:
                self._unreachable = False
        self._let_go()

    def _let_go(self) -> None:
        if not self._wrote:
            return
        try:
            with HomeAssistant(self._address) as assistant:
                shown = self._shown(assistant)
                for entity, value in self._actuation.wanted(None).items():
                    if entity in self._wrote and _shows(shown.get(entity), self._wrote[entity]):
                        _write(assistant, entity, value)
        except AdvisorError as err:
            _log.warning("the inverter stays as it is: %s", err)

    def _next_order(self) -> tuple[str, dict[str, str]] | None:
        try:
            order = self._orders.get(timeout=_GLANCE_S)
            while not self._orders.empty():
                order = self._orders.get_nowait()
        except Empty:
            return None
        return order

    def _serve(self, assistant: HomeAssistant, order: tuple[str, dict[str, str]] | None) -> None:
        if order is None:
            shown = self._shown(assistant)
            if shown != self._last:
                self.reports.put(ReadBack(shown=shown))
        else:
            decision_id, wanted = order
            shown = self._obey(assistant, wanted)
            self._wrote.update(wanted)
            self.reports.put(ReadBack(decision_id=decision_id, wanted=wanted, shown=shown))
        self._last = shown

    def _obey(self, assistant: HomeAssistant, wanted: Mapping[str, str]) -> dict[str, str]:
        """Write what differs and wait until it shows; what it shows in the end."""
        shown = self._shown(assistant)
        for entity, value in wanted.items():
            if not _shows(shown.get(entity), value):
                _write(assistant, entity, value)
        deadline = monotonic() + self._actuation.settle_s
        while monotonic() < deadline and not self._stop.is_set():
            shown = self._shown(assistant)
            if all(_shows(shown.get(entity), value) for entity, value in wanted.items()):
                break
            self._stop.wait(_GLANCE_S / 2)
        return shown

    def _shown(self, assistant: HomeAssistant) -> dict[str, str]:
        states = assistant.states()
        return {entity: states[entity].state for entity in self._actuation.entities if entity in states}

    def _fail(self, order: tuple[str, dict[str, str]] | None, problem: str) -> None:
        if not self._unreachable:
            _log.warning("the inverter cannot be driven: %s", problem)
        self._unreachable = True
        if order is not None:
            self.reports.put(ReadBack(decision_id=order[0], wanted=order[1], shown={}))


def _write(assistant: HomeAssistant, entity: str, value: str) -> None:
    domain = entity.split(".", maxsplit=1)[0]
    data: dict[str, Any] = {}
    if domain in _NUMBERS:
        service, data = "set_value", {"value": float(value)}
    elif domain in _SELECTS:
        service, data = "select_option", {"option": value}
    else:
        service = f"turn_{value}"
    target: dict[str, Any] = {"entity_id": entity}
    try:
        assistant.command("call_service", domain=domain, service=service, service_data=data, target=target)
    except AdvisorError as err:
        # The others are still written; what this one shows in the end says that it did not follow.
        _log.warning("%s is not set to %r: %s", entity, value, err)


def _shows(state: str | None, wanted: str) -> bool:
    if state is None:
        return False
    try:
        return abs(float(state) - float(wanted)) < 1e-6
    except ValueError:
        return state == wanted
