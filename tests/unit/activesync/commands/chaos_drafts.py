"""What phones write and send."""

from __future__ import annotations

from contextlib import suppress

from chaos_book import Entry
from chaos_driver import Driver
from chaos_items import letter
from chaos_phone import (
    DRAFTS,
    FRIEND,
    Handset,
)

from fermoposta.activesync.client import send
from fermoposta.activesync.client.errors import (
    StatusError,
)
from fermoposta.activesync.client.operations import Add, Change, Delete
from fermoposta.activesync.wbxml import Element


class Drafts(Driver):
    """Drafts are kept at the server from 16.0 on; mail is sent by all."""

    def writer(self) -> Handset:
        return next(each for each in self.phones if each.client.dotted >= (16, 0))

    def draft(self) -> None:
        """A phone begins a mail, and may send it at once."""
        phone, subject = self.writer(), self.word()
        at_once = self.likely(0.3)
        name = phone.device.client_id()
        texts: list[str] = []

        def operations(attempt: int):
            if not texts or (self.likely(0.3) and not at_once):
                texts.append(self.word())
            return [Add(name, letter_data(subject, texts[-1]), send=at_once)]

        came, broke = self.sync(phone, phone.of_type(DRAFTS), operations)
        answered = came is not None and name in {*came.made, *(e.id for e in came.failed)}
        if not answered and not at_once and not broke:
            self.odd(f"16.1: the draft {subject} was not answered")
        if came is not None and came.failed:
            self.odd(f"16.1: the draft {subject} was refused: {came.failed[0]}")
        if at_once:
            self._was_sent(subject, broke=broke)
        else:
            entry = Entry("Drafts", read=True, text=texts[-1])
            self.book.mails[subject] = entry
            if broke:
                entry.unsure()
        phone.device.collection(phone.of_type(DRAFTS)).pending.pop(name, None)

    def draft_again(self) -> None:
        """A phone goes on with a mail, or sends it, or throws it away."""
        phone = self.writer()
        drafts = phone.of_type(DRAFTS)
        item = self.some(phone.items(drafts))
        if item is None:
            return
        subject = phone.items(drafts)[item].text_of("Email:Subject")
        entry = self.book.mails[subject]
        if self.likely(0.25):
            self._throw_away(phone, item, entry)
        else:
            self._go_on(phone, item, subject, entry)

    def _throw_away(self, phone: Handset, item: str, entry: Entry) -> None:
        drafts = phone.of_type(DRAFTS)
        came, broke = self.sync(phone, drafts, [Delete(item)], deletes_as_moves=False)
        if broke or came is None or came.failed:
            entry.unsure(fatal=True)
        else:
            entry.alive = False

    def _go_on(self, phone: Handset, item: str, subject: str, entry: Entry) -> None:
        what = self.random.choice(["edit", "edit", "send"])
        texts: list[str] = []

        def operations(_: int) -> list[Change]:
            if not texts or (self.likely(0.4) and what == "edit"):
                texts.append(self.word())
            sending = what == "send"
            data = None if sending else letter_data(subject, texts[-1])
            return [Change(item, data, send=sending)]

        came, broke = self.sync(phone, phone.of_type(DRAFTS), operations, window=100)
        if came is None:
            return
        if came.failed and not broke:
            self.odd(f"16.1: {what} of the draft {subject} was refused: {came.failed[0]}")
        elif what == "send":
            self._was_sent(subject, broke=broke)
        elif broke:
            entry.unsure()
        else:
            entry.text = texts[-1]

    def send_mail(self) -> None:
        """A phone sends a mail."""
        phone, subject = self.phone(), self.word()
        name = phone.device.client_id()
        message = letter(subject, sender=self.world.address, to=FRIEND)

        def ask(_: int) -> None:
            with suppress_status(118):  # it was sent before
                send.send_mail(phone.client, message, client_id=name)

        lost = len(self.log)
        _, broke = self.insist(phone, ask)
        again = any("no answer" in each or "later" in each for each in self.log[lost:])
        # At 12.1 a mail has no name but its own Message-ID.
        self._was_sent(subject, broke=broke, twice=again and phone.client.version == "12.1")

    def _was_sent(self, subject: str, *, broke: bool, twice: bool = False) -> None:
        self.book.sent[subject] = broke or twice
        entry = self.book.mails.setdefault(subject, Entry("Sent", read=True))
        entry.folder, entry.read, entry.text = "Sent", True, None
        entry.flagged = entry.categories = None
        if broke:
            entry.unsure(fatal=True)
        if twice:
            entry.alive = None


def letter_data(subject: str, text: str) -> Element:
    """Return a draft."""
    body = [Element("AirSyncBase:Type", "1"), Element("AirSyncBase:Data", text)]
    return Element(
        "AirSync:ApplicationData",
        [
            Element("Email:To", FRIEND),
            Element("Email:Subject", subject),
            Element("AirSyncBase:Body", body),
        ],
    )


class suppress_status(suppress):  # noqa: N801 - reads like suppress
    """Pass over an answer with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(StatusError)
        self._status = status

    def __exit__(self, kind, error, trace):
        if isinstance(error, StatusError) and error.status != self._status:
            return False
        return super().__exit__(kind, error, trace)
