"""A PostgreSQL of one's own for a while: on a socket in a folder that is removed afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from fermoposta.directory.schema import ROLES, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSIONS = Path("/usr/lib/postgresql")


class NoServerError(Exception):
    """There is no PostgreSQL server on this machine; `apt-get install postgresql` brings one."""


@dataclass(frozen=True)
class Cluster:
    """A running server. *root* is a connection string of its superuser, without a database."""

    root: str

    def dsn(self, database: str, role: str = "fermoposta") -> str:
        return f"{self.root} dbname={database} user={role}"

    def admin(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(f"{self.root} dbname={database} user=postgres", autocommit=True)

    def database(self, name: str, *, template: str | None = None) -> str:
        """Make a database that the role fermoposta owns, and return its connection string."""
        copied = f" TEMPLATE {template}" if template else ""
        with self.admin() as admin:
            admin.execute(f"CREATE DATABASE {name} OWNER fermoposta{copied}")
        return self.dsn(name)

    def drop(self, name: str) -> None:
        with self.admin() as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def migrated(self, name: str) -> str:
        """Make a database with the directory's schema in it, and return its connection string."""
        dsn = self.database(name)
        migrate(dsn)
        return dsn


def binaries() -> Path:
    """Return the folder of the newest PostgreSQL server on this machine."""
    found = sorted(VERSIONS.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not found:
        raise NoServerError(f"no server below {VERSIONS}; apt-get install postgresql")
    return found[-1].parent


def _unprivileged() -> dict[str, object]:
    """PostgreSQL refuses to run as root: name somebody else where we are."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """Start a server with *settings*, and stop and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="fermoposta-pg-"))
    who = _unprivileged()
    if who:
        os.chown(folder, who["user"], who["group"])
    data, bin_ = folder / "data", binaries()

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(bin_ / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            **who,
        )

    options = {"listen_addresses": "", "unix_socket_directories": str(folder), **settings}
    lines = [f"{name} = '{value}'" for name, value in options.items()]
    try:
        run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        with (data / "postgresql.auto.conf").open("a") as conf:
            conf.write("\n".join(lines) + "\n")
        run("pg_ctl", "-D", str(data), "-l", str(folder / "log"), "-w", "start")
        try:
            made = Cluster(f"host={folder}")
            with made.admin() as admin:
                for role in ("fermoposta", *ROLES):
                    admin.execute(f"CREATE ROLE {role} LOGIN")
            yield made
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)
