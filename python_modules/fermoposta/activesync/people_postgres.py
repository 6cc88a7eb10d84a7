"""
Who there is, from the views of the schema ``gateway``, as the role fermoposta_gateway.

Each question names its reader, and a view joins them to their own company: there is no way to ask
about another one. When they are busy the webmail's database tells, of whom such a view has shown.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fermoposta.activesync import away, busy_kinds
from fermoposta.activesync.finding import words_of
from fermoposta.activesync.people import BEGINNINGS, DevicePolicy, Me, OutOfOffice, Person
from fermoposta.activesync.store.model import StoreAwayError
from fermoposta.booking.calendar import Unreadable
from fermoposta.directory.model import OutOfOffice as Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from fermoposta.activesync.store.model import Access
    from fermoposta.activesync.store.pool import Pool
    from fermoposta.mailstore.groupware import Busy

_WILD = re.compile(r"[\\%_]")
_QUOTED = r"\\\g<0>"
"""What stands for something else in a pattern of LIKE, and how it stands for itself."""
_PERSON = "address, name, kind, given_name, surname, company, members"
_ME = "SELECT address, name, language, addresses FROM gateway.users WHERE address = %(user)s"
_EVERYBODY = f"SELECT {_PERSON} FROM gateway.people WHERE reader = %(user)s"  # noqa: S608 - ours
_BY_NAME = ' ORDER BY words COLLATE "C", address COLLATE "C"'
_SEARCH = (
    _EVERYBODY + " AND words LIKE ALL (%(words)s)" + _BY_NAME + " LIMIT %(most)s OFFSET %(start)s"
)
_NAMED = """
SELECT address, name, kind, given_name, surname, company, members,
    (
        SELECT content FROM gateway.pictures AS picture
        WHERE picture.reader = person.reader AND picture.address = person.address
    ) AS picture,
    ARRAY(
        SELECT content FROM gateway.certificates AS certificate
        WHERE certificate.reader = person.reader AND certificate.address = person.address
        ORDER BY digest
    ) AS certificates
FROM gateway.people AS person WHERE reader = %(user)s AND address = ANY(%(addresses)s)
"""
_MEMBERS = """
SELECT member.address, coalesce(person.name, member.address) AS name,
    coalesce(person.kind, 'user') AS kind, coalesce(person.given_name, '') AS given_name,
    coalesce(person.surname, '') AS surname, coalesce(person.company, '') AS company,
    coalesce(person.members, 0) AS members
FROM gateway.members AS member
LEFT JOIN gateway.people AS person
    ON person.reader = member.reader AND person.address = member.address
WHERE member.reader = %(user)s AND member.group_address = %(group)s
ORDER BY member.position
"""
_USERS = _EVERYBODY + " AND kind = 'user' AND address = ANY(%(addresses)s)"
_BUSY = """
SELECT address, feed.busy(address, %(start)s, %(end)s) AS events
FROM unnest(%(addresses)s::text[]) AS address
"""
_BUSY_SECONDS = 5
_WORK_SECONDS = 3
"""For how long the events of one question are worked out: most take a millisecond."""
_AWAY = """
SELECT mailbox, text, subject, starts, starts_at, ends, ends_at, days, audience, enabled, external
FROM gateway.out_of_office WHERE mailbox = %(user)s
"""
_NEWCOMERS = """
SELECT "unknown", types, models FROM gateway.device_access WHERE address = %(user)s
"""
_POLICY = """
SELECT elements, allow_non_provisionable, refresh_hours
FROM gateway.device_policies WHERE address = %(user)s
"""


class PostgresPeople:
    """
    People by the connections of *pool*; *timezone* is the site's, which all users share.

    What users answer while they are away goes to *answers*; without *webmail*, connections to the
    webmail's database, nobody is known to be busy.
    """

    def __init__(
        self, pool: Pool, *, timezone: str, answers: away.Answers, webmail: Pool | None = None
    ) -> None:
        self._pool = pool
        self._webmail = webmail
        self._timezone = timezone
        self._zone = ZoneInfo(timezone)
        self._answers = answers

    async def me(self, user: str) -> Me | None:
        """Return the record of *user*; None where there is no open one."""
        rows = await self._rows(_ME, {"user": user})
        if not rows:
            return None
        addresses = tuple(rows[0].pop("addresses"))
        return Me(**rows[0], timezone=self._timezone, addresses=addresses)

    async def search(self, user: str, words: str, *, most: int, start: int = 0) -> list[Person]:
        """Return whom *user* finds by the beginnings of *words* in name or address, by name."""
        wanted = [f"% {_WILD.sub(_QUOTED, word)}%" for word in words_of(words)]
        if not wanted:
            return []
        facts = {"user": user, "words": wanted, "most": most, "start": start}
        return await self._people(_SEARCH, facts)

    async def everybody(self, user: str) -> list[Person]:
        """Return all that *user*'s address book shows, without pictures and certificates."""
        return await self._people(_EVERYBODY + _BY_NAME, {"user": user})

    async def named(self, user: str, addresses: Sequence[str]) -> dict[str, Person]:
        """Return those of *addresses* whom *user* may know, as they were asked for."""
        asked = {address: address.strip().lower() for address in addresses}
        facts = {"user": user, "addresses": list(asked.values())}
        found = {person.address: person for person in await self._people(_NAMED, facts)}
        return {name: found[address] for name, address in asked.items() if address in found}

    async def members(self, user: str, group: str) -> list[Person]:
        """Return who is in *group*, where *user* may know it."""
        return await self._people(_MEMBERS, {"user": user, "group": group.strip().lower()})

    async def busy(
        self, user: str, addresses: Collection[str], start: datetime, end: datetime
    ) -> dict[str, list[Busy]]:
        """Return when those of *addresses* are busy whom *user* may know, but for resources."""
        if self._webmail is None:
            return {}
        asked = {address: address.strip().lower() for address in addresses}
        people = await self._people(_USERS, {"user": user, "addresses": list(asked.values())})
        facts = {"addresses": [each.address for each in people], "start": start, "end": end}
        try:
            async with asyncio.timeout(_BUSY_SECONDS), self._webmail.connection() as connection:
                rows = await (await connection.execute(_BUSY, facts)).fetchall()
        except TimeoutError:
            raise StoreAwayError("the webmail's database is too slow to tell of times") from None
        found = await asyncio.to_thread(self._worked_out, rows, start, end)
        return {name: found[address] for name, address in asked.items() if address in found}

    async def out_of_office(self, user: str) -> OutOfOffice:
        """Return what the user has said."""
        return away.shown(await self._record(user), self._zone)

    async def set_out_of_office(self, user: str, said: OutOfOffice) -> None:
        """Have Dovecot answer so, by the directory's rules."""
        record = away.kept(user, said, await self._record(user), self._zone)
        if record is not None:
            await self._answers.put(record)

    async def device_policy(self, user: str) -> DevicePolicy | None:
        """Return what the user's devices must do; None where nothing is demanded."""
        rows = await self._rows(_POLICY, {"user": user})
        if not rows:
            return None
        row = rows[0]
        return DevicePolicy(row.pop("elements"), **row)

    async def newcomer(self, user: str, type_: str, model: str = "") -> Access | None:
        """Return how a device of *user* begins that was never seen: by its model, else its type."""
        rows = await self._rows(_NEWCOMERS, {"user": user})
        if not rows:
            return None
        by_type = rows[0]["types"].get(type_.lower(), rows[0]["unknown"])
        return BEGINNINGS[rows[0]["models"].get(model.lower(), by_type)]

    def _worked_out(
        self, rows: Sequence[Mapping[str, Any]], start: datetime, end: datetime
    ) -> dict[str, list[Busy]]:
        found = {}
        deadline = time.monotonic() + _WORK_SECONDS
        for row in rows:
            # What can't be read in somebody's calendar is for nobody else to know, nor for a log.
            with suppress(Unreadable):
                if row["events"] is not None:
                    events = _in_time(row["events"], deadline)
                    found[row["address"]] = busy_kinds.busy(events, self._zone, start, end)
        return found

    async def _record(self, user: str) -> Record | None:
        rows = await self._rows(_AWAY, {"user": user})
        if not rows:
            return None
        row = rows[0]
        starts, ends = row.pop("starts_at"), row.pop("ends_at")
        return Record(
            **{**row, "starts": starts or row["starts"], "ends": ends or row["ends"]},
        )

    async def _people(self, query: str, facts: Mapping[str, object]) -> list[Person]:
        rows = await self._rows(query, facts)
        return [
            Person(**{**row, "certificates": tuple(row.get("certificates", ()))}) for row in rows
        ]

    async def _rows(self, query: str, facts: Mapping[str, object]) -> list[dict[str, Any]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(query, facts)).fetchall()


def _in_time(events: Iterable[str], deadline: float) -> Iterator[str]:
    for each in events:
        if time.monotonic() > deadline:
            raise Unreadable("it takes too long")
        yield each
