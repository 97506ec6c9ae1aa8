"""Folders and files of a household, for their owner alone."""

import secrets
from contextlib import suppress
from pathlib import Path

_FOLDER, _FILE = 0o700, 0o600


def private_folder(folder: Path) -> None:
    """Make a folder, and close one that is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    _close(folder, _FOLDER)


def private_file(path: Path) -> None:
    """Make a file, and close one that is there already."""
    with suppress(FileExistsError):
        path.touch(mode=_FILE, exist_ok=False)
    _close(path, _FILE)


def write_private(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        draft.touch(mode=_FILE, exist_ok=False)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _close(path: Path, mode: int) -> None:
    # Another's, or on a disk without rights: it is used as it is.
    with suppress(OSError):
        path.chmod(mode)
