"""A whole house as processes: a real Mosquitto, the real simulator and the real advisor, to be killed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from devtools.chaos.house import HOME, unsafe
from devtools.homeassistant_stand_in import FIRST_FOLLOWER, TOKEN
from energy.errors import SettingsError, TransportError
from ingest.history.recorded import shipped_history
from ingest.history.table import History
from transport.mqtt import BrokerAddress, Message, MqttLink
from transport.topics import Topics

_HOME = "citylearn-4"
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


@dataclass
class Seen:
    """What the listener has seen on the broker."""

    decisions: int = 0
    published: int = 0
    unsafe: list[str] = field(default_factory=list)
    last_s: float = field(default_factory=time.monotonic)
    longest_s: float = 0.0


class Estate:
    """Starts, kills and revives its parts; every process is one that it started itself."""

    parts: tuple[str, ...] = ("broker", "advisor", "house")

    def __init__(self, folder: Path, *, slow: float = 1.0, hours: int = 72) -> None:
        self.folder, self.slow = folder, slow
        program = shutil.which("mosquitto", path=_PATH)
        if program is None:
            raise SettingsError("mosquitto is not installed: apt-get install mosquitto")
        self._mosquitto, self._hours = program, hours
        self.port = _free_port()
        self.address = BrokerAddress("127.0.0.1", self.port)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.seen = Seen()
        self.topics = Topics(_HOME)
        self._link: MqttLink | None = None
        self._home = HOME

    def prepare(self, history: History | None = None) -> None:
        """Files for all parts: settings, facts, and what the house plays."""
        from advisor.demo.run import DAY, recording  # noqa: PLC0415 (it brings the whole demo)

        known = history or shipped_history(_HOME)
        self._home = known.home
        self._write_files(
            '[service]\nclock = "house"\nslot_minutes = 30\ngrace_s = 0.5\n[model]\nprovider = "none"\n',
        )
        recording(known, day=DAY, hours=self._hours).to_json(self.folder / "recording.json")

    def _write_files(self, settings: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "home.json").write_text(self._home.model_dump_json(), encoding="utf-8")
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmessage_size_limit 262144\n", encoding="utf-8"
        )
        (self.folder / "advisor.toml").write_text(
            f'home_file = "home.json"\nmemory_dir = "{self.folder / "memory"}"\n'
            f'[mqtt]\nhost = "127.0.0.1"\nport = {self.port}\n[api]\nenabled = false\n{settings}',
            encoding="utf-8",
        )

    def start(self, part: str) -> None:
        """Start a part that is not running."""
        with (self.folder / f"{part}.log").open("ab") as log:
            self.running[part] = subprocess.Popen(self._command(part), stdout=log, stderr=log)  # noqa: S603 (ours)
        if part == "broker":
            self._await_port()

    def _command(self, part: str) -> list[str]:
        return {
            "broker": [self._mosquitto, "-c", str(self.folder / "mosquitto.conf")],
            "advisor": [sys.executable, "-m", "advisor", "run", "--config", str(self.folder / "advisor.toml")],
            "house": [
                *(sys.executable, "-m", "simulator", "--recording", str(self.folder / "recording.json")),
                *("--broker", str(self.address), "--slot-minutes", "30", "--patience-s", "5", "--soc", "0.5"),
            ],
        }[part]

    def kill(self, part: str) -> None:
        """End a part with signal 9."""
        process = self.running.pop(part, None)
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def stop_all(self) -> None:
        """End what is still running, and the listener."""
        if self._link is not None:
            self._link.__exit__(None, None, None)
        for part in list(self.running):
            self.kill(part)

    def listen(self) -> None:
        """See what is published; the connection mends itself."""
        link = MqttLink(self.address, "chaos-listener")
        link.__enter__()
        link.subscribe(self.topics.decision, self.topics.command)
        self._link = link

    def watch(self, seconds: float, *, until_command: bool = False) -> float | None:
        """Look for a while; how long the next command took, or None where none came."""
        began, known = time.monotonic(), self.seen.published
        while (passed := time.monotonic() - began) < seconds:
            self._keep_going()
            message = self._link.receive(0.1) if self._link is not None else None
            if message is not None and not message.retained:
                self._take(message)
            if until_command and self.seen.published > known and self._is_whole():
                return passed
        return None

    def _take(self, message: Message) -> None:
        now_s = time.monotonic()
        if message.topic == self.topics.command:
            self.seen.published += 1
            self.seen.longest_s = max(self.seen.longest_s, now_s - self.seen.last_s)
            self.seen.last_s = now_s
            if fault := unsafe(message.payload, self._home):
                self.seen.unsafe.append(fault)
        elif message.topic == self.topics.decision:
            self.seen.decisions += json.loads(message.payload).get("outcome") == "published"

    def _is_whole(self) -> bool:
        return True

    def _keep_going(self) -> None:
        """A house that has played all it had begins again."""
        for part, process in list(self.running.items()):
            if process.poll() is not None and part == "house":
                self.start("house")
            elif process.poll() is not None:
                log = (self.folder / f"{part}.log").read_text(encoding="utf-8", errors="replace")
                raise TransportError(f"the {part} ended by itself: {log[-500:]}")

    def _await_port(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise TransportError(f"mosquitto did not open port {self.port}: see {self.folder / 'broker.log'}")


class AssistantEstate(Estate):
    """The same advisor on the wall clock, with its sensors from Home Assistant and reviews by a model's server.

    Both of these are stand-ins in processes of their own. A decision is asked for every second.
    """

    parts = ("broker", "homeassistant", "model", "advisor")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._homeassistant_port, self._model_port = _free_port(), _free_port()
        self._wished_s, self._homeassistant_starts = 0.0, 0

    def prepare(self, history: History | None = None) -> None:
        """Files for all parts."""
        self._home = (history or shipped_history(_HOME)).home
        sensors = "".join(
            f'[sensors.{role}]\nentity = "sensor.{name}"\n'
            for role, name in (("pv_power", "pv"), ("load_power", "load"), ("battery_soc", "soc"))
        )
        self._write_files(
            '[service]\nclock = "wall"\nacting = "act"\ngrace_s = 0.5\nreview_deadline_s = 5\n'
            "[policy]\nmin_minutes_between_commands = 0\n"
            f'[model]\nprovider = "ollama"\nname = "m"\nreviews = "always"\n'
            f'base_url = "http://127.0.0.1:{self._model_port}"\n'
            f'[homeassistant]\nurl = "http://127.0.0.1:{self._homeassistant_port}"\ntoken = "{TOKEN}"\n{sensors}'
        )

    def _command(self, part: str) -> list[str]:
        ports = {"homeassistant": self._homeassistant_port, "model": self._model_port}
        if part not in ports:
            return super()._command(part)
        name = {"homeassistant": "homeassistant_stand_in", "model": "ollama_stand_in"}[part]
        return [sys.executable, "-m", f"devtools.{name}", "--port", str(ports[part])]

    def start(self, part: str) -> None:
        """Start a part that is not running."""
        super().start(part)
        self._homeassistant_starts += part == "homeassistant"

    def _is_whole(self) -> bool:
        """Whether the states are followed again since Home Assistant's last start."""
        log = (self.folder / "homeassistant.log").read_text(encoding="utf-8")
        return log.count(FIRST_FOLLOWER) >= self._homeassistant_starts

    def _keep_going(self) -> None:
        super()._keep_going()
        if self._link is not None and time.monotonic() - self._wished_s > 1:
            self._wished_s = time.monotonic()
            self._link.publish(self.topics.control_set("decide_now"), "PRESS")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
