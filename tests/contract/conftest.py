"""Stores that the contract holds for, on a PostgreSQL of the tests' own."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from fermoposta.directory.store import MemoryStore, PostgresStore
from tests.contract.cluster import Cluster, cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A server that forgets: what is tested is our transactions, not the disk."""
    with cluster(fsync="off", max_connections="50") as made:
        made.migrated("template_directory")
        yield made


@pytest.fixture
def dsn(postgres: Cluster) -> Iterator[str]:
    """A database with an empty directory."""
    name = f"directory_{next(_numbers)}"
    yield postgres.database(name, template="template_directory")
    postgres.drop(name)


@pytest.fixture(params=["memory", "postgres"])
def store(request) -> Iterator[MemoryStore | PostgresStore]:
    """An empty store of each kind."""
    if request.param == "memory":
        yield MemoryStore()
    else:
        with PostgresStore(request.getfixturevalue("dsn")) as made:
            yield made
