"""
What is remembered of devices, in the schema ``gateway`` of the directory's database.

The role fermoposta_gateway may write these tables and no others; whose mailbox an address is it
asks the view ``gateway.users``, which shows open users only.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.types.json import Jsonb

from fermoposta.activesync.store.model import (
    NOTE_SECONDS,
    Access,
    Device,
    Failure,
    FolderKey,
    Kept,
    OvertakenError,
    UnknownUserError,
    Wipe,
    changeable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fermoposta.activesync.state.stored import Json
    from fermoposta.activesync.store.pool import Connection, Pool

_COLUMNS = """device.id, device.type, device.access, device.first_seen, device.last_seen,
    device.last_synced, device.version, device.user_agent, device.information, device.policy_key,
    device.offered_key, device.policy_digest, device.wipe, device.wipe_account_only,
    device.wiped_by, device.resync_since"""
_DEVICES = f"""
SELECT person.address AS "user", {_COLUMNS}
FROM gateway.devices AS device JOIN gateway.users AS person USING (mailbox_id)
"""  # noqa: S608 - names of our own
_MAILBOX = "(SELECT mailbox_id FROM gateway.users WHERE address = %(user)s)"
_OF_DEVICE = f"mailbox_id = {_MAILBOX} AND device = %(device)s"

_DEVICE = _DEVICES + " WHERE person.address = %(user)s AND device.id = %(device)s"
_LIST = (
    _DEVICES
    + " WHERE person.address = coalesce(%(user)s, person.address)"
    + " ORDER BY device.last_seen DESC, person.address, device.id"
)
_MAKE_MAILBOX = """
INSERT INTO gateway.mailboxes (mailbox_id)
SELECT mailbox_id FROM gateway.users WHERE address = %(user)s
ON CONFLICT DO NOTHING
"""
_MAKE_DEVICE = f"""
INSERT INTO gateway.devices
    (mailbox_id, id, type, access, first_seen, last_seen, version, user_agent)
SELECT {_MAILBOX}, %(device)s, %(type)s, %(unknown)s, %(now)s, %(now)s, %(version)s, %(agent)s
WHERE {_MAILBOX} IS NOT NULL
ON CONFLICT DO NOTHING
"""
_NOTE = f"""
UPDATE gateway.devices AS device
SET last_seen = greatest(last_seen, %(now)s), type = %(type)s, version = %(version)s,
    user_agent = %(agent)s
WHERE mailbox_id = {_MAILBOX} AND id = %(device)s
RETURNING %(user)s AS "user", {_COLUMNS}
"""  # noqa: S608
_CHANGE = f"""
UPDATE gateway.devices AS device SET {{}}
WHERE mailbox_id = {_MAILBOX} AND id = %(device)s
RETURNING %(user)s AS "user", {_COLUMNS}
"""  # noqa: S608
_FORGET_DEVICE = f"""
DELETE FROM gateway.devices WHERE mailbox_id = {_MAILBOX} AND id = %(device)s RETURNING id
"""  # noqa: S608

_FOLDERS = f"""
SELECT id, kind, key FROM gateway.folders
WHERE mailbox_id = {_MAILBOX} AND (kind, key) IN (SELECT * FROM unnest(%(kinds)s::text[],
    %(keys)s::text[]))
"""  # noqa: S608
_LOCK_MAILBOX = f"""
SELECT folders FROM gateway.mailboxes WHERE mailbox_id = {_MAILBOX} FOR NO KEY UPDATE
"""  # noqa: S608
_MAKE_FOLDERS = f"""
INSERT INTO gateway.folders (mailbox_id, id, kind, key)
SELECT {_MAILBOX}, %(last)s + named.position, named.kind, named.key
FROM unnest(%(kinds)s::text[], %(keys)s::text[]) WITH ORDINALITY AS named (kind, key, position)
"""  # noqa: S608
_COUNT_FOLDERS = f"""
UPDATE gateway.mailboxes SET folders = %(last)s WHERE mailbox_id = {_MAILBOX}
"""  # noqa: S608
_FOLDER = f"""
SELECT kind, key FROM gateway.folders WHERE mailbox_id = {_MAILBOX} AND id = %(folder)s
"""  # noqa: S608
_ALL_FOLDERS = f"""
SELECT id, kind, key FROM gateway.folders WHERE mailbox_id = {_MAILBOX} ORDER BY id::bigint
"""  # noqa: S608

_KEPT = f"SELECT value, revision FROM gateway.kept WHERE {_OF_DEVICE} AND name = %(name)s"  # noqa: S608
_KEEP_FIRST = f"""
INSERT INTO gateway.kept (mailbox_id, device, name, value)
SELECT mailbox_id, id, %(name)s, %(value)s FROM gateway.devices
WHERE mailbox_id = {_MAILBOX} AND id = %(device)s
ON CONFLICT DO NOTHING
RETURNING revision
"""  # noqa: S608
_KEEP = f"""
UPDATE gateway.kept SET value = %(value)s, revision = nextval('gateway.revisions')
WHERE {_OF_DEVICE} AND name = %(name)s AND revision = %(revision)s
RETURNING revision
"""  # noqa: S608
_FORGET = f"""
DELETE FROM gateway.kept
WHERE {_OF_DEVICE} AND (%(names)s::text[] IS NULL OR name = ANY(%(names)s::text[]))
"""  # noqa: S608

_FAIL = f"""
INSERT INTO gateway.failures (mailbox_id, device, folder, item, reason, at)
SELECT mailbox_id, id, %(folder)s, %(item)s, %(reason)s, %(at)s FROM gateway.devices
WHERE mailbox_id = {_MAILBOX} AND id = %(device)s
ON CONFLICT (mailbox_id, device, folder, item)
DO UPDATE SET reason = excluded.reason, at = excluded.at
"""  # noqa: S608
_CLEAR = f"""
DELETE FROM gateway.failures
WHERE {_OF_DEVICE} AND folder = %(folder)s
    AND (%(items)s::text[] IS NULL OR item = ANY (%(items)s))
"""  # noqa: S608
_FAILURES = f"""
SELECT %(user)s AS "user", device, folder, item, reason, at FROM gateway.failures
WHERE mailbox_id = {_MAILBOX} AND device = coalesce(%(device)s, device)
ORDER BY at DESC, device, folder, item
"""  # noqa: S608


class PostgresStore:
    """
    What the gateway remembers, by the connections of *pool*; several processes may share it.

    Whoever made the pool may give it to others too: `close` closes it.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def meet(
        self,
        user: str,
        device: str,
        type_: str,
        *,
        now: datetime,
        version: str = "",
        user_agent: str = "",
        unknown: Access = Access.ALLOWED,
    ) -> Device:
        """
        Return the device, and note that it is here, at most once a minute if it is as it was.

        The row is read each time, so that what an administrator says holds for the next request.
        """
        facts = {"user": user, "device": device, "now": now}
        async with self._pool.connection() as connection:
            found = await _device(connection, _DEVICE, facts)
            if found is None:
                # The two are made once for a device: all that follows is one reading.
                new = {
                    "type": type_,
                    "version": version,
                    "agent": user_agent,
                    "unknown": unknown.value,
                }
                await connection.execute(_MAKE_MAILBOX, facts)
                await connection.execute(_MAKE_DEVICE, facts | new)
                found = await _device(connection, _DEVICE, facts)
            if found is None:
                raise UnknownUserError(f"{user}: no open user has this address")
            said = {
                "type": type_ or found.type,
                "version": version or found.version,
                "agent": user_agent or found.user_agent,
            }
            late = (now - found.last_seen).total_seconds() >= NOTE_SECONDS
            if late or (found.type, found.version, found.user_agent) != tuple(said.values()):
                found = await _device(connection, _NOTE, facts | said) or found
        return found

    async def devices(self, user: str | None = None) -> list[Device]:
        """Return the devices of *user*, or of all, those seen last first."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_LIST, {"user": user})
            return [_made(row) for row in await cursor.fetchall()]

    async def change_device(self, user: str, device: str, **fields: object) -> Device | None:
        """Change fields of Device by their names; None where there is no such device."""
        values = {name: _column(value) for name, value in changeable(fields).items()}
        sets = [
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name))
            for name in values
        ]
        query = sql.SQL(_CHANGE).format(sql.SQL(", ").join(sets))
        async with self._pool.connection() as connection:
            return await _device(connection, query, {**values, "user": user, "device": device})

    async def forget_device(self, user: str, device: str) -> bool:
        """Drop a device with all that is remembered of it; tell whether it was there."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_FORGET_DEVICE, {"user": user, "device": device})
            return await cursor.fetchone() is not None

    async def folder_ids(self, user: str, keys: Sequence[FolderKey]) -> dict[FolderKey, str]:
        """Return a short id for each of *keys*: always the same one, and never one given before."""
        async with self._pool.connection() as connection:
            found = await _folders(connection, user, keys)
            if len(found) < len(set(keys)):
                found |= await _new_folders(connection, user, keys)
        return {key: found[key] for key in keys}

    async def folder_key(self, user: str, folder: str) -> FolderKey | None:
        """Return of what *folder* is the id; None where it is no id of this user."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_FOLDER, {"user": user, "folder": folder})
            row = await cursor.fetchone()
        return FolderKey(**row) if row else None

    async def folders(self, user: str) -> dict[str, FolderKey]:
        """Return all ids that the user's folders have or had, in the order they were given."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_ALL_FOLDERS, {"user": user})
            rows = await cursor.fetchall()
        return {row["id"]: FolderKey(row["kind"], row["key"]) for row in rows}

    async def kept(self, user: str, device: str, name: str) -> Kept:
        """Return what is kept as *name*: a folder's id, or a name with a ``.`` in front."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_KEPT, {"user": user, "device": device, "name": name})
            row = await cursor.fetchone()
        return Kept(**row) if row else Kept(None, 0)

    async def keep(self, user: str, device: str, name: str, value: Json, revision: int) -> int:
        """Replace what is kept as *name*, and return the new revision; or raise OvertakenError."""
        facts = {
            "user": user,
            "device": device,
            "name": name,
            "value": Jsonb(value),
            "revision": revision,
        }
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_KEEP if revision else _KEEP_FIRST, facts)
            row = await cursor.fetchone()
        if row is None:
            raise OvertakenError(f"{user}, device {device}: {name} is not what was read")
        return int(row["revision"])

    async def forget(self, user: str, device: str, names: Sequence[str] | None = None) -> None:
        """Drop what is kept as *names*, or all: the device starts over (resync)."""
        listed = None if names is None else list(names)
        await self._do(_FORGET, {"user": user, "device": device, "names": listed})

    async def note_failure(self, failure: Failure) -> None:
        """Note that an item was left out; once for each item of a device's folder."""
        facts = {
            "user": failure.user,
            "device": failure.device,
            "folder": failure.folder,
            "item": failure.item,
            "reason": failure.reason,
            "at": failure.at,
        }
        await self._do(_FAIL, facts)

    async def clear_failures(
        self, user: str, device: str, folder: str, items: Sequence[str] | None = None
    ) -> None:
        """Forget that items of a folder, or all, were left out: they were sent, or are gone."""
        wanted = None if items is None else list(items)
        facts = {"user": user, "device": device, "folder": folder, "items": wanted}
        await self._do(_CLEAR, facts)

    async def failures(self, user: str, device: str | None = None) -> list[Failure]:
        """Return what was left out, newest first."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_FAILURES, {"user": user, "device": device})
            return [Failure(**row) for row in await cursor.fetchall()]

    async def close(self) -> None:
        """Let go of connections."""
        await self._pool.close()

    async def _do(self, statement: str, facts: Mapping[str, object]) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(statement, facts)


def _column(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return Jsonb(value) if isinstance(value, dict) else value


def _made(row: dict[str, Any]) -> Device:
    return Device(**{**row, "access": Access(row["access"]), "wipe": Wipe(row["wipe"])})


async def _device(
    connection: Connection, query: str | sql.Composed, facts: Mapping[str, object]
) -> Device | None:
    row = await (await connection.execute(query, facts)).fetchone()
    return _made(row) if row else None


async def _folders(
    connection: Connection, user: str, keys: Sequence[FolderKey]
) -> dict[FolderKey, str]:
    facts = {"user": user, "kinds": [key.kind for key in keys], "keys": [key.key for key in keys]}
    rows = await (await connection.execute(_FOLDERS, facts)).fetchall()
    return {FolderKey(row["kind"], row["key"]): row["id"] for row in rows}


async def _new_folders(
    connection: Connection, user: str, keys: Sequence[FolderKey]
) -> dict[FolderKey, str]:
    """Give ids to those of *keys* that have none; one process at a time does so for a user."""
    facts = {"user": user}
    async with connection.transaction():
        await connection.execute(_MAKE_MAILBOX, facts)
        row = await (await connection.execute(_LOCK_MAILBOX, facts)).fetchone()
        if row is None:
            raise UnknownUserError(f"{user}: no open user has this address")
        there = await _folders(connection, user, keys)  # another process may have been quicker
        new = [key for key in dict.fromkeys(keys) if key not in there]
        named = {"kinds": [key.kind for key in new], "keys": [key.key for key in new]}
        await connection.execute(_MAKE_FOLDERS, {**facts, **named, "last": row["folders"]})
        await connection.execute(_COUNT_FOLDERS, {**facts, "last": row["folders"] + len(new)})
        return await _folders(connection, user, keys)
