"""
Write down, now and then, how much room calendars, address books and the like take of each owner.

What is counted is what the database stores, which is less than the text where it is compressed. The
mail Dovecot counts by itself, whenever it changes.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

import psycopg
import structlog

from fermoposta.agent.tools import Tools
from fermoposta.directory.store import Change

ROLE = "fermoposta_agent"
_ASK = "SELECT address, calendars, contacts, other FROM sharing.usage()"
_FORGET = "DELETE FROM portal.groupware WHERE NOT address = ANY(%s)"
_NOTE = """
INSERT INTO portal.groupware AS known (address, calendars, contacts, other)
VALUES (%s, %s, %s, %s)
ON CONFLICT (address) DO UPDATE
    SET calendars = EXCLUDED.calendars, contacts = EXCLUDED.contacts, other = EXCLUDED.other
    WHERE (known.calendars, known.contacts, known.other)
        IS DISTINCT FROM (EXCLUDED.calendars, EXCLUDED.contacts, EXCLUDED.other)
"""
_log = structlog.get_logger()


async def run(tools: Tools, _changes: AsyncIterator[Sequence[Change]]) -> None:
    """Look once in `usage_interval` seconds, for as long as the agent runs."""
    while True:
        await asyncio.to_thread(note, tools)
        await asyncio.sleep(tools.settings.usage_interval)


def note(tools: Tools) -> None:
    """Write down what there is of each owner of a mailbox; raises psycopg.Error."""
    settings, state = tools.settings, tools.directory
    with psycopg.connect(settings.webmail_conninfo(ROLE), connect_timeout=5) as webmail:
        rows = webmail.execute(_ASK).fetchall()
    found = [row for row in rows if row[0] in state.users or row[0] in state.resources]
    with psycopg.connect(settings.database_conninfo(ROLE), connect_timeout=5) as directory:
        directory.execute(_FORGET, [[row[0] for row in found]])
        with directory.cursor() as cursor:
            cursor.executemany(_NOTE, found)
    _log.debug("usage noted", owners=len(found))
