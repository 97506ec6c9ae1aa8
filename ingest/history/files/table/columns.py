"""What each column of a table means: as a person said, as a known format says, else as its header's words say."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from energy.errors import UnclearError
from ingest.history.files.cells.units import UNITS, Unit, unit_in
from ingest.history.files.cells.words import OWN, is_something_else, meaning, plain, without_register
from ingest.history.files.table.options import ALL_OF_THEM, FLOWS, Options, column_option
from ingest.history.files.table.sheet import Sheet
from ingest.history.files.table.timecolumns import TimeColumns, column_named, has_column

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
    _ask_other_parts(sheet, wished, found)
    said = [one for one in wished if one.role != "none"]
    found = [one for one in _bought(found, said) if one.role not in roles]
    read = said + _settled(sheet, found)
    if not read:
        _ask_what_it_holds(sheet, taken)
    _ask_bought_or_used(sheet, read)
    _ask_battery_sign(sheet, read, found)
    return tuple(_hinted(sheet, one) for one in read)


def _ask_other_parts(sheet: Sheet, wished: Iterable[Meaning], found: Iterable[Meaning]) -> None:
    """A register that was named alone, where another of the same thing stands beside it."""
    named = {(_kind(one), without_register(sheet.names[one.column])): one.role for one in wished}
    for one in found:
        name = sheet.names[one.column]
        part = without_register(name)
        role = None if part is None else named.get((_kind(one), part))
        if role is not None:
            raise UnclearError(
                f"{sheet.path}: column {name!r} looks like another part of {_SAID.get(role, role)}: say "
                f"{column_option(role, name)} as well, or {column_option('none', name)}",
                option="column",
                choices=(f"{role}={name}", f"none={name}"),
            )


def _kind(one: Meaning) -> str:
    """A role; what was bought may be called a consumption as well."""
    return "load" if one.role == "import" else one.role


def _ask_what_it_holds(sheet: Sheet, taken: Iterable[int]) -> None:
    """A table's only column of numbers, whose name says nothing, is asked for."""
    others = [at for at, name in enumerate(sheet.names) if at not in taken and not is_something_else(name)]
    numbers = [at for at in others if sheet.is_numeric(at)]
    if len(numbers) != 1:
        return
    name = sheet.names[numbers[0]] or f"#{numbers[0] + 1}"
    said = {role: _SAID[role] for role in ("load", "import", "export", "pv")}
    options = ", ".join(f"{column_option(role, name)} ({words})" for role, words in said.items())
    raise UnclearError(
        f"{sheet.path}: it is not said what column {name!r} holds: say {options}",
        option="column",
        choices=tuple(f"{role}={name}" for role in said),
    )


def _hinted(sheet: Sheet, one: Meaning) -> Meaning:
    """A flow whose column names no unit has the one that stands apart in the file, if there is one."""
    return replace(one, unit=sheet.hint) if one.unit is None and is_flow(one.role) else one


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
    if not sheet.is_numeric(at):
        return []
    role, unit = meaning(name), _unit(sheet, at)
    if (known := sheet.known) is not None and (known_roles := known.roles_of(name)):
        return [Meaning(at, one, unit or UNITS.get(known.units.get(one, ""))) for one in known_roles]
    if sheet.known is not None and role not in FLOWS:
        return []
    if role is None or (role.endswith("_price") != (unit is not None and unit.kind == "price")):
        return []
    return [Meaning(at, role, unit, sure=False)]


def _unit(sheet: Sheet, at: int) -> Unit | None:
    return sheet.units[at] or unit_in(sheet.names[at])


def _settled(sheet: Sheet, found: list[Meaning]) -> list[Meaning]:
    """One column a role, unless a format adds several up; a net column only where a direction is missing."""
    kept: list[Meaning] = []
    for role in dict.fromkeys(one.role for one in found):
        same = [one for one in found if one.role == role]
        same = [one for one in same if one.sure] or same
        if len(same) > 1 and not (sheet.known and same[0].sure):
            same = _total_or_parts(sheet, same)
        kept += same
    roles = {one.role for one in kept}
    # A net column's sign is never guessed.
    return [one for one in kept if one.role not in ("grid", "battery") or (one.role == "grid" and not roles & _KNOWN)]


_KNOWN = frozenset({"load", "import", "export"})


def _total_or_parts(sheet: Sheet, same: list[Meaning]) -> list[Meaning]:
    """Of several columns of one role the total, or all where they are registers, phases or strings of one thing."""
    totals = [one for one in same if any(word in plain(sheet.names[one.column]) for word in ("total", "gesamt"))]
    if len(totals) == 1:
        return totals
    role, names = same[0].role, [sheet.names[one.column] for one in same]
    # What is numbered only may be single devices, which are not all of a house.
    parts = {without_register(name, numbers=role != "load") for name in names}
    if len(parts) == len({one.unit for one in same}) == 1 and None not in parts:
        return same
    busy = [one for one in same if any(cell.strip("0., ") for cell in sheet.cells(one.column))]
    if len(busy) == 1:
        return busy
    if role not in _MUST_BE_ONE:
        return []
    if len(set(names)) < len(names):
        names = [f"#{one.column + 1}" for one in same]
    raise UnclearError(
        f"{sheet.path}: the columns {', '.join(map(repr, names))} may all be {_SAID[role]}: say which with "
        f"--column {role}=NAME, once for each to be added up",
        option=f"column {role}",
        choices=(*names, ALL_OF_THEM),
    )


_SAID = {
    "load": "what the house used",
    "pv": "solar production",
    "import": "what was bought",
    "export": "what was sold",
}


def _bought(found: list[Meaning], said: list[Meaning]) -> list[Meaning]:
    """A meter's "consumption" beside what it exported is what was bought."""
    roles = {one.role for one in found} | {one.role for one in said}
    if "export" not in roles or "pv" in roles or any(one.role == "import" for one in found):
        return found
    return [replace(one, role="import") if one.role == "load" and not one.sure else one for one in found]


def _ask_bought_or_used(sheet: Sheet, read: list[Meaning]) -> None:
    """A "consumption" alone may be what was used or what was bought."""
    roles = {one.role for one in read}
    doubtful = [one for one in read if one.role == "load" and not one.sure]
    if not doubtful or "pv" in roles or "import" in roles:
        return
    names = [sheet.names[one.column] for one in doubtful]
    told = f"column {names[0]!r}" if len(names) == 1 else f"the columns {', '.join(map(repr, names))}"
    options = {role: " ".join(column_option(role, name) for name in names) for role in ("load", "import")}
    raise UnclearError(
        f"{sheet.path}: {told} may be what the house used or what it bought from the grid: say {options['load']} or "
        f"{options['import']}",
        option="column",
        choices=tuple(" and ".join(f"{role}={name}" for name in names) for role in options),
    )


def _ask_battery_sign(sheet: Sheet, read: list[Meaning], found: list[Meaning]) -> None:
    """A net column of the battery, whose sign is not known, is needed where load follows from the balance."""
    roles = {one.role for one in read}
    nets = [one for one in found if one.role == "battery"]
    if len(nets) != 1 or roles & {"load", "charge", "discharge", "battery"} or not roles & {"import", "grid"}:
        return
    name = sheet.names[nets[0].column]
    raise UnclearError(
        f"{sheet.path}: column {name!r} is what the battery gave or took, and its sign is not known: say "
        f"{column_option('battery', name)} if it is positive where it gives, {column_option('battery', f'-{name}')} if "
        f"where it takes, or {column_option('none', name)}",
        option="column",
        choices=(f"battery={name}", f"battery=-{name}", f"none={name}"),
    )


def unread(sheet: Sheet, times: TimeColumns, read: Iterable[Meaning]) -> tuple[str, ...]:
    """Names of the columns that are not read."""
    used = {one.column for one in read} | times.used
    return tuple(name for at, name in enumerate(sheet.names) if at not in used and name)


def is_flow(role: str) -> bool:
    """Whether a role is a flow of energy."""
    return role in FLOWS
