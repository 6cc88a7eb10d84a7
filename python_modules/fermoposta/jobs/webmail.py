"""
Have the webmail forget whose mailbox is removed: calendars, address books, settings, rights.

Its database asks the directory itself whether an address is free, so that whoever takes over the
jobs service can take nothing from anybody who is here.
"""

from collections.abc import Iterable, Iterator
from typing import LiteralString

import psycopg


def forget(conninfo: str, addresses: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """
    Remove all that there is of *addresses*; say of each whether nobody has it.

    Raises psycopg.Error.
    """
    return _each(conninfo, "SELECT deleted.forget(%s)", addresses)


def set_aside(conninfo: str, mailbox_ids: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """
    Put what the webmail has of closed mailboxes among what was deleted; say where there was need.

    That is where a person's address is a resource's now, or the other way round. Raises
    psycopg.Error.
    """
    return _each(conninfo, "SELECT deleted.set_aside(%s)", mailbox_ids)


def _each(conninfo: str, query: LiteralString, values: Iterable[str]) -> Iterator[tuple[str, bool]]:
    with psycopg.connect(
        conninfo, autocommit=True, application_name="fermoposta-jobs", connect_timeout=10
    ) as connection:
        for value in values:
            row = connection.execute(query, [value]).fetchone()
            yield value, bool(row and row[0])
