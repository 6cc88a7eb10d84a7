"""
What the portal asks of the host's journal, which it may not read itself.

For administrators, what became of mail, and whose mail came into a folder; for users, who logged in
to their mailbox::

    {"ask": "mails", "id": "…@…", "sender": "", "recipient": "", "since": 1767322800}
    {"ask": "filed", "folder": "Quarantena", "since": 1767322800}
    {"ask": "logins", "address": "ada@example.org", "since": 1767322800}

Of *id*, *sender* and *recipient* one at least is given, and each that is given has to fit. What
comes back is ``{"mails": [...]}``, ``{"filed": [...]}`` or ``{"logins": [...]}``, with times in ISO
8601; or
``{"refused": reason}``, ``{"later": reason}``. Whose business a mail is the portal decides.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from fermoposta.agent import journal
from fermoposta.agent.questions import listen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from fermoposta.agent.journal import Line, Traced
    from fermoposta.agent.tools import Tools
    from fermoposta.directory.store import Change

LONGEST = timedelta(days=31)
"""How far back is looked."""
MOST_MAILS = 100
"""How many mails are told of, the latest."""
_MOST_TEXTS = 300
"""Queue IDs and Message-IDs that are looked for at once."""
_log = structlog.get_logger()


async def take(request: bytes) -> dict[str, object]:
    """Carry out *request*; return what is answered."""
    now = datetime.now(UTC)
    try:
        asked: dict[str, Any] = json.loads(request)
        what = str(asked["ask"])
        since = max(datetime.fromtimestamp(float(asked["since"]), UTC), now - LONGEST)
        wanted = {
            name: str(asked.get(name) or "").strip().lower()
            for name in ("id", "sender", "recipient", "address")
        }
        wanted["folder"] = str(asked.get("folder") or "")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return {"refused": "the request is no document with a question and a time"}
    if not any(wanted.values()) or any(len(each) > 1000 for each in wanted.values()):
        return {"refused": "nothing is given to look for"}
    try:
        return await _found(what, wanted, since, now)
    except journal.JournalError as error:
        _log.warning("the journal can't be read", error=str(error))
        return {"later": "the journal can't be read now"}


async def _found(
    what: str, wanted: dict[str, str], since: datetime, until: datetime
) -> dict[str, object]:
    if what == "mails":
        found = await _mails(wanted["id"], wanted["sender"], wanted["recipient"], since, until)
        return {"mails": [_shown(each) for each in found[:MOST_MAILS]]}
    if what == "filed":
        text = f"stored mail into mailbox '{wanted['folder']}'"
        lines = await journal.read(["dovecot.service"], [text], since=since, until=until)
        return {"filed": [_shown(each) for each in journal.filed(lines, wanted["folder"])]}
    if what == "logins":
        address = wanted["address"]
        lines = await journal.read(journal.LOGIN_UNITS, [address], since=since, until=until)
        return {"logins": [_shown(each) for each in journal.logins(lines, address)]}
    return {"refused": "there is no such question"}


async def _mails(
    message: str, sender: str, recipient: str, since: datetime, until: datetime
) -> list[Traced]:
    message = message.strip("<> ")
    # What names the mail names no more of it than a line: the rest goes by its queue IDs.
    first = await _read([message or recipient or sender], since, until)
    texts = [*sorted(journal.queues_in(first)), *sorted(journal.ids_in(first))][-_MOST_TEXTS:]
    rest = await _read(texts, since, until) if texts else []
    if texts and (sent_on := journal.queues_in(rest) - set(texts)):
        rest = await _read([*texts, *sorted(sent_on)][-_MOST_TEXTS:], since, until)
    known = dict.fromkeys([*first, *rest])
    traced = journal.trace(sorted(known, key=lambda line: line.at))
    return [
        each
        for each in traced
        if (not message or each.id.lower() == message)
        and (not sender or sender in {each.sender.lower(), each.login.lower()})
        and (not recipient or recipient in {one.lower() for one in each.recipients})
    ]


async def _read(texts: Sequence[str], since: datetime, until: datetime) -> list[Line]:
    return await journal.read(journal.MAIL_UNITS, texts, since=since, until=until)


def _shown(found: Traced | journal.Filed | journal.Login) -> dict[str, object]:
    def plain(value: object) -> object:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, set):
            return sorted(value)
        if isinstance(value, list):
            return [{name: plain(each) for name, each in one.items()} for one in value]
        return value

    return {name: plain(value) for name, value in asdict(found).items()}


async def run(tools: Tools, _changes: AsyncIterator[Sequence[Change]]) -> None:
    """Listen for as long as the agent runs; see `fermoposta.agent.duties.Duty`."""
    settings = tools.settings
    server = await listen(settings.agent_journal_socket, settings.portal_user, take)
    async with server:
        await server.serve_forever()
