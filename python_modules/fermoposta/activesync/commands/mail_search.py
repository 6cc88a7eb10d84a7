"""
Which mail fits a question, newest first, for Search and Find.

Each folder is searched by the store, and of each the newest are looked at: no more of them can be
among the newest of all. How many fit is an estimate where a folder has more than that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fermoposta.activesync import kql
from fermoposta.activesync.commands.ranges import MOST
from fermoposta.activesync.sources import reading
from fermoposta.mailstore.mailbox import FolderMissingError, ForbiddenError, Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from fermoposta.activesync.folders import Folder, Tree
    from fermoposta.activesync.kql import Question
    from fermoposta.activesync.options import Options
    from fermoposta.activesync.session import Session
    from fermoposta.activesync.wbxml import Element

_LOOKED_AT = 1_000
"""Mails of a folder that are looked at where the store alone can't tell whether they fit."""


class FolderUnknownError(Exception):
    """A folder is named that is not there; the device must read the folders anew."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A mail that fits."""

    folder: Folder
    uid: int
    received: datetime


async def hits(
    session: Session, folders: Sequence[Folder], question: Question, conversation: bytes = b""
) -> tuple[list[Hit], int]:
    """Return the newest MOST mails of *folders* that fit, and how many there are in all."""
    found: list[Hit] = []
    total = 0
    for folder in folders:
        try:
            newest, count = await _in_folder(session, folder, question, conversation)
        except (FolderMissingError, ForbiddenError):
            continue  # it went away, or the right to read it
        found += newest
        total += count
    found.sort(key=lambda each: (each.received, each.uid), reverse=True)
    return found[:MOST], total


async def read(
    session: Session, found: Sequence[Hit], options: Options
) -> tuple[list[tuple[Hit, Element]], int]:
    """
    Return *found* with what is sent of each, and how many of *found* that is.

    What is gone or can't be sent is left out and counts; what has no room in the answer does not.
    """
    by_folder: dict[str, list[Hit]] = {}
    for hit in found:
        by_folder.setdefault(hit.folder.id, []).append(hit)
    data: dict[tuple[str, int], Element] = {}
    late: set[tuple[str, int]] = set()
    room = session.limits.answer_bytes
    form = reading.Form(options, session.version, session.limits.item_bytes)
    for some in by_folder.values():
        folder, uids = some[0].folder, [hit.uid for hit in some]
        async for each in reading.mails(session.mail, folder, uids, form):
            if each.data is None:
                continue
            if data and each.size > room:
                late.add((folder.id, each.uid))
                continue
            data[folder.id, each.uid] = each.data
            room -= each.size
    names = [(hit.folder.id, hit.uid) for hit in found]
    count = next((at for at, name in enumerate(names) if name in late), len(found))
    return [
        (hit, data[name])
        for hit, name in zip(found[:count], names[:count], strict=True)
        if name in data
    ], count


def folders_of(tree: Tree, named: Sequence[str], *, below: bool) -> list[Folder]:
    """
    Return the mail folders of the ids *named*, with *below* also what is in them; all by default.

    Raises FolderUnknownError.
    """
    if not named or (below and "0" in named):
        return [each for each in tree if each.is_mail]
    wanted: dict[str, None] = {}
    for name in named:
        if tree.get(name) is None:
            raise FolderUnknownError(f"no folder {name[:16]!r}")
        wanted[name] = None
    if below:
        # Parents stand before what is in them.
        wanted |= {each.id: None for each in _below(tree, wanted)}
    return [each for each in tree if each.id in wanted and each.is_mail]


def _below(tree: Tree, named: Iterable[str]) -> Iterator[Folder]:
    inside = set(named)
    for each in tree:
        if each.parent in inside:
            inside.add(each.id)
            yield each


async def _in_folder(
    session: Session, folder: Folder, question: Question, conversation: bytes
) -> tuple[list[Hit], int]:
    since, before = kql.days(question)
    query = Query(question.words, since, before, header=question.header)
    uids = await session.mail.search(folder.path, query)
    exact = bool(question.after or question.before or conversation)
    looked_at: list[int] = []
    for uid in reversed(uids):
        if len(looked_at) == (_LOOKED_AT if exact else MOST):
            break
        looked_at.append(uid)
    if not looked_at:
        return [], 0
    headers = reading.HEADERS if conversation else ()
    summaries = await session.mail.summaries(folder.path, looked_at, headers=headers)
    fitting = [
        Hit(folder, each.uid, each.received)
        for each in summaries.values()
        if _in_time(each.received, question)
        and (not conversation or reading.conversation_of(each) == conversation)
    ]
    return fitting, len(fitting) if exact else len(uids)


def _in_time(received: datetime, question: Question) -> bool:
    return (question.after is None or received >= question.after) and (
        question.before is None or received < question.before
    )


def narrowed(
    question: Question, *, after: datetime | None = None, before: datetime | None = None
) -> Question:
    """Return *question* for mail that was received after, and before, these moments as well."""
    latest = max((each for each in (question.after, after) if each is not None), default=None)
    earliest = min((each for each in (question.before, before) if each is not None), default=None)
    return replace(question, after=latest, before=earliest)
