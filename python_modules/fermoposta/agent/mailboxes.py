"""
What the portal asks of mailboxes: which folders there are, what was deleted, what is quarantined.

The portal faces the world and opens no mailbox: it asks here, for who is signed in, or, of the
quarantine, for who administers the mailbox::

    {"ask": "deleted", "mailbox": "ada@example.org", "folder": "INBOX"}
    {"ask": "restore", "mailbox": "ada@example.org", "ids": ["mail:…"]}
    {"ask": "release", "mailbox": "ada@example.org", "ids": ["1732-12"]}

What comes back is ``{"folders": [...]}``, ``{"deleted": [...]}``, ``{"restored": [...]}``,
``{"quarantined": [...]}``, or ``{"moved": [ids]}`` after ``release`` and ``discard``; or
``{"refused": reason}`` where it can't be done, ``{"later": reason}`` where it can't be done now.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import datetime

import structlog
from imapclient.exceptions import IMAPClientError

from fermoposta.agent import quarantine
from fermoposta.agent.questions import listen
from fermoposta.agent.tools import Tools
from fermoposta.directory.store import Change
from fermoposta.mailstore.acl import SHARED
from fermoposta.mailstore.deleted import Bin
from fermoposta.mailstore.deleted_item import DeletedItem, OverQuotaError, RestoreError
from fermoposta.mailstore.imap import MailboxError

ROLE = "fermoposta_agent"
MOST = 2000
"""How many deleted items are told of at once, the latest."""
_DEEDS = {"release": quarantine.release, "discard": quarantine.discard}
_log = structlog.get_logger()


class Mailboxes:
    """Looks into mailboxes with *tools*."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        site = tools.settings
        self._bin = Bin(tools.door, site.webmail_conninfo(ROLE), days=site.retention_days)

    async def take(self, request: bytes) -> dict[str, object]:
        """Carry out *request*; return what is answered."""
        try:
            asked = json.loads(request)
            what, mailbox = str(asked["ask"]), str(asked["mailbox"])
            folder = asked.get("folder")
            folder = None if folder is None else str(folder)
            ids = [str(each) for each in asked.get("ids", [])]
        except (ValueError, KeyError, TypeError, AttributeError):
            return {"refused": "the request is no document with a mailbox and a question"}
        if mailbox not in self._tools.directory.users:
            return {"refused": "there is no such mailbox"}
        try:
            return await asyncio.to_thread(self._answer, what, mailbox, folder, ids)
        except OverQuotaError:
            return {"refused": "the mailbox is too full"}
        except RestoreError as error:
            _log.warning("not restored", address=mailbox, error=str(error))
            return {"refused": "it is restored already, or its time is over"}
        except (MailboxError, IMAPClientError, OSError) as error:
            _log.warning("a mailbox can't be opened", address=mailbox, error=str(error))
            return {"later": "the mailbox can't be opened now"}

    def _answer(
        self, what: str, mailbox: str, folder: str | None, ids: list[str]
    ) -> dict[str, object]:
        if what == "folders":
            with self._tools.imap(mailbox) as session:
                names = [str(name) for flags, _, name in session.client.list_folders()]
            return {"folders": sorted(name for name in names if _own(name))}
        if what == "deleted":
            found = self._bin.list_deleted(mailbox, folder)[:MOST]
            return {"deleted": [_shown(each) for each in found]}
        if what == "restore":
            restored = self._bin.restore(mailbox, ids)
            _log.info("restored", address=mailbox, items=len(restored))
            return {"restored": [_shown(each) for each in restored]}
        if what == "quarantined":
            with self._tools.imap(mailbox) as session:
                return {"quarantined": quarantine.held(session)}
        if what in _DEEDS:
            with self._tools.imap(mailbox) as session:
                moved = _DEEDS[what](session, ids)
            _log.info("quarantine", address=mailbox, did=what, messages=len(moved))
            return {"moved": moved}
        return {"refused": "there is no such question"}


def _own(name: str) -> bool:
    return not name.startswith((".kept", SHARED))


def _shown(item: DeletedItem) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(item).items()
    }


async def run(tools: Tools, _changes: AsyncIterator[Sequence[Change]]) -> None:
    """Listen for as long as the agent runs; see `fermoposta.agent.duties.Duty`."""
    settings = tools.settings
    mailboxes = Mailboxes(tools)
    server = await listen(settings.agent_mailboxes_socket, settings.portal_user, mailboxes.take)
    async with server:
        await server.serve_forever()
