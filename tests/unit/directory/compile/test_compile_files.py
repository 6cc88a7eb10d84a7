"""Files that are whole at every moment."""

from pathlib import Path

import pytest

from fermoposta.directory.compile import files
from fermoposta.directory.compile.files import write, write_once


def test_what_is_right_is_not_written(tmp_path: Path) -> None:
    """Whoever watches the file is not woken for nothing."""
    write(tmp_path / "a", b"x", mode=0o644)
    before = (tmp_path / "a").stat()

    assert write(tmp_path / "a", b"x", mode=0o644) is None
    assert (tmp_path / "a").stat().st_ino == before.st_ino


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no litter."""
    write(tmp_path / "a", b"old", mode=0o644)

    def full(_descriptor: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)

    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "a", b"new", mode=0o644)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_of_two_who_write_once_the_first_one_wins(tmp_path: Path) -> None:
    """Neither overwrites the other's key."""
    assert write_once(tmp_path / "a", b"first", mode=0o640)
    assert write_once(tmp_path / "a", b"second", mode=0o640) is None

    assert (tmp_path / "a").read_bytes() == b"first"
    assert len(list(tmp_path.iterdir())) == 1
