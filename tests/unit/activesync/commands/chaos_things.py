"""What phones and a DAV client do to appointments, tasks, contacts and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos_book import Known
from chaos_driver import Driver
from chaos_items import KINDS, NOTES, THINGS, thing_data, thing_row

from fermoposta.activesync.client.operations import Add, Change, Delete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos_phone import (
        Handset,
    )


class Things(Driver):
    """Both at the same time, so that they get into conflict."""

    def holder(self, kind: int) -> Handset:
        fitting = [e for e in self.phones if kind != NOTES or e.client.version != "12.1"]
        return self.random.choice(fitting)

    def add_thing(self) -> None:
        """A phone makes an appointment, a task, a contact or a note."""
        kind = self.random.choice(THINGS)
        phone, token = self.holder(kind), self.word()
        name = phone.device.client_id()
        versions: list[int] = []

        def operations(attempt: int):
            if not versions or self.likely(0.4):
                versions.append(len(versions) + 1)
            return [Add(name, thing_data(kind, token, versions[-1]))]

        folder = phone.of_type(kind)
        came, broke = self.sync(phone, folder, operations)
        known = self.book.things[token] = Known(kind, versions[-1])
        if came is None or came.failed:
            why = came and came.failed
            self.odd(f"{phone.client.version}: {token} of kind {kind} was refused: {why}")
        elif name not in came.made:
            self.odd(f"{phone.client.version}: the new {token} was not answered")
            phone.device.collection(folder).pending.pop(name, None)
        if broke:
            known.version = None

    def pick_thing(self, kinds: Sequence[int] = THINGS):
        kind = self.random.choice(kinds)
        phone = self.holder(kind)
        folder = phone.of_type(kind)
        item = self.some(phone.items(folder))
        if item is None:
            return None
        token, version = thing_row(kind, phone.items(folder)[item])[:2]
        return kind, phone, folder, item, token, version

    def change_thing(self) -> None:
        """A phone changes one, which somebody else may have changed meanwhile."""
        if (found := self.pick_thing()) is None:
            return
        kind, phone, folder, item, token, seen = found
        known = self.book.things[token]
        base = max(known.version or 0, seen)
        versions: list[int] = []

        def operations(attempt: int):
            if not versions or self.likely(0.4):
                versions.append(base + len(versions) + 1)
            return [Change(item, thing_data(kind, token, versions[-1]))]

        came, broke = self.sync(phone, folder, operations)
        if came is None:
            return
        if broke:
            known.version = None
        elif not came.failed:
            if known.version not in {None, seen}:
                self.odd(
                    f"{phone.client.version}: {token} v{versions[-1]} went over v{known.version}, "
                    f"where the phone had v{seen}"
                )
            known.version = versions[-1]
        elif len(versions) > 1:
            known.version = None  # an attempt before was taken, or not

    def delete_thing(self) -> None:
        """A phone deletes one."""
        if (found := self.pick_thing()) is None:
            return
        _, phone, folder, item, token, _ = found
        came, broke = self.sync(phone, folder, [Delete(item)], deletes_as_moves=False)
        known = self.book.things[token]
        if broke or came is None:
            known.alive = None if known.alive else known.alive
        elif not came.failed:
            known.alive = False

    def dav_add(self) -> None:
        """The DAV client makes one."""
        kind, token = self.random.choice(sorted(KINDS)), self.word()
        name, content = KINDS[kind].made(token, 1)
        self.world.put_thing(kind, name, content, None)
        self.book.things[token] = Known(kind, 1)

    def dav_change(self) -> None:
        """The DAV client changes one."""
        kind = self.random.choice(sorted(KINDS))
        thing = self.some(self.world.things(kind))
        if thing is None:
            return
        token, version = KINDS[kind].row(thing.content)[:2]
        content = KINDS[kind].changed(thing.content, token, version + 10)
        self.world.put_thing(kind, thing.name, content, thing.etag)
        known = self.book.things[token]
        known.version = version + 10

    def dav_delete(self) -> None:
        """The DAV client deletes one."""
        kind = self.random.choice(sorted(KINDS))
        thing = self.some(self.world.things(kind))
        if thing is not None:
            self.world.drop_thing(kind, thing.name)
            self.book.things[KINDS[kind].row(thing.content)[0]].alive = False
