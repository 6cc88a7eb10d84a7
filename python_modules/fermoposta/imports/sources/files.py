"""Mail in files: mbox (RFC 4155) and Maildir, a folder or a whole tree of them."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fermoposta.imports.errors import ImportStoppedError
from fermoposta.imports.source import Folder, Item
from fermoposta.imports.sources.pop3 import arrival

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_FROM = re.compile(rb"From \S+ +(?P<date>.*\d{4})\s*$")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_INFO = {"D": "\\Draft", "F": "\\Flagged", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}
_STATUS = {b"R": "\\Seen", b"A": "\\Answered", b"F": "\\Flagged", b"T": "\\Draft",
           b"D": "\\Deleted"}  # fmt: skip


class MboxSource:
    """
    An mbox file, or a folder of them with folders in it, as Thunderbird keeps its mail.

    A folder ``Name.sbd`` beside the file ``Name`` has what is below it.
    """

    def __init__(self, path: Path, name: str = "") -> None:
        self._path = path
        self._name = name or path.stem

    @property
    def id(self) -> str:
        """Return where the file is."""
        return f"mbox:{self._path}"

    def folders(self) -> Iterator[Folder]:
        """Yield each file that is an mbox."""
        if self._path.is_file():
            yield Folder((self._name,), id="mbox")
            return
        if not self._path.is_dir():
            raise ImportStoppedError(f"{self._path}: there is no such file or folder")
        for path in sorted(self._path.rglob("*")):
            if path.is_file() and path.suffix not in {".msf", ".dat"} and _is_mbox(path):
                parts = path.relative_to(self._path).parts
                yield Folder(tuple(part.removesuffix(".sbd") for part in parts), id="mbox")

    def items(self, folder: Folder, done: Collection[str]) -> Iterator[Item]:
        """Yield the messages; one is known by its content and how often that came before."""
        times: dict[str, int] = {}
        for line, content in _split(self._file(folder)):
            digest = hashlib.sha256(content).hexdigest()
            times[digest] = times.get(digest, 0) + 1
            key = f"{digest}.{times[digest]}"
            if key in done:
                continue
            flags, content = _status(content)  # noqa: PLW2901 - without the file's own headers
            yield Item(key, content, flags, _date(line) or arrival(content))

    def _file(self, folder: Folder) -> Path:
        if self._path.is_file():
            return self._path
        path = self._path.joinpath(*folder.path)
        return (
            path
            if path.is_file()
            else self._path.joinpath(*(f"{part}.sbd" for part in folder.path[:-1]), folder.path[-1])
        )

    def close(self) -> None:
        """Nothing is open."""


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"From "


def _split(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield the separator and the content of each message, one in memory at a time."""
    try:
        with path.open("rb") as file:
            separator, lines, blank = b"", list[bytes](), True
            for line in file:
                if blank and line.startswith(b"From ") and _FROM.match(line):
                    if separator:
                        yield separator, _joined(lines)
                    separator, lines = line, []
                elif separator:
                    lines.append(line)
                elif line.strip():
                    raise ImportStoppedError(f"{path}: is no mbox: it does not begin with From")
                blank = not line.strip()
            if separator:
                yield separator, _joined(lines)
    except OSError as error:
        raise ImportStoppedError(f"{path}: {error.strerror}") from error


def _joined(lines: list[bytes]) -> bytes:
    # The empty line before the next separator belongs to the file.
    if lines and not lines[-1].strip():
        lines.pop()
    return _QUOTED.sub(rb"\1", b"".join(lines))


def _date(line: bytes) -> datetime | None:
    match = _FROM.match(line)
    text = match["date"].decode("ascii", "replace") if match else ""
    for form in ("%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %z %Y"):
        try:
            found = datetime.strptime(" ".join(text.split()), form)  # noqa: DTZ007 - see below
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _status(content: bytes) -> tuple[frozenset[str], bytes]:
    """Return the flags that the headers of an mbox say, and the content without these headers."""
    head, separator, body = content.partition(
        b"\n\n" if b"\r\n\r\n" not in content else b"\r\n\r\n"
    )
    flags: set[str] = set()
    kept = []
    for line in re.split(rb"(?<=\n)(?![ \t])", head):
        name, _, value = line.partition(b":")
        if name.lower() in {b"status", b"x-status"}:
            flags |= {flag for letter, flag in _STATUS.items() if letter in value}
        elif name.lower() in {b"x-mozilla-status", b"x-mozilla-status2"}:
            if name.lower() == b"x-mozilla-status":
                flags |= _mozilla(value)
        else:
            kept.append(line)
    return frozenset(flags), b"".join(kept).rstrip(b"\r\n") + separator + body


def _mozilla(value: bytes) -> set[str]:
    """Return the flags of Thunderbird's bits: read, replied, marked, expunged."""
    try:
        bits = int(value.strip(), 16)
    except ValueError:
        return set()
    known = {0x1: "\\Seen", 0x2: "\\Answered", 0x4: "\\Flagged", 0x8: "\\Deleted"}
    return {flag for bit, flag in known.items() if bits & bit}


class MaildirSource:
    """A Maildir, with the folders of Maildir++ (``.Name.Below``), or a tree of Maildirs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folders: dict[tuple[str, ...], Path] = {}

    @property
    def id(self) -> str:
        """Return where it is."""
        return f"maildir:{self._path}"

    def folders(self) -> Iterator[Folder]:
        """Yield each folder that is a Maildir."""
        found: dict[tuple[str, ...], Path]
        found = {("INBOX",): self._path} if _is_maildir(self._path) else {}
        for cur in sorted(self._path.rglob("cur")):
            folder = cur.parent
            if folder == self._path or not _is_maildir(folder):
                continue
            parts: list[str] = []
            for part in folder.relative_to(self._path).parts:
                parts += part.removeprefix(".").split(".") if part.startswith(".") else [part]
            found[tuple(_utf7(part) for part in parts)] = folder
        if not found:
            raise ImportStoppedError(f"{self._path}: there is no Maildir (a folder with cur, new)")
        self._folders = found
        for path in found:
            yield Folder(path, id="maildir")

    def items(self, folder: Folder, done: Collection[str]) -> Iterator[Item]:
        """Yield the messages, oldest first; one is known by its unique name."""
        try:
            for path in _messages(self._folders[folder.path]):
                key, _, info = path.name.partition(":2,")
                if key in done:
                    continue
                flags = frozenset(_INFO[letter] for letter in info if letter in _INFO)
                at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield Item(key, path.read_bytes(), flags, at)
        except OSError as error:
            raise ImportStoppedError(f"{error.filename}: {error.strerror}") from error

    def close(self) -> None:
        """Nothing is open."""


def _is_maildir(path: Path) -> bool:
    return all((path / part).is_dir() for part in ("cur", "new"))


def _messages(folder: Path) -> list[Path]:
    found = [each for part in ("cur", "new") for each in (folder / part).iterdir()]
    return sorted(each for each in found if each.is_file() and not each.name.startswith("."))


def _utf7(name: str) -> str:
    """Return the name of a folder that is written in the letters of IMAP (RFC 3501, 5.1.3)."""
    from imapclient.imap_utf7 import decode  # noqa: PLC0415 - it has no types

    try:
        return str(decode(name.encode("ascii")))
    except (UnicodeError, ValueError):
        return name
