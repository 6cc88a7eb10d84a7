"""What a mail program does."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chaos_book import Entry
from chaos_driver import Driver
from chaos_items import letter

if TYPE_CHECKING:
    from chaos_world import Message


class Others(Driver):
    """It changes flags, moves and deletes, and works on folders."""

    def deliver(self) -> None:
        """A mail comes, now or long ago."""
        subject = self.word()
        age = self.random.choice([0, 0, 0, 10])
        received = datetime.combine(self.world.today, datetime.min.time(), UTC) + timedelta(hours=9)
        folder = self.random.choice(["INBOX", "INBOX", *self.own_folders()])
        self.world.put_mail(folder, letter(subject), received - timedelta(days=age))
        self.book.mails[subject] = Entry(folder)

    def own_folders(self) -> list[str]:
        return [each for each in self.world.folders() if each.startswith("Made")]

    def any_mail(self) -> tuple[str, Message] | None:
        """Return a mail in any folder, as the server has it."""
        folder = self.random.choice(["INBOX", "INBOX", "Trash", *self.own_folders()])
        found = self.some(self.world.mails(folder))
        return None if found is None else (folder, found)

    def others_flag(self) -> None:
        """The mail program marks a mail."""
        if (found := self.any_mail()) is None:
            return
        folder, mail = found
        flag = self.random.choice(["\\Seen", "\\Flagged", "blue", "green"])
        clear = flag in mail.flags
        self.world.flag(folder, mail.uid, [] if clear else [flag], [flag] if clear else [])
        entry = self.book.mails[mail.subject]
        if flag == "\\Seen":
            entry.read = not clear
        elif flag == "\\Flagged":
            entry.flagged = not clear
        elif entry.categories is not None:
            entry.categories = entry.categories ^ {flag}

    def others_move(self) -> None:
        """The mail program moves a mail."""
        if (found := self.any_mail()) is None:
            return
        folder, mail = found
        to = self.random.choice(["INBOX", "Trash", *self.own_folders()])
        if to != folder:
            self.world.move(folder, mail.uid, to)
            self.book.mails[mail.subject].folder = to

    def others_expunge(self) -> None:
        """The mail program deletes a mail for good."""
        if (found := self.any_mail()) is not None:
            folder, mail = found
            self.world.expunge(folder, mail.uid)
            self.book.mails[mail.subject].alive = False

    def others_folder(self) -> None:
        """The mail program makes, renames or deletes a folder."""
        own = self.own_folders()
        match self.random.choice(["make", "rename", "delete"]):
            case "make" if len(own) < 5:
                self.world.make_folder(f"Made {self.word()}")
            case "rename" if own:
                name, to = self.random.choice(own), f"Made {self.word()}"
                self.world.rename_folder(name, to)
                self._renamed(name, to)
            case "delete" if own:
                name = self.random.choice(own)
                with suppress(StopIteration):
                    next(each for each in own if each.startswith(f"{name}/"))
                    return
                self._emptied(name)
                self.world.delete_folder(name)

    def _renamed(self, name: str, to: str) -> None:
        for entry in self.book.mails.values():
            if entry.folder and (entry.folder == name or entry.folder.startswith(f"{name}/")):
                entry.folder = to + entry.folder.removeprefix(name)

    def _emptied(self, *names: str, sure: bool = True) -> None:
        for name in names:
            for each in self.world.mails(name):
                entry = self.book.mails[each.subject]
                entry.alive = False if sure else None
