"""Start a simulated house: `python -m simulator --recording FILE --broker HOST:PORT`."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import TextIO

import typer

from energy.errors import AdvisorError, SettingsError
from simulator.house.house import HOUSE_SEED, House
from simulator.house.recording import Recording
from simulator.house.sensors import PERFECT, SensorQuality
from simulator.service import HouseService, Pace
from simulator.yaml_file import read_yaml
from transport.mqtt import BrokerAddress


def main(arguments: Sequence[str] | None = None) -> int:
    """Play a recording; 0 done, 1 failed, 2 wrong usage or settings."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        _play(_parser().parse_args(arguments))
    except AdvisorError as err:
        typer.echo(f"error: {err}", err=True)
        return 2 if isinstance(err, SettingsError) else 1
    return 0


def _play(chosen: argparse.Namespace) -> None:
    house = House(
        Recording.from_json(chosen.recording),
        step=timedelta(minutes=chosen.step_minutes),
        slot=timedelta(minutes=chosen.slot_minutes),
        soc=chosen.soc,
        seed=chosen.seed,
    )
    address = BrokerAddress.from_environment(chosen.broker)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pace = Pace(speed=chosen.speed, lockstep=chosen.lockstep, patience_s=chosen.patience_s)
    with _opened(chosen.record) as lines:
        HouseService(house, pace=pace, stop=stop, record=lines, quality=_quality(chosen.sensors)).run(address)


def _quality(file: Path | None) -> SensorQuality:
    return read_yaml(file, SensorQuality) if file else PERFECT


def _opened(record: Path | None) -> AbstractContextManager[TextIO | None]:
    if record is None:
        return nullcontext()
    try:
        # Line by line, so that a reader sees every step that was lived even if the house is killed.
        return record.open("w", encoding="utf-8", buffering=1)
    except OSError as err:
        raise SettingsError(f"record {str(record)!r} cannot be written ({err.strerror}): choose another path") from err


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--recording", type=Path, required=True, help="what to replay, written by Recording.to_json")
    parser.add_argument(
        "--broker",
        default="localhost:1883",
        help="HOST:PORT of the broker; its login in ADVISOR_MQTT__USERNAME and ADVISOR_MQTT__PASSWORD",
    )
    parser.add_argument("--speed", type=_positive, help="simulated seconds per second; as fast as possible without")
    parser.add_argument(
        "--lockstep",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="wait for a go-ahead at the start of each slot",
    )
    parser.add_argument("--patience-s", type=_positive, default=30.0, help="longest wait for a go-ahead")
    parser.add_argument("--step-minutes", type=_positive, default=5, help="length of a step")
    parser.add_argument(
        "--slot-minutes", type=int, choices=(5, 10, 15, 20, 30, 60), default=30, help="length of a slot"
    )
    parser.add_argument("--seed", type=int, default=HOUSE_SEED, help="which appliances switch when")
    parser.add_argument("--soc", type=float, default=0.5, help="charge at the start, 0 to 1")
    parser.add_argument("--sensors", type=Path, help="how good the sensors are and what goes wrong with them, YAML")
    parser.add_argument("--record", type=Path, help="write every step to this JSON Lines file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
