"""A household for tests and pictures: a recorded home and its advisor, each a process to be started and stopped."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from advisor.demo.run import recording
from ingest.history.recorded import shipped_history
from knowledge.store import DayStore
from transport.mqtt import BrokerAddress

HOME = "citylearn-4"
DAY = date(2016, 12, 20)


@dataclass
class PlayedHousehold:
    """House and advisor as two processes of the real program, on one broker."""

    folder: Path
    broker: BrokerAddress
    speed: float = 180.0
    api_port: int | None = None
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def prepare(self, *, acting: str = "act") -> None:
        """Write the home's facts, what it will live through, its memory and the advisor's settings."""
        history = shipped_history(HOME)
        earlier = tuple(record for record in history.days if record.day < DAY)[-20:]
        # The store alone: the advisor makes its index from it, and no text model is loaded.
        DayStore(self.folder / "memory" / "days").append(HOME, earlier)
        recording(history, day=DAY, hours=24 * 7).to_json(self.folder / "recording.json")
        (self.folder / "home.json").write_text(history.home.model_dump_json(), encoding="utf-8")
        (self.folder / "advisor.toml").write_text(self._settings(acting), encoding="utf-8")

    def _settings(self, acting: str) -> str:
        return f"""\
home_file = "home.json"
memory_dir = "{self.folder / "memory"}"
[mqtt]
host = "{self.broker.host}"
port = {self.broker.port}
username = "{self.broker.username}"
[service]
clock = "house"
slot_minutes = 30
acting = "{acting}"
[model]
provider = "none"
[api]
enabled = {str(self.api_port is not None).lower()}
port = {self.api_port or 0}
"""

    def start(self, who: str) -> None:
        """Start `advisor` or `house`."""
        commands = {
            "advisor": ["advisor", "run", "--config", str(self.folder / "advisor.toml")],
            "house": [
                *("simulator", "--recording", str(self.folder / "recording.json"), "--broker", str(self.broker)),
                *("--speed", str(self.speed), "--no-lockstep", "--soc", "0.3", "--step-minutes", "5"),
                *("--record", str(self.folder / "played.jsonl")),
            ],
        }
        login = {"ADVISOR_MQTT__PASSWORD": self.broker.password, "ADVISOR_MQTT__USERNAME": self.broker.username}
        secrets = {name: value for name, value in login.items() if value is not None}
        command = [sys.executable, "-m", *commands[who]]
        with (self.folder / f"{who}.log").open("ab") as log:
            self.running[who] = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | secrets)  # noqa: S603 (ours)

    def stop(self, who: str) -> None:
        """End one of the two, as a user would."""
        process = self.running.pop(who)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self) -> None:
        """End whatever runs."""
        for who in list(self.running):
            self.stop(who)

    def log(self, who: str) -> str:
        """What one of the two said."""
        return (self.folder / f"{who}.log").read_text(encoding="utf-8")

    def played(self) -> list[dict[str, object]]:
        """Every step that the house has lived."""
        return [json.loads(line) for line in (self.folder / "played.jsonl").read_text(encoding="utf-8").splitlines()]
