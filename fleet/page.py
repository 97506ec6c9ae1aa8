"""`advisor fleet page`: all homes on one page, how each stands, what it saved, and how far the workers are behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Annotated, Any

import orjson
import uvicorn
from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse
from jinja2 import Environment, StrictUndefined

from fleet.addresses import FleetHome
from fleet.savings import Saving
from fleet.streams import Redis, Shard, StreamError, registered

_PER_PAGE = 500
_AWAY = "<!doctype html><title>Fleet</title><p>Redis cannot be reached now; this page looks again in a minute.</p>"


@dataclass(frozen=True, slots=True)
class Row:
    """A home as it is shown."""

    name: str
    shard: str
    act: bool
    last_reading: str
    soc: str
    load: str
    pv: str
    decided: str
    saved: str
    fault: str


def page_app(redis: Redis, shards: list[str]) -> FastAPI:
    """The page, for whoever serves it; it says much about households, so that is loopback unless somebody decides."""
    app = FastAPI(title="Fleet", docs_url=None, redoc_url=None, openapi_url=None)
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(
        Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    )

    @app.get("/", response_class=HTMLResponse)
    def show(page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> HTMLResponse:
        try:
            known = [Shard(redis, name) for name in shards]
            stands = [one.status() for one in known]
            homes = sorted(_rows(redis, known, stands), key=lambda row: (not row.fault, row.last_reading, row.name))
        except StreamError:
            return HTMLResponse(_AWAY, status_code=503, headers={"Refresh": "60"})
        pages = max(ceil(len(homes) / _PER_PAGE), 1)
        page = min(page, pages)
        shown = homes[(page - 1) * _PER_PAGE : page * _PER_PAGE]
        text = template.render(shards=stands, homes=shown, total=len(homes), page=page, pages=pages)
        return HTMLResponse(text, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})

    return app


def serve_page(redis: Redis, shards: list[str], host: str, port: int) -> None:
    """Serve the page until asked to stop."""
    uvicorn.run(page_app(redis, shards), host=host, port=port, log_level="warning")


def _rows(redis: Redis, shards: list[Shard], stands: list[dict[str, Any]]) -> list[Row]:
    found = registered(redis)
    homes, rows = found.homes, [_unreadable(name, fault) for name, fault in found.faults.items()]
    for shard, stand in zip(shards, stands, strict=True):
        states, savings = shard.homes("plan"), shard.savings()
        for name in (name for name, home in homes.items() if home.shard == shard.name):
            try:
                saving = Saving.read(savings[name]) if name in savings else None
                state = orjson.loads(states.get(name, b"{}"))
                rows.append(_row(homes[name], state, saving, stand["faults"].get(name, "")))
            except (ValueError, TypeError, LookupError, AttributeError) as err:
                rows.append(_unreadable(name, f"what is stored of it cannot be read: {err!r}"))
    return rows


def _unreadable(name: str, fault: str) -> Row:
    """A home of which something stored says nothing to this version."""
    return Row(
        name=name, shard="-", act=False, last_reading="", soc="-", load="-", pv="-", decided="", saved="-", fault=fault
    )


def _row(home: FleetHome, state: Mapping[str, Any], saving: Saving | None, fault: str) -> Row:
    readings = state.get("readings", {})

    def shown(role: str, unit: str, scale: float = 1, places: int = 1) -> str:
        return f"{readings[role][0] * scale:.{places}f} {unit}" if role in readings else "-"

    return Row(
        name=home.home.name,
        shard=home.shard,
        act=home.act,
        last_reading=max((_minute(at) for _, at in readings.values()), default=""),
        soc=shown("battery_soc", "%", 100, 0),
        load=shown("load_power", "kW"),
        pv=shown("pv_power", "kW"),
        decided=_minute(state["decided"]) if state.get("decided") else "",
        saved=f"{saving.total:.2f} {saving.currency} in {len(saving.by_day)} days" if saving and saving.by_day else "-",
        fault=fault,
    )


def _minute(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M}"
