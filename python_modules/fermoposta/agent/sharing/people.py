"""
Open sessions of people whose groups changed: Dovecot asks for groups at the log-in only.

They are ended. That does not reach a session in which somebody else's mailbox was opened: Dovecot
2.4.1 then takes it for the owner's, and kicks nobody. So for some days such people have lines of
their own wherever the groups that their sessions may know would give something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from fermoposta.directory.rights import Membership

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fermoposta.agent.sharing.book import Book
    from fermoposta.directory.model import State
    from fermoposta.mailstore.doveadm import Doveadm

WEBMAIL = "127.0.0.0/8"
"""From where the webmail's proxy comes, which keeps connections for longer than their pages."""
SETTLED_DAYS = 7
_log = structlog.get_logger()


async def look_at_groups(state: State, book: Book, doveadm: Doveadm) -> None:
    """End the sessions of those who are in other groups than before; clients come back at once."""
    before = await book.groups()
    membership = Membership(state)
    now = {person: membership.groups_of(person) for person in membership.everybody()}
    changed = {
        person: now.get(person, frozenset())
        for person in before.keys() | now.keys()
        if before.get(person, frozenset()) != now.get(person, frozenset())
    }
    affected = changed.keys() & state.users.keys() if before else ()
    for person in await doveadm.end_sessions(affected):
        _log.info("sessions ended, the groups changed", address=person)
    await book.keep_groups(changed, first=not before)
    await book.settle(SETTLED_DAYS)


async def show_new_mailboxes(people: Iterable[str], doveadm: Doveadm) -> None:
    """
    Let the webmail of *people* list anew whose mailboxes there are.

    A session lists them once an hour. Other clients see them at their next connection, or at once
    where they ask for a folder by its name.
    """
    await doveadm.end_sessions(people, WEBMAIL)
