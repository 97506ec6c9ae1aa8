"""The service's figures for Prometheus, read from its state when they are asked for."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from agent.views.service_state import ServiceCounters, ServiceState, SharedServiceState
from agent.views.status import health
from energy.commands import Mode

Family = CounterMetricFamily | GaugeMetricFamily
_SENSORS = {
    "load_power": ("load_kilowatts", "Power of the house's loads."),
    "pv_power": ("pv_kilowatts", "Power of the panels."),
    "grid_power": ("grid_kilowatts", "Power from the grid; negative when exporting."),
    "battery_power": ("battery_kilowatts", "Power from the battery; negative when charging."),
    "battery_soc": ("battery_charge_ratio", "Charge of the battery, 0 to 1."),
}


class Figures(Collector):
    """Collects from the service state."""

    def __init__(self, shared_state: SharedServiceState) -> None:
        self._shared_state = shared_state
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """All figures in the text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Family]:
        """The families of the newest state."""
        shown = self._shared_state.shown
        yield _gauge("up", "Whether decisions come, and commands with them.", float(health(shown).ok))
        if shown is not None:
            yield from _work(shown.tally)
            yield from _house(shown)
            yield from _newest(shown)
            yield CounterMetricFamily(
                "energy_advisor_faults", "Faults of its own that the advisor has survived.", value=shown.caught
            )


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"energy_advisor_{name}", text, value=value)


def _work(tally: ServiceCounters) -> Iterator[Family]:
    decisions = CounterMetricFamily("energy_advisor_decisions", "Decisions since the start.", labels=["outcome"])
    decisions.add_metric(["published"], tally.published)
    decisions.add_metric(["advised"], tally.advised)
    decisions.add_metric(["no_command"], tally.no_command)
    yield decisions
    reviews = CounterMetricFamily("energy_advisor_reviews", "Reviews by the model since the start.", labels=["outcome"])
    for outcome, count in tally.reviews.items():
        reviews.add_metric([outcome], count)
    yield reviews
    yield CounterMetricFamily("energy_advisor_decision_seconds", "Time that decisions took.", value=tally.decision_s)


def _house(shown: ServiceState) -> Iterator[Family]:
    for role, (name, text) in _SENSORS.items():
        for known, reading in shown.readings.items():
            if known == role:
                yield _gauge(name, text, reading.value)
    yield _gauge("sensor_complaints", "Sensors whose last message was not believed.", len(shown.complaints))


def _newest(shown: ServiceState) -> Iterator[Family]:
    decision = shown.decision
    if decision is None:
        return
    if shown.now is not None:
        age_s = (shown.now - decision.at).total_seconds()
        yield _gauge("decision_age_seconds", "Time since the newest decision.", age_s)
    mode = GaugeMetricFamily("energy_advisor_mode", "1 for the mode of the newest command.", labels=["mode"])
    for known in Mode:
        mode.add_metric([known.value], float(decision.command is not None and decision.command.mode is known))
    yield mode
    yield _gauge(
        "stored_kilowatthour_worth", "Worth of one more stored kWh, in the home's currency.", decision.worth_per_kwh
    )
