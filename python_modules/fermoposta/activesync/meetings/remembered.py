"""
What a device has answered, so that the same answer sent again is the same one.

The invitation is gone when it is answered, so what was said is kept for a device that has not heard
that it was done. Each answer to one meeting that differs from the last has a number: "yes" after
"no" is told anew, "yes" after "yes" is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync.store.model import OvertakenError

if TYPE_CHECKING:
    from fermoposta.activesync.session import Session
    from fermoposta.activesync.state.stored import Json

KEPT = ".answered"
KEPT_MOST = 100
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Remembered:
    """The last answer to what *item* names."""

    item: str
    said: str
    number: int
    done: bool = False
    calendar_id: str = ""


async def begin(session: Session, item: str, said: str) -> Remembered:
    """Note that *said* is about to be answered to *item*; return what is known of this answer."""
    before = next((each for each in _all(await _kept(session)) if each.item == item), None)
    if before is not None and before.said == said:
        return before
    begun = Remembered(item, said, 1 if before is None else before.number + 1)
    await _keep(session, begun)
    return begun


async def finish(session: Session, begun: Remembered, calendar_id: str) -> None:
    """Note that it is done, and where the meeting is in the calendar."""
    await _keep(session, Remembered(begun.item, begun.said, begun.number, True, calendar_id))


async def _kept(session: Session) -> Json:
    kept = await session.store.kept(session.owner.address, session.device.id, KEPT)
    return kept.value


async def _keep(session: Session, one: Remembered) -> None:
    user, device = session.owner.address, session.device.id
    for attempt in range(1, _ATTEMPTS + 1):
        kept = await session.store.kept(user, device, KEPT)
        others = [each for each in _all(kept.value) if each.item != one.item]
        value: Json = [
            [each.item, each.said, each.number, each.done, each.calendar_id]
            for each in [*others, one][-KEPT_MOST:]
        ]
        try:
            await session.store.keep(user, device, KEPT, value, kept.revision)
        except OvertakenError:
            if attempt == _ATTEMPTS:
                raise
        else:
            return


def _all(value: Json) -> list[Remembered]:
    """Return what is kept; what is no such record was not kept by us."""
    found: list[Remembered] = []
    for each in value if isinstance(value, list) else []:
        match each:
            case [str(item), str(said), int(number), bool(done), str(calendar_id)]:
                found.append(Remembered(item, said, number, done, calendar_id))
            case _:
                continue
    return found
