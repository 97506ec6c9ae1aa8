"""Levels of a plan shared out among several batteries, so that they never charge each other."""

from collections.abc import Callable, Sequence

from energy.battery import Battery, combined
from energy.commands import Levels, Mode

_HALVINGS = 40


def shared_soc(batteries: Sequence[Battery], socs: Sequence[float]) -> float:
    """The charge of all batteries as that of one."""
    total_kwh = sum(one.capacity_kwh for one in batteries)
    stored_kwh = sum(one.capacity_kwh * soc for one, soc in zip(batteries, socs, strict=True))
    return stored_kwh / total_kwh if total_kwh else 0.0


def split(levels: Levels, batteries: Sequence[Battery], socs: Sequence[float], *, surplus: bool) -> list[Levels]:
    """Each battery's levels: in one slot either none of them discharges, or none of them charges.

    That alone keeps one from filling another, whatever their inverters measure and however late. `surplus` says
    whether the house has more sun than it needs, which decides between the two where the plan leaves both open.

    Energy is shared out so that all come to the same share of their own band, as far as those above and below allow.
    """
    mode = levels.mode(shared_soc(batteries, socs), floor_soc=combined(batteries).min_soc)
    if mode is Mode.DISCHARGE or (mode is Mode.SELF_CONSUMPTION and not surplus):
        return _only_discharging(levels, batteries, socs)
    return _only_charging(levels, batteries, socs)


def _only_charging(levels: Levels, batteries: Sequence[Battery], socs: Sequence[float]) -> list[Levels]:
    targets = _filled_up(levels.charge_to_soc, batteries, socs)
    sun = None if levels.surplus_to_soc is None else _filled_up(levels.surplus_to_soc, batteries, socs)
    most_kw = sum(one.max_charge_kw for one in batteries)
    return [
        Levels(
            charge_to_soc=targets[at],
            reserve_soc=1.0,
            surplus_to_soc=None if sun is None else sun[at],
            max_charge_kw=None
            if levels.max_charge_kw is None or not most_kw
            else levels.max_charge_kw * one.max_charge_kw / most_kw,
        )
        for at, one in enumerate(batteries)
    ]


def _only_discharging(levels: Levels, batteries: Sequence[Battery], socs: Sequence[float]) -> list[Levels]:
    reserves = _emptied_down(levels.reserve_soc, batteries, socs)
    sold = None if levels.export_to_soc is None else _emptied_down(levels.export_to_soc, batteries, socs)
    return [
        Levels(reserve_soc=reserve, surplus_to_soc=0.0, export_to_soc=None if sold is None else max(sold[at], reserve))
        for at, reserve in enumerate(reserves)
    ]


def _filled_up(level: float, batteries: Sequence[Battery], socs: Sequence[float]) -> list[float]:
    """Where each is filled to, so that together they hold `level`; those above stay where they are."""

    def targets(share: float) -> list[float]:
        return [one.min_soc + share * (one.max_soc - one.min_soc) for one in batteries]

    def held(share: float) -> float:
        return shared_soc(batteries, [max(soc, to) for soc, to in zip(socs, targets(share), strict=True)])

    if shared_soc(batteries, socs) >= level:
        return [0.0] * len(batteries)
    return targets(_least(held, level))


def _emptied_down(level: float, batteries: Sequence[Battery], socs: Sequence[float]) -> list[float]:
    """Where each may be emptied to, so that together they keep `level`; those below stay where they are."""

    def floors(share: float) -> list[float]:
        return [one.min_soc + share * (one.max_soc - one.min_soc) for one in batteries]

    def kept(share: float) -> float:
        return shared_soc(batteries, [min(soc, to) for soc, to in zip(socs, floors(share), strict=True)])

    if shared_soc(batteries, socs) <= level:
        return [1.0] * len(batteries)
    return floors(_least(kept, level))


def _least(value: Callable[[float], float], level: float) -> float:
    """The least share at which a rising function reaches a level; 1 where it never does."""
    low, high = 0.0, 1.0
    if value(low) >= level:
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if value(middle) >= level else (middle, high)
    return high
