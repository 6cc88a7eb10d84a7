"""
Chaos: what several phones, a mail program and a DAV client do to one account, at random.

Answers get lost and are asked for again, the same or edited meanwhile; what is behind the gateway
breaks, and the gateway itself is killed in the middle of a request. A `Book` holds what must be
true in the end: everything is there once, as whoever was last made it. What a disturbance makes
unknowable the book calls unsure, and only that: even then nothing is doubled, and each phone has
what the server has.

The world in which this happens is a `World`: stores in memory, or a real host.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from chaos_check import Check
from chaos_drafts import Drafts
from chaos_mail import Mails
from chaos_phone import (
    GONE,
)
from chaos_things import Things

from fermoposta.activesync.client import Client, sync
from fermoposta.activesync.client.errors import (
    ClientError,
    StatusError,
)
from fermoposta.activesync.client.operations import Change
from fermoposta.activesync.client.sync import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable


class Chaos(Mails, Drafts, Things):
    """So many random operations in a world, the same ones for the same seed."""

    def run(self, operations: int) -> None:
        """Do so many operations, bring all phones up to date, and check."""
        for phone in self.phones:
            self.refresh(phone)
        acts = self._acts()
        for _ in range(operations):
            act = self.random.choices([each for each, _ in acts], [each for _, each in acts])[0]
            self.note(act.__name__)
            act()
        self.settle()
        Check(self).all()

    def _acts(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self.deliver, 7), (self.others_flag, 5), (self.others_move, 3),
            (self.others_expunge, 2), (self.others_folder, 1),
            (self.look, 10), (self.look_at_all, 2), (self.mark, 8), (self.delete, 4),
            (self.move, 5), (self.several, 2), (self.compound, 4), (self.folder, 3),
            (self.draft, 5), (self.draft_again, 5), (self.send_mail, 3), (self.empty, 1),
            (self.add_thing, 4), (self.change_thing, 5), (self.delete_thing, 2),
            (self.dav_add, 2), (self.dav_change, 4), (self.dav_delete, 1),
            (self.twice_at_once, 3), (self.filter, 1), (self.restart, 1),
        ]  # fmt: skip

    def twice_at_once(self) -> None:
        """A phone has hung up on a request that goes on, and asks the same again meanwhile."""
        phone = self.phone()
        found = self.pick(phone)
        if found is None:
            return
        folder, ((item, subject),) = found
        data, _ = self.marking(phone)
        wanted = Wanted(folder=folder, operations=(Change(item, data),), window=3)
        document = sync.document(phone.client, [wanted])
        ghost = Client(
            self.world.phone(phone.client.version, phone.device.id).connection,
            phone.device,
            phone.client.version,
        )

        def unheard() -> None:
            with suppress(ClientError):
                ghost.ask("Sync", document)

        self.mend()
        thread = threading.Thread(target=unheard)
        thread.start()
        try:
            self.insist(phone, lambda _: sync.sync(phone.client, wanted))
        except StatusError as error:
            if error.status not in GONE:
                self.odd(f"{phone.client.version}: asked twice at once: {error}")
            self.tree(phone)
        finally:
            thread.join(60)
        entry = self.book.mails[subject]
        entry.read = entry.flagged = entry.categories = None

    def restart(self) -> None:
        """The gateway restarts."""
        self.world.restart()
