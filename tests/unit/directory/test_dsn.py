"""Where the database is looked for."""

from __future__ import annotations

import pytest

from fermoposta.directory.store import dsn
from fermoposta.directory.store.dsn import DEFAULT, conninfo


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    monkeypatch.delenv("FERMOPOSTA_DSN", raising=False)
    monkeypatch.setattr(dsn, "CONFIG", tmp_path / "fermoposta.yml")


def test_the_nearest_wish_wins(monkeypatch):
    """What is given counts before the environment, the environment before the configuration."""
    assert conninfo() == DEFAULT

    dsn.CONFIG.write_text("database_name: mail\ndatabase_host: db.example.org\n")
    assert conninfo() == "dbname=mail host=db.example.org user=fermoposta"

    monkeypatch.setenv("FERMOPOSTA_DSN", "dbname=other")
    assert conninfo() == "dbname=other"
    assert conninfo("dbname=given") == "dbname=given"


@pytest.mark.parametrize("text", ["- a list\n", "{", "\x00"])
def test_a_broken_configuration_does_not_hide_the_database(text):
    """Whoever needs the configuration says what is wrong with it; the store looks where usual."""
    dsn.CONFIG.write_text(text)

    assert conninfo() == DEFAULT


def test_the_notation_of_sqlalchemy_is_understood():
    """The settings of our services write addresses so."""
    url = "postgresql+psycopg://fermoposta@/mail?host=/run/postgresql"

    assert conninfo(url) == "postgresql://fermoposta@/mail?host=/run/postgresql"
