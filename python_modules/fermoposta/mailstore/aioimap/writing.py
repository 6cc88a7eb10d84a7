"""
Changes to messages.

Nothing is asked twice here: whether the connection stands is seen before. Where it breaks off in
the middle the caller gets UnavailableError, and does not know whether it was done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.mailstore.aioimap import command, values
from fermoposta.mailstore.aioimap.errors import refusal
from fermoposta.mailstore.aioimap.parse import Fetched, Rights
from fermoposta.mailstore.mailbox import ForbiddenError, Placed, Stored, UnavailableError
from fermoposta.mailstore.uidset import UidSet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from fermoposta.mailstore.aioimap.access import Access
    from fermoposta.mailstore.aioimap.connection import Answers, Connection

_TRIES = 5
"""How often we give way to others who change the same messages at the same time."""


@dataclass(slots=True)
class _Message:
    """What a message was like when it was first read, and when it was last told of."""

    before: int
    modseq: int
    flags: frozenset[str]


async def append(
    access: Access,
    folder: str,
    message: bytes,
    *,
    flags: Iterable[str],
    received: datetime | None,
) -> Placed:
    """Put a message into a folder; Dovecot may refuse before it is sent."""
    words = [b"APPEND", command.folder(folder), command.flags(flags)]
    if received:
        words.append(command.moment(received))
    words.append(b"{%d}" % len(message))

    async def act(connection: Connection) -> Placed:
        answers = await connection.run(b" ".join(words), data=message)
        return values.placed(answers.check().code("APPENDUID"))

    return await access.change(act)


async def store(
    access: Access,
    folder: str,
    uids: Iterable[int],
    *,
    add: Iterable[str],
    remove: Iterable[str],
) -> dict[int, Stored]:
    """
    Change flags, and tell how MODSEQ moved by that alone.

    Each STORE holds only where nobody changed the message since it was read (UNCHANGEDSINCE, RFC
    7162); otherwise it is read again. So nobody's change lies unseen between before and after.
    """
    steps = [(b"+", frozenset(add)), (b"-", frozenset(remove))]
    sets = list(command.sets(uids))

    async def act(connection: Connection) -> dict[int, Stored]:
        for _, names in steps:
            _expect_permitted(connection, folder, names)
        stored: dict[int, Stored] = {}
        for each in sets:
            messages = await _look(connection, each)
            for sign, names in steps:
                if names and messages:
                    await _step(connection, messages, sign, names)
            stored |= {uid: Stored(it.before, it.modseq) for uid, it in messages.items()}
        return stored

    return await access.write(folder, act)


async def move(access: Access, folder: str, uids: Iterable[int], to: str) -> dict[int, Placed]:
    """Move messages."""
    sets = list(command.sets(uids))

    async def act(connection: Connection) -> dict[int, Placed]:
        await _expect_rights(connection, folder, "te")
        return await _transfer(connection, b"MOVE", sets, to)

    return await access.write(folder, act)


async def copy(access: Access, folder: str, uids: Iterable[int], to: str) -> dict[int, Placed]:
    """Copy messages."""
    sets = list(command.sets(uids))

    async def act(connection: Connection) -> dict[int, Placed]:
        return await _transfer(connection, b"COPY", sets, to)

    return await access.write(folder, act)


async def expunge(access: Access, folder: str, uids: Iterable[int]) -> None:
    """Delete messages for good."""
    sets = list(command.sets(uids))

    async def act(connection: Connection) -> None:
        await _expect_rights(connection, folder, "te")
        for each in sets:
            answers = await connection.run(b"UID STORE %b +FLAGS.SILENT (\\Deleted)" % each)
            _expect_gone(answers)
            (await connection.run(b"UID EXPUNGE " + each)).check()

    await access.write(folder, act)


async def _look(connection: Connection, uids: bytes) -> dict[int, _Message]:
    answers = await connection.run(b"UID FETCH %b (UID FLAGS MODSEQ)" % uids)
    _expect_gone(answers)
    return {uid: _Message(modseq, modseq, flags) for uid, (modseq, flags) in _told(answers).items()}


async def _step(
    connection: Connection, messages: dict[int, _Message], sign: bytes, names: frozenset[str]
) -> None:
    """Add or remove flags *names* of all *messages*; who is gone is taken out."""
    left = set(messages)
    for _ in range(_TRIES):
        # Any change since we looked has a MODSEQ above all that we saw then.
        seen = max(messages[uid].modseq for uid in left)
        asked = b"UID STORE %b (UNCHANGEDSINCE %d) %bFLAGS %b" % (
            str(UidSet.of(left)).encode(), seen, sign, command.flags(names),
        )  # fmt: skip
        answers = await connection.run(asked)
        _expect_gone(answers)
        refused = set(UidSet.parse(answers.code("MODIFIED") or "")) & left
        for uid, (modseq, flags) in _told(answers).items():
            if uid not in messages or uid in refused:
                continue
            message = messages[uid]
            wanted = message.flags | names if sign == b"+" else message.flags - names
            if _same(flags, wanted):
                message.modseq = modseq
            # Otherwise somebody's change came right behind ours: it is to be told, and so is ours.
            message.flags = flags
        if not refused:
            return
        again = await _look(connection, str(UidSet.of(refused)).encode())
        for uid in refused:
            if uid not in again:
                del messages[uid]
            else:
                messages[uid] = again[uid]
        left = refused & set(again)
        if not left:
            return
    raise UnavailableError("others change the same messages all the time")


def _told(answers: Answers) -> dict[int, tuple[int, frozenset[str]]]:
    """Return MODSEQ and flags of the messages in *answers*, as they were last told."""
    return {
        values.number(each.items["UID"]): (
            values.modseq(each.items["MODSEQ"]),
            values.flags(each.items["FLAGS"]),
        )
        for each in answers.data
        if isinstance(each, Fetched) and {"UID", "MODSEQ", "FLAGS"} <= set(each.items)
    }


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    return {flag.lower() for flag in one} == {flag.lower() for flag in other}


async def _transfer(
    connection: Connection, verb: bytes, sets: list[bytes], to: str
) -> dict[int, Placed]:
    placed: dict[int, Placed] = {}
    for each in sets:
        for _ in range(_TRIES):
            answers = await connection.run(b"UID %b %b %b" % (verb, each, command.folder(to)))
            (status,) = answers.results()
            # Some were gone, and nothing was done; now that we have been told, it goes without.
            if status.code != "EXPUNGEISSUED":
                break
        placed |= values.copied(answers.check().code("COPYUID"))
    return placed


async def _expect_rights(connection: Connection, folder: str, letters: str) -> None:
    """Raise ForbiddenError where one of *letters* lacks: Dovecot would do nothing, and say OK."""
    answers = (await connection.run(b"MYRIGHTS " + command.folder(folder))).check()
    has = "".join(each.letters for each in answers.data if isinstance(each, Rights))
    if not set(letters) <= set(has):
        raise ForbiddenError(f"in {folder!r} the user may delete nothing")


def _expect_permitted(connection: Connection, folder: str, names: frozenset[str]) -> None:
    """Raise ForbiddenError for flags that can't be changed: Dovecot would pass them over."""
    permitted = connection.permanent
    for name in names:
        keyword = not name.startswith("\\")
        if name.lower() not in permitted and not (keyword and r"\*" in permitted):
            raise ForbiddenError(f"the user may not change {name} in {folder!r}")


def _expect_gone(answers: Answers) -> None:
    for status in answers.results():
        if status.word != "OK" and status.code != "EXPUNGEISSUED":
            raise refusal(status.code, status.words)
