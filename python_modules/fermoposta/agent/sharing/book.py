"""What sharing remembers in the database: the rights that it set, and who is in which groups."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import psycopg

    from fermoposta.mailstore.acl import Acl


@dataclass(frozen=True, slots=True)
class Noted:
    """What was set on a folder, and what is meant to be set where that has begun."""

    acl: Acl = field(default_factory=dict)
    meant: Acl = field(default_factory=dict)

    def differing(self, actual: Acl) -> dict[str, str | None]:
        """Return what stands in *actual* that we did not set, None for what was taken out."""
        return {
            identifier: actual.get(identifier)
            for identifier in actual.keys() | self.acl.keys()
            if actual.get(identifier) != self.acl.get(identifier)
            and not (self.meant and actual.get(identifier) == self.meant.get(identifier))
        }


class Book:
    """The agent's own tables, on *connection*. Every method raises psycopg.Error."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection

    async def shared(self, mailbox_ids: Iterable[str]) -> set[str]:
        """Return in which of *mailbox_ids* somebody was given anything."""
        rows = await self._rows(
            "SELECT DISTINCT mailbox_id::text FROM directory.sharing_folders"
            " WHERE mailbox_id = ANY(%s::uuid[]) AND (acl <> '{}' OR meant <> '{}')",
            list(mailbox_ids),
        )
        return {row[0] for row in rows}

    async def folders(self, mailbox_id: str) -> dict[str, Noted]:
        """Return what is noted of the folders of a mailbox."""
        rows = await self._rows(
            "SELECT folder, acl, meant FROM directory.sharing_folders WHERE mailbox_id = %s",
            mailbox_id,
        )
        return {row[0]: Noted(dict(row[1]), dict(row[2])) for row in rows}

    async def keep(self, mailbox_id: str, folder: str, noted: Noted) -> None:
        """Note what was set on *folder*, or is about to be."""
        await self._do(
            "INSERT INTO directory.sharing_folders VALUES (%s, %s, %s::jsonb, %s::jsonb)"
            " ON CONFLICT (mailbox_id, folder)"
            " DO UPDATE SET acl = excluded.acl, meant = excluded.meant",
            mailbox_id,
            folder,
            json.dumps(noted.acl),
            json.dumps(noted.meant),
        )

    async def forget(self, mailbox_id: str, folders: Iterable[str]) -> None:
        """Forget *folders*, which are gone."""
        await self._do(
            "DELETE FROM directory.sharing_folders WHERE mailbox_id = %s AND folder = ANY(%s)",
            mailbox_id,
            list(folders),
        )

    async def forget_others_than(self, mailbox_ids: Iterable[str]) -> None:
        """Forget everything about other mailboxes than *mailbox_ids*: they are gone."""
        await self._do(
            "DELETE FROM directory.sharing_folders WHERE NOT mailbox_id = ANY(%s::uuid[])",
            list(mailbox_ids),
        )

    async def seen_by(self, owner: str, people: set[str]) -> set[str]:
        """Note who sees something in the mailbox of *owner*; return who did not see it before."""
        rows = await self._rows(
            "SELECT to_address FROM dovecot.shares WHERE from_address = %s", owner
        )
        before = {row[0] for row in rows}
        if gone := before - people:
            await self._do(
                "DELETE FROM dovecot.shares WHERE from_address = %s AND to_address = ANY(%s)",
                owner,
                list(gone),
            )
        if new := people - before:
            await self._do(
                "INSERT INTO dovecot.shares (to_address, from_address)"
                " SELECT unnest(%s::text[]), %s ON CONFLICT DO NOTHING",
                list(new),
                owner,
            )
        return new

    async def unshared_by_others_than(self, owners: set[str]) -> None:
        """Forget that the mailboxes of others than *owners* are seen by anybody."""
        await self._do("DELETE FROM dovecot.shares WHERE NOT from_address = ANY(%s)", list(owners))

    async def groups(self) -> dict[str, frozenset[str]]:
        """Return in which groups people were when last looked at."""
        rows = await self._rows("SELECT address, groups FROM directory.sharing_people")
        return {row[0]: frozenset(row[1]) for row in rows}

    async def keep_groups(self, changed: Mapping[str, frozenset[str]], *, first: bool) -> None:
        """Note the groups of those in *changed*, and which ones they had before, if it is known."""
        async with self._connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO directory.sharing_people AS known (address, groups, former)"
                " VALUES (%s, %s, CASE WHEN NOT %s THEN ARRAY[]::text[] END)"
                " ON CONFLICT (address) DO UPDATE SET groups = excluded.groups, former = ARRAY("
                "SELECT DISTINCT unnest(coalesce(known.former, ARRAY[]::text[]) || known.groups)),"
                " changed_at = now()",
                [(address, sorted(groups), first) for address, groups in changed.items()],
            )

    async def former_groups(self) -> dict[str, frozenset[str]]:
        """Return which groups sessions may still have of those whose groups changed."""
        rows = await self._rows(
            "SELECT address, former FROM directory.sharing_people WHERE former IS NOT NULL"
        )
        return {row[0]: frozenset(row[1]) for row in rows}

    async def settle(self, days: int) -> None:
        """Take it that no session is older than so many *days*."""
        await self._do(
            "UPDATE directory.sharing_people SET former = NULL"
            " WHERE changed_at < now() - make_interval(days => %s)",
            days,
        )
        await self._do(
            "DELETE FROM directory.sharing_people WHERE former IS NULL AND groups = '{}'"
        )

    async def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        cursor = await self._connection.execute(query, values)
        return await cursor.fetchall()

    async def _do(self, query: str, *values: object) -> None:
        await self._connection.execute(query, values)
