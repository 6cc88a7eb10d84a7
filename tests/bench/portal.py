"""
How long the portal takes for a page, with a company of 10,000 users in PostgreSQL.

The application is asked without the web server before it, for each page in turn; what counts is 95
in 100 of the slowest page. Beside it stands a page that shows nobody.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

import httpx
import psycopg.conninfo

from fermoposta.activesync.store.memory import MemoryStore as DeviceStore
from fermoposta.directory.model import Role
from fermoposta.directory.steps import Action, Plan, Step
from fermoposta.directory.store import PostgresStore
from fermoposta.portal.api.memory import MemoryTokenStore
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
from fermoposta.portal.store import Session
from fermoposta.portal.web import SESSION_COOKIE
from fermoposta.service.settings import Settings
from tests.bench import Result, result
from tests.bench.directory import SMALL, converge, write_inventory
from tests.contract.cluster import cluster
from tests.contract.states import HASH

ADMINISTRATOR = "user0@example.org"
PAGES = (
    "/admin/users",
    "/admin/users?page=150",
    "/admin/users?text=number+77&sort=-name",
    "/admin/users/edit?key=user7@example.org",
    "/admin/aliases",
    "/admin/domains",
    "/settings/sharing?search=number+9",
    "/home",
)
PLAIN = "/clients?address=nobody@example.net"
TIMES = 40


async def ask(app: object, token: str) -> tuple[dict[str, list[float]], int]:
    """Return the seconds that each page took, and the bytes of the largest."""
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    times: dict[str, list[float]] = {path: [] for path in (PLAIN, *PAGES)}
    largest = 0
    async with httpx.AsyncClient(
        transport=transport,
        base_url="https://portal.example.org",
        cookies={SESSION_COOKIE: token},
        headers={"x-real-ip": "192.0.2.1"},
    ) as client:
        for path in (PLAIN, *PAGES):  # the directory is read, and templates are compiled, once
            await client.get(path)
        for _ in range(TIMES):
            for path, taken in times.items():
                started = time.perf_counter()
                answer = await client.get(path)
                taken.append(time.perf_counter() - started)
                assert answer.status_code == 200, f"{path}: {answer.status_code}"
                largest = max(largest, len(answer.content))
    return times, largest


def p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


def run() -> list[Result]:
    """Measure the pages of an administrator and of a user."""
    with cluster(fsync="off") as server, tempfile.TemporaryDirectory() as folder:
        dsn = server.migrated("portal")
        inventory = Path(folder) / "all.yml"
        write_inventory(inventory, SMALL)
        converge(dsn, inventory)
        parts = psycopg.conninfo.conninfo_to_dict(dsn)
        url = f"postgresql+psycopg://fermoposta_portal@/{parts['dbname']}?host={parts['host']}"
        store = PostgresPortalStore(url)
        with PostgresStore(dsn.replace("user=fermoposta", "user=fermoposta_portal")) as directory:
            book = Book(directory)
            user = book.state().users[ADMINISTRATOR]
            role = Role("administrator", companies=("acme",))
            made = Step(Action.UPDATE, user, replace(user, role=role))
            book.change(lambda state: Plan((made,), state.revision), actor="bench")
            settings = Settings(
                host="mail.example.org", portal_host="portal.example.org", eas_moved={}
            )
            app = create_app(
                settings,
                store,
                book,
                tokens=MemoryTokenStore(),
                keys=MemoryKeyStore(),
                factors=MemoryFactorStore(),
                passkeys=MemoryPasskeyStore(),
                recovery=RecoveryDesk(settings, book, MemoryRecoveryStore(), lambda *_: None, None),
                mailboxes=MemoryMailboxes(),
                journal=MemoryJournal(),
                devices=DeviceStore(),
            )
            token = secrets.token_urlsafe(32)
            store.add_session(
                Session(
                    hashlib.sha256(token.encode()).digest(),
                    ADMINISTRATOR,
                    hashlib.sha256(HASH.encode()).digest(),
                    datetime.now(UTC) + timedelta(hours=1),
                )
            )
            times, largest = asyncio.run(ask(app, token))
        store.close()
    return [
        result(
            "portal_page_p95_ms",
            max(p95(times[path]) for path in PAGES) * 1000,
            "ms",
            baseline=p95(times[PLAIN]) * 1000,
        ),
        result("portal_page_kb", largest / 1024, "kB"),
    ]
