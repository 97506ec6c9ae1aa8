"""`advisor fleet`: register homes, run workers, play many simulated houses, and see how it all stands."""

import json
import signal
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from advisor.json_option import Json

fleet_app = typer.Typer(help="Many homes on shared servers: docs/scale.md.", no_args_is_help=True)

Broker = Annotated[str, typer.Option(help="HOST:PORT of the broker that sites bridge to.")]
RedisUrl = Annotated[str, typer.Option("--redis", envvar="ADVISOR_FLEET__REDIS", help="URL of Redis.")]
Shards = Annotated[str, typer.Option(help="Names of the shards, with commas.")]
_BROKER, _REDIS, _SHARDS = "127.0.0.1:1883", "redis://127.0.0.1:6379/0", "s0"


@fleet_app.command("register")
def fleet_register(
    files: Annotated[list[Path], typer.Argument(help="Home files, as home.example.toml.")],
    shard: Annotated[str, typer.Option(help="The shard that these homes belong to.")] = _SHARDS,
    act: Annotated[bool, typer.Option(help="Send them commands; else they are only advised.")] = False,
    redis: RedisUrl = _REDIS,
    *,
    as_json: Json = False,
) -> None:
    """Put homes on the fleet's register, or change what it says of them."""
    from fleet.addresses import FleetHome, one_shard
    from fleet.streams import connect, register
    from ingest.home_file import load_home

    homes = [FleetHome(shard=one_shard(shard), home=load_home(file), act=act) for file in files]
    register(connect(redis), homes)
    told = json.dumps({"shard": shard, "act": act, "homes": [one.home.name for one in homes]})
    typer.echo(told if as_json else f"{len(homes)} homes in shard {shard}")


@fleet_app.command("run")
def fleet_run(  # noqa: PLR0913 (a command line's options)
    *,
    role: Annotated[list[str], typer.Option(help="ingest, plan or archive; several times; all if not given.")] = [],  # noqa: B006 (typer copies it)
    shards: Shards = _SHARDS,
    broker: Broker = _BROKER,
    redis: RedisUrl = _REDIS,
    days: Annotated[Path, typer.Option(help="Folder of the homes' days; shared by all workers.")] = Path(
        ".advisor/fleet"
    ),
    clock: Annotated[str, typer.Option(help="wall, or house for homes that simulate their time.")] = "wall",
    per_second: Annotated[
        float, typer.Option(min=0.01, help="Messages a home may send a second, in the long run.")
    ] = 10,
    lease: Annotated[float, typer.Option(min=0.2, help="Seconds after which a silent worker is replaced.")] = 15,
    chroma: Annotated[
        str | None,
        typer.Option(help="HOST:PORT of a Chroma server: new homes are planned for with days of homes alike."),
    ] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Answer Prometheus here, on loopback.")] = None,
) -> None:
    """Do the work of some roles on some shards until asked to stop; more workers than shards stand by."""
    from energy.errors import SettingsError
    from fleet.addresses import shard_names
    from fleet.ingester import IntakeLimits
    from fleet.run import ROLES, FleetSettings, run
    from fleet.status import serve_metrics
    from fleet.streams import connect
    from transport.mqtt import BrokerAddress

    roles = [one for one in ROLES if one in role] if role else list(ROLES)
    if strange := sorted({*role} - {*ROLES}):
        raise SettingsError(f"role {strange[0]!r} is not known: use {', '.join(ROLES)}")
    if clock not in {"wall", "house"}:
        raise SettingsError(f"clock {clock!r} is not known: use wall or house")
    settings = FleetSettings(
        broker=BrokerAddress.from_environment(broker),
        redis_url=redis,
        shards=shard_names(shards),
        days=days,
        clock="wall" if clock == "wall" else "house",
        limits=IntakeLimits(per_second=per_second, burst=200 * per_second),
        lease_s=lease,
        chroma=chroma,
    )
    if metrics_port is not None:
        serve_metrics(connect(redis), list(settings.shards), metrics_port)
    run(settings, roles, _stopped())


@fleet_app.command("simulate")
def fleet_simulate(  # noqa: PLR0913 (as above)
    *,
    homes: Annotated[int, typer.Option(min=1, help="How many houses.")] = 10,
    shards: Shards = _SHARDS,
    broker: Broker = _BROKER,
    redis: RedisUrl = _REDIS,
    speed: Annotated[float, typer.Option(min=0, help="Simulated seconds a second; 0: as fast as it goes.")] = 1,
    step: Annotated[float, typer.Option(min=1, help="Seconds between two readings of all meters.")] = 20,
    days: Annotated[int, typer.Option(min=1, help="How many days to play.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same fleet.")] = 1,
    as_json: Json = False,
) -> None:
    """Play many houses, which keep a clock of their own: run the workers with --clock house."""
    from dataclasses import asdict
    from datetime import timedelta

    from fleet.addresses import shard_names
    from fleet.simulate import FleetPace, play, simulated_fleet
    from fleet.streams import connect, register
    from transport.mqtt import BrokerAddress

    fleet = simulated_fleet(homes, shards=shard_names(shards), days=days, seed=seed)
    register(connect(redis), [home for home, _ in fleet])
    pace = FleetPace(speed or None, timedelta(seconds=step))
    played = play(fleet, BrokerAddress.from_environment(broker), pace, _stopped())
    summary = f"{played.published} messages published, {played.obeyed} commands obeyed, {played.refused} refused"
    typer.echo(json.dumps(asdict(played)) if as_json else summary)


@fleet_app.command("page")
def fleet_page(
    *,
    shards: Shards = _SHARDS,
    redis: RedisUrl = _REDIS,
    host: Annotated[
        str, typer.Option(help="Address to answer at; it has no login, so think before you open it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8090,
) -> None:
    """Serve one page with all homes: how each stands, what it saved, and who lags."""
    from fleet.addresses import shard_names
    from fleet.page import serve_page
    from fleet.streams import connect

    serve_page(connect(redis), shard_names(shards), host, port)


@fleet_app.command("status")
def fleet_status(
    *,
    shards: Shards = _SHARDS,
    redis: RedisUrl = _REDIS,
    as_json: Json = False,
) -> None:
    """Show by shard what waits, who lags, what was decided and what was refused."""
    from fleet.addresses import shard_names
    from fleet.status import fleet_status as status_of
    from fleet.streams import connect

    found = status_of(connect(redis), shard_names(shards))
    if as_json:
        typer.echo(json.dumps(found))
        return
    for one in found["shards"]:
        typer.echo(f"{one['shard']}: {one['homes']} homes, {one['waiting']} readings in the stream")
        for group, state in one["groups"].items():
            typer.echo(f"  {group}: {state['lag']} to do, {state['pending']} begun")
        for what, number in (one["counts"] | one["refused"]).items():
            typer.echo(f"  {what}: {number}")
        for home, fault in one["faults"].items():
            typer.echo(f"  {home}: {fault}")
    if faults := found["register"]["faults"]:
        typer.echo(f"register: {len(faults)} entries cannot be read")
        for home, fault in faults.items():
            typer.echo(f"  {home}: {fault}")


def _stopped() -> Event:
    """Set by Ctrl-C and by a supervisor's request to end."""
    stop = Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: stop.set())
    return stop
