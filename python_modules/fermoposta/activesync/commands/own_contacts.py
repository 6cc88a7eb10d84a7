"""The user's own contacts, for names that the company's address book does not know."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fermoposta.activesync import certificates
from fermoposta.activesync.map import vcard
from fermoposta.activesync.map.contacts import show
from fermoposta.activesync.map.errors import MapError
from fermoposta.activesync.people import Person
from fermoposta.mailstore.groupware import CollectionMissingError, DeniedError, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.activesync.map.vcard import Line
    from fermoposta.mailstore.groupware import Groupware

_MOST = 5_000
"""Cards that are read for one question: an address book with more is not looked through."""


@dataclass(slots=True)
class OwnContacts:
    """What is in the user's own address books: read once, and only when it is asked for."""

    groupware: Groupware
    _people: list[Person] | None = field(default=None, init=False)

    async def named(self, name: str) -> list[Person]:
        """Return who has the address *name*, or whose name has a part that begins like it."""
        if self._people is None:
            self._people = await self._read()
        wanted = name.casefold()
        exactly = [each for each in self._people if each.address.casefold() == wanted]
        if exactly or "@" in name:
            return exactly[:1]
        return [each for each in self._people if _fits(each, wanted.split())]

    async def _read(self) -> list[Person]:
        people: list[Person] = []
        for collection in await self.groupware.collections():
            if Kind.CONTACTS not in collection.kinds or collection.owner is not None:
                continue
            try:
                names = await self.groupware.matching(collection.path, Kind.CONTACTS)
                if len(people) + len(names) > _MOST:
                    break
                cards = await self.groupware.read(collection.path, names)
            except (CollectionMissingError, DeniedError):
                continue  # it has just gone
            for card in cards.values():
                people += _of_card(card.content)
        return people


def _fits(person: Person, words: list[str]) -> bool:
    parts = [*person.name.casefold().split(), person.address.casefold()]
    return bool(words) and all(any(part.startswith(word) for part in parts) for word in words)


def _of_card(content: bytes) -> Iterator[Person]:
    """Yield a person for each address of a card."""
    try:
        lines = vcard.parse(content)
        keys = tuple(_keys(lines))
        for line in lines:
            if line.name == "EMAIL" and "@" in line.text:
                yield Person(
                    address=line.text.strip(),
                    name=show.formatted_name(lines),
                    picture=_picture(lines),
                    certificates=keys,
                )
    except MapError:
        return  # a broken card is nobody's


def _picture(lines: list[Line]) -> bytes | None:
    at = show.first(lines, ("PHOTO",))
    return base64.b64decode(show.picture_of(lines[at])) or None if at is not None else None


def _keys(lines: list[Line]) -> Iterator[bytes]:
    """Yield the certificates of a card; it may have keys of other kinds."""
    for line in lines:
        if line.name == "KEY":
            try:
                der = base64.b64decode("".join(line.value.partition("base64,")[2].split()))
                der = der or base64.b64decode("".join(line.value.split()))
            except (binascii.Error, ValueError):
                continue
            if certificates.parse(der) is not None:
                yield der
