"""The demo's terminal picture: flows, charge, price, the command in force and its reason."""

from collections.abc import Mapping
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

from advisor.demo.words import TEXTS
from advisor.spoken_figures import decimal, long_moment
from agent.decision.constraint_words import Language
from agent.decision.wording.reason_words import days_in_words
from agent.views.palette import PALETTE, Meaning
from transport.topics import Topics

_BARS = " ▁▂▃▄▅▆▇█"
_COLUMNS = 48
# The modes, and the letter that each language has for them.
_MODES: tuple[Meaning, ...] = ("self_consumption", "hold", "charge", "discharge")
_LETTERS: dict[Language, Mapping[str, str]] = {
    "en": dict(zip(_MODES, "SHCD", strict=True)),
    "es": dict(zip(_MODES, "ARCV", strict=True)),
}
# A terminal is taken to be dark; rich finds the nearest colour that it has.
_TONES = {meaning: tone.dark for meaning, tone in PALETTE.items()}


def _tone(mode: str | None, otherwise: str) -> str:
    return next((_TONES[one] for one in _MODES if one == mode), otherwise)


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
    language: Language = "en"
    is_example: bool = False
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
            reading = orjson.loads(payload) if payload.startswith(b"{") else {}
            if isinstance(reading.get("value"), int | float):
                self.sensors[topic.removeprefix(prefix)] = reading["value"]
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

    @property
    def _texts(self) -> Mapping[str, str]:
        return TEXTS[self.language]

    def _header(self) -> RenderableType:
        local = (self.now or self.start).astimezone(self.zone)
        line = Text.assemble(("Energy Advisor", "bold"), f"  {self.topics.home}")
        model = self._texts["no_model_here"] if self.model == "none" else f"{self._texts['model']}: {self.model}"
        line.append(f"  {model}", style="dim")
        when = Text(long_moment(local, self.language), style="bold")
        return Group(
            line, when.append(f"  ({self._texts['example']})" if self.is_example else "", style="dim not bold")
        )

    def _flows(self) -> RenderableType:
        texts, sensors = self._texts, self.sensors
        soc = sensors.get("battery_soc", 0.0)
        table = Table.grid(expand=True, padding=(0, 1))
        for _ in range(5):
            table.add_column(ratio=1)
        grid, battery = sensors.get("grid_power", 0.0), sensors.get("battery_power", 0.0)
        table.add_row(
            self._figure("solar", sensors.get("pv_power"), "kW", "solar"),
            self._figure("house", sensors.get("load_power"), "kW", "load"),
            self._figure("from_grid" if grid >= 0 else "to_grid", abs(grid), "kW", "grid"),
            self._figure("from_battery" if battery >= 0 else "to_battery", abs(battery), "kW", "battery"),
            self._figure("price", sensors.get("price_import"), self.currency, "price"),
        )
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            texts["battery"],
            ProgressBar(total=100, completed=soc, width=40, complete_style=_TONES["battery"]),
            f"{soc:.0f} %",
        )
        return Panel(Group(table, bar), title=texts["now"], title_align="left")

    def _day(self) -> RenderableType:
        texts = self._texts
        table = Table.grid(padding=(0, 1))
        rows: tuple[tuple[str, Meaning], ...] = (("load_power", "load"), ("pv_power", "solar"))
        top_kw = max((value or 0 for name, _ in rows for value in self.tracks.get(name, [])), default=1) or 1
        limit = texts["up_to"].format(power=decimal(top_kw, 1, self.language))
        for (name, tone), label in zip(rows, ("house", "solar"), strict=True):
            table.add_row(texts[label], _spark(self.tracks.get(name), _TONES[tone], top=top_kw), limit)
        prices = _spark(self.tracks.get("price_import"), _TONES["price"], top=self.top_price)
        table.add_row(texts["price"], prices, self.currency)
        table.add_row(texts["level"], _spark(self.tracks.get("battery_soc"), _TONES["battery"], top=100), "%")
        marks = Text()
        for mode in self.modes:
            marks.append(_LETTERS[self.language].get(mode or "", "·"), style=_tone(mode, "dim"))
        table.add_row(texts["mode"], marks, "")
        table.add_row("", self._hours(), "")
        return Panel(Group(table, self._legend()), title=texts["day"], title_align="left")

    def _hours(self) -> Text:
        """Local times under the tracks, at every quarter of what is played."""
        line = ""
        for quarter in range(4):
            moment = self.start.astimezone(self.zone) + quarter * self.length / 4
            line += f"{moment:%H:%M}".ljust(_COLUMNS // 4)
        return Text(line, style="dim")

    def _legend(self) -> Text:
        """What the letters of the modes mean; selling only where it was done."""
        shown = [mode for mode in _MODES if mode != "discharge" or mode in self.modes]
        return Text("  ").join(
            Text(_LETTERS[self.language][mode], style=_TONES[mode]) + Text(f" {self._texts[mode]}", style="dim")
            for mode in shown
        )

    def _command(self) -> RenderableType:
        texts, decision = self._texts, self.decision
        lines: list[RenderableType] = [
            Text(texts.get(self.mode, self.mode), style=f"bold {_tone(self.mode, 'white')}"),
            Text(decision.get("reason", texts["no_decision"])),
        ]
        near = decision.get("similar_days") or []
        if near:
            days = days_in_words([day["day"] for day in near[:3]], self.language)
            lines.append(Text(texts["similar_days"].format(days=days), style="dim"))
        if rationale := (decision.get("review") or {}).get("rationale"):
            lines.append(Text(texts["model_says"].format(text=rationale), style="italic dim"))
        return Panel(Group(*lines), title=texts["in_force"], title_align="left", height=9)

    def _figure(self, label: str, value: float | None, unit: str, tone: Meaning) -> Text:
        shown = "-" if value is None else decimal(value, 2, self.language)
        return Text.assemble((f"{self._texts[label]}\n", "dim"), (f"{shown} ", f"bold {_TONES[tone]}"), (unit, "dim"))


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
