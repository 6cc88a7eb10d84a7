"""
The directory's schema, and the way to it from any older one.

* SchemaError            the schema cannot be brought up to date
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from fermoposta.directory.store.dsn import conninfo

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

ROLES = (
    "postfix",
    "dovecot",
    "sogo",
    "fermoposta_jobs",
    "fermoposta_portal",
    "fermoposta_policy",
    "fermoposta_agent",
    "fermoposta_gateway",
)
"""The database roles that views are granted to."""

_LOCK = 0x6665726D0001
"""Two migrations at once would both find the old schema."""


class SchemaError(Exception):
    """The schema cannot be brought up to date; the sentence says what is missing."""


def migrate(dsn: str | None = None) -> tuple[str | None, str]:
    """
    Bring the schema up to date, in one transaction; return the revision before and after.

    Raises SchemaError where the database or a role is missing.
    """
    engine = _engine(dsn)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            _need_roles(connection)
            before = _revision(connection)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            after = _revision(connection)
    except psycopg.OperationalError as error:
        raise SchemaError(f"the database cannot be reached: {error}") from error
    finally:
        engine.dispose()
    return before, after or ""


def head() -> str:
    """Return the revision that this version of the program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(dsn: str | None = None) -> str | None:
    """Return the revision of the schema in the database, None where there is none."""
    engine = _engine(dsn)
    try:
        with engine.connect() as connection:
            return _revision(connection)
    except psycopg.OperationalError as error:
        raise SchemaError(f"the database cannot be reached: {error}") from error
    finally:
        engine.dispose()


def _engine(dsn: str | None) -> Engine:
    target = conninfo(dsn)
    return create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(target), poolclass=NullPool
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def _revision(connection: Connection) -> str | None:
    context = MigrationContext.configure(
        connection, opts={"version_table_schema": "directory", "version_table": "schema_version"}
    )
    return context.get_current_revision()


def _need_roles(connection: Connection) -> None:
    there = {
        row[0] for row in connection.exec_driver_sql("SELECT rolname FROM pg_roles").fetchall()
    }
    missing = [role for role in ROLES if role not in there]
    if missing:
        raise SchemaError(
            f"the database has no role {', '.join(missing)}; let the role postgresql of the"
            " playbook make them first"
        )
