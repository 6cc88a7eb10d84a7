"""A converge that is killed, at any moment, leaves the old directory or the new one."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from fermoposta.directory.model import ALL_KINDS
from fermoposta.directory.store import PostgresStore
from fermoposta.inventory import load, parse
from tests.contract.states import converge, people

KILLS = 50
USERS = 1000
VICTIM = Path(__file__).with_name("victim.py")
MODULES = Path(__file__).parents[2] / "python_modules"


class Side:
    """One of the two inventories between which the directory goes to and fro."""

    def __init__(self, folder, name, quota, start):
        values = people(start + USERS)
        values["mail_users"] = dict(list(values["mail_users"].items())[start:])
        for user in values["mail_users"].values():
            user["quota_mb"] = quota
        self.path = folder / f"{name}.json"
        self.path.write_text(json.dumps(values))
        self.state = parse(load(values))

    def is_in(self, stored):
        return all(stored.of(kind) == self.state.of(kind) for kind in ALL_KINDS)


def victim(dsn):
    return subprocess.Popen(
        [sys.executable, VICTIM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ
        | {"FERMOPOSTA_DSN": f"{dsn} application_name=victim", "PYTHONPATH": str(MODULES)},
        text=True,
    )


def go(process, side):
    assert process.stdout.readline() == "ready\n"
    process.stdin.write(f"{side.path}\n")
    process.stdin.flush()


def wait_until_gone(dsn):
    """The server notices a dead client when it next speaks to it: give it the time."""
    deadline = time.monotonic() + 20
    # The next victim is there already, idle; what counts is who is in the middle of something.
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'victim' AND state <> 'idle'"
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(query).fetchone() != (0,):
            assert time.monotonic() < deadline, "the server still works for a dead client"
            time.sleep(0.01)


@pytest.fixture
def sides(tmp_path):
    """Half the users are in both, with another quota; the others come and go."""
    return Side(tmp_path, "one", 1000, 0), Side(tmp_path, "two", 2000, USERS // 2)


def test_killed_at_fifty_random_moments(dsn, sides):
    """Never half of it: users, audit and change feed are those before, or those after."""
    seed = random.randrange(10**6)  # noqa: S311 - a moment is no secret
    moments = random.Random(seed)  # noqa: S311 - a moment is no secret
    with PostgresStore(dsn) as store:
        converge(store, sides[0].state)
        with victim(dsn) as process:
            go(process, sides[1])
            began = time.monotonic()
            assert process.wait() == 0
        duration = time.monotonic() - began
        old, new = sides[1], sides[0]
        outcomes = {"old": 0, "new": 0}
        process = victim(dsn)
        for kill in range(KILLS):
            following = victim(dsn)  # starts up while the other one dies
            with process:
                go(process, new)
                time.sleep(moments.uniform(0, duration))
                process.kill()
            wait_until_gone(dsn)

            stored = store.state()
            told = f"kill {kill} of seed {seed}, within {duration:.2f} s"
            assert old.is_in(stored) or new.is_in(stored), told
            if new.is_in(stored):
                outcomes["new"] += 1
                old, new = new, old
            else:
                outcomes["old"] += 1
            process = following
        with process:
            process.kill()
        assert outcomes["old"] >= 10, f"the kills came too late: {outcomes}"
        store.verify_audit()
        assert len(store.audit()) == len(store.changes())
