"""What a home's battery saved over its last days, as its grid meter says."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Self

import orjson

from energy.errors import AdvisorError
from energy.home import Home
from energy.slots import hours
from fleet.home_state import STEP
from ingest.live.meter import MeteredSlot

LAST_DAYS = 7


@dataclass(frozen=True, slots=True)
class Saving:
    """Money saved against the same days without a battery, by day, and its currency."""

    currency: str
    by_day: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, stored: bytes) -> Self:
        """As it was stored."""
        return cls(**orjson.loads(stored))

    def stored(self) -> bytes:
        """As it is kept."""
        return orjson.dumps(asdict(self))

    @property
    def total(self) -> float:
        """Of all its days."""
        return sum(self.by_day.values())


def with_days(known: Saving | None, home: Home, days: Mapping[date, Sequence[MeteredSlot]]) -> Saving:
    """With further days; the last seven are kept, and one that the meter knows nothing of, or no price, is left out."""
    saved = {day.isoformat(): saved_on(home, slots) for day, slots in days.items()}
    merged = (known.by_day if known is not None else {}) | {day: one for day, one in saved.items() if one is not None}
    return Saving(home.currency, {day: merged[day] for day in sorted(merged)[-LAST_DAYS:]})


def saved_on(home: Home, slots: Sequence[MeteredSlot]) -> float | None:
    """What the metered slots would have cost without the battery, less what they cost; None where that is not known."""
    metered = [one for one in slots if one.grid_import_kw is not None and one.grid_export_kw is not None]
    if not metered:
        return None
    try:
        prices = home.tariff.prices([one.start for one in metered], home.tz)
    except AdvisorError:
        return None
    total = 0.0
    for one, buy, sell in zip(metered, prices.import_per_kwh, prices.export_per_kwh, strict=True):
        short_kw = one.load_kw - one.pv_kw
        bought_kw = max(short_kw, 0.0) - (one.grid_import_kw or 0.0)
        sold_kw = max(-short_kw, 0.0) - (one.grid_export_kw or 0.0)
        total += float(buy * bought_kw - sell * sold_kw) * hours(STEP)
    return round(total, 4)
