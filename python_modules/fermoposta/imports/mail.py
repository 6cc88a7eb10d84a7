"""Where mail is put: the mailbox, by IMAP, with flags and dates of arrival."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from fermoposta.imports.errors import ImportStoppedError, RefusedItemError
from fermoposta.imports.journal import Entry, Outcome
from fermoposta.mailstore.imap import hashes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from imapclient import IMAPClient

    from fermoposta.imports.source import Folder, Item

_NAMES = {
    "\\Sent": {"sent", "sent items", "sent messages", "sent mail", "inviati", "posta inviata",
               "elementi inviati", "gesendet", "gesendete elemente", "gesendete objekte",
               "envoyés", "éléments envoyés", "enviados", "elementos enviados"},
    "\\Trash": {"trash", "deleted items", "deleted messages", "bin", "cestino", "posta eliminata",
                "elementi eliminati", "papierkorb", "gelöschte elemente", "corbeille",
                "éléments supprimés", "papelera", "elementos eliminados"},
    "\\Drafts": {"drafts", "bozze", "entwürfe", "brouillons", "borradores"},
    "\\Junk": {"junk", "junk e-mail", "junk email", "spam", "bulk mail", "posta indesiderata",
               "quarantena", "junk-e-mail", "courrier indésirable", "correo no deseado"},
    "\\Archive": {"archive", "archives", "archivio", "archiv", "archivo"},
}  # fmt: skip
"""What other servers and programs call these folders, where they say no special use."""


def use_of(folder: Folder) -> str:
    """Return the special use of *folder*: as its source says, or as its name does at the top."""
    if folder.use or len(folder.path) != 1:
        return folder.use
    name = folder.path[0].casefold()
    return next((use for use, names in _NAMES.items() if name in names), "")


def normal(content: bytes) -> tuple[bytes, bool]:
    """
    Return a message with the line ends of mail (RFC 5322), and whether octets had to be changed.

    A NUL is in no message (RFC 5322, section 4), and Dovecot makes 0x80 of it.
    """
    lines = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    changed = lines.replace(b"\0", b"\x80")
    return changed, changed != lines


def sha256(content: bytes) -> str:
    """Return the hash by which an item is known."""
    return hashlib.sha256(content).hexdigest()


@dataclass(slots=True)
class MailTarget:
    """The mailbox behind *client*, logged in; *under* is a folder below which all goes."""

    client: IMAPClient
    under: str = ""
    _there: Counter[str] = field(default_factory=Counter)
    _folder: str = ""

    def name_of(self, folder: Folder) -> str:
        """Return where the messages of *folder* go."""
        if self.under:
            return "/".join([self.under, *map(_part, folder.path)])
        use = use_of(folder)
        if folder.path[0].casefold() == "inbox":
            return "/".join(["INBOX", *map(_part, folder.path[1:])])
        if use:
            for flags, _, name in self.client.list_folders():
                if use.encode() in flags:
                    return str(name)
        return "/".join(map(_part, folder.path))

    def open(self, name: str, known: Iterable[str]) -> None:
        """
        Go to the folder *name*, made where there is none.

        What is there beside *known*, the hashes of what was put there before, is looked at: it may
        be the import's own, which was killed before it was written down, or somebody's.
        """
        try:
            if not self.client.folder_exists(name):
                self.client.create_folder(name)
                self.client.subscribe_folder(name)
        except (IMAPClientError, OSError) as error:
            raise ImportStoppedError(f"the folder {name} can't be made: {error}") from error
        self._folder = name
        self._there = Counter(self.hashes(name))
        self._there.subtract(known)

    def put(self, items: Sequence[Item]) -> list[Entry]:
        """
        Put *items* there but for those that are there; return what became of each.

        Where there is room for no more the rest is left out. Raises ImportStoppedError.
        """
        entries: list[Entry] = []
        new: list[tuple[Item, bytes, Entry]] = []
        for item in items:
            content, changed = normal(item.content)
            key, digest = item.key, sha256(content)
            if self._there[digest] > 0:
                self._there[digest] -= 1
                entries.append(Entry(key, digest, Outcome.THERE))
                continue
            reason = "NUL octets became 0x80" if changed else ""
            outcome = Outcome.CHANGED if changed else Outcome.ADDED
            new.append((item, content, Entry(key, digest, outcome, reason)))
        room = self._room() if new else 0
        for item, content, entry in new:
            room -= len(content)
            if room < 0:
                break
            try:
                self._append(item, content)
            except RefusedItemError as error:
                entry = Entry(entry.key, entry.sha256, Outcome.REFUSED, str(error))  # noqa: PLW2901
            entries.append(entry)
        return entries

    def _room(self) -> float:
        """Return for how many octets there is room: no quota holds us back."""
        try:
            _, quotas = self.client.get_quota_root("INBOX")
        except (IMAPClientError, OSError) as error:
            raise ImportStoppedError(f"the mailbox is away: {error}") from error
        left = (each.limit - each.usage for each in quotas if each.resource == "STORAGE")
        return min((kilobytes * 1024 for kilobytes in left), default=math.inf)

    def _append(self, item: Item, content: bytes) -> None:
        flags = [flag for flag in sorted(item.flags) if flag != "\\Recent"]
        try:
            self.client.append(self._folder, content, flags=flags, msg_time=item.at)
        except IMAPClientError as error:
            if isinstance(error, IMAPClientAbortError):
                raise ImportStoppedError(f"the mailbox is away: {error}") from error
            raise RefusedItemError(str(error)) from error
        except OSError as error:
            raise ImportStoppedError(f"the mailbox is away: {error}") from error

    def hashes(self, name: str) -> Iterator[str]:
        """Yield the hash of every message that is in the folder *name* now; none where it isn't."""
        try:
            if not self.client.folder_exists(name):
                return
            self.client.select_folder(name, readonly=True)
            for _, each in hashes(self.client, self.client.search(["ALL"])):
                yield each
        except (IMAPClientError, OSError) as error:
            raise ImportStoppedError(f"the folder {name} can't be read: {error}") from error


def _part(name: str) -> str:
    """Return a part of a folder's name as it can stand here: ``/`` parts folders."""
    kept = "".join(letter if letter.isprintable() else "_" for letter in name.replace("/", "_"))
    return kept.strip() or "_"


def differences(wanted: Iterable[str], found: Iterable[str]) -> list[str]:
    """Return which of *wanted* are not in *found*, each as often as it lacks."""
    return sorted((Counter(wanted) - Counter(found)).elements())
