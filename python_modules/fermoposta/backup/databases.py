"""
The two databases at one moment each: a dump, and a digest of every table of the same snapshot.

PostgreSQL shows a snapshot of one connection to others (`pg_export_snapshot`), so that the dump and
the digests speak of the same rows, whatever is written meanwhile.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from fermoposta.backup.errors import BackupError
from fermoposta.backup.programs import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SUPERUSER = "postgres"
Digests = dict[str, list[str]]
"""By table: how many rows, and the sum of their hashes, which their order has no part in."""
_TABLES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""
_DIGEST = """
SELECT count(*)::text,
       coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0)::text FROM {} AS t
"""


def conninfo(host: str, database: str) -> str:
    """Return how root reaches *database* behind the socket in the folder *host*."""
    return f"host={host} dbname={database} user={SUPERUSER} application_name=fermoposta-backup"


@contextmanager
def snapshot(host: str, database: str) -> Iterator[tuple[psycopg.Connection, str]]:
    """Yield a connection to *database* that sees one moment, and the name of that moment."""
    try:
        with psycopg.connect(conninfo(host, database)) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            yield connection, str(row[0]) if row else ""
    except psycopg.Error as error:
        reason = error.diag.message_primary or str(error)
        raise BackupError(f"the database {database} can't be read: {reason}") from None


def dump(host: str, database: str, name: str, to: Path) -> None:
    """Write *database* as of the snapshot *name* to the file *to*, as it is, for others to pack."""
    run(
        *("pg_dump", f"--host={host}", f"--username={SUPERUSER}", f"--snapshot={name}"),
        *("--format=custom", "--compress=0", "--create", f"--file={to}", database),
        remedy="see that the database is up and the disk has room",
    )


def dump_roles(host: str, to: Path) -> None:
    """Write the roles that own and read things; they have no passwords."""
    run(
        *("pg_dumpall", f"--host={host}", f"--username={SUPERUSER}", "--roles-only"),
        *("--no-role-passwords", f"--file={to}"),
    )


def digests(connection: psycopg.Connection) -> Digests:
    """Return the digest of every table that *connection* sees."""
    connection.execute("SET LOCAL timezone = 'UTC'")
    connection.execute("SET LOCAL search_path = pg_catalog")
    found: Digests = {}
    for (table,) in connection.execute(_TABLES).fetchall():
        row = connection.execute(sql.SQL(_DIGEST).format(sql.SQL(table))).fetchone()
        found[table] = list(row) if row else []
    return found


def restore(host: str, dumps: Mapping[str, Path]) -> None:
    """Make the databases in *dumps* anew, with all that is in them and who may what."""
    for database, path in dumps.items():
        with _connected(host) as connection:
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(statement.format(sql.Identifier(database)))
        run(
            *("pg_restore", f"--host={host}", f"--username={SUPERUSER}", "--exit-on-error"),
            *("--no-password", "--create", f"--dbname={SUPERUSER}", str(path)),
        )


def set_aside(host: str, database: str, name: str) -> None:
    """Call *database* *name* from now on, unless there is such a one; whoever is in it is out."""
    with _connected(host) as connection:
        there = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        if database not in there or name in there:
            return
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
        )
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(database), sql.Identifier(name)
            )
        )


def drop_aside(host: str) -> list[str]:
    """Remove the databases that `set_aside` named; return their names."""
    with _connected(host) as connection:
        names = "SELECT datname FROM pg_database WHERE datname ~ '_before_[0-9]{14}$' ORDER BY 1"
        found = [str(row[0]) for row in connection.execute(names)]
        for name in found:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
    return found


def restore_roles(host: str, roles: Path) -> None:
    """Make the roles in the file *roles*; those that are there already stay as they are."""
    run(
        *("psql", f"--host={host}", f"--username={SUPERUSER}", "--dbname=postgres", "--quiet"),
        *("--no-psqlrc", f"--file={roles}"),
    )


def mailboxes(connection: psycopg.Connection) -> Sequence[tuple[str, str]]:
    """Return address and mailbox id of whoever has a mailbox, in the directory's database."""
    return connection.execute(
        "SELECT address, regexp_replace(home, '^.*/', '') FROM dovecot.userdb ORDER BY address"
    ).fetchall()


@contextmanager
def _connected(host: str) -> Iterator[psycopg.Connection]:
    try:
        with psycopg.connect(conninfo(host, SUPERUSER), autocommit=True) as connection:
            yield connection
    except psycopg.Error as error:
        reason = error.diag.message_primary or str(error)
        raise BackupError(f"the database can't be restored: {reason}") from None
