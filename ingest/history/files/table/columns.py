"""What each column of a table means: as a person said, as a known format says, else as its header's words say."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from energy.errors import UnclearError
from ingest.history.files.cells.numbers import is_no_value, looks_like_number
from ingest.history.files.cells.units import UNITS, Unit, unit_in
from ingest.history.files.cells.words import OWN, meaning, plain
from ingest.history.files.table.options import FLOWS, Options, column_option
from ingest.history.files.table.sheet import Sheet
from ingest.history.files.table.timecolumns import TimeColumns, column_named, has_column

_SAMPLE = 400
_MUST_BE_ONE = ("load", "pv", "import", "export")


@dataclass(frozen=True, slots=True)
class Meaning:
    """A column, its role, and its unit; None where nobody names it. `sure` roles were said or are known."""

    column: int
    role: str
    unit: Unit | None
    turned: bool = False
    sure: bool = True


def meanings(sheet: Sheet, times: TimeColumns, options: Options) -> tuple[Meaning, ...]:
    """The columns that are read.

    Raises:
        UnclearError: two columns may have the same role, or one may have two.
        DataError: an option's unit does not measure its role.
    """
    wished = tuple(_wished(sheet, options))
    roles, taken = {one.role for one in wished}, {one.column for one in wished} | times.used
    found = [one for at in range(len(sheet.names)) if at not in taken for one in _meanings(sheet, at)]
    found = [one for one in found if one.role not in roles]
    read = [one for one in wished if one.role != "none"] + _settled(sheet, found)
    return tuple(_bought_or_used(sheet, read))


def _wished(sheet: Sheet, options: Options) -> Iterable[Meaning]:
    for wish in options.columns:
        if wish.role in ("time", "date", "hour") or not has_column(sheet, wish):
            continue
        at = column_named(sheet, wish)
        unit = UNITS[wish.unit] if wish.unit else _unit(sheet, at)
        yield Meaning(at, wish.role, unit, wish.turned)


def _meanings(sheet: Sheet, at: int) -> list[Meaning]:
    name = sheet.names[at]
    if (own := OWN.get(plain(name).replace(" ", "_"))) is not None:
        return [Meaning(at, own[0], UNITS[own[1]])]
    if not _is_numeric(sheet, at):
        return []
    if (known := sheet.known) is not None:
        own_unit = _unit(sheet, at)
        return [Meaning(at, role, own_unit or UNITS.get(known.units.get(role, ""))) for role in known.roles_of(name)]
    role, unit = meaning(name), _unit(sheet, at)
    if role is None or (role.endswith("_price") != (unit is not None and unit.kind == "price")):
        return []
    return [Meaning(at, role, unit, sure=False)]


def _unit(sheet: Sheet, at: int) -> Unit | None:
    return sheet.units[at] or unit_in(sheet.names[at])


def _is_numeric(sheet: Sheet, at: int) -> bool:
    cells = [row[at] for row in sheet.rows[:_SAMPLE] if not is_no_value(row[at])]
    return bool(cells) and sum(map(looks_like_number, cells)) >= 0.5 * len(cells)


def _settled(sheet: Sheet, found: list[Meaning]) -> list[Meaning]:
    """One column a role, unless a format adds several up; a net column only where a direction is missing."""
    kept: list[Meaning] = []
    for role in dict.fromkeys(one.role for one in found):
        same = [one for one in found if one.role == role]
        same = [one for one in same if one.sure] or same
        if len(same) > 1 and not (sheet.known and same[0].sure):
            if role not in _MUST_BE_ONE:
                continue
            same = [_the_total(sheet, same)]
        kept += same
    roles = {one.role for one in kept}
    # A net column's sign is never guessed.
    return [one for one in kept if one.role not in ("grid", "battery") or (one.role == "grid" and not roles & _KNOWN)]


_KNOWN = frozenset({"load", "import", "export"})


def _the_total(sheet: Sheet, same: list[Meaning]) -> Meaning:
    totals = [one for one in same if any(word in plain(sheet.names[one.column]) for word in ("total", "gesamt"))]
    if len(totals) == 1:
        return totals[0]
    role, names = same[0].role, [sheet.names[one.column] for one in same]
    if len(set(names)) < len(names):
        names = [f"#{one.column + 1}" for one in same]
    raise UnclearError(
        f"{sheet.path}: the columns {', '.join(map(repr, names))} may all be {_SAID[role]}: say which with "
        f"--column {role}=NAME, once for each to be added up",
        option=f"column {role}",
        choices=tuple(names),
    )


_SAID = {
    "load": "what the house used",
    "pv": "solar production",
    "import": "what was bought",
    "export": "what was sold",
}


def _bought_or_used(sheet: Sheet, read: list[Meaning]) -> list[Meaning]:
    """A meter's "consumption" beside what it exported is what was bought; alone it may be either."""
    roles = {one.role for one in read}
    doubtful = [one for one in read if one.role == "load" and not one.sure]
    if not doubtful or "pv" in roles or "import" in roles:
        return read
    if "export" in roles:
        return [replace(one, role="import") if one in doubtful else one for one in read]
    name = sheet.names[doubtful[0].column]
    raise UnclearError(
        f"{sheet.path}: column {name!r} may be what the house used or what it bought from the grid: say "
        f"{column_option('load', name)} or {column_option('import', name)}",
        option="column",
        choices=(f"load={name}", f"import={name}"),
    )


def unread(sheet: Sheet, times: TimeColumns, read: Iterable[Meaning]) -> tuple[str, ...]:
    """Names of the columns that are not read."""
    used = {one.column for one in read} | times.used
    return tuple(name for at, name in enumerate(sheet.names) if at not in used and name)


def is_flow(role: str) -> bool:
    """Whether a role is a flow of energy."""
    return role in FLOWS
