"""
How long the directory takes: YAML read, checked, planned, applied in one transaction.

Beside it the way of peers: each object is asked for, and written in a transaction of its own. That
is made as favourable as can be, with one process and one connection for all (a module or API call
each would cost more). It is timed on `SAMPLE` objects, and multiplied.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fermoposta.directory.model import ALL_KINDS
from fermoposta.directory.plan import Plan, plan
from fermoposta.directory.store import PostgresStore
from fermoposta.inventory import load, parse

if TYPE_CHECKING:
    from fermoposta.directory.model import State
import psycopg

from tests.contract.cluster import Cluster, cluster
from tests.contract.states import HASH

SMALL, LARGE = 10_000, 100_000
SAMPLE = 500
CHANGED = 100


def write_inventory(path: Path, users: int, *, changed: int = 0) -> None:
    """Write an inventory of *users*, with aliases, groups and rules in proportion."""

    def user(number: int) -> str:
        return f"user{number % users}@example.org"

    with path.open("w") as out:
        out.write("---\nmail_companies: {acme: {name: Acme S.p.A.}}\n")
        out.write("mail_domains: {example.org: {company: acme}}\nmail_users:\n")
        for n in range(users):
            quota = 2000 if n < changed else 1000
            out.write(
                f"  {user(n)}:\n    name: User Number {n}\n    password_hash: {HASH!r}\n"
                f"    quota_mb: {quota}\n    language: en\n"
            )
        out.write("mail_aliases:\n")
        for n in range(users * 3 // 10):
            out.write(f"  alias{n}@example.org: {{destinations: [{user(n)}, {user(n + 1)}]}}\n")
        out.write("mail_groups:\n")
        for n in range(users * 3 // 100):
            members = ", ".join(user(n * 7 + k) for k in range(20))
            out.write(f"  group{n}@example.org: {{name: Group {n}, members: [{members}]}}\n")
        out.write("mail_junk_rules:\n  example.org:\n")
        for n in range(users * 5 // 100):
            out.write(f"    '@spam{n}.example': block\n")


def converge(dsn: str, path: Path) -> tuple[float, int]:
    """Bring the directory to the inventory at *path*; return the seconds and the steps."""
    started = time.perf_counter()
    with PostgresStore(dsn) as store:
        made = plan(parse(load(path)), store.state(), allow_removal=ALL_KINDS)
        if made:
            store.apply(made, actor="bench")
    return time.perf_counter() - started, len(made)


def one_by_one(store: PostgresStore, steps: Plan) -> float:
    """Apply *steps*, each in a transaction of its own; return the seconds."""
    revision = steps.revision
    started = time.perf_counter()
    for step in steps:
        revision = store.apply(Plan((step,), revision), actor="bench")
    return time.perf_counter() - started


def look_up_all(dsn: str, desired: State) -> float:
    """Return the seconds that it takes to ask for every object of *desired* by itself."""
    keys = list(desired.users)[:SAMPLE]
    query = "SELECT * FROM directory.users WHERE address = %s"
    with psycopg.connect(dsn, autocommit=True) as connection:
        started = time.perf_counter()
        for key in keys:
            connection.execute(query, [key]).fetchone()
        taken = time.perf_counter() - started
    return taken / len(keys) * sum(len(desired.of(kind)) for kind in ALL_KINDS)


def peers_create(dsn: str, path: Path) -> float:
    """Return the seconds that making every object of *path* takes in the way of peers."""
    started = time.perf_counter()
    desired = parse(load(path))
    with PostgresStore(dsn) as store:
        every = plan(desired, store.state())
        read = time.perf_counter() - started
        sample = Plan(every.steps[:SAMPLE], every.revision)
        return read + one_by_one(store, sample) / SAMPLE * len(every)


def peers_change(dsn: str, path: Path) -> float:
    """Return the seconds that changing to *path* takes: each object is asked for, some written."""
    started = time.perf_counter()
    desired = parse(load(path))
    read = time.perf_counter() - started
    with PostgresStore(dsn) as store:
        changes = plan(desired, store.state())
        return read + look_up_all(dsn, desired) + one_by_one(store, changes)


def entry(name: str, value: float, baseline: float | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": "s",
        "baseline": round(baseline, 3) if baseline is not None else None,
        "ratio": round(baseline / value, 1) if baseline is not None else None,
    }


def measure_small(server: Cluster, folder: Path) -> list[dict[str, Any]]:
    first, second, third = (folder / f"{name}.yml" for name in ("first", "second", "third"))
    write_inventory(first, SMALL)
    write_inventory(second, SMALL, changed=CHANGED)
    write_inventory(third, SMALL)
    peers = peers_create(server.migrated("peers"), first)
    dsn = server.migrated("small")
    create, _ = converge(dsn, first)
    noop, steps = converge(dsn, first)
    assert steps == 0, "a second run found something to do"
    change, steps = converge(dsn, second)
    assert steps == CHANGED, f"{steps} steps for {CHANGED} changes"
    peers_changes = peers_change(dsn, third)
    return [
        entry("directory_create_10k_s", create, peers),
        entry("directory_noop_10k_s", noop),
        entry("directory_change_100_s", change, peers_changes),
    ]


def measure_large(server: Cluster, folder: Path) -> list[dict[str, Any]]:
    path = folder / "large.yml"
    write_inventory(path, LARGE)
    dsn = server.migrated("large")
    create, _ = converge(dsn, path)
    noop, steps = converge(dsn, path)
    assert steps == 0, "a second run found something to do"
    return [entry("directory_create_100k_s", create), entry("directory_noop_100k_s", noop)]


def run() -> list[dict[str, Any]]:
    """Measure everything, on a server of one's own with the settings that PostgreSQL comes with."""
    with tempfile.TemporaryDirectory() as folder, cluster() as server:
        return [
            *measure_small(server, Path(folder)),
            *measure_large(server, Path(folder)),
        ]
