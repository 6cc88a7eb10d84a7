"""
How long junk rules take to become scripts: everybody's from nothing, and one user's change.

Beside the change, the way without a directory in memory: everything is read and looked at.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from fermoposta.directory.compile import Paths, compile_all, compile_touched, touched_by
from fermoposta.directory.junk import set_rule
from fermoposta.directory.model import Company, Domain, JunkRule, State, User
from fermoposta.directory.plan import plan
from fermoposta.directory.store import PostgresStore
from fermoposta.directory.store.replica import Replica
from tests.bench import Result, result
from tests.contract.cluster import cluster
from tests.contract.states import HASH

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS, RULES, ADMIN_RULES = 10_000, 5, 500
CHANGES = 20


def records() -> Iterator[Company | Domain | User | JunkRule]:
    """Yield a company with many users, each with rules of their own."""
    yield Company("acme", "Acme S.p.A.")
    yield Domain("example.org", "acme")
    for number in range(USERS):
        address = f"user{number}@example.org"
        yield User(address, f"User {number}", password_hash=HASH)
        for each in range(RULES):
            local = "" if each % 2 else f"sender{number}"
            action = "allow" if each % 3 else "block"
            yield JunkRule(address, f"{local}@shop{each}.example", action)
    for number in range(ADMIN_RULES):
        yield JunkRule("example.org", f"@spam{number}.example", "block")


def run() -> list[Result]:
    """Measure on a database server of one's own, and in a folder of one's own."""
    with tempfile.TemporaryDirectory() as folder, cluster() as server:
        paths = Paths(sieve=Path(folder) / "sieve", dkim=Path(folder) / "dkim")
        paths.sieve.mkdir()
        paths.dkim.mkdir()
        dsn = server.migrated("compile")
        with PostgresStore(dsn) as writer, PostgresStore(dsn, secrets=False) as reader:
            writer.apply(plan(State.of_records(records()), writer.state()), actor="bench")
            return measure(writer, reader, paths)


def measure(writer: PostgresStore, reader: PostgresStore, paths: Paths) -> list[Result]:
    """Compile everything from nothing, then one change after another."""
    started = time.perf_counter()
    replica = Replica(reader)
    made = compile_all(replica.state, paths)
    from_nothing = time.perf_counter() - started
    assert len(made) >= USERS, f"only {len(made)} files were made"

    taken = []
    for number in range(CHANGES):
        address = f"user{number * 7}@example.org"
        change = set_rule(writer.state(), address, "new@shop.example", "block")
        writer.apply(change, actor="bench")
        started = time.perf_counter()
        changes = replica.catch_up()
        made = compile_touched(replica.state, touched_by(changes), paths)
        taken.append(time.perf_counter() - started)
        assert [each.action for each in made] == ["updated"]

    started = time.perf_counter()
    made = compile_all(reader.state(), paths)
    whole = time.perf_counter() - started
    assert made == [], "a full pass found something to mend"
    return [
        result("compile_10k_s", from_nothing, "s"),
        result("compile_change_s", median(taken), "s", whole),
    ]
