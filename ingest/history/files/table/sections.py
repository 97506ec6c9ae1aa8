"""Blocks below one another, each under a header of its own: what differs between the headers becomes a column."""

from ingest.history.files.cells.moments import looks_like_time
from ingest.history.files.cells.numbers import looks_like_number

Record = tuple[list[str], int]
_NAME = "Section"


def with_sections(names: tuple[str, ...], records: list[Record]) -> tuple[tuple[str, ...], list[Record]]:
    """Names and rows without the headers that come again; where those differ, a column says what stood there."""
    again = [cells for cells, _ in records if _is_header(cells, names)]
    if not again:
        return names, records
    apart = [at for at, name in enumerate(names) if any(cells[at] != name for cells in again)]
    section, rows = " ".join(names[at] for at in apart), []
    for cells, line in records:
        if _is_header(cells, names):
            section = " ".join(cells[at] for at in apart)
        else:
            rows.append(([*cells, section] if apart and len(cells) == len(names) else cells, line))
    return ((*names, _NAME) if apart else names), rows


def _is_header(cells: list[str], names: tuple[str, ...]) -> bool:
    """Whether a row has the header's width, some of its names, and neither a number nor a time."""
    return (
        len(cells) == len(names) > 1
        and any(cell and cell == name for cell, name in zip(cells, names, strict=True))
        and not any(looks_like_number(cell) or looks_like_time(cell) for cell in cells)
    )
