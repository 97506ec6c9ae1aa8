"""How a fleet stands: what waits, who lags, what was refused; as rows and as metrics for Prometheus."""

from collections.abc import Iterator
from typing import Any

from prometheus_client import start_http_server
from prometheus_client.core import REGISTRY, GaugeMetricFamily
from prometheus_client.registry import Collector

from fleet.streams import Redis, Shard, StreamError, registered


class FleetMetrics(Collector):
    """Asks Redis whenever Prometheus asks."""

    def __init__(self, shards: list[Shard]) -> None:
        self._shards = shards

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Lag, pending entries and counts by shard."""
        try:
            found = [shard.status() for shard in self._shards]
        except StreamError:
            found = []
        lag = GaugeMetricFamily("fleet_lag", "Entries that a group was not given yet", labels=["shard", "group"])
        pending = GaugeMetricFamily("fleet_pending", "Entries given and not done with", labels=["shard", "group"])
        counts = GaugeMetricFamily("fleet_counts", "What was counted since the start", labels=["shard", "what"])
        for one in found:
            for group, state in one["groups"].items():
                lag.add_metric([one["shard"], group], state["lag"])
                pending.add_metric([one["shard"], group], state["pending"])
            counted = one["counts"] | {"homes": one["homes"], "waiting": one["waiting"]}
            for what, number in (counted | {"refused": sum(one["refused"].values())}).items():
                counts.add_metric([one["shard"], what], number)
        yield from (lag, pending, counts)


def serve_metrics(redis: Redis, shards: list[str], port: int) -> None:
    """Answer Prometheus at `/metrics` on loopback, from a thread of its own."""
    REGISTRY.register(FleetMetrics([Shard(redis, name) for name in shards]))
    start_http_server(port, addr="127.0.0.1")


def fleet_status(redis: Redis, shards: list[str]) -> dict[str, Any]:
    """How each shard stands, and which entries of the register cannot be read."""
    return {
        "shards": [Shard(redis, name).status() for name in shards],
        "register": {"faults": registered(redis).faults},
    }
