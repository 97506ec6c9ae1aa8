"""A stand-in for evcc: its HTTP API as publicly described, with a small house behind it, and its faults."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from devtools.serving import serving


@dataclass
class EvccStandIn:
    """What it shows, what it was asked, and how it misbehaves."""

    home_w: float = 400.0
    pv_w: float = 0.0
    battery_kwh: float = 5.0
    capacity_kwh: float = 10.0
    battery_mode: str = "unknown"
    car_soc: float = 30.0
    car_kwh: float = 50.0
    connected: bool = True
    mode: str = "pv"
    max_a: float = 16.0
    plan_soc: float = 80.0
    plan_time: datetime | None = None
    old_words: bool = False
    wrapped: bool = True
    status: int = 200
    body: bytes | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    battery_w: float = 0.0
    grid_w: float = 400.0
    car_w: float = 0.0
    into_car_kwh: float = 0.0
    url: str = ""

    def state(self) -> dict[str, Any]:
        """What `GET /api/state` shows, in old or new words."""
        soc = 100 * self.battery_kwh / self.capacity_kwh
        site: dict[str, Any] = {"homePower": self.home_w, "pvPower": self.pv_w, "batteryMode": self.battery_mode}
        if self.old_words:
            site |= {"gridPower": self.grid_w, "batteryPower": self.battery_w, "batterySoc": soc, "battery": []}
        else:
            site |= {"grid": {"power": self.grid_w}, "battery": {"power": self.battery_w, "soc": soc}}
        plan = self.plan_time.isoformat() if self.plan_time else "0001-01-01T00:00:00Z"
        loadpoint = {
            "title": "Garage",
            "chargePower": self.car_w,
            "connected": self.connected,
            "charging": self.car_w > 0,
            "mode": self.mode,
            "vehicleName": "db:1",
            "vehicleSoc": self.car_soc,
            "effectivePlanTime": plan,
            "effectivePlanSoc": self.plan_soc if self.plan_time else 0,
            "effectiveLimitSoc": 100,
            "phasesActive": 1,
            "newField": {"of": "a later version"},
        }
        return site | {"loadpoints": [loadpoint], "vehicles": {"db:1": {"title": "Car", "capacity": self.car_kwh}}}

    def advance(self, hours: float) -> None:
        """Let the house live: the car by its mode, the battery by its mode, the grid brings the rest."""
        surplus_w = max(self.pv_w - self.home_w, 0.0)
        wanted_w = {"now": 230 * self.max_a, "pv": surplus_w if surplus_w > 1400 else 0.0}.get(self.mode, 0.0)
        full = self.car_soc >= self.plan_soc
        self.car_w = wanted_w if self.connected and not full else 0.0
        self.car_soc = min(self.car_soc + self.car_w * hours / 10 / self.car_kwh, 100.0)
        balance_w = self.home_w + self.car_w - self.pv_w
        least_w = -3000.0 * (self.battery_kwh < self.capacity_kwh)
        most_w = 3000.0 * (self.battery_kwh > 1.0) * (self.battery_mode != "hold")
        self.battery_w = least_w if self.battery_mode == "charge" else min(max(balance_w, least_w), most_w)
        self.battery_kwh = min(max(self.battery_kwh - self.battery_w * hours / 1000, 0.0), self.capacity_kwh)
        self.grid_w = balance_w - self.battery_w
        need_w = max(self.home_w - self.pv_w, 0.0)
        self.into_car_kwh += max(self.battery_w - need_w, 0.0) * (self.car_w > 0) * hours / 1000

    def answer(self, method: str, path: str) -> tuple[int, bytes]:
        """Status and body of a request."""
        if path != "/api/state":
            self.asked.append((method, path.removeprefix("/api")))
        if self.status != 200:
            return self.status, b"no"
        if self.body is not None:
            return 200, self.body
        match (method, *path.split("/")[2:]):
            case ("GET", "state"):
                return 200, json.dumps({"result": self.state()} if self.wrapped else self.state()).encode()
            case ("POST", "batterymode", ("normal" | "hold" | "charge") as mode):
                self.battery_mode = mode
            case ("DELETE", "batterymode"):
                self.battery_mode = "normal"
            case ("POST", "loadpoints", "1", "mode", ("off" | "pv" | "minpv" | "now") as mode):
                self.mode = mode
            case ("POST", "loadpoints", "1", "maxcurrent", current):
                self.max_a = float(current)
            case _:
                return 404, b"404 page not found"
        return 200, b'{"result": 1}'


@contextmanager
def evcc_standing_in() -> Iterator[EvccStandIn]:
    """One on a free port, for the time of the block."""
    stand_in = EvccStandIn()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            status, body = stand_in.answer(self.command, self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 (the server's names)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        with serving(server):
            yield stand_in
