"""What the hours that a simulated house recorded would have cost under other rules, and at best."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from energy.billing.bills import Bills, Floats, bills_of
from energy.errors import DataError
from energy.flows import Flows
from energy.home import Home
from energy.pricing.tariff import Prices
from simulator.house.house import StepRecord


def bills(record: Path, home: Home, *, hours: float, start_kwh: float) -> Bills:
    """Read what a house recorded, one JSON object a step of `hours`, and price it under every rule.

    Raises:
        DataError: the house recorded nothing.
    """
    steps = [orjson.loads(line) for line in record.read_bytes().splitlines()]
    if not steps:
        raise DataError(f"{str(record)!r} holds no step: the house did not run")

    def column(name: str) -> Floats:
        return np.array([step[name] for step in steps], dtype=np.float64)

    prices = Prices(column("import_price"), column("export_price"))
    played = Flows(**{name: column(name) for name in Flows.__dataclass_fields__})
    return bills_of(played, prices, home, hours=hours, start_kwh=start_kwh)


def read_record(record: Path) -> list[StepRecord]:
    """The steps that a house recorded.

    Raises:
        DataError: the house recorded nothing.
    """
    steps = [_step(orjson.loads(line)) for line in record.read_bytes().splitlines()]
    if not steps:
        raise DataError(f"{str(record)!r} holds no step: the house did not run")
    return steps


def _step(line: dict[str, Any]) -> StepRecord:
    flows = Flows(**{name: line.pop(name) for name in Flows.__dataclass_fields__})
    return StepRecord(start=datetime.fromisoformat(line.pop("time")), flows=flows, **line)
