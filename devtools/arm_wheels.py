"""`make arm-wheels`: whether all that runs has a wheel for a Raspberry Pi, which the registry is asked."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from energy.errors import SettingsError

_LOCK = Path("requirements-run.lock")
_NONE_FOUND = re.compile(r"No matching distribution found for (\S+)")
_TAGS = ("manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in range(17, 37)))


def missing(pins: list[str]) -> Iterator[str]:
    """Pins that pip finds no wheel of for Python 3.11 on aarch64; it stops at each one, and is asked again without."""
    left = list(pins)
    while (pin := _first_missing(left)) is not None:
        yield pin
        left.remove(pin)


def _first_missing(pins: list[str]) -> str | None:
    target = [argument for tag in _TAGS for argument in ("--platform", tag)]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-deps", "--ignore-installed"]
        command += ["--only-binary=:all:", "--python-version", "3.11", "--target", folder, *target, *pins]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (pip by its own client)
    if not asked.returncode:
        return None
    found = _NONE_FOUND.search(asked.stderr)
    if found is None or found[1] not in pins:
        raise SettingsError(f"pip cannot say: {asked.stderr.strip()[-300:]}")
    return found[1]


def pins_of(lock: Path) -> list[str]:
    """Every pin of a lock file."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def main() -> None:
    """Ask for all, print those without as JSON, and fail where there are any."""
    pins = pins_of(_LOCK)
    found = list(missing(pins))
    sys.stdout.write(json.dumps({"asked": len(pins), "without": found}, indent=1) + "\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
