"""`advisor ingest homes`: the files of many homes, a folder each, read in several processes or on Dask."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.json_option import Json
from advisor.memory_choice import MemoryDir, memory_folder
from energy.errors import AdvisorError, DataError, SettingsError

if TYPE_CHECKING:
    from ingest.history.table import History

_FACTS = "home.toml"


def ingest_homes(
    folder: Annotated[Path, typer.Argument(help="A folder of folders: each has a home.toml and one home's files.")],
    *,
    workers: Annotated[int, typer.Option(min=0, help="Homes read at once on this machine; 0: in this process.")] = 2,
    dask: Annotated[str | None, typer.Option(help="HOST:PORT of a Dask scheduler whose workers read them.")] = None,
    memory: MemoryDir = None,
    as_json: Json = False,
) -> None:
    """Read the files of many homes; each is called by its folder's name, and what is unclear is reported, not asked."""
    from advisor.memory import index_of, store_of
    from ingest.history.job import ingest

    folders = sorted(path.parent for path in folder.glob(f"*/{_FACTS}"))
    if not folders:
        raise SettingsError(
            f"{str(folder)!r} has no folders with a {_FACTS}: give each home one, with its files beside it"
        )
    done, failed = dict[str, object](), dict[str, str]()
    kept = memory_folder(memory)
    with index_of(kept) as index:
        for name, found in _read_all(folders, workers, dask):
            if isinstance(found, str):
                failed[name] = found
            else:
                done[name] = asdict(ingest(found, store_of(kept), index).days)
    _show(done, failed, as_json=as_json)
    if failed:
        raise DataError(f"{len(failed)} of {len(folders)} homes could not be read; the others are stored")


def read_home(folder: Path) -> "History | str":
    """A home's history from all files in its folder, or why there is none."""
    from advisor.memory import understand_files
    from ingest.history.files.table.options import Options

    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != _FACTS)
    try:
        return understand_files(files, folder.name, folder / _FACTS, Options()).history
    except (AdvisorError, OSError) as err:
        return str(err)


def _read_all(folders: list[Path], workers: int, dask: str | None) -> Iterator[tuple[str, "History | str"]]:
    from eval.sweep.choice import sweep_on
    from eval.sweep.sweep import Lost

    for path, found in sweep_on(workers, dask).map(read_home, folders):
        yield path.name, found.detail if isinstance(found, Lost) else found


def _show(done: dict[str, object], failed: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"homes": done, "failed": failed}))
        return
    for name, days in sorted(done.items()):
        typer.echo(f"{name}: {days}")
    for name, why in sorted(failed.items()):
        typer.echo(f"{name}: not read: {why}")
