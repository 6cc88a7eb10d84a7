"""What folders and messages hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fermoposta.mailstore.aioimap import command, values
from fermoposta.mailstore.aioimap.errors import ProtocolError, refusal
from fermoposta.mailstore.aioimap.parse import Fetched
from fermoposta.mailstore.mailbox import MessageMissingError, Snapshot, Summary
from fermoposta.mailstore.uidset import UidSet, UidSetError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
    from datetime import date

    from fermoposta.mailstore.aioimap.access import Access
    from fermoposta.mailstore.aioimap.connection import Answers
    from fermoposta.mailstore.mailbox import Nested, Query

PIECE = 256 * 1024
"""Bytes that `stream` yields at most."""
_PIPELINED = 50
"""Commands that are sent together."""
_BODY = re.compile(r"[0-9]+(?:\.[0-9]+)*")
"""A section whose transfer encoding can be undone; not so ``HEADER`` and the like."""
_SECTION = re.compile(r"(?:[0-9]+\.)*(?:[0-9]+|HEADER|TEXT|MIME)?", re.IGNORECASE)
_KEY = re.compile(r"(?:BODY|BINARY)\[([^\]]*)\](?:<[0-9]+>)?")
_SUMMARY = b"UID FLAGS MODSEQ INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE"


async def snapshot(
    access: Access, folder: str, *, since: date | None, changed_since: int
) -> Snapshot:
    """Return what a folder holds."""
    commands = [b"UID SEARCH RETURN (ALL) UNDELETED"]
    if since:
        commands.append(b"UID SEARCH RETURN (ALL) UNDELETED SINCE " + command.day(since))
    if changed_since:
        commands.append(b"UID FETCH 1:* (UID MODSEQ) (CHANGEDSINCE %d)" % changed_since)
    changed: dict[int, int] = {}

    def note(fetched: Fetched) -> None:
        if changed_since and "MODSEQ" in fetched.items and "UID" in fetched.items:
            uid = values.number(fetched.items["UID"])
            changed[uid] = values.modseq(fetched.items["MODSEQ"])

    answers = (await access.read(folder, *commands, select=True, on=note)).check()
    present = _set(answers.found(1))
    return Snapshot(
        uidvalidity=_code(answers, "UIDVALIDITY"),
        modseq=_code(answers, "HIGHESTMODSEQ"),
        present=present,
        inside=_set(answers.found(2)) if since else present,
        changed=changed,
    )


async def summaries(
    access: Access, folder: str, uids: Iterable[int], headers: Sequence[str]
) -> dict[int, Summary]:
    """Return what is known of messages without reading their text."""
    wanted = _SUMMARY
    if headers:
        wanted += b" BODY.PEEK[%b]" % command.header_fields(headers)
    commands = [b"UID FETCH %b (%b)" % (each, wanted) for each in command.sets(uids)]
    if not commands:
        return {}
    answers = await access.read(folder, *commands)
    for status in answers.results():
        _expect_gone(status.word, status.code, status.words)
    return {
        uid: _summary(uid, items) for uid, items in _by_uid(answers).items() if "ENVELOPE" in items
    }


async def parts(
    access: Access, folder: str, wanted: Mapping[int, Sequence[str]], limit: int | None
) -> dict[int, dict[str, bytes]]:
    """Return sections of messages; those with the same sections are asked for together."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for uid, sections in wanted.items():
        alike.setdefault(_checked(sections), []).append(uid)
    commands = [
        b"UID FETCH %b (%b)" % (each, _items(sections, limit))
        for sections, uids in alike.items()
        for each in command.sets(uids)
    ]
    found: dict[int, dict[str, bytes]] = {}
    failed = False
    for start in range(0, len(commands), _PIPELINED):
        answers = await access.read(folder, *commands[start : start + _PIPELINED])
        for status in answers.results():
            failed = failed or status.code == "UNKNOWN-CTE"
            if status.code != "UNKNOWN-CTE":
                _expect_gone(status.word, status.code, status.words)
        _collect(answers, wanted, limit, found)
    if failed:
        # Dovecot stops at the first message whose encoding it doesn't know.
        for uid, sections in wanted.items():
            if uid not in found and (
                alone := await _by_section(access, folder, uid, sections, limit=limit)
            ):
                found[uid] = alone
    return found


async def stream(
    access: Access,
    folder: str,
    uid: int,
    section: str,
    *,
    start: int,
    length: int | None,
    raw: bool,
) -> AsyncGenerator[bytes, None]:
    """Yield a section in pieces; between them others use the connection."""
    (section,) = _checked((section,))
    undo = not raw and bool(_BODY.fullmatch(section))
    at = start
    end = None if length is None else start + length
    while end is None or at < end:
        size = PIECE if end is None else min(PIECE, end - at)
        place = f"[{section}]<{at}.{size}>".encode()
        piece, undo = await _piece(access, folder, uid, place, undo=undo)
        if piece:
            yield piece
        if len(piece) < size:
            return
        at += len(piece)


async def search(access: Access, folder: str, query: Query) -> UidSet:
    """Return the messages that a query fits."""
    # Dovecot takes UTF-8 for granted only where it is said.
    asked = b"UID SEARCH RETURN (ALL) CHARSET UTF-8 " + command.search(query)
    return _set((await access.read(folder, asked)).check().found(1))


async def _piece(
    access: Access, folder: str, uid: int, place: bytes, *, undo: bool
) -> tuple[bytes, bool]:
    """Return what is at *place*, and whether the transfer encoding was undone."""
    item = b"BINARY.PEEK" if undo else b"BODY.PEEK"
    answers = await access.read(folder, b"UID FETCH %d (%b%b)" % (uid, item, place))
    _, status = answers.results()
    if undo and status.code == "UNKNOWN-CTE":
        return await _piece(access, folder, uid, place, undo=False)
    _expect_gone(status.word, status.code, status.words)
    for key, value in _by_uid(answers).get(uid, {}).items():
        if _KEY.fullmatch(key):
            return value if isinstance(value, bytes) else b"", undo
    raise MessageMissingError(f"message {uid} is no longer in {folder!r}")


async def _by_section(
    access: Access, folder: str, uid: int, sections: Iterable[str], *, limit: int | None
) -> dict[str, bytes]:
    """Read one message section by section, as they stand there where they can't be undone."""
    found: dict[int, dict[str, bytes]] = {}
    for section in sections:
        asked = b"UID FETCH %d (%b)" % (uid, _items((section,), limit))
        answers = await access.read(folder, asked)
        _, status = answers.results()
        if status.code == "UNKNOWN-CTE":
            asked = asked.replace(b"(BINARY.PEEK[", b"(BODY.PEEK[")
            answers = await access.read(folder, asked)
            _, status = answers.results()
        _expect_gone(status.word, status.code, status.words)
        _collect(answers, {uid: (section,)}, limit, found)
    return found.get(uid, {})


def _collect(
    answers: Answers,
    wanted: Mapping[int, Sequence[str]],
    limit: int | None,
    found: dict[int, dict[str, bytes]],
) -> None:
    """Put into *found* what came of the sections of *wanted*, by the names they have there."""
    for uid, items in _by_uid(answers).items():
        names = {section.upper(): section for section in wanted.get(uid, ())}
        for key, value in items.items():
            named = _KEY.fullmatch(key)
            if named and named[1] in names:
                content = value if isinstance(value, bytes) else b""
                found.setdefault(uid, {})[names[named[1]]] = content[:limit]


def _items(sections: Iterable[str], limit: int | None) -> bytes:
    partial = b"" if limit is None else b"<0.%d>" % max(limit, 1)
    return b" ".join(
        b"%b[%b]%b"
        % (b"BINARY.PEEK" if _BODY.fullmatch(each) else b"BODY.PEEK", each.encode(), partial)
        for each in sections
    )


def _checked(sections: Iterable[str]) -> tuple[str, ...]:
    """Return *sections*; raises MessageMissingError for what can be none."""
    wanted = tuple(sections)
    for section in wanted:
        if not _SECTION.fullmatch(section):
            raise MessageMissingError(f"no message has a section {section[:40]!r}")
    return wanted


def _by_uid(answers: Answers) -> dict[int, dict[str, Nested]]:
    """Return the items of messages; what came in several answers is put together."""
    found: dict[int, dict[str, Nested]] = {}
    for answer in answers.data:
        if isinstance(answer, Fetched) and "UID" in answer.items:
            found.setdefault(values.number(answer.items["UID"]), {}).update(answer.items)
    return found


def _summary(uid: int, items: Mapping[str, Nested]) -> Summary:
    flags = items.get("FLAGS")
    headers = next((value for key, value in items.items() if key.startswith("BODY[HEADER")), None)
    return Summary(
        uid=uid,
        flags=values.flags(flags),
        modseq=values.modseq(items.get("MODSEQ")),
        received=values.moment(items.get("INTERNALDATE")),
        size=values.number(items.get("RFC822.SIZE")),
        envelope=items["ENVELOPE"],
        structure=items.get("BODYSTRUCTURE"),
        headers=headers if isinstance(headers, bytes) else b"",
    )


def _expect_gone(word: str, code: str, words: str) -> None:
    """Raise what a refusal means, but for one that some messages are gone."""
    if word != "OK" and code != "EXPUNGEISSUED":
        raise refusal(code, words)


def _set(text: str) -> UidSet:
    try:
        return UidSet.parse(text)
    except UidSetError:
        raise ProtocolError("Dovecot found what is no set of UIDs") from None


def _code(answers: Answers, name: str) -> int:
    text = answers.code(name) or ""
    if not text.isdecimal():
        raise ProtocolError(f"Dovecot does not tell {name} of the folder")
    return int(text)
