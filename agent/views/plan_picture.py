"""The plan ahead as a small drawing: charge, price and modes over the next day, for light and dark alike."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.decision.constraint_words import Language
from agent.views.palette import PALETTE, Meaning
from agent.views.schemas import PlanSlot, PlanView

_WIDTH, _LEFT, _RIGHT = 480, 46, 16
_TOP, _FLOOR, _STRIP = 28, 172, 16
_HOURS = 24
_MODES: tuple[Meaning, ...] = ("self_consumption", "hold", "charge", "discharge")


class _Texts(NamedTuple):
    modes: tuple[str, str, str, str]
    price: str
    level: str
    no_plan: str


_TEXTS: dict[Language, _Texts] = {
    "en": _Texts(
        ("self-consumption", "hold", "charge", "sell"), "price, up to {high:.2f}", "battery level", "no plan now"
    ),
    "es": _Texts(
        ("autoconsumo", "reserva", "cargar", "vender"), "precio, hasta {high:.2f}", "nivel de batería", "ahora sin plan"
    ),
}
_LEGEND_X = (_LEFT, 188, 270, 360)
_INK = "#8a8f98"
_PRICE, _LEVEL = PALETTE["price"].mid, PALETTE["battery"].mid
_COLOURS: dict[str, str] = {mode: PALETTE[mode].mid for mode in _MODES}


def draw_plan(plan: PlanView | None, zone: ZoneInfo, language: Language = "en") -> str:
    """An SVG of 480 by 240: the charge as an area, the price as a line, the modes as a strip below.

    Without a plan it says that there is none.
    """
    texts = _TEXTS[language]
    if plan is None or not plan.slots:
        return _svg(f'<text x="{_WIDTH / 2}" y="110" text-anchor="middle" font-size="15">{texts.no_plan}</text>')
    slots = [slot for slot in plan.slots if slot.start < plan.slots[0].start + timedelta(hours=_HOURS)]
    curves = _price(slots, texts.price), _charge(slots, plan.start_soc, texts.level)
    return _svg("".join((_grid(slots, zone), *curves, _modes(slots), _legend(texts.modes))))


def _svg(inside: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} 240" '
        f'font-family="Roboto, system-ui, sans-serif" font-size="12" fill="{_INK}">{inside}</svg>'
    )


def _x(moment: datetime, slots: Sequence[PlanSlot]) -> float:
    share = (moment - slots[0].start) / (slots[-1].end - slots[0].start)
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(share: float) -> float:
    return round(_FLOOR - min(max(share, 0.0), 1.0) * (_FLOOR - _TOP), 1)


def _grid(slots: Sequence[PlanSlot], zone: ZoneInfo) -> str:
    """Lines at a quarter of the charge each, and the local time every four hours."""
    lines = [
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(share)}" y2="{_y(share)}" stroke="{_INK}" opacity=".25"/>'
        f'<text x="{_LEFT - 4}" y="{_y(share) + 4}" text-anchor="end">{share:.0%}</text>'
        for share in (0, 0.5, 1)
    ]
    for slot in slots:
        local = slot.start.astimezone(zone)
        if local.minute == 0 and local.hour % 4 == 0:
            lines.append(f'<text x="{_x(slot.start, slots)}" y="206" text-anchor="middle">{local:%H:%M}</text>')
    return "".join(lines)


def _price(slots: Sequence[PlanSlot], title: str) -> str:
    """The import price as steps, from zero or its lowest to its highest."""
    prices = [slot.import_price for slot in slots]
    low, high = min(0.0, *prices), max(prices)
    span = (high - low) or 1.0
    points = [
        f"{_x(moment, slots)},{_y((slot.import_price - low) / span)}"
        for slot in slots
        for moment in (slot.start, slot.end)
    ]
    words = title.format(high=high)
    return (
        f'<polyline points="{" ".join(points)}" fill="none" stroke="{_PRICE}" stroke-dasharray="4 3"/>'
        f'<text x="{_WIDTH - _RIGHT}" y="{_TOP - 10}" text-anchor="end" fill="{_PRICE}">{words}</text>'
    )


def _charge(slots: Sequence[PlanSlot], start_soc: float, title: str) -> str:
    """The expected charge, with the band that eight of ten futures stay in."""
    ends = [_x(slot.end, slots) for slot in slots]
    mean = [f"{_LEFT},{_y(start_soc)}", *(f"{x},{_y(slot.soc.mean)}" for x, slot in zip(ends, slots, strict=True))]
    upper = [f"{x},{_y(slot.soc.high)}" for x, slot in zip(ends, slots, strict=True)]
    lower = [f"{x},{_y(slot.soc.low)}" for x, slot in zip(ends, slots, strict=True)]
    band = " ".join([mean[0], *upper, *reversed(lower)])
    return (
        f'<polygon points="{band}" fill="{_LEVEL}" opacity=".3"/>'
        f'<polyline points="{" ".join(mean)}" fill="none" stroke="{_LEVEL}" stroke-width="2.5"/>'
        f'<text x="{_LEFT}" y="{_TOP - 10}" fill="{_LEVEL}">{title}</text>'
    )


def _modes(slots: Sequence[PlanSlot]) -> str:
    bars = []
    for mode, stretch in groupby(slots, key=lambda slot: slot.mode):
        held = list(stretch)
        left, right = _x(held[0].start, slots), _x(held[-1].end, slots)
        bars.append(
            f'<rect x="{left}" y="{_FLOOR + 4}" width="{right - left:.1f}" height="{_STRIP}" fill="{_COLOURS[mode]}"/>'
        )
    return "".join(bars)


def _legend(names: Sequence[str]) -> str:
    return "".join(
        f'<rect x="{x}" y="219" width="10" height="10" fill="{_COLOURS[mode]}"/>'
        f'<text x="{x + 14}" y="228">{name}</text>'
        for x, mode, name in zip(_LEGEND_X, _MODES, names, strict=True)
    )
