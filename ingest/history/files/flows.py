"""The unit of each column, and its values as kW on slots; a column that cannot be this home's is refused."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from energy.errors import DataError, UnclearError
from energy.home import Home
from ingest.history.files.cells.clock import day_of
from ingest.history.files.cells.numbers import Column
from ingest.history.files.cells.powers import Slots, counter_means, dawn_kwh, in_kw, runs_on, slot_means
from ingest.history.files.cells.units import UNITS, Unit, kind_in
from ingest.history.files.table.columns import Meaning, is_flow
from ingest.history.files.table.options import column_option
from ingest.history.files.table.rows import Rows
from ingest.history.files.units_by_size import believable_kw, is_believable, is_tiny, other_unit, units_that_fit
from knowledge.days import Floats

# A direction whose values have both signs is the net of both: its role, and the sign that turns it.
NETS = {"import": ("grid", ""), "export": ("grid", "-"), "discharge": ("battery", ""), "charge": ("battery", "-")}
_LEAST_SHARE = 0.02
# A value that stays the same for so many rows is a reading that stands still.
_LEAST_STILL = 12


def has_both_signs(values: Floats) -> bool:
    """Whether a column flows both ways: more than noise in the lesser direction."""
    known = values[~np.isnan(values)]
    up, down = float(known[known > 0].sum()), float(-known[known < 0].sum())
    return min(up, down) > _LEAST_SHARE * max(up, down)


@dataclass(frozen=True, slots=True, eq=False)
class ReadColumn:
    """A column with its role and its values, row by row; `minus` where it was written with one throughout."""

    meaning: Meaning
    values: Floats
    suffix: str
    rows: Rows
    home: Home
    minus: bool = False

    @classmethod
    def of(cls, meaning: Meaning, numbers: Column, rows: Rows, home: Home) -> "ReadColumn":
        """A column's values in the order of the rows that count, with its sign."""
        values = numbers.values[rows.at]
        minus = not meaning.turned and _is_backwards(values, meaning.role)
        return cls(meaning, -values if minus or meaning.turned else values, numbers.suffix, rows, home, minus)

    @property
    def name(self) -> str:
        """The header."""
        return self.rows.sheet.names[self.meaning.column]

    @property
    def hours(self) -> float:
        """Length of a row's interval."""
        return self.rows.times.step_s / 3600

    @property
    def counts(self) -> bool:
        """Whether the values are a counter's."""
        return runs_on(self.values, self.rows.moments_s)

    def unit(self, parts: Sequence["ReadColumn"]) -> Unit:
        """The unit that is named, else the only one that gives what this home can measure.

        `parts` are all columns of the same thing: a register that stood still counts where another one does, and what
        is asked is asked of all.

        Raises:
            UnclearError: several would.
        """
        unit, role = self.meaning.unit or UNITS.get(self.suffix), self.meaning.role
        counts = any(one.counts for one in parts)
        if not is_flow(role):
            return unit or UNITS["per-kWh" if role.endswith("_price") else "C"]
        if unit is not None:
            return UNITS[f"{unit.name}-total"] if counts and unit.kind == "energy" else unit
        if counts:
            raise self._unclear(parts, ["kWh-total", "Wh-total"], "its values only rise, as a counter's do,")
        if not np.nan_to_num(self.values).any():
            return UNITS["kWh"]
        kind = kind_in(self.name)
        fitting = list(units_that_fit(self.values, role, self.home, self.hours, kind).values())
        if len(fitting) == 1:
            return fitting[0]
        names = [found.name for found in fitting] or ["kW", "W", "kWh", "Wh"]
        raise self._unclear(parts, names, f"its values may be {' or '.join(names)}")

    def plain_on_slots(self) -> Floats:
        """The values as they stand, on slots."""
        return slot_means(self.values, self.rows.starts_s, self.rows.slots)

    def on_slots(self, unit: Unit) -> Floats:
        """Mean of each slot, of flows in kW.

        Raises:
            DataError: most of the column cannot be this home's.
        """
        slots, rows = self.rows.slots, self.rows
        if unit.kind == "counter":
            longer = Slots(slots.start_s, slots.step_s, slots.count + 1)
            dawn = dawn_kwh(self.meaning.role, self.home.pv_peak_kw, slots)
            return counter_means(self.values * unit.factor, rows.moments_s, longer, dawn_kwh=dawn)[: slots.count]
        power = in_kw(self.values, unit, self.hours)
        if is_flow(self.meaning.role):
            self._refuse_wrong_unit(unit, power)
        return slot_means(power, rows.starts_s, slots)

    def _unclear(self, parts: Sequence["ReadColumn"], units: list[str], what: str) -> UnclearError:
        role, names = self.meaning.role, [one.name for one in parts if one.meaning.unit is None]
        options = " ".join(column_option(role, name, units[0]) for name in names)
        others = f", or with {' or '.join(units[1:])}" if units[1:] else ""
        return UnclearError(
            f"{self.rows.sheet.path}, column {self.name!r}: its unit is not named and {what}: say {options}{others}",
            option=f"column {role}",
            choices=tuple(" and ".join(f"{role}={name}:{unit}" for name in names) for unit in units),
        )

    def _refuse_wrong_unit(self, unit: Unit, power: Floats) -> None:
        """Refuse a column most of whose days this home cannot have measured, with the likely cause."""
        role, home = self.meaning.role, self.home
        known = np.flatnonzero(~np.isnan(power))
        if is_believable(power, role, home):
            return
        low, high = believable_kw(role, home)
        off = known[(power[known] < low - 0.1) | (power[known] > high)]
        is_small = is_tiny(power[known], role, home)
        if not is_small and self._days(off) * 2 <= self._days(known):
            return
        at = int(known[np.argmax(power[known])]) if is_small or not len(off) else int(off[0])
        limits = "next to nothing" if is_small else f"outside {low:g} to {high:g} kW, what this home can measure"
        sheet, row = self.rows.sheet, int(self.rows.at[at])
        raise DataError(
            f"{sheet.path} row {sheet.lines[row]}, column {self.name!r}: {sheet.rows[row][self.meaning.column]!r} is "
            f"{power[at]:g} kW as {unit.name}, {limits}, and so is most of the column: {self._cause(unit)}",
        )

    def _days(self, rows: "np.typing.NDArray[np.intp]") -> int:
        """How many days some rows are of; of many rows some are looked at."""
        some = rows[:: max(len(rows) // 5000, 1)].tolist()
        return len({day_of(int(self.rows.starts_s[at]), self.home.tz) for at in some})

    def _cause(self, unit: Unit) -> str:
        role = self.meaning.role
        known = self.values[~np.isnan(self.values)]
        if self.counts or (len(known) >= _LEAST_STILL and known[0] > 0 and bool(np.all(known == known[0]))):
            option = column_option(role, self.name, "kWh-total")
            return f"it looks like a counter: say {option}, or with Wh-total"
        if role in (*NETS, "load") and has_both_signs(known):
            net, sign = NETS.get(role, ("grid", ""))
            return f"it holds both directions: say {column_option(net, f'{sign}{self.name}', unit.name)}"
        other = other_unit(self.values, role, self.home, self.hours, (unit,))
        if other is not None:
            return f"it looks like {other.name}: say {column_option(role, self.name, other.name)}"
        if float((known < 0).mean()) > 0.3:
            return f"its sign looks turned: say {column_option(role, f'-{self.name}', unit.name)}"
        return "check its unit and its sign, and the limits in the home's facts"


def _is_backwards(values: Floats, role: str) -> bool:
    """Whether a direction is written with a minus throughout."""
    known = values[~np.isnan(values)]
    is_direction = is_flow(role) and role not in ("grid", "battery")
    return is_direction and len(known) > _LEAST_STILL and float(known.max()) <= 0 and float(known.min()) < -0.1
