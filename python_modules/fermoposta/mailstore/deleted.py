"""What was deleted and can come back: mail, folders, appointments, tasks, contacts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fermoposta.mailstore.deleted_item import DeletedItem, Kind, RestoreError
from fermoposta.mailstore.kept_items import open_archive
from fermoposta.mailstore.kept_mail import open_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from fermoposta.mailstore.imap import Door
    from fermoposta.mailstore.kept_mail import Kept


def _now() -> datetime:
    return datetime.now(UTC)


class Bin:
    """
    Everything that is kept of the mailboxes of this host.

    *dsn* is the connection string of the webmail's database, *days* how long things are kept.
    Tests shift the *clock*. All methods block, and raise RestoreError.
    """

    def __init__(
        self, door: Door, dsn: str, *, days: int, clock: Callable[[], datetime] = _now
    ) -> None:
        self._door = door
        self._dsn = dsn
        self._age = timedelta(days=days)
        self._clock = clock

    def list_deleted(self, address: str, folder: str | None = None) -> list[DeletedItem]:
        """List what was deleted from *folder* of *address*, or from all of it, the latest first."""
        since = self._clock() - self._age
        with open_kept(self._door, address) as mail:
            kept = mail.all(since, folder)
            there = mail.folders()
        with open_archive(self._dsn) as archive:
            others = archive.all(address, since)
        found = [*(each.item for each in kept), *gone_folders(kept, there), *others]
        chosen = (item for item in found if folder is None or _concerns(item, folder))
        dated = [replace(item, until=item.deleted_at + self._age) for item in chosen]
        return sorted(dated, key=lambda item: item.deleted_at, reverse=True)

    def restore(self, address: str, ids: Collection[str]) -> list[DeletedItem]:
        """
        Restore what *ids* name, a folder with everything that was in it; return what came back.

        Raises RestoreError for an id that there is not (any more), before anything is done.
        """
        listed = {item.id: item for item in self.list_deleted(address)}
        if missing := [each for each in ids if each not in listed]:
            raise RestoreError(
                f"{', '.join(missing)}: nothing deleted has this id;"
                " it is restored already, or its time is over"
            )
        return self._restore(address, [listed[each] for each in ids])

    def restore_all(self, address: str, folder: str | None = None) -> list[DeletedItem]:
        """Restore everything that was deleted, or what *folder* lists, see `list_deleted`."""
        return self._restore(address, self.list_deleted(address, folder))

    def _restore(self, address: str, items: Iterable[DeletedItem]) -> list[DeletedItem]:
        wanted = list(items)
        ids = {item.id for item in wanted}
        # Of mail: a calendar brings its own entries, and no folder that happens to be called so.
        folders = [item.folder for item in wanted if item.id.startswith("folder:")]
        since = self._clock() - self._age
        with open_archive(self._dsn) as archive, archive.alone(address):
            with open_kept(self._door, address) as mail:
                chosen = [
                    each
                    for each in mail.all(since)
                    if each.item.id in ids or any(_below(each.folder, top) for top in folders)
                ]
                restored = mail.restore(chosen) if chosen else []
            restored += archive.restore([item for item in wanted if item.id.startswith("item:")])
        return restored


def gone_folders(kept: Iterable[Kept], there: Collection[str]) -> list[DeletedItem]:
    """Return the folders that something was deleted with and that are not *there* any more."""
    gone: dict[str, DeletedItem] = {}
    for each in kept:
        if each.folder in there:
            continue
        before = gone.get(each.folder)
        at = each.item.deleted_at
        gone[each.folder] = DeletedItem(
            id=f"folder:{each.folder}",
            kind=Kind.FOLDER,
            folder=each.folder,
            name=each.folder.rpartition("/")[2],
            size=each.item.size + (before.size if before else 0),
            deleted_at=max(at, before.deleted_at) if before else at,
        )
    return list(gone.values())


def _below(folder: str, top: str) -> bool:
    return folder == top or folder.startswith(f"{top}/")


def _concerns(item: DeletedItem, folder: str) -> bool:
    """Tell whether *item* was in *folder*, or is that folder or one below it."""
    return item.folder == folder or (item.kind is Kind.FOLDER and _below(item.folder, folder))
