"""From an empty directory to somebody who administers it, each part with its own rights only."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg.conninfo
import pytest
from click.testing import CliRunner

from fermoposta.cli import main
from fermoposta.cli.context import Context
from fermoposta.directory.model import Company, Domain, State
from fermoposta.directory.plan import plan
from fermoposta.directory.store import PostgresStore
from fermoposta.portal import signin
from fermoposta.portal.access import Scope
from fermoposta.portal.book import Book
from fermoposta.portal.postgres import PostgresPortalStore
from fermoposta.portal.recovery.desk import RecoveryDesk, WrongError
from fermoposta.portal.recovery.postgres import PostgresRecoveryStore
from fermoposta.service.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

FIRST, CHOSEN = "postmaster@example.org", "Scelta2026x"


@pytest.mark.feature("F125")
def test_activation_makes_an_administrator_and_hands_the_access_over(
    dsn: str, tmp_path: Path
) -> None:
    """One command makes postmaster, who chooses a password by the link and administers all."""
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    address = f"/{parts['dbname']}?host={parts['host']}"
    owner_url = f"postgresql+psycopg://{parts['user']}@{address}"
    portal_url = f"postgresql+psycopg://fermoposta_portal@{address}"
    config = tmp_path / "fermoposta.yml"
    config.write_text("host: mail.example.org\nportal_host: portal.example.org\n")
    settings = Settings(host="mail.example.org", portal_host="portal.example.org", eas_moved={})
    base = State.of_records([Company("acme", "Acme"), Domain("example.org", "acme")])
    with PostgresStore(dsn) as owner:
        owner.apply(plan(base, owner.state()), actor="test")
    links, remembered = PostgresRecoveryStore(owner_url), PostgresRecoveryStore(portal_url)
    portal = PostgresPortalStore(portal_url)
    context = Context(opener=lambda: PostgresStore(dsn), recovery_opener=lambda: links)

    done = CliRunner().invoke(
        main, ["--config", str(config), "invite", "--json", "--administrator", FIRST], obj=context
    )

    assert done.exit_code == 0, done.output
    token = json.loads(done.stdout)["link"].partition("token=")[2]
    now = datetime.now(UTC)
    with PostgresStore(dsn.replace("user=fermoposta", "user=fermoposta_portal")) as directory:
        book = Book(directory)
        desk = RecoveryDesk(settings, book, remembered, lambda *_: None, None)
        assert desk.complete(token, CHOSEN, now).address == FIRST
        with pytest.raises(WrongError):
            desk.complete(token, "Altra2026x", now)
        assert signin.verify(portal, FIRST, CHOSEN, "192.0.2.1", now)[0] == FIRST
        state = book.state()
        scope = Scope.of(state, state.users[FIRST].role)
    assert scope.covers("anybody@example.org")
    assert scope.companies == {"acme"}
    for store in (links, remembered, portal):
        store.close()
