"""
What the portal asks of mailboxes: which folders there are, what was deleted, what is quarantined.

The portal faces the world and opens no mailbox: it asks here, for who is signed in, or, of the
quarantine, for who administers the mailbox::

    {"ask": "deleted", "mailbox": "ada@example.org", "folder": "INBOX"}
    {"ask": "restore", "mailbox": "ada@example.org", "ids": ["mail:…"]}
    {"ask": "release", "mailbox": "ada@example.org", "ids": ["1732-12"]}
    {"ask": "keep_list", "mailbox": "ada@example.org", "list": {"name": "Calcio", "members": []}}

What comes back is ``{"folders": [...]}``, ``{"deleted": [...]}``, ``{"restored": [...]}``,
``{"quarantined": [...]}``, ``{"lists": [...]}``, or ``{"moved": [ids]}`` after ``release`` and
``discard``, ``{"kept": [id]}`` after ``keep_list`` and ``remove_list``; or
``{"refused": reason}`` where it can't be done, ``{"later": reason}`` where it can't be done now.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from imapclient.exceptions import IMAPClientError

from fermoposta.agent import quarantine
from fermoposta.agent.questions import listen
from fermoposta.mailstore.acl import SHARED
from fermoposta.mailstore.deleted import Bin
from fermoposta.mailstore.deleted_item import DeletedItem, OverQuotaError, RestoreError
from fermoposta.mailstore.imap import MailboxError, Session
from fermoposta.mailstore.lists import (
    DistributionList,
    ListBook,
    ListError,
    ListGoneError,
    Member,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from fermoposta.agent.tools import Tools
    from fermoposta.directory.store import Change

ROLE = "fermoposta_agent"
MOST = 2000
"""How many deleted items are told of at once, the latest."""
_WHY = (
    (OverQuotaError, "the mailbox is too full"),
    (RestoreError, "it is restored already, or its time is over"),
    (ListGoneError, "somebody else changed it in the meantime"),
)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of *mailbox*; what is not said is empty."""

    mailbox: str
    folder: str | None = None
    ids: tuple[str, ...] = ()
    list: DistributionList | None = None

    @classmethod
    def read(cls, asked: dict[str, Any]) -> Asked:
        """Return it; raises ValueError, KeyError, TypeError, AttributeError where it is not one."""
        folder, given = asked.get("folder"), asked.get("list")
        return cls(
            str(asked["mailbox"]),
            None if folder is None else str(folder),
            tuple(str(each) for each in asked.get("ids", [])),
            None if given is None else _list(given),
        )


class Mailboxes:
    """Looks into mailboxes with *tools*."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        site = tools.settings
        self._bin = Bin(tools.door, site.webmail_conninfo(ROLE), days=site.retention_days)
        self._lists = ListBook(site.calendar_url, site.calendar_secret_file)
        self._answers: dict[str, Callable[[Asked], dict[str, object]]] = {
            "folders": self._folders,
            "deleted": self._deleted,
            "restore": self._restore,
            "quarantined": self._quarantined,
            "release": partial(self._out_of_quarantine, quarantine.release),
            "discard": partial(self._out_of_quarantine, quarantine.discard),
            "lists": self._lists_of,
            "keep_list": self._keep_list,
            "remove_list": self._remove_list,
        }

    async def take(self, request: bytes) -> dict[str, object]:
        """Carry out *request*; return what is answered."""
        try:
            given = json.loads(request)
            answer, asked = self._answers.get(str(given["ask"])), Asked.read(given)
        except (ValueError, KeyError, TypeError, AttributeError):
            return {"refused": "the request is no document with a mailbox and a question"}
        if asked.mailbox not in self._tools.directory.users:
            return {"refused": "there is no such mailbox"}
        if answer is None:
            return {"refused": "there is no such question"}
        try:
            return await asyncio.to_thread(answer, asked)
        except (OverQuotaError, RestoreError, ListGoneError) as error:
            _log.warning("not done", address=asked.mailbox, error=str(error))
            return {"refused": next(why for kind, why in _WHY if isinstance(error, kind))}
        except (MailboxError, IMAPClientError, ListError, OSError) as error:
            _log.warning("a mailbox can't be opened", address=asked.mailbox, error=str(error))
            return {"later": "the mailbox can't be opened now"}

    def _folders(self, asked: Asked) -> dict[str, object]:
        with self._tools.imap(asked.mailbox) as session:
            names = [str(name) for flags, _, name in session.client.list_folders()]
        return {"folders": sorted(name for name in names if _own(name))}

    def _deleted(self, asked: Asked) -> dict[str, object]:
        found = self._bin.list_deleted(asked.mailbox, asked.folder)[:MOST]
        return {"deleted": [_shown(each) for each in found]}

    def _restore(self, asked: Asked) -> dict[str, object]:
        restored = self._bin.restore(asked.mailbox, asked.ids)
        _log.info("restored", address=asked.mailbox, items=len(restored))
        return {"restored": [_shown(each) for each in restored]}

    def _quarantined(self, asked: Asked) -> dict[str, object]:
        with self._tools.imap(asked.mailbox) as session:
            return {"quarantined": quarantine.held(session)}

    def _out_of_quarantine(
        self, deed: Callable[[Session, Iterable[str]], list[str]], asked: Asked
    ) -> dict[str, object]:
        with self._tools.imap(asked.mailbox) as session:
            moved = deed(session, asked.ids)
        did = deed.__name__
        _log.info("quarantine", address=asked.mailbox, did=did, messages=len(moved))
        return {"moved": moved}

    def _lists_of(self, asked: Asked) -> dict[str, object]:
        return {"lists": [asdict(each) for each in self._lists.lists(asked.mailbox)]}

    def _keep_list(self, asked: Asked) -> dict[str, object]:
        if asked.list is None:
            return {"refused": "the request is no document with a mailbox and a question"}
        return {"kept": [self._lists.keep(asked.mailbox, asked.list)]}

    def _remove_list(self, asked: Asked) -> dict[str, object]:
        for name in asked.ids:
            self._lists.remove(asked.mailbox, name)
        return {"kept": list(asked.ids)}


def _list(given: dict[str, Any]) -> DistributionList:
    members = (
        Member(str(each["address"]), str(each.get("name", "")), str(each.get("card", "")))
        for each in given["members"]
    )
    return DistributionList(
        str(given.get("id", "")), str(given["name"]), tuple(members), str(given.get("etag", ""))
    )


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
