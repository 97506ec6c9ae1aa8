"""A server that speaks Home Assistant's WebSocket, with the states and statistics that it was given."""

import argparse
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from devtools.serving import serving
from ingest.homeassistant.client import HomeAssistantAddress

TOKEN = "eyJ-a-token-nobody-may-see"  # noqa: S105 (of the stand-in)
FIRST_FOLLOWER = "somebody follows the states"
SILENT = logging.getLogger("homeassistant.stand_in")
SILENT.disabled = True
_PERIODS = {"5minute": timedelta(minutes=5), "hour": timedelta(hours=1), "month": timedelta(days=31)}


@dataclass
class HomeAssistantStandIn:
    """What it knows, and what it was asked."""

    url: str = ""
    statistics: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    units: dict[str, tuple[str, str]] = field(default_factory=dict)
    preferences: dict[str, Any] | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    deaf_to: str = ""
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    followers: list[tuple[ServerConnection, int]] = field(default_factory=list)

    def push(self, **event: Any) -> None:
        """Tell everybody who subscribed to entities."""
        for socket, number in self.followers:
            with suppress(ConnectionClosed):
                socket.send(json.dumps({"type": "event", "id": number, "event": event}))

    def hang_up(self) -> None:
        """Close every subscriber's connection, as a restart does."""
        followers, self.followers = self.followers, []
        for socket, _ in followers:
            socket.close()

    @property
    def address(self) -> HomeAssistantAddress:
        """Where it is, with its token."""
        return HomeAssistantAddress(self.url, TOKEN)

    def know(
        self, name: str, start: datetime, values: list[float | None], *, period: str = "hour", unit: str = "kWh"
    ) -> None:
        """Statistics of consecutive periods; None leaves one out. Energies are running totals, other units means."""
        energy = unit.endswith("Wh")
        self.units[name] = ("energy" if energy else "temperature" if unit.startswith("°") else "power", unit)
        kind = "sum" if energy else "mean"
        rows = [
            {"start": int((start + at * _PERIODS[period]).timestamp() * 1000), "end": 0, kind: value}
            for at, value in enumerate(values)
            if value is not None
        ]
        self.statistics.setdefault((name, period), []).extend(rows)

    def serve(self, socket: ServerConnection) -> None:
        """Answer one connection until it ends."""
        socket.send(json.dumps({"type": "auth_required", "ha_version": "2026.1.0"}))
        if json.loads(socket.recv())["access_token"] != TOKEN:
            socket.send(json.dumps({"type": "auth_invalid", "message": "Invalid access token or password"}))
            return
        socket.send(json.dumps({"type": "auth_ok", "ha_version": "2026.1.0"}))
        while True:
            try:
                asked = json.loads(socket.recv())
            except ConnectionClosed:
                return
            self.asked.append(asked)
            if asked["type"] != self.deaf_to:
                socket.send(json.dumps({"type": "event", "id": asked["id"], "event": {}}))
                socket.send(json.dumps({"type": "result", "id": asked["id"], **self._answer(asked)}))
            if asked["type"] == "subscribe_entities":
                known = {name: row for name, row in self.states.items() if name in asked["entity_ids"]}
                self.followers.append((socket, asked["id"]))
                socket.send(json.dumps({"type": "event", "id": asked["id"], "event": {"a": known}}))

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        match asked["type"]:
            case "recorder/statistics_during_period":
                return {"success": True, "result": self._rows(asked)}
            case "recorder/list_statistic_ids":
                return {
                    "success": True,
                    "result": [
                        {
                            "statistic_id": name,
                            "has_sum": kind == "energy",
                            "has_mean": kind != "energy",
                            "unit_class": kind,
                            "statistics_unit_of_measurement": unit,
                        }
                        for name, (kind, unit) in self.units.items()
                    ],
                }
            case "energy/get_prefs" if self.preferences is not None:
                return {"success": True, "result": self.preferences}
            case "energy/get_prefs":
                return {"success": False, "error": {"code": "not_found", "message": "No prefs"}}
            case kind if kind in self.answers or kind in {"subscribe_entities", "ping"}:
                return {"success": True, "result": self.answers.get(kind)}
            case _:
                return {"success": False, "error": {"code": "unknown_command", "message": "Unknown command."}}

    def _rows(self, asked: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
        start, end = (datetime.fromisoformat(asked[key]).timestamp() * 1000 for key in ("start_time", "end_time"))
        period = "hour" if asked["period"] == "month" else asked["period"]
        found = {
            name: [row for row in self.statistics.get((name, period), []) if start <= row["start"] < end]
            for name in asked["statistic_ids"]
        }
        return {name: rows for name, rows in found.items() if rows}


@contextmanager
def homeassistant_standing_in(port: int = 0) -> Iterator[HomeAssistantStandIn]:
    """One on a port, for the time of the block."""
    stand_in = HomeAssistantStandIn()
    with serve(stand_in.serve, "127.0.0.1", port, logger=SILENT) as server:
        stand_in.url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        with serving(server):
            yield stand_in


def main() -> None:
    """Publish a house in order, a state a second, until the process ends."""
    parser = argparse.ArgumentParser(prog="python -m devtools.homeassistant_stand_in", description=main.__doc__)
    parser.add_argument("--port", type=int, required=True)
    with homeassistant_standing_in(parser.parse_args().port) as stand_in:
        followed = False
        while True:
            now = datetime.now(UTC)
            values = {"sensor.pv": (500, "W"), "sensor.load": (600 + now.second, "W"), "sensor.soc": (50, "%")}
            stand_in.states = {
                name: {"s": str(value), "a": {"unit_of_measurement": unit}, "lc": now.timestamp(), "c": "x"}
                for name, (value, unit) in values.items()
            }
            if stand_in.followers and not followed:
                followed = True
                print(FIRST_FOLLOWER, flush=True)  # noqa: T201 (for who started this process)
            stand_in.push(a=stand_in.states)
            time.sleep(1)


if __name__ == "__main__":
    main()
