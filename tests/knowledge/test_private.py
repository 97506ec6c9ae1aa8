from pathlib import Path

import pytest

from knowledge.private import private_file, private_folder, write_private


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_was_open_to_others_is_closed_and_keeps_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "memory"
    folder.mkdir(mode=0o755)
    file = folder / "notes"
    file.write_text("kept", encoding="ascii")
    file.chmod(0o644)
    private_folder(folder)
    private_file(file)
    assert (mode(folder), mode(file), file.read_text(encoding="ascii")) == (0o700, 0o600, "kept")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "token"
    path.write_text("old", encoding="ascii")
    path.chmod(0o644)

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="no space"):
            write_private(path, "new")
    assert path.read_text(encoding="ascii") == "old"
    write_private(path, "new")
    assert (path.read_text(encoding="ascii"), mode(path)) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [path]
