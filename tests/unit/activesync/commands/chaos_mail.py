"""What phones do to mail, and to folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos_items import THINGS
from chaos_others import Others
from chaos_phone import (
    DRAFTS,
    MAIL_TYPES,
    SENT,
    TRASH,
    Handset,
)

from fermoposta.activesync.client import folders, items
from fermoposta.activesync.client.errors import (
    StatusError,
)
from fermoposta.activesync.client.operations import Change, Delete
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos_book import Entry


class Mails(Others):
    """Marks, moves, deletions: one by one, many at once, and one upon the other."""

    def look(self) -> None:
        """A phone looks into a folder."""
        phone = self.phone()
        kinds = MAIL_TYPES | set(THINGS)
        folder = self.some([e.id for e in phone.device.folders.values() if e.type in kinds])
        if folder is not None:
            self.bring(phone, folder)

    def look_at_all(self) -> None:
        """A phone brings everything up to date."""
        self.refresh(self.phone())

    def pick(self, phone: Handset, count: int = 1) -> tuple[str, list[tuple[str, str]]] | None:
        """Return a folder of a phone, and id and subject of mails that it has there."""
        ids = [
            each
            for each in phone.mail_folders()
            if phone.items(each) and phone.device.collection(each).sync_key != "0"
        ]
        ids = [e for e in ids if phone.device.folders[e].type not in {DRAFTS, SENT}]
        folder = self.some(ids)
        if folder is None:
            return None
        there = sorted(phone.items(folder))
        chosen = self.random.sample(there, min(count, len(there)))
        return folder, [(i, phone.items(folder)[i].text_of("Email:Subject")) for i in chosen]

    def mark(self) -> None:
        """A phone marks a mail as read or important, or gives it categories."""
        phone = self.phone()
        if (found := self.pick(phone)) is None:
            return
        folder, ((item, subject),) = found
        self.mark_one(phone, folder, item, subject)

    def marking(self, phone: Handset) -> tuple[Element, Callable[[Entry], None]]:
        """Return what a phone says of a mail, and what that makes of its entry."""
        what = self.random.choice(
            ["read", "flag", "read"]
            if phone.client.version == "12.1"
            else ["read", "flag", "categories"]
        )
        on = self.likely(0.5)
        if what == "read":
            data = [Element("Email:Read", str(int(on)))]
            change = {"read": on}
        elif what == "flag":
            inside = [Element("Email:Status", "2"), Element("Email:FlagType", "for Follow Up")]
            data = [Element("Email:Flag", inside if on else [])]
            change = {"flagged": on}
        else:
            names = self.random.choice([["red"], ["red", "blue"], []])
            data = [Element("Email:Categories", [Element("Email:Category", n) for n in names])]
            change = {"categories": frozenset(names)}

        def apply(entry: Entry) -> None:
            for name, value in change.items():
                setattr(entry, name, value)

        return Element("AirSync:ApplicationData", data), apply

    def mark_one(self, phone: Handset, folder: str, item: str, subject: str) -> None:
        """Mark it, maybe once more before the phone has been answered; it then tells both."""
        marks: dict[str, Element] = {}
        applied: list[Callable[[Entry], None]] = []

        def operations(_: int) -> list[Change]:
            if not applied or self.likely(0.4):
                data, apply = self.marking(phone)
                marks.update({each.tag: each for each in data.elements})
                applied.append(apply)
            return [Change(item, Element("AirSync:ApplicationData", marks.values()))]

        came, broke = self.sync(phone, folder, operations)
        entry = self.book.mails[subject]
        if broke or came is None or (came.failed and len(applied) > 1):
            entry.read = entry.flagged = entry.categories = None
        elif not came.failed:
            for apply in applied:
                apply(entry)

    def delete(self) -> None:
        """A phone deletes a mail, to the trash or for good."""
        phone = self.phone()
        if (found := self.pick(phone)) is not None:
            self.delete_all(phone, *found, to_trash=self.likely(0.7))

    def delete_all(
        self, phone: Handset, folder: str, chosen: list[tuple[str, str]], *, to_trash: bool
    ) -> None:
        path = phone.path(folder)
        there = self.there(phone, folder, chosen)
        came, broke = self.sync(
            phone, folder, [Delete(item) for item, _ in chosen], deletes_as_moves=to_trash
        )
        failed = {each.id for each in came.failed} if came else set()
        broke = broke or path not in self.world.folders()
        for item, subject in chosen:
            entry = self.book.mails[subject]
            fatal = not to_trash or path == "Trash"
            if item not in there:
                continue
            if broke or came is None:
                entry.unsure(fatal=fatal)
            elif item not in failed:
                if fatal:
                    entry.alive = False
                else:
                    entry.folder = "Trash"

    def there(self, phone: Handset, folder: str, chosen: list[tuple[str, str]]) -> set[str]:
        """Return which of a phone's mails are still where it has them."""
        path = phone.path(folder)
        if path not in self.world.folders():
            return {item for item, _ in chosen}  # renamed, and the phone does not know
        uids = {each.subject: each.uid for each in self.world.mails(path)}
        return {item for item, subject in chosen if item.endswith(f":{uids.get(subject)}")}

    def move(self) -> None:
        """A phone moves a mail."""
        phone = self.phone()
        if (found := self.pick(phone)) is not None:
            self.move_all(phone, *found)

    def move_all(self, phone: Handset, folder: str, chosen: list[tuple[str, str]]) -> None:
        ids = [e for e in phone.mail_folders() if e != folder]
        ids = [e for e in ids if phone.device.folders[e].type not in {DRAFTS, SENT}]
        to = self.random.choice(ids)
        path = phone.path(to)
        moves = [(item, folder, to) for item, _ in chosen]
        moved, broke = self.insist(phone, lambda _: items.move_items(phone.client, moves))
        done = {each.old_id for each in moved if each.done}
        for item, subject in chosen:
            entry = self.book.mails[subject]
            if broke:
                entry.folder = None
            elif item in done:
                entry.folder = self._now_called(phone, to, path)

    def _now_called(self, phone: Handset, folder: str, path: str) -> str | None:
        """Return a folder's name, unless the phone may know an older one."""
        return path if path in self.world.folders() else None

    def several(self) -> None:
        """A phone moves or deletes many mails at once."""
        phone = self.phone()
        found = self.pick(phone, self.random.choice([5, 20]))
        if found is None:
            return
        if self.likely(0.5):
            self.move_all(phone, *found)
        else:
            self.delete_all(phone, *found, to_trash=self.likely(0.6))

    def compound(self) -> None:
        """A phone marks a mail and at once moves or deletes it, in one request or in two."""
        phone = self.phone()
        if (found := self.pick(phone)) is None:
            return
        folder, ((item, subject),) = found
        if self.likely(0.5):
            self._mark_and_delete(phone, folder, item, subject)
            return
        self.mark_one(phone, folder, item, subject)
        if folder not in phone.device.folders or item not in phone.items(folder):
            return
        self.move_all(phone, folder, [(item, subject)])
        for each in phone.mail_folders():
            for new, data in list(phone.items(each).items()):
                if data.text_of("Email:Subject") == subject and self.likely(0.5):
                    self.delete_all(phone, each, [(new, subject)], to_trash=True)

    def _mark_and_delete(self, phone: Handset, folder: str, item: str, subject: str) -> None:
        """Both in one request."""
        data, _ = self.marking(phone)
        path = phone.path(folder)
        if not self.there(phone, folder, [(item, subject)]):
            self.sync(phone, folder, [Change(item, data), Delete(item)])
            return
        came, broke = self.sync(phone, folder, [Change(item, data), Delete(item)])
        entry = self.book.mails[subject]
        deleted = came is not None and not any(e.operation == "Delete" for e in came.failed)
        if folder not in phone.device.folders or path not in self.world.folders():
            entry.unsure(fatal=True)
            return
        in_trash = path == "Trash"
        if broke or came is None or deleted:
            entry.unsure(fatal=in_trash)
        if deleted and not broke:
            entry.alive = entry.alive if in_trash is False else False
            entry.folder = None if in_trash else "Trash"

    def folder(self) -> None:
        """A phone makes, renames or deletes a folder."""
        phone = self.phone()
        self.tree(phone)
        client = phone.client
        own = [each for each in phone.device.folders.values() if each.name.startswith("Made")]
        name, breaks = f"Made {self.word()}", self.breaks
        try:
            match self.random.choice(["make", "below", "rename", "delete"]):
                case "make" if len(own) < 5:
                    self.insist(phone, lambda _: folders.create(client, name))
                case "below" if own and len(own) < 5:
                    parent = self.random.choice(own).id
                    self.insist(phone, lambda _: folders.create(client, name, parent=parent))
                case "rename" if own:
                    one = self.random.choice(own)
                    before = phone.path(one.id)
                    after = before.removesuffix(one.name) + name
                    self.insist(phone, lambda _: folders.update(client, one, name=name))
                    self._renamed(before, after)
                case "delete" if own:
                    one = self.random.choice(own)
                    path = phone.path(one.id)
                    inside = [e for e in self.own_folders() if f"{e}/".startswith(f"{path}/")]
                    self._emptied(*inside)
                    self.insist(phone, lambda _: folders.delete(client, one.id))
        except StatusError as error:
            # Broken off it is half done, and asked again refused: the phone asks what there is.
            self.mend()
            if self.breaks == breaks:
                self.odd(f"{client.version}: {error}")
            self._relearn()
        self.tree(phone)

    def _relearn(self) -> None:
        """Take the folders in which mail is from the server: a command may have half succeeded."""
        for entry in self.book.mails.values():
            if entry.folder is not None and entry.folder.startswith("Made"):
                entry.folder = None
            if entry.alive is False:
                entry.alive = None

    def empty(self) -> None:
        """A phone empties the trash."""
        phone = self.phone()
        trash = phone.of_type(TRASH)
        self._emptied("Trash")
        self.insist(phone, lambda _: items.empty_folder(phone.client, trash))

    def filter(self) -> None:
        """A phone wants older mail, or no longer."""
        phone = self.phone()
        folder = self.some(phone.mail_folders())
        if folder is not None:
            now = phone.filters.get(folder, 0)
            phone.filters[folder] = 0 if now else 2
            phone.told.discard(folder)
            self.bring(phone, folder)
