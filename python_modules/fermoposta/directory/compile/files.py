"""Write files so that a reader sees the old one or the new one, and say what changed."""

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Change:
    """A file that was created, updated or removed."""

    action: Literal["created", "updated", "removed"]
    path: Path

    def __str__(self) -> str:
        """Return a line for people."""
        return f"{self.action} {self.path}"


def write(path: Path, content: bytes, *, mode: int, durable: bool = True) -> Change | None:
    """Bring the file at *path* to *content*; return None where it already was so.

    Root leaves it to the folder's owner, who must be able to change it later. What is not *durable*
    may be gone, or empty, after a power cut.
    """
    try:
        before = path.read_bytes()
    except FileNotFoundError:
        before = None
    if before == content:
        return None
    temporary = _temporary(path, content, mode, durable=durable)
    try:
        temporary.replace(path)
        # Who compiled the old file in the meantime must find the new one newer than that.
        os.utime(path)
    finally:
        temporary.unlink(missing_ok=True)
    return Change("created" if before is None else "updated", path)


def write_once(path: Path, content: bytes, *, mode: int) -> Change | None:
    """Write *content* to *path* unless something is there, whoever is quicker; return None then."""
    temporary = _temporary(path, content, mode, durable=True)
    try:
        os.link(temporary, path)  # fails where a rename would overwrite
    except FileExistsError:
        return None
    finally:
        temporary.unlink(missing_ok=True)
    return Change("created", path)


def folder(path: Path) -> None:
    """Make the folder *path*, which belongs to whoever its parent belongs to."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o755)
        _give_to_owner_of(path.parent, path)


def remove(path: Path) -> Change | None:
    """Remove the file at *path*; return None where there was none."""
    try:
        path.unlink()
    except FileNotFoundError:
        return None
    return Change("removed", path)


def _temporary(path: Path, content: bytes, mode: int, *, durable: bool) -> Path:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            os.fchmod(target.fileno(), mode)
            if durable:
                target.flush()
                os.fsync(target.fileno())
        _give_to_owner_of(path.parent, temporary)
    except OSError:
        temporary.unlink()
        raise
    return temporary


def _give_to_owner_of(parent: Path, path: Path) -> None:
    if os.geteuid() == 0:
        owner = parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
