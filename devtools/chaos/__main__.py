"""`python -m devtools.chaos`: all of it, from a seed; goes on where it was, and writes docs/reliability.md."""

import argparse
import json
import logging
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from devtools.chaos.doors import doors, quiet
from devtools.chaos.estate import AssistantEstate, Estate
from devtools.chaos.mutations import Mutator
from devtools.chaos.processes import full_disk, kills
from devtools.chaos.report import write
from devtools.chaos.soak import clock_jumps, soak

_LONG = {"inputs": 10_000, "kills": 200, "parts": 60, "jumps": 200, "days": 30}
_SHORT = {"inputs": 150, "kills": 2, "parts": 2, "jumps": 6, "days": 1}
_SAVES_EVERY_S = 20.0


class Results:
    """What came of it so far, in a file: a run that was broken off goes on with what is not done yet."""

    def __init__(self, path: Path, seed: int) -> None:
        self._path = path
        self.all: dict[str, Any] = {"seed": seed, "parts": {}}
        if path.exists():
            known = json.loads(path.read_text(encoding="utf-8"))
            if known.get("seed") == seed:
                self.all = known
        self._saved_s = time.monotonic()

    def done(self, part: str, size: int) -> bool:
        """Whether a part is finished, in at least this size."""
        known = self.all["parts"].get(part, {})
        return bool(known.get("finished")) and known.get("size", 0) >= size

    def keep(self, part: str, size: int, result: dict[str, Any], *, finished: bool) -> None:
        """Keep what came of a part so far."""
        self.all["parts"][part] = {"size": size, "finished": finished, "result": result}
        if finished or time.monotonic() - self._saved_s > _SAVES_EVERY_S:
            self._saved_s = time.monotonic()
            draft = self._path.with_suffix(".new")
            draft.write_text(json.dumps(self.all, indent=1), encoding="utf-8")
            draft.replace(self._path)


def main(arguments: list[str] | None = None) -> int:
    """Run what is not done yet; 0 if nothing crashed, nothing unsafe went out and nothing was lost."""
    chosen = _parser().parse_args(arguments)
    quiet()
    # Told to end, it takes the processes that it started with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sizes = _SHORT if chosen.short else _LONG
    chosen.state.parent.mkdir(parents=True, exist_ok=True)
    results = Results(chosen.state, chosen.seed)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        for part, size, run in _parts(Path(folder), chosen.seed, sizes):
            if chosen.only and not any(part.startswith(name) for name in chosen.only):
                continue
            if not results.done(part, size):
                _run(part, size, run, results)
    if chosen.out is not None:
        write(results.all, chosen.out)
    return 0 if _sound(results.all) else 1


def _run(part: str, size: int, run: Callable[[], Iterator[Any]], results: Results) -> None:
    began, last = time.monotonic(), None
    for last in run():
        results.keep(part, size, _as_json(last), finished=False)
    result = _as_json(last) if last is not None else {}
    results.keep(part, size, result | {"seconds": round(time.monotonic() - began, 1)}, finished=True)
    sys.stdout.write(f"{part}: {json.dumps({name: value for name, value in result.items() if name != 'days'})[:300]}\n")
    sys.stdout.flush()


def _as_json(result: Any) -> dict[str, Any]:
    return asdict(result)


def _parts(folder: Path, seed: int, sizes: dict[str, int]) -> Iterator[tuple[str, int, Callable[[], Iterator[Any]]]]:
    for number, (name, door) in enumerate(doors().items()):
        through = partial(door, folder / f"door-{number}", Mutator(seed + number), sizes["inputs"])
        yield f"door: {name}", sizes["inputs"], through
    yield "clock jumps", sizes["jumps"], lambda: clock_jumps(folder, seed, sizes["jumps"])
    yield "full disk", 1, lambda: iter([full_disk(folder / "disk")])
    yield (
        "kills of the advisor",
        sizes["kills"],
        lambda: kills(Estate(folder / "kills"), seed, sizes["kills"], ("advisor",)),
    )
    yield (
        "kills of any part",
        sizes["parts"],
        lambda: kills(Estate(folder / "parts"), seed + 1, sizes["parts"], Estate.parts),
    )
    yield (
        "kills beside Home Assistant",
        sizes["parts"],
        lambda: kills(AssistantEstate(folder / "assistant"), seed + 2, sizes["parts"], AssistantEstate.parts),
    )
    yield "soak", sizes["days"], lambda: soak(folder, sizes["days"])


def _sound(results: dict[str, Any]) -> bool:
    wrong = ("crashes", "unsafe", "lost", "not_healed", "caught")
    return not any(part["result"].get(name) for part in results["parts"].values() for name in wrong)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m devtools.chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a minute's worth, for CI")
    parser.add_argument("--seed", type=int, default=15, help="the same seed does the same")
    parser.add_argument("--state", type=Path, default=Path(".advisor/chaos.json"), help="what is done so far")
    parser.add_argument("--only", action="append", help="parts whose names begin so; may be given again")
    parser.add_argument("--out", type=Path, help="write the page of results here")
    return parser


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    sys.exit(main())
