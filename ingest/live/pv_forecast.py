"""Several PV forecasts that follow each other, such as today's and tomorrow's, joined to one."""

from collections.abc import Sequence
from datetime import timedelta

from transport.payloads import PvForecast

_MINUTE = timedelta(minutes=1)


def joined(parts: Sequence[PvForecast]) -> PvForecast:
    """One forecast out of several that follow each other, such as today's and tomorrow's; a later one counts first.

    Where they have different steps all are brought to the finest; between them nothing is expected.
    """
    if len(parts) == 1:
        return parts[0]
    step = min(part.step_minutes for part in parts) * _MINUTE
    ordered = sorted(parts, key=lambda part: part.start)
    values: dict[int, float] = {}
    start = ordered[0].start
    for part in sorted(parts, key=lambda part: part.time):
        fine = part.step_minutes * _MINUTE // step
        first = (part.start - start) // step
        values |= {first + at: value for at, value in enumerate(one for one in part.values_kw for _ in range(fine))}
    length = max(values) + 1
    newest = max(part.time for part in parts)
    return PvForecast(
        time=newest,
        step_minutes=step // _MINUTE,
        start=start,
        values_kw=tuple(values.get(at, 0.0) for at in range(length)),
    )
