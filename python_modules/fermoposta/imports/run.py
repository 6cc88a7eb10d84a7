"""An import from its beginning, or from where it was, to its manifest."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from imapclient.exceptions import IMAPClientError

from fermoposta.imports.errors import ImportStoppedError
from fermoposta.imports.groupware import GroupwareTarget
from fermoposta.imports.journal import Entry, Journal, Outcome
from fermoposta.imports.mail import MailTarget, differences, sha256
from fermoposta.imports.source import Item, Kind, Unreadable
from fermoposta.mailstore.imap import Door

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from fermoposta.imports.source import Folder, Source, Wanted
    from fermoposta.service.settings import Settings

Manifest = dict[str, Any]
_ITEMS = 25
_BYTES = 8 * 1024 * 1024
"""How much is put at once; as much, at most, is looked for again after a crash."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: *done* items of *folder* in this run."""

    folder: str
    done: int


@dataclass(slots=True)
class Import:
    """
    One import: into the mailbox *address* from *source*, of what is *wanted*.

    *state* is the folder in which its journal, its manifest and what was refused are kept.
    """

    site: Settings
    address: str
    source: Source
    wanted: Wanted
    state: Path
    tell: Callable[[Progress], None]

    def run(self, *, retry_refused: bool = False) -> Manifest:
        """
        Bring over what is not here yet; return the manifest, which is stored as well.

        Raises ImportStoppedError: what was done is done, and the next run goes on from there.
        """
        journal = Journal(self._file("sqlite"))
        try:
            if retry_refused:
                journal.forget_refused()
            door = Door(self.site.imap_host, self.site.imap_port, self.site.agent_secret_file)
            with door.open(self.address) as session:
                mail = MailTarget(session.client, self.wanted.under)
                for folder in self.source.folders():
                    if self.wanted.has(folder):
                        self._folder(journal, mail, folder)
                return self._manifest(journal, mail)
        except (IMAPClientError, OSError) as error:
            raise ImportStoppedError(f"the mailbox {self.address} is away: {error}") from error
        finally:
            self.source.close()
            journal.close()

    def _folder(self, journal: Journal, mail: MailTarget, folder: Folder) -> None:
        target = self._target_name(mail, folder)
        journal.begin(folder.name, folder.id, target, folder.kind)
        groupware = None
        if folder.kind is Kind.MAIL:
            mail.open(target, journal.hashes(folder.name))
        else:
            groupware = GroupwareTarget(self.site, self.address, folder.kind)
            groupware.open(self._collection(folder))
        count = 0
        known = journal.done(folder.name)
        for batch in _batches(self.source.items(folder, known)):
            items = [each for each in batch if isinstance(each, Item)]
            refused = [
                Entry(each.key, sha256(each.raw), Outcome.REFUSED, each.reason)
                for each in batch
                if isinstance(each, Unreadable)
            ]
            entries = groupware.put(items) if groupware else mail.put(items)
            self._keep(folder, batch, [*entries, *refused])
            journal.note(folder.name, [*entries, *refused])
            if len(entries) < len(items):
                raise ImportStoppedError(
                    "the mailbox is full: raise its quota_mb, and start the import again"
                )
            count += len(batch)
            self.tell(Progress(folder.name, count))
        journal.complete(folder.name)

    def _target_name(self, mail: MailTarget, folder: Folder) -> str:
        if folder.kind is Kind.MAIL:
            return mail.name_of(folder)
        return self._collection(folder) or "personal"

    def _collection(self, folder: Folder) -> str:
        return self.wanted.book if folder.kind is Kind.CONTACT else self.wanted.calendar

    def _keep(
        self, folder: Folder, batch: Iterable[Item | Unreadable], entries: Iterable[Entry]
    ) -> None:
        """Keep what was refused, as it came, in a file of its own."""
        refused = {each.key: each for each in entries if each.outcome is Outcome.REFUSED}
        for each in batch:
            if each.key in refused:
                below = self._file("refused") / re.sub(r"[^\w.-]+", "_", folder.name)
                below.mkdir(mode=0o700, parents=True, exist_ok=True)
                name = f"{sha256(each.key.encode())[:16]}.eml"
                content = each.content if isinstance(each, Item) else each.raw
                (below / name).write_bytes(content)

    def _manifest(self, journal: Journal, mail: MailTarget) -> Manifest:
        folders = [
            self._told(journal, mail, name, target, kind, complete=complete)
            for name, target, kind, complete in journal.folders()
        ]
        found: Manifest = {
            "address": self.address,
            "source": self.source.id,
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "folders": folders,
            "refused": [
                {"folder": folder, "key": key, "sha256": digest, "reason": reason}
                for folder, key, digest, reason in journal.refused()
            ],
            "equal": all(each["complete"] and not each["missing"] for each in folders),
        }
        path = self._file("json")
        partial = path.with_suffix(".partial")
        partial.write_text(f"{json.dumps(found, indent=2)}\n", encoding="utf-8")
        partial.replace(path)
        return found

    def _told(
        self,
        journal: Journal,
        mail: MailTarget,
        name: str,
        target: str,
        kind: str,
        *,
        complete: bool,
    ) -> dict[str, Any]:
        """Return what the folder *name* had, and what of it is in the *target* now."""
        counts = journal.counts(name)
        if kind == Kind.MAIL:
            here = Counter(mail.hashes(target))
        else:
            groupware = GroupwareTarget(self.site, self.address, Kind(kind))
            groupware.open("" if target == "personal" else target)
            here = Counter(sha256(uid.encode()) for uid in groupware.uids())
        missing = differences(journal.hashes(name), here.elements())
        return {
            "folder": name,
            "target": target,
            "kind": kind,
            "complete": complete,
            "source": {"count": sum(counts.values()), "digest": _digest(journal.hashes(name))},
            "here": {
                "count": sum(counts.values()) - counts.get(Outcome.REFUSED, 0) - len(missing),
                "digest": _digest(_common(journal.hashes(name), here)),
            },
            "outcomes": counts,
            "missing": missing,
        }

    def _file(self, ending: str) -> Path:
        name = hashlib.sha256(f"{self.address}\0{self.source.id}".encode()).hexdigest()[:16]
        return self.state / f"{self.address}-{name}.{ending}"


def _batches(items: Iterator[Item | Unreadable]) -> Iterator[list[Item | Unreadable]]:
    """Yield *items* in parts of some number and size."""
    batch: list[Item | Unreadable] = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(item.content) if isinstance(item, Item) else len(item.raw)
        if len(batch) >= _ITEMS or size >= _BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _common(wanted: Iterable[str], here: Counter[str]) -> Iterator[str]:
    left = Counter(here)
    for each in wanted:
        if left[each] > 0:
            left[each] -= 1
            yield each


def _digest(hashes: Iterable[str]) -> str:
    """Return one hash of *hashes*, which are in their order."""
    whole = hashlib.sha256()
    for each in hashes:
        whole.update(bytes.fromhex(each))
    return whole.hexdigest()
