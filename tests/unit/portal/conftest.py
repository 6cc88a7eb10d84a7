import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import httpx
import pytest
from starlette.applications import Starlette

from fermoposta.activesync.store.memory import MemoryStore as DeviceStore
from fermoposta.directory import passwords
from fermoposta.directory.model import Alias, Company, Domain, Role, State, User
from fermoposta.directory.store import MemoryStore
from fermoposta.portal.api.memory import MemoryTokenStore
from fermoposta.portal.app import create_app
from fermoposta.portal.book import Book
from fermoposta.portal.journal import MemoryJournal
from fermoposta.portal.keys.memory import MemoryKeyStore
from fermoposta.portal.memory import MemoryPortalStore
from fermoposta.portal.mine.memory import MemoryMailboxes
from fermoposta.portal.passkeys.memory import MemoryPasskeyStore
from fermoposta.portal.recovery.desk import RecoveryDesk
from fermoposta.portal.recovery.memory import MemoryRecoveryStore
from fermoposta.portal.recovery.sms import SmsError
from fermoposta.portal.second.memory import MemoryFactorStore
from fermoposta.service.settings import Settings

PASSWORD = "Segreta123"
HASH = passwords.hash_password(PASSWORD)


@dataclass
class Clock:
    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Browser:
    """A browser without JavaScript: it keeps cookies, follows links and sends forms."""

    app: Starlette
    host: str = "portal.example.org"
    client: str = "192.0.2.7"
    language: str = "it"
    _runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        return self._runner.run(self._ask(method, path, **more))

    async def _ask(self, method: str, path: str, **more: object) -> httpx.Response:
        headers = {"x-real-ip": self.client, "accept-language": self.language}
        headers |= more.pop("headers", {})
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=f"https://{self.host}",
            cookies=self.cookies,
        ) as http:
            response = await http.request(method, path, headers=headers, **more)
            self.cookies = http.cookies
            return response

    def get(self, path: str, **more: object) -> httpx.Response:
        return self.ask("GET", path, **more)

    def send(self, path: str, *, page: str = "/login", **fields: str) -> httpx.Response:
        """Open *page* and send its form to *path*."""
        token = re.search(r'name="form_token" value="([^"]+)"', self.get(page).text)
        assert token, f"{page} has no form"
        return self.ask("POST", path, data={"form_token": token[1], **fields})

    def sign_in(self, address: str, password: str = PASSWORD) -> httpx.Response:
        return self.send("/login", address=address, password=password)


@pytest.fixture
def state() -> State:
    return State.of_records(
        [
            Company("acme", "Acme S.r.l."),
            Company("other", "Other S.p.A."),
            Domain("example.org", "acme"),
            Domain("example.net", "acme"),
            Domain("example.com", "other"),
            User(
                "ada@example.org",
                "Ada Lovelace",
                role=Role("administrator", companies=("acme",)),
                password_hash=HASH,
            ),
            User(
                "bob@example.org",
                "Bob Frankston",
                quota_mb=500,
                antispam=False,
                redirect_to=("bob@elsewhere.example",),
                password_hash=HASH,
            ),
            User(
                "eve@example.net",
                "Eve <script>",
                role=Role("mail_administrator", domains=("example.net",)),
                password_hash=HASH,
            ),
            Alias("sales@example.org", ("ada@example.org",)),
        ]
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(state: State) -> MemoryStore:
    """The directory, as the inventory declares it."""
    return MemoryStore(state)


@pytest.fixture
def book(directory: MemoryStore) -> Book:
    return Book(directory)


@pytest.fixture
def store(directory: MemoryStore) -> MemoryPortalStore:
    return MemoryPortalStore(directory)


@pytest.fixture
def tokens() -> MemoryTokenStore:
    return MemoryTokenStore()


@pytest.fixture
def keys() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def factors() -> MemoryFactorStore:
    return MemoryFactorStore()


@pytest.fixture
def passkeys() -> MemoryPasskeyStore:
    return MemoryPasskeyStore()


@dataclass
class Outbox:
    """Takes what would be sent: mails with their recipients, and text messages."""

    mails: list[tuple[EmailMessage, list[str]]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    def post(self, message: EmailMessage, recipients: list[str]) -> None:
        if self.broken:
            raise OSError("away")
        self.mails.append((message, recipients))

    def text(self, number: str, text: str) -> None:
        if self.broken:
            raise SmsError("status 503")
        self.texts.append((number, text))


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def devices() -> DeviceStore:
    return DeviceStore()


@pytest.fixture
def mailboxes() -> MemoryMailboxes:
    return MemoryMailboxes()


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def recovery(settings: Settings, book: Book, outbox: Outbox) -> RecoveryDesk:
    return RecoveryDesk(settings, book, MemoryRecoveryStore(), outbox.post, outbox.text)


@pytest.fixture
def settings() -> Settings:
    return Settings(host="mail.example.org", portal_host="portal.example.org", eas_moved={})


@pytest.fixture
def app(
    store: MemoryPortalStore,
    book: Book,
    tokens: MemoryTokenStore,
    keys: MemoryKeyStore,
    factors: MemoryFactorStore,
    passkeys: MemoryPasskeyStore,
    recovery: RecoveryDesk,
    mailboxes: MemoryMailboxes,
    journal: MemoryJournal,
    devices: DeviceStore,
    clock: Clock,
    settings: Settings,
) -> Starlette:
    return create_app(
        settings,
        store,
        book,
        tokens=tokens,
        keys=keys,
        factors=factors,
        passkeys=passkeys,
        recovery=recovery,
        mailboxes=mailboxes,
        journal=journal,
        devices=devices,
        clock=clock,
    )


@pytest.fixture
def browser(app: Starlette) -> Iterator[Browser]:
    with asyncio.Runner() as runner:
        yield Browser(app, _runner=runner)
