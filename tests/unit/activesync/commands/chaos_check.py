"""Whether all is as the book says, and all phones have what the server has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from chaos_items import KINDS, NOTES, THINGS, mail_row, thing_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chaos import Chaos, Handset
    from chaos_world import Message

FILTERS = {0: None, 2: 3}
"""FilterType to days."""


@dataclass(frozen=True)
class Check:
    """Notes in *chaos* what is wrong."""

    chaos: Chaos

    def all(self) -> None:
        """Note all that is not as it must be, in `wrong`."""
        there = {
            name: self.chaos.world.mails(name, texts=True) for name in self.chaos.world.folders()
        }
        self._mails(there)
        self._sent()
        things = {
            kind: [how.row(each.content) for each in self.chaos.world.things(kind)]
            for kind, how in KINDS.items()
        }
        things[NOTES] = [(*_split(each.subject), "") for each in there.get("Notes", [])]
        self._things(things)
        for phone in self.chaos.phones:
            self._phone(phone, there, things)

    def _mails(self, there: dict[str, list[Message]]) -> None:
        found = Counter(e.subject for name, some in there.items() for e in some if name != "Notes")
        places = {
            e.subject: (name, e) for name, some in there.items() for e in some if name != "Notes"
        }
        for subject, entry in self.chaos.book.mails.items():
            count = found[subject]
            if not _is_right(count, alive=entry.alive):
                self.chaos.odd(f"mail {subject} is there {count} times: {entry}")
                continue
            if not count:
                continue
            name, mail = places[subject]
            is_ = {
                "folder": name,
                "read": "\\Seen" in mail.flags,
                "flagged": "\\Flagged" in mail.flags,
                "categories": _categories(mail.flags),
                "text": mail.text,
            }
            for what, value in is_.items():
                wanted = getattr(entry, what)
                if wanted is not None and value != wanted:
                    self.chaos.odd(f"mail {subject}: {what} is {value!r}, not {wanted!r}")
        for subject in found.keys() - self.chaos.book.mails.keys() - self.chaos.book.things.keys():
            if _split(subject)[0] not in self.chaos.book.things:
                self.chaos.odd(f"mail {subject} came from nowhere")

    def _sent(self) -> None:
        out = self.chaos.world.sent()
        counts = Counter(subject for _, subject in out)
        for subject, disturbed in self.chaos.book.sent.items():
            names = {name for name, each in out if each == subject}
            if counts[subject] == 0 and not (
                disturbed and self.chaos.book.mails[subject].alive is None
            ):
                self.chaos.odd(f"{subject} never went out")
            if counts[subject] > 1 and (not disturbed or len(names) > 1):
                self.chaos.odd(f"{subject} went out {counts[subject]} times, as {names}")

    def _things(self, things: dict[int, list[tuple]]) -> None:
        for token, known in self.chaos.book.things.items():
            found = [row for row in things[known.kind] if row[0] == token]
            if not _is_right(len(found), alive=known.alive):
                self.chaos.odd(f"{token} of kind {known.kind} is there {len(found)} times: {known}")
            elif found and known.version is not None and found[0][1] != known.version:
                self.chaos.odd(
                    f"{token} of kind {known.kind} is v{found[0][1]}, not v{known.version}"
                )

    def _phone(self, phone: Handset, there, things) -> None:
        version = phone.client.version
        for each in phone.device.anomalies:
            if not _is_harmless(each):
                self.chaos.odd(f"{version}: {each}")
        shown = {phone.path(each) for each in phone.mail_folders()}
        real = set(there) - {"Notes"}
        if shown & _interesting(real) != _interesting(real) or _interesting(shown - real):
            self.chaos.odd(f"{version} has the folders {sorted(shown)}, not {sorted(real)}")
        for folder in phone.mail_folders():
            path = phone.path(folder)
            days = FILTERS[phone.filters.get(folder, 0)]
            since = None if days is None else self.chaos.world.today - timedelta(days=days)
            texts = path == "Drafts" and version >= "16"
            has = Counter(mail_row(e, version, texts=texts) for e in phone.items(folder).values())
            must = Counter(
                _row_of(each, version, texts=texts)
                for each in there.get(path, [])
                if since is None or each.received >= since
            )
            self._same(version, path, has, must)
        for kind in THINGS:
            if kind == NOTES and version == "12.1":
                continue
            has = Counter(thing_row(kind, e) for e in phone.items(phone.of_type(kind)).values())
            self._same(version, f"kind {kind}", has, Counter(map(tuple, things[kind])))

    def _same(self, version: str, place: str, has: Counter, must: Counter) -> None:
        for each in has - must:
            self.chaos.odd(f"{version}, {place}: has {each}, which is not there")
        for each in must - has:
            self.chaos.odd(f"{version}, {place}: lacks {each}")


def _is_right(count: int, *, alive: bool | None) -> bool:
    """Whether something may be there so many times; None is where nobody can know."""
    return count <= 1 if alive is None else count == int(alive)


def _split(subject: str) -> tuple[str, int]:
    token, _, version = subject.partition(" v")
    return token, int(version or 0)


def _categories(flags: Iterable[str]) -> frozenset[str]:
    return frozenset(each for each in flags if not each.startswith(("\\", "$")))


def _row_of(mail: Message, version: str, *, texts: bool) -> tuple:
    categories = () if version == "12.1" else tuple(sorted(_categories(mail.flags)))
    text = mail.text if texts else ""
    return (mail.subject, "\\Seen" in mail.flags, "\\Flagged" in mail.flags, categories, text)


def _interesting(names: Iterable[str]) -> set[str]:
    return {each for each in names if each.startswith("Made")}


def _is_harmless(anomaly: str) -> bool:
    """
    Whether a phone passes over it: something is gone that it never had.

    An answer with something new got lost, and before it was asked for again that was deleted: what
    is sent then lacks it, and that it is gone is told all the same.
    """
    return anomaly.endswith("is gone, which was never added")
