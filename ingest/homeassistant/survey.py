"""A look at a home through its Home Assistant: what it has, and what that did hour by hour in the last month."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from energy.slots import DAY, floor_slot
from ingest.homeassistant.client import (
    EntityState,
    HomeAssistant,
    HomeAssistantConfig,
    Signed,
    StatisticMeta,
    StatisticRole,
    StatisticRow,
)
from ingest.homeassistant.energy_prefs import EnergyPreferences, read_preferences
from ingest.homeassistant.statistics import HOUR, SlotGrid, fetch_rows, signed_means, slot_means
from knowledge.days import Floats

_REACH = 30 * DAY
# A home with more sensors of one kind than this has them from somewhere else.
_MOST = 300


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What Home Assistant says of itself and its home, and hourly means of all that may matter (kW, fraction, °C)."""

    config: HomeAssistantConfig
    states: Mapping[str, EntityState]
    known: Mapping[str, StatisticMeta]
    preferences: EnergyPreferences
    grid: SlotGrid
    rows: Mapping[str, list[StatisticRow]]
    solar_forecast: Mapping[str, object] = field(default_factory=dict)

    def unknown_statistics(self) -> list[str]:
        """What the energy dashboard names and Home Assistant does not know."""
        named = self.preferences.statistics().values()
        return [name for signed in named for name in signed.ids if name not in self.known]

    def flow(self, *names: str) -> Floats:
        """Hourly power of energy statistics, added up."""
        return self.signed(Signed(add=names))

    def signed(self, signed: Signed) -> Floats:
        """Hourly power of energy statistics, some of them subtracted."""
        return signed_means(signed, self.rows, self.grid)

    def powers(self) -> dict[str, Floats]:
        """Hourly means in kW of every power sensor."""
        return {name: self._mean(name) for name in self._of_class("power")}

    def charges(self) -> dict[str, Floats]:
        """Hourly means as fractions of every sensor that may be a battery's charge."""
        return {name: self._mean(name) / 100 for name in _percentages(self.known, self.states)}

    def unit(self, name: str) -> str:
        """The unit that an entity says now; empty where there is none."""
        state = self.states.get(name)
        return state.unit if state else ""

    def highest_kw(self, name: str) -> float:
        """The highest power that was seen; 0 where it was never measured."""
        seen = [row.max for row in self.rows.get(name, ()) if row.max is not None]
        return max(seen, default=0.0)

    def _mean(self, name: str) -> Floats:
        return slot_means(self.rows.get(name, ()), self.grid)

    def _of_class(self, kind: str) -> list[str]:
        return [name for name, meta in self.known.items() if meta.unit_class == kind and meta.is_mean]


def take_survey(assistant: HomeAssistant, now: datetime, also: Mapping[StatisticRole, Signed] | None = None) -> Survey:
    """Ask for everything that finding roles, signs and units needs; `also` are statistics beyond the dashboard's."""
    states, known = assistant.states(), assistant.statistic_ids()
    preferences = read_preferences(assistant.energy_preferences())
    sources = {**preferences.statistics(), **(also or {})}
    wanted = {name for signed in sources.values() for name in signed.ids if name in known}
    wanted |= {one.stat_consumption for one in preferences.device_consumption if one.stat_consumption in known}
    powers = [name for name, meta in known.items() if meta.unit_class == "power" and meta.is_mean]
    end = floor_slot(now, HOUR)
    grid = SlotGrid(end - _REACH, HOUR, int(_REACH / timedelta(hours=1)))
    rows = fetch_rows(assistant, {*wanted, *powers[:_MOST], *_percentages(known, states)[:_MOST]}, grid)
    return Survey(assistant.config(), states, known, preferences, grid, rows, assistant.solar_forecast())


def _percentages(known: Mapping[str, StatisticMeta], states: Mapping[str, EntityState]) -> list[str]:
    """Charges of batteries: those that say so, then other percentages that sound like one."""
    percent = [name for name, meta in known.items() if meta.statistics_unit_of_measurement == "%" and meta.is_mean]
    declared = [name for name in percent if name in states and states[name].device_class == "battery"]
    sounds = [name for name in percent if any(word in name for word in ("soc", "battery", "batter", "charge", "akku"))]
    return list(dict.fromkeys([*declared, *sounds]))


def known_hours(values: Floats) -> int:
    """Of how many hours something is known."""
    return int(np.count_nonzero(~np.isnan(values)))
