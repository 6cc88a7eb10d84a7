"""
The first process of an instance, in namespaces of its own: `python -m fermoposta.backup.inside`.

It reads one line of JSON from `instance.running`, puts folders into their places, starts what is
wanted, says ``ready``, and ends, and all with it, when its standard input does.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import time
from pathlib import Path

from fermoposta.backup import databases
from fermoposta.backup.errors import BackupError
from fermoposta.backup.programs import run

_SOCKETS = Path("/run/postgresql")
_SECONDS = 60
_CONFIGURATION = Path("/etc/dovecot/dovecot.conf")
_CHANGES = """
log_path = /dev/stderr
protocols = imap
mail_plugins {
  quota_clone = no
}
"""
_SERVER = "/usr/lib/postgresql/17/bin"
_SERVER_CONFIGURATION = "/etc/postgresql/17/main/postgresql.conf"


def main() -> int:
    """Do what standard input says; the exit code tells whether it could be done."""
    task = json.loads(sys.stdin.readline())
    work = Path(task["work"])
    try:
        _arrange(task["places"], work, own_database=task["databases"] is not None)
        if task["databases"]:
            _start_database(Path(task["databases"]), work)
        _start_dovecot(work)
    except (BackupError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    return 0


def _arrange(places: dict[str, str], work: Path, *, own_database: bool) -> None:
    """Put *places* where they belong, for this namespace alone, and an empty ``/run``."""
    run("mount", "--make-rprivate", "/")
    run("ip", "link", "set", "lo", "up")
    for place, folder in places.items():
        run("mount", "--bind", folder, place)
    hosts = work / "sockets"
    hosts.mkdir()
    run("mount", "--bind", str(_SOCKETS), str(hosts))
    run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    _SOCKETS.mkdir()
    owner = pwd.getpwnam(databases.SUPERUSER)
    os.chown(_SOCKETS, owner.pw_uid, owner.pw_gid)
    if not own_database:
        run("mount", "--bind", str(hosts), str(_SOCKETS))


def _start_database(dumps: Path, work: Path) -> None:
    """Run a PostgreSQL of our own, with the host's rules of who may, filled from *dumps*."""
    data = work / "postgresql"
    owner = pwd.getpwnam(databases.SUPERUSER)
    data.mkdir(mode=0o700)
    os.chown(data, owner.pw_uid, owner.pw_gid)
    as_owner = ("setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--init-groups")
    run(
        *as_owner,
        *(f"{_SERVER}/initdb", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"),
        *("--auth=reject", f"--pgdata={data}"),
    )
    options = (
        *(f"config_file={_SERVER_CONFIGURATION}", f"data_directory={data}", "listen_addresses="),
        *("fsync=off", "full_page_writes=off", "archive_mode=off", "external_pid_file="),
        *("logging_collector=off", "log_destination=stderr"),
    )
    server = subprocess.Popen(
        [*as_owner, f"{_SERVER}/postgres", *(word for each in options for word in ("-c", each))],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )
    _wait(_SOCKETS / ".s.PGSQL.5432", server, "the database")
    host = str(_SOCKETS)
    _until_it_answers(host)
    databases.restore_roles(host, dumps / "roles.sql")
    databases.restore(host, {each.stem: each for each in sorted(dumps.glob("*.dump"))})


def _until_it_answers(host: str) -> None:
    end = time.monotonic() + _SECONDS
    while True:
        try:
            run("psql", f"--host={host}", "--username=postgres", "--command=SELECT 1", "postgres")
        except BackupError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def _start_dovecot(work: Path) -> None:
    configuration = work / "dovecot.conf"
    # Not included: what says for which version it is has to stand first.
    configuration.write_text(f"{_CONFIGURATION.read_text()}{_CHANGES}")
    server = subprocess.Popen(
        ["dovecot", "-F", "-c", str(configuration)], stdin=subprocess.DEVNULL, stdout=sys.stderr
    )
    _wait(Path("/run/dovecot/master"), server, "Dovecot")


def _wait(path: Path, server: subprocess.Popen[bytes], what: str) -> None:
    end = time.monotonic() + _SECONDS
    while not path.exists():
        if time.monotonic() > end or server.poll() is not None:
            raise BackupError(f"{what} does not start")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
