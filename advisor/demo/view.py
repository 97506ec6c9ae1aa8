"""The demo's terminal picture: flows, charge, price, the command in force and its reason."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from transport.topics import Topics

_BARS = " ▁▂▃▄▅▆▇█"
_COLUMNS = 48
_MODES = {
    "self_consumption": ("S", "green", "follow the house"),
    "hold": ("H", "yellow", "hold"),
    "charge": ("C", "bright_blue", "charge from the grid"),
    "discharge": ("D", "magenta", "sell"),
}
_LEGEND = tuple(_MODES[mode] for mode in ("self_consumption", "hold", "charge"))


@dataclass(slots=True)
class DayView:
    """What the messages of a home say about one day, ready to be drawn."""

    topics: Topics
    zone: ZoneInfo
    start: datetime
    length: timedelta
    currency: str
    top_price: float
    model: str = "none"
    now: datetime | None = None
    sensors: dict[str, float] = field(default_factory=dict)
    decision: dict[str, Any] = field(default_factory=dict)
    mode: str = "self_consumption"
    tracks: dict[str, list[float | None]] = field(default_factory=dict)
    modes: list[str | None] = field(default_factory=lambda: [None] * _COLUMNS)

    def update(self, topic: str, payload: bytes) -> bool:
        """Take in a message; true where the picture changed."""
        prefix = self.topics.sensor("")
        if topic == self.topics.decision:
            self.decision = orjson.loads(payload)
            self.mode = self.decision.get("mode") or self.mode
            self.model = self.decision.get("model", self.model)
            return True
        if topic == self.topics.clock:
            self.now = datetime.fromisoformat(orjson.loads(payload)["time"])
            self._draw_column()
            return True
        if topic.startswith(prefix):
            said = orjson.loads(payload) if payload.startswith(b"{") else {}
            if isinstance(said.get("value"), int | float):
                self.sensors[topic.removeprefix(prefix)] = said["value"]
        return False

    def _draw_column(self) -> None:
        """Keep the newest values for the part of the day that the clock has reached."""
        if self.now is None:
            return
        column = int((self.now - self.start) / self.length * _COLUMNS)
        if not 0 <= column < _COLUMNS:
            return
        for name in ("load_power", "pv_power", "battery_soc", "price_import"):
            self.tracks.setdefault(name, [None] * _COLUMNS)[column] = self.sensors.get(name)
        self.modes[column] = self.mode

    def __rich__(self) -> RenderableType:
        """The whole picture."""
        return Group(self._header(), self._flows(), self._day(), self._command())

    def _header(self) -> RenderableType:
        local = self.now.astimezone(self.zone) if self.now else self.start.astimezone(self.zone)
        line = Text.assemble(
            ("Energy Advisor", "bold"), f"  {self.topics.home}  ", (f"{local:%A %d %B %Y  %H:%M}", "bold cyan")
        )
        line.append(f"  model: {self.model}", style="dim")
        return line

    def _flows(self) -> RenderableType:
        soc = self.sensors.get("battery_soc", 0.0)
        table = Table.grid(expand=True, padding=(0, 2))
        for _ in range(5):
            table.add_column(ratio=1)
        grid, battery = self.sensors.get("grid_power", 0.0), self.sensors.get("battery_power", 0.0)
        table.add_row(
            _figure("sun", self.sensors.get("pv_power"), "kW", "yellow"),
            _figure("house", self.sensors.get("load_power"), "kW", "white"),
            _figure("from grid" if grid >= 0 else "to grid", abs(grid), "kW", "red" if grid > 0 else "green"),
            _figure("from battery" if battery >= 0 else "to battery", abs(battery), "kW", "magenta"),
            _figure("price", self.sensors.get("price_import"), self.currency, "cyan"),
        )
        bar = Table.grid(padding=(0, 1))
        bar.add_row("battery", ProgressBar(total=100, completed=soc, width=40), f"{soc:.0f} %")
        return Panel(Group(table, bar), title="now", title_align="left")

    def _day(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        rows = (("house", "load_power", "white"), ("sun", "pv_power", "yellow"))
        top_kw = max((value or 0 for _, name, _ in rows for value in self.tracks.get(name, [])), default=1) or 1
        for label, name, style in rows:
            table.add_row(label, _spark(self.tracks.get(name), style, top=top_kw), f"up to {top_kw:.1f} kW")
        table.add_row("price", _spark(self.tracks.get("price_import"), "cyan", top=self.top_price), self.currency)
        table.add_row("charge", _spark(self.tracks.get("battery_soc"), "magenta", top=100), "%")
        marks = Text()
        for mode in self.modes:
            letter, style, _ = _MODES.get(mode or "", ("·", "dim", ""))
            marks.append(letter, style=style)
        table.add_row("mode", marks, _legend())
        table.add_row("", self._hours(), "")
        return Panel(table, title="the day", title_align="left")

    def _hours(self) -> Text:
        """Local times under the tracks, at every quarter of what is played."""
        line = ""
        for quarter in range(4):
            moment = self.start.astimezone(self.zone) + quarter * self.length / 4
            line += f"{moment:%H:%M}".ljust(_COLUMNS // 4)
        return Text(line, style="dim")

    def _command(self) -> RenderableType:
        _, style, words = _MODES.get(self.mode, ("", "white", self.mode))
        said = self.decision
        lines: list[RenderableType] = [Text(words, style=f"bold {style}"), Text(said.get("reason", "no decision yet"))]
        near = said.get("similar_days") or []
        if near:
            lines.append(Text(f"similar days: {', '.join(day['day'] for day in near[:5])}", style="dim"))
        if rationale := (said.get("review") or {}).get("rationale"):
            lines.append(Text(f"the model says: {rationale}", style="italic dim"))
        return Panel(Group(*lines), title="in force", title_align="left", height=8)


def _legend() -> Text:
    return Text("  ").join(
        Text(letter, style=style) + Text(f" {words}", style="dim") for letter, style, words in _LEGEND
    )


def _figure(label: str, value: float | None, unit: str, style: str) -> Text:
    shown = "-" if value is None else f"{value:.2f}"
    return Text.assemble((f"{label}\n", "dim"), (f"{shown} ", f"bold {style}"), (unit, "dim"))


def _spark(values: list[float | None] | None, style: str, *, top: float) -> Text:
    """One row of bars; what has not happened yet is a dot."""
    if not values:
        return Text("·" * _COLUMNS, style="dim")
    text = Text()
    for value in values:
        if value is None:
            text.append("·", style="dim")
        else:
            text.append(_BARS[round(min(max(value / top, 0), 1) * (len(_BARS) - 1))], style=style)
    return text
