"""How phones ask until they are answered, whatever happens meanwhile."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from chaos_book import Book
from chaos_items import THINGS
from chaos_phone import (
    GONE,
    LATER,
    MAIL_TYPES,
    MISSING,
    PATIENCE,
    VERSIONS,
    Handset,
)

from fermoposta.activesync.client import folders, sync
from fermoposta.activesync.client.errors import (
    HttpError,
    StatusError,
    UnreachableError,
)
from fermoposta.activesync.client.options import Body, Options
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.client.sync_answer import Synced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from chaos_world import World


class Driver:
    """Phones in a world, which is disturbed while they ask; *wrong* is what must not be."""

    def __init__(self, world: World, seed: int, *, disturbances: float = 0.3) -> None:
        self.world = world
        self.random = random.Random(seed)  # noqa: S311 - the same operations each time
        self.seed = seed
        self.disturbances = disturbances
        self.book = Book()
        self.log: list[str] = []
        self.wrong: list[str] = []
        self.breaks = 0
        self._numbers = 0
        self.phones = [
            Handset(world.phone(version, f"CHAOS{seed}N{number}"))
            for number, version in enumerate(VERSIONS)
        ]

    def mend(self) -> bool:
        """Have all work again; tell whether something broke since the last time."""
        broke = self.world.mend()
        self.breaks += broke
        return broke

    def note(self, what: str) -> None:
        self.log.append(what)

    def odd(self, what: str) -> None:
        self.wrong.append(f"{what} (seed {self.seed}, after operation {len(self.log)})")

    def settle(self) -> None:
        """Bring all phones up to date, undisturbed."""
        self.mend()
        self.disturbances = 0
        for _ in range(2):  # what one phone's mail makes others see comes with the second round
            for phone in self.phones:
                self.refresh(phone)

    def refresh(self, phone: Handset) -> None:
        """Bring a phone up to date: its folders, and what is in each."""
        self.tree(phone)
        for each in list(phone.device.folders.values()):
            if each.type in MAIL_TYPES | set(THINGS) and each.id in phone.device.folders:
                self.bring(phone, each.id)

    def phone(self) -> Handset:
        return self.random.choice(self.phones)

    def some(self, of: Iterable):
        """Return one of them; None where there is none."""
        found = sorted(of, key=str) if not isinstance(of, list) else of
        return self.random.choice(found) if found else None

    def word(self) -> str:
        self._numbers += 1
        return f"{self.world.word}n{self._numbers}x"

    def likely(self, chance: float) -> bool:
        return self.random.random() < chance

    # --- Asking

    def insist(self, phone: Handset, act: Callable[[int], object]):
        """
        Do what a phone does until it is answered: ask again.

        Return what *act* returns, and whether what was behind broke meanwhile. *act* gets the
        number of the attempt.
        """
        self.mend()
        broke = False
        for attempt in range(PATIENCE):
            if attempt < 2 and self.likely(self.disturbances):
                if self.likely(0.6):
                    self.world.lose_next()
                else:
                    self.world.disturb(self.random)
            try:
                found = act(attempt)
            except UnreachableError:
                self.note(f"  {phone.client.version}: no answer")
            except HttpError as error:
                if error.status not in LATER:
                    raise
                self.note(f"  {phone.client.version}: later")
            else:
                return found, self.mend() or broke
            self.world.pause()
            if self.likely(0.5) or attempt > 3:
                broke = self.mend() or broke
        raise AssertionError(f"no answer for {PATIENCE} times")

    def tree(self, phone: Handset) -> None:
        """Have the phone ask for the tree of folders."""
        before = set(phone.device.folders)
        self.insist(phone, lambda _: folders.folder_sync(phone.client))
        for gone in before - set(phone.device.folders):
            phone.told.discard(gone)
            phone.filters.pop(gone, None)

    def bring(self, phone: Handset, folder: str) -> None:
        """Have the phone ask about a folder until nothing more is new."""
        for _ in range(1000):
            came = self.sync(phone, folder)[0]
            if came is None or not (came.more or came.added or came.changed or came.deleted):
                return
        self.odd(f"there is always more in {folder}")

    def sync(
        self,
        phone: Handset,
        folder: str,
        operations: Sequence | Callable[[int], Sequence] = (),
        **how,
    ) -> tuple[Synced | None, bool]:
        """
        Have the phone ask once about a folder; return what came, and whether something broke.

        *operations* may depend on the attempt. Nothing came where the folder is gone.
        """
        if folder not in phone.device.folders:
            return None, False
        client = phone.client
        window = how.pop("window", self.random.choice([1, 2, 5, 100]))

        def ask(attempt: int) -> Synced:
            if client.device.collection(folder).sync_key == "0":
                phone.told.discard(folder)
                sync.begin(client, Wanted(folder=folder))
            wanted = Wanted(
                folder=folder,
                operations=tuple(operations(attempt) if callable(operations) else operations),
                options=self.options(phone, folder),
                window=window,
                **how,
            )
            came = sync.sync(client, wanted).get(folder) or Synced(folder)
            phone.told.add(folder)
            return came

        try:
            return self.insist(phone, ask)
        except StatusError as error:
            self.mend()
            client.device.collection(folder).pending.clear()
            if error.status not in GONE:
                self.odd(f"{client.version}: Sync of {folder} was answered {error}")
            self.tree(phone)
            if folder in client.device.folders and error.status == MISSING:
                self.odd(f"{client.version}: {folder} is missing, and is in the tree")
            return None, True

    def options(self, phone: Handset, folder: str) -> tuple[Options, ...]:
        """Return what is said of options: always at first and where they have changed."""
        if folder in phone.told and self.likely(0.7):
            return ()
        kind = phone.device.folders[folder].type
        wanted = phone.filters.get(folder, 0) if kind in MAIL_TYPES else None
        return (Options(filter=wanted, bodies=(Body(type=1),)),)
