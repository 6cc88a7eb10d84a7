"""The directory in PostgreSQL. A plan is one transaction; rows go in by COPY."""

from __future__ import annotations

import threading
from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from fermoposta.directory.audit import GENESIS, AuditEntry, Chain
from fermoposta.directory.model import (
    ADDRESS_KINDS,
    ALL_KINDS,
    MAILBOX_KINDS,
    ClosedMailbox,
    Kind,
    State,
)
from fermoposta.directory.steps import Action
from fermoposta.directory.store.base import KEPT_DAYS, Change, StaleError, Store, StoreError
from fermoposta.directory.store.execution import CHANNEL, Batch, after_of, batches, closed_by, ready
from fermoposta.directory.store.rows import TABLES, Row, Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from fermoposta.directory.steps import Plan, Step

Connection = psycopg.Connection[TupleRow]

_LOCK = 0x6665726D0002
"""Whoever writes the directory holds this advisory lock; so ids of the feed are in commit order."""

_AUDIT = ("id", "at", "actor", "action", "kind", "key", "before", "after", "hash")
_CLOSED = ("mailbox_id", "address", "kind", "closed_at", "password_hash")
_TEXT = {"mailbox_id"}
_JSON = {
    "role",
    "folders",
    "security_questions",
    "conditions",
    "actions",
    "elements",
    "types",
    "models",
}
_CONTENT = {"content"}
"""Columns that are written and never read back here: nobody holds every picture in memory."""
_SECRET = {"password_hash", "security_questions"}
"""Columns that a role without need of them has no right on."""


class PostgresStore(Store):
    """
    The directory behind *dsn*, a connection string of libpq. Threads may share a store.

    Without *secrets* password hashes and the answers to security questions are neither asked for
    nor known, and users cannot be written.
    """

    def __init__(self, dsn: str, *, secrets: bool = True) -> None:
        self._dsn = dsn
        self._secrets = secrets
        self._connection: Connection | None = None
        self._one_at_a_time = threading.RLock()

    def state(self) -> State:
        """Return everything that is stored, from one snapshot."""
        return self.snapshot()[0]

    def snapshot(self) -> tuple[State, int]:
        """Return everything that is stored, and the id of the last change that is in it."""
        with self._transaction(snapshot=True) as connection:
            state = State(revision=_revision(connection))
            for kind in ALL_KINDS:
                self._read(connection, state, kind)
            self._read_closed(connection, state)
            return state, _position(connection)

    def news(self, state: State, since: int) -> tuple[State, list[Change]]:
        """Return what *state*, as it was at the change *since*, has become, and the changes."""
        with self._transaction(snapshot=True) as connection:
            changes = _changes(connection, since)
            if not changes:
                return state, changes
            touched: dict[Kind, set[str]] = defaultdict(set)
            for change in changes:
                touched[change.kind].add(_first(change.key))
            state = state.with_kinds(touched, state)
            state.revision = _revision(connection)
            for kind, firsts in touched.items():
                found = state.of(kind)
                for key in [key for key in found if _first(key) in firsts]:
                    del found[key]
                self._read(connection, state, kind, firsts)
            if not touched.keys().isdisjoint(MAILBOX_KINDS):
                state.closed = {}
                self._read_closed(connection, state)
        return state, changes

    def _read(
        self,
        connection: Connection,
        state: State,
        kind: Kind,
        firsts: Collection[str] | None = None,
    ) -> None:
        """Put the records of *kind* into *state*: all, or those whose keys begin with *firsts*."""
        table = TABLES[kind]
        query = _select(table.name, table.columns, secrets=self._secrets)
        if firsts is not None:
            query += sql.SQL(" WHERE {} = ANY(%s)").format(sql.Identifier(table.columns[0]))
        values = None if firsts is None else [list(firsts)]
        for row in connection.execute(query, values).fetchall():
            state.put(table.read(row))

    def _read_closed(self, connection: Connection, state: State) -> None:
        for closed in _closed(connection, secrets=self._secrets):
            state.closed[closed.mailbox_id] = closed

    def apply(self, plan: Plan, *, actor: str) -> int:
        """Carry out *plan* in one transaction, under the lock of whoever writes."""
        steps = ready(plan)
        if not self._secrets and any(step.kind is Kind.USERS for step in steps):
            raise StoreError("a store that was opened without secrets can't write users")
        with self._transaction() as connection:
            _lock(connection)
            if plan.revision != _revision(connection):
                raise StaleError("the directory changed since the plan was made; plan again")
            if steps:
                now = datetime.now(UTC)
                for batch in batches(steps):
                    _write(connection, batch, now)
                chain = _chain(connection, now, actor)
                _note(connection, [chain.of_step(step) for step in steps])
            return _revision(connection)

    def changes(self, since: int = 0) -> list[Change]:
        """Return the lines of the change feed behind the id *since*."""
        with self._transaction() as connection:
            return _changes(connection, since)

    def listen(self, since: int = 0, *, timeout: float | None = None) -> Iterator[list[Change]]:
        """Yield what is behind *since*, then whatever comes, on a connection of its own."""
        with _told(), psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            found = _changes(connection, since)
            while True:
                if found:
                    since = found[-1].id
                    yield found
                woken = list(connection.notifies(timeout=timeout, stop_after=1))
                found = _changes(connection, since)
                if not found and not woken:
                    yield found

    def audit(self, since: int = 0) -> list[AuditEntry]:
        """Return the entries of the audit behind the id *since*."""
        query = _select("audit", _AUDIT) + sql.SQL(" WHERE id > %s ORDER BY id")
        with self._transaction() as connection:
            rows = connection.execute(query, [since]).fetchall()
        return [AuditEntry(row[0], row[1].astimezone(UTC), *row[2:]) for row in rows]

    def witness(self, address: str, action: str, what: Mapping[str, object], *, actor: str) -> None:
        """Put into the audit that *actor* was in the mailbox of *address*; the feed has no news."""
        with self._transaction() as connection:
            _lock(connection)
            entry = _chain(connection, datetime.now(UTC), actor).of_access(address, action, what)
            _audit(connection, [entry])

    def purgeable(self, now: datetime, *, days: int = KEPT_DAYS) -> list[ClosedMailbox]:
        """List the mailboxes that have been closed for at least *days* days."""
        with self._transaction() as connection:
            return _closed(connection, now - timedelta(days=days), secrets=self._secrets)

    def purge(
        self, mailbox_ids: Iterable[str], *, now: datetime, actor: str, days: int = KEPT_DAYS
    ) -> list[ClosedMailbox]:
        """Forget those of *mailbox_ids* that have been closed for *days* days, and return them."""
        wanted = set(mailbox_ids)
        with self._transaction() as connection:
            _lock(connection)
            due = _closed(connection, now - timedelta(days=days), secrets=self._secrets)
            found = [each for each in due if each.mailbox_id in wanted]
            if found:
                _forget(connection, [each.mailbox_id for each in found])
                chain = _chain(connection, datetime.now(UTC), actor)
                _note(connection, [chain.of_purge(each) for each in found])
        return found

    def close(self) -> None:
        """Close the connection, if one is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self, *, snapshot: bool = False) -> Iterator[Connection]:
        with self._one_at_a_time, _told():
            connection = self._connected()
            with connection.transaction():
                if snapshot:
                    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                yield connection

    def _connected(self) -> Connection:
        """Return a connection that answers: one that was kept may not know that the server went."""
        if self._connection is not None:
            try:
                self._connection.execute("")
            except psycopg.OperationalError:
                self.close()
        if self._connection is None:
            self._connection = psycopg.connect(self._dsn, autocommit=True)
        return self._connection


@contextmanager
def _told() -> Iterator[None]:
    """Say what the database says, but not the rows that it quotes: there are hashes in them."""
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise StoreError("the database holds no directory; run fermoposta migrate") from None
    except psycopg.Error as error:
        reason = error.diag.message_primary or str(error)
        raise StoreError(f"the directory cannot be used: {reason}") from None


def _select(table: str, columns: Sequence[str], *, secrets: bool = True) -> sql.Composed:
    named = [_column(name, secrets=secrets) for name in columns]
    return sql.SQL("SELECT {} FROM directory.{}").format(
        sql.SQL(", ").join(named), sql.Identifier(table)
    )


def _column(name: str, *, secrets: bool) -> sql.Composable:
    if name in _CONTENT or (name in _SECRET and not secrets):
        return sql.SQL("NULL")
    if name in _TEXT:
        return sql.SQL("{}::text").format(sql.Identifier(name))
    return sql.Identifier(name)


def _first(key: str) -> str:
    """Return the first part of a record's key: an address, a domain, a company."""
    return key.partition(" ")[0]


def _position(connection: Connection) -> int:
    row = connection.execute("SELECT coalesce(max(id), 0) FROM directory.changes").fetchone()
    return int(row[0]) if row else 0


def _revision(connection: Connection) -> int:
    row = connection.execute("SELECT n FROM directory.revision").fetchone()
    if row is None:
        raise StoreError("the directory has lost its revision")
    return int(row[0])


def _lock(connection: Connection) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _changes(connection: Connection, since: int) -> list[Change]:
    rows = connection.execute(
        "SELECT id, at, kind, key FROM directory.changes WHERE id > %s ORDER BY id", [since]
    ).fetchall()
    return [Change(row[0], row[1], Kind(row[2]), row[3]) for row in rows]


def _closed(
    connection: Connection, before: datetime | None = None, *, secrets: bool
) -> list[ClosedMailbox]:
    query = _select("closed_mailboxes", _CLOSED, secrets=secrets)
    query += sql.SQL(" WHERE closed_at <= coalesce(%s, closed_at) ORDER BY closed_at, mailbox_id")
    rows = connection.execute(query, [before]).fetchall()
    return [
        ClosedMailbox(row[0], row[1], Kind(row[2]), row[3].astimezone(UTC), row[4]) for row in rows
    ]


def _forget(connection: Connection, mailbox_ids: list[str]) -> None:
    connection.execute(
        "DELETE FROM directory.closed_mailboxes WHERE mailbox_id = ANY(%s::uuid[])", [mailbox_ids]
    )


def _copy(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    query = sql.SQL("COPY directory.{} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for row in rows:
            copy.write_row(row)


def _write(connection: Connection, batch: Batch, now: datetime) -> None:
    table = TABLES[batch.kind]
    match batch.verb:
        case "delete":
            _delete(connection, table, batch)
            closed = [closed_by(s, now) for s in batch.steps if s.action is Action.CLOSE]
            rows = [(c.mailbox_id, c.address, c.kind.value, now, c.password_hash) for c in closed]
            if rows:
                _copy(connection, "closed_mailboxes", _CLOSED, rows)
        case "insert":
            _insert(connection, table, batch)
        case _:
            _update(connection, table, batch.steps)


def _delete(connection: Connection, table: Table, batch: Batch) -> None:
    if batch.kind in ADDRESS_KINDS:
        # The row of the user, alias, group or resource goes with its address.
        gone = [step.key for step in batch.steps]
        connection.execute("DELETE FROM directory.addresses WHERE address = ANY(%s)", [gone])
        return
    keys = table.columns[: table.keys]
    named = [table.key_of(step.record) for step in batch.steps]
    lists: list[Any] = [list(column) for column in zip(*named, strict=True)]
    query = sql.SQL("DELETE FROM directory.{} WHERE ({}) IN (SELECT * FROM unnest({}))").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, keys)),
        sql.SQL(", ").join([sql.SQL("%s::text[]")] * table.keys),
    )
    connection.execute(query, lists)


def _insert(connection: Connection, table: Table, batch: Batch) -> None:
    if batch.kind in ADDRESS_KINDS:
        rows = [(step.key, batch.kind.value) for step in batch.steps]
        _copy(connection, "addresses", ("address", "kind"), rows)
    _copy(connection, table.name, table.columns, (table.write(after_of(s)) for s in batch.steps))
    reopened = [step.closed.mailbox_id for step in batch.steps if step.closed is not None]
    if reopened:
        _forget(connection, reopened)


def _update(connection: Connection, table: Table, steps: Sequence[Step]) -> None:
    sets = [_assignment(name) for name in table.columns[table.keys :]]
    keys = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in table.columns[: table.keys]]
    query = sql.SQL("UPDATE directory.{} SET {} WHERE {}").format(
        sql.Identifier(table.name), sql.SQL(", ").join(sets), sql.SQL(" AND ").join(keys)
    )
    rows = [table.write(after_of(step)) for step in steps]
    turned = [row[table.keys :] + row[: table.keys] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(query, turned)


def _assignment(name: str) -> sql.Composed:
    if name in _CONTENT:
        # Who did not read it can't write it: a record that is only adopted keeps what it has.
        return sql.SQL("{0} = coalesce(%s, {0})").format(sql.Identifier(name))
    cast = "::jsonb" if name in _JSON else "::uuid" if name in _TEXT else ""
    return sql.SQL("{} = %s" + cast).format(sql.Identifier(name))


def _chain(connection: Connection, now: datetime, actor: str) -> Chain:
    last = connection.execute(
        "SELECT id, hash FROM directory.audit ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return Chain(last[0] if last else 0, last[1] if last else GENESIS, now, actor)


def _audit(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    rows = [
        (e.id, e.at, e.actor, e.action, e.kind, e.key, e.before, e.after, e.hash) for e in entries
    ]
    _copy(connection, "audit", _AUDIT, rows)


def _note(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Write audit and change feed, and wake whoever listens when this commits."""
    _audit(connection, entries)
    _copy(connection, "changes", ("kind", "key"), ((e.kind, e.key) for e in entries))
    connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(entries[-1].id)])
