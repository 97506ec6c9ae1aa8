"""Questions over parts of days, as they were measured: an evening's use, nights beside days, how the battery ran."""

from datetime import date, datetime, time, timedelta

import numpy as np

from agent.queries.finding import Fact, Finding, unknown
from agent.queries.history import FIELD, Quantity
from agent.queries.past import NEAR_LIMIT, Metered
from agent.queries.remembered import cost_between, energies_between
from agent.queries.sources import Sources, Span
from energy.slots import DAY, local_day

# Fewer slots tell nothing of a battery.
_FEW = 2
# When people sleep, on the home's own clock.
_NIGHT = (time(22), time(7))
_SERIES: dict[Quantity, str] = {
    "load": "load_kw",
    "pv": "pv_kw",
    "import": "grid_import_kw",
    "export": "grid_export_kw",
    "charge": "charge_kw",
    "discharge": "discharge_kw",
}


def metered_in(sources: Sources, quantity: Quantity | None, start: datetime, end: datetime) -> Finding | None:
    """A quantity, or all of them, in a part of a day, and in how many metered hours; None for what has no flow.

    Hours that the service did not meter are those of the remembered days, where a file or Home Assistant had them.
    """
    if quantity is not None and quantity not in (*_SERIES, "cost"):
        return None
    seen = _metered(sources, start, end)
    if seen is None:
        return _remembered_in(sources, quantity, start, end)
    facts: dict[str, Fact] = {"start": start, "end": end, "metered_hours": len(seen.starts) * seen.hours}
    if quantity is not None:
        facts["quantity"] = quantity
    for name, series in _SERIES.items():
        if quantity in (None, name):
            facts[FIELD[name]] = float(np.nansum(getattr(seen, series)) * seen.hours)
    if quantity in (None, "cost") and not np.isnan(seen.cost).any():
        facts["cost"] = float(seen.cost.sum())
    days = (local_day(start, sources.home.tz),)
    return Finding("totals", "totals.part" if quantity else "totals.part_all", facts, days=days)


def _remembered_in(sources: Sources, quantity: Quantity | None, start: datetime, end: datetime) -> Finding:
    """The same out of the remembered days."""
    zone = sources.home.tz
    records = sources.records(Span(local_day(start, zone), local_day(end - timedelta(seconds=1), zone)))
    energies, known_hours = energies_between(records, start, end)
    values: dict[str, float] = dict(energies)
    if (cost := cost_between(records, sources.billed_home, start, end)) is not None:
        values["cost"] = cost
    if not known_hours or (quantity is not None and FIELD[quantity] not in values):
        return unknown("totals", "not_metered_then", start=start, end=end)
    facts: dict[str, Fact] = {"start": start, "end": end, "metered_hours": known_hours}
    if quantity is not None:
        facts["quantity"] = quantity
    facts |= {name: value for name, value in values.items() if quantity is None or name == FIELD[quantity]}
    form = "totals.part" if quantity else "totals.part_all"
    return Finding("totals", form, facts, days=(local_day(start, zone),))


def bought(sources: Sources, start: datetime, end: datetime) -> float | None:
    """Energy from the grid in kWh between two moments; None if nothing was metered."""
    seen = _metered(sources, start, end)
    return None if seen is None else float(np.nansum(seen.grid_import_kw) * seen.hours)


def nights(sources: Sources, span: Span) -> Finding:
    """What a mean day of a span uses while people sleep, and in its other hours, from the remembered days."""
    records = sources.records(span)
    slept, woke = 0.0, 0.0
    for record in records:
        for at, power_kw in enumerate(record.load_kw):
            clock = (record.start + at * record.step).astimezone(sources.home.tz).time()
            used = 0.0 if np.isnan(power_kw) else float(power_kw) * record.step / timedelta(hours=1)
            if clock >= _NIGHT[0] or clock < _NIGHT[1]:
                slept += used
            else:
                woke += used
    if not slept + woke:
        return unknown("compare", "no_hours", asked_first=span.first, asked_last=span.last)
    facts: dict[str, Fact] = {
        "first_day": records[0].day,
        "last_day": records[-1].day,
        "days": len(records),
        "night_kwh": slept / len(records),
        "day_kwh": woke / len(records),
        "night_percent": slept / (slept + woke) * 100,
        "night_clock": f"{_NIGHT[0]:%H:%M}",
        "morning_clock": f"{_NIGHT[1]:%H:%M}",
    }
    return Finding("compare", "compare.nights", facts, days=tuple(record.day for record in records))


def usually_empty(sources: Sources, span: Span, *, now: datetime) -> Finding:
    """On how many days of a span the battery ran empty, and at what time of day; a day counts from noon to noon."""
    seen = sources.metered(span, now)
    if seen is None:
        return unknown("extreme", "not_metered_battery", asked_first=span.first, asked_last=span.last)
    first_empty: dict[date, datetime] = {}
    noons = {_noon_day(sources, start) for start in seen.starts}
    was_empty = True
    for start, soc in zip(seen.starts, seen.soc, strict=True):
        is_empty = bool(soc <= sources.home.battery.min_soc + NEAR_LIMIT)
        if is_empty and not was_empty:
            first_empty.setdefault(_noon_day(sources, start), start + timedelta(hours=seen.hours))
        was_empty = is_empty
    facts: dict[str, Fact] = {
        "first_day": local_day(seen.starts[0], sources.home.tz),
        "last_day": local_day(seen.starts[-1], sources.home.tz),
        "days": len(noons),
        "empty_days": len(first_empty),
    }
    cited = tuple(sorted(noons))
    if not first_empty:
        lowest = float(np.nanmin(seen.soc)) * 100
        return Finding("extreme", "extreme.never_empty", facts | {"lowest_percent": lowest}, days=cited)
    clocks = sorted((at.astimezone(sources.home.tz) for at in first_empty.values()), key=_since_noon)
    for name, at in (("first", 0), ("middle", len(clocks) // 2), ("last", -1)):
        facts[f"{name}_clock"] = f"{clocks[at]:%H:%M}"
    return Finding("extreme", "extreme.empty", facts, days=cited)


def most_expensive_hour(sources: Sources, span: Span, *, most: bool, now: datetime) -> Finding:
    """The local hour of a span's days in which most, or least, was paid at the meter, as the mean of those days."""
    seen = sources.metered(span, now)
    if seen is None or np.isnan(seen.cost).any():
        return unknown("totals", "not_metered_cost", asked_first=span.first, asked_last=span.last)
    zone = sources.home.tz
    days = seen.days(zone)
    by_hour: dict[int, float] = {}
    for start, cost in zip(seen.starts, seen.cost.tolist(), strict=True):
        hour = start.astimezone(zone).hour
        by_hour[hour] = by_hour.get(hour, 0.0) + cost / len(days)
    found = (max if most else min)(by_hour, key=by_hour.__getitem__)
    facts: dict[str, Fact] = {
        "first_day": days[0],
        "last_day": days[-1],
        **({"days": len(days)} if len(days) > 1 else {}),
        "from_clock": f"{found:02d}:00",
        "to_clock": f"{(found + 1) % 24:02d}:00",
        "hour_cost": by_hour[found],
        "day_cost": sum(by_hour.values()),
        "currency": sources.home.currency,
    }
    return Finding("extreme", f"extreme.hour_cost.{'most' if most else 'least'}", facts, days=days)


def losses(sources: Sources, span: Span, *, now: datetime) -> Finding:
    """What the battery took and gave over a span, and what was lost between: in - out - what it holds more."""
    seen = sources.metered(span, now)
    if seen is None or len(seen.starts) < _FEW or np.isnan(seen.soc[[0, -1]]).any():
        return unknown("totals", "not_metered_battery", asked_first=span.first, asked_last=span.last)
    # The charge is known at the end of each slot, so that what the first one brought does not count.
    taken_kwh = float(np.nansum(seen.charge_kw[1:])) * seen.hours
    given_kwh = float(np.nansum(seen.discharge_kw[1:])) * seen.hours
    gained_kwh = float(seen.soc[-1] - seen.soc[0]) * sources.home.battery.capacity_kwh
    facts: dict[str, Fact] = {
        "first_day": span.first,
        "last_day": span.last,
        "charge_kwh": taken_kwh,
        "discharge_kwh": given_kwh,
        "gained_kwh": gained_kwh,
        "lost_kwh": max(taken_kwh - given_kwh - gained_kwh, 0.0),
        "metered_hours": (len(seen.starts) - 1) * seen.hours,
    }
    if taken_kwh > 0:
        facts["lost_percent"] = max(taken_kwh - given_kwh - gained_kwh, 0.0) / taken_kwh * 100
    return Finding("totals", "totals.losses", facts, days=seen.days(sources.home.tz))


def battery_then(sources: Sources, start: datetime, end: datetime, *, full: bool) -> Finding | None:
    """How the battery came to be as full, or as empty, as it was in a stretch: since when, and what it took or gave."""
    seen = _metered(sources, start - DAY, end)
    if seen is None or not any(at >= start for at in seen.starts):
        return None
    sign = 1 if full else -1
    inside = [at for at, slot in enumerate(seen.starts) if slot >= start]
    there = max(inside, key=lambda at: (sign * seen.soc[at], -at))
    turn = min(range(there + 1), key=lambda at: (sign * seen.soc[at], -at))
    way = seen.part(slice(turn + 1, there + 1))
    step = timedelta(hours=seen.hours)
    moved_kw = way.charge_kw if full else way.discharge_kw
    facts: dict[str, Fact] = {
        "then_at": seen.starts[there] + step,
        "charge_percent": float(seen.soc[there]) * 100,
        "turn_at": seen.starts[turn] + step,
        "turn_percent": float(seen.soc[turn]) * 100,
        "currency": sources.home.currency,
    }
    moved_kwh = float(np.nansum(moved_kw)) * seen.hours
    if moved_kwh > 0:
        facts |= {"moved_kwh": moved_kwh, "pv_kwh": float(np.nansum(way.pv_kw)) * seen.hours}
        facts["load_kwh"] = float(np.nansum(way.load_kw)) * seen.hours
        price = float(np.nansum(moved_kw * way.prices.import_per_kwh)) * seen.hours / moved_kwh
        facts |= {} if np.isnan(way.prices.import_per_kwh).any() else {"mean_per_kwh": price}
    decision = sources.decision(seen.starts[there])
    cited = (decision.decision_id,) if decision is not None else ()
    return Finding("status", f"status.{'full' if full else 'empty'}_then", facts, decisions=cited)


def _metered(sources: Sources, start: datetime, end: datetime) -> Metered | None:
    """The metered slots between two moments; None if there is none."""
    zone = sources.home.tz
    seen = sources.metered(Span(local_day(start, zone), local_day(end - timedelta(seconds=1), zone)), end)
    if seen is None:
        return None
    within = [at for at, slot in enumerate(seen.starts) if start <= slot < end]
    return seen.part(slice(within[0], within[-1] + 1)) if within else None


def _noon_day(sources: Sources, at: datetime) -> date:
    """The day whose noon a moment follows."""
    return local_day(at - DAY / 2, sources.home.tz)


def _since_noon(at: datetime) -> float:
    return ((at.hour * 60 + at.minute) - 12 * 60) % (24 * 60)
