"""The API answers as its description says, whatever it is asked: schemathesis asks it."""

from __future__ import annotations

import subprocess
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg.conninfo
import pytest
import uvicorn

from fermoposta.activesync.store.memory import MemoryStore as DeviceStore
from fermoposta.directory.model import Company, Domain, Role, State, User
from fermoposta.directory.plan import plan
from fermoposta.directory.store import PostgresStore
from fermoposta.portal.api.postgres import PostgresTokenStore
from fermoposta.portal.api.tokens import make
from fermoposta.portal.app import create_app
from fermoposta.portal.book import Book
from fermoposta.portal.journal import MemoryJournal
from fermoposta.portal.keys.memory import MemoryKeyStore
from fermoposta.portal.mine.memory import MemoryMailboxes
from fermoposta.portal.passkeys.memory import MemoryPasskeyStore
from fermoposta.portal.postgres import PostgresPortalStore
from fermoposta.portal.recovery.desk import RecoveryDesk
from fermoposta.portal.recovery.memory import MemoryRecoveryStore
from fermoposta.portal.second.memory import MemoryFactorStore
from fermoposta.service.settings import Settings
from fermoposta_demo.paths import CACHE
from tests.contract.states import HASH

if TYPE_CHECKING:
    from collections.abc import Iterator

ADA = "ada@example.org"
STATE = State.of_records(
    [
        Company("acme", "Acme S.p.A."),
        Domain("example.org", "acme"),
        User(ADA, "Ada", password_hash=HASH, role=Role("administrator", companies=("acme",))),
    ]
)
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
)
"""Not that all that is described is taken: it can't be described which addresses there are."""


@pytest.fixture
def api(dsn: str) -> Iterator[tuple[str, str]]:
    """The portal on a port of this host; its address, and a token that may write."""
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    url = f"postgresql+psycopg://fermoposta_portal@/{parts['dbname']}?host={parts['host']}"
    settings = Settings(host="mail.example.org", portal_host="portal.example.org", eas_moved={})
    with (
        PostgresStore(dsn) as owner,
        PostgresStore(dsn.replace("user=fermoposta", "user=fermoposta_portal")) as directory,
    ):
        owner.apply(plan(STATE, owner.state()), actor="test")
        book, tokens, store = Book(directory), PostgresTokenStore(url), PostgresPortalStore(url)
        app = create_app(
            settings,
            store,
            book,
            tokens=tokens,
            keys=MemoryKeyStore(),
            factors=MemoryFactorStore(),
            passkeys=MemoryPasskeyStore(),
            recovery=RecoveryDesk(settings, book, MemoryRecoveryStore(), lambda *_: None, None),
            mailboxes=MemoryMailboxes(),
            journal=MemoryJournal(),
            devices=DeviceStore(),
        )
        _, secret = make(tokens, owner=ADA, name="x", writes=True, days=1, now=datetime.now(UTC))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                time.sleep(0.05)
            port = server.servers[0].sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}", secret
        finally:
            server.should_exit = True
            thread.join()
            tokens.close()
            store.close()


def test_no_request_breaks_the_api_or_its_description(api: tuple[str, str]) -> None:
    """Each operation, by what its description allows and by what it does not."""
    address, secret = api
    asked = subprocess.run(
        [
            CACHE / "fuzz" / "bin" / "st",
            "run",
            f"{address}/api/v1/openapi.json",
            f"--url={address}/api/v1",
            f"--header=Authorization: Bearer {secret}",
            f"--checks={','.join(CHECKS)}",
            "--phases=examples,coverage,fuzzing",
            "--max-examples=8",
            "--continue-on-failure",
            "--seed=1",
            "--warnings=off",
            "--no-color",
        ],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )

    assert asked.returncode == 0, asked.stdout[-20_000:] + asked.stderr
    assert "Operations: 0 selected" not in asked.stdout
