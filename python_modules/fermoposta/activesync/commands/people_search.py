"""Whom a device finds in the company's address book, for Search and Find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.commands.ranges import MOST
from fermoposta.activesync.map import person

if TYPE_CHECKING:
    from fermoposta.activesync.commands.ranges import Range
    from fermoposta.activesync.map.person import Pictures
    from fermoposta.activesync.session import Session
    from fermoposta.activesync.wbxml import Element

LONGEST = 256
"""Characters of a question."""


async def entries(
    session: Session, words: str, wanted: Range, pictures: Pictures | None
) -> tuple[list[list[Element]], int]:
    """Return those of whom *words* find that are *wanted*, and how many there are in all."""
    user = session.owner.address
    found = await session.people.search(user, words, most=MOST)
    shown = found[wanted.cut]
    if pictures is not None and shown:
        known = await session.people.named(user, [each.address for each in shown])
        shown = [known.get(each.address, each) for each in shown]
    return [person.gal(each, pictures) for each in shown], len(found)
