"""A gateway over doubles: users in memory, a judge that counts, and a command that does as told."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from fermoposta.activesync.dispatch import Dispatcher
from fermoposta.activesync.people import DevicePolicy, Me
from fermoposta.activesync.session import Answer, Asked, Limits, Session
from fermoposta.activesync.store.memory import MemoryStore
from fermoposta.activesync.store.model import Access
from fermoposta.activesync.wbxml import Element
from fermoposta.gateway.app import App, Gateway
from fermoposta.gateway.attempts import Attempts
from fermoposta.gateway.sessions import Sessions
from fermoposta.gateway.signin import SignIn
from fermoposta.mailstore.mailbox import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PASSWORD = "Segreta123"


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Judge:
    """Dovecot: who has which password, and how often it was asked."""

    passwords: dict[str, str]
    asked: list[str] = field(default_factory=list)
    away: bool = False
    gate: asyncio.Event | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, address: str, password: str) -> bool:
        self.asked.append(address)
        self.arrived.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.away:
            raise UnavailableError("away")
        return self.passwords.get(address) == password


@dataclass
class People:
    """The directory: some users, and what their devices must do."""

    policy: DevicePolicy | None = None
    begins: Access | None = None
    gone: set[str] = field(default_factory=set)

    async def me(self, user: str) -> Me | None:
        if user in self.gone:
            return None
        also = ("sales@example.org",) if user == "ada@example.org" else ()
        return Me(
            address=user,
            name="Somebody",
            language="it",
            timezone="Europe/Rome",
            addresses=(user, *also),
        )

    async def device_policy(self, _user: str) -> DevicePolicy | None:
        return self.policy

    async def newcomer(self, _user: str, _type: str, _model: str = "") -> Access | None:
        return self.begins


@dataclass
class Closable:
    """A mailbox, calendars or a hub of which only the end is looked at."""

    of: tuple[str, str]
    closed: bool = False
    rested: int = 0

    async def close_idle(self) -> None:
        self.rested += 1

    async def close(self) -> None:
        self.closed = True

    async def stop(self) -> None:
        self.closed = True


@dataclass
class Backends:
    opened: list[Closable] = field(default_factory=list)

    def _open(self, address: str, password: str) -> Closable:
        self.opened.append(Closable((address, password)))
        return self.opened[-1]

    mailbox = groupware = submission = _open

    def hub(self, me: Me, _mail: object, _groupware: object) -> Closable:
        return self._open(me.address, "")


@dataclass
class Desk:
    """Handles each command; *does* is what it does."""

    does: Callable[[Session, Asked], Awaitable[Answer]] | None = None
    sessions: list[Session] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, session: Session, asked: Asked) -> Answer:
        self.sessions.append(session)
        self.asked.append(asked)
        self.arrived.set()
        if self.does is not None:
            return await self.does(session, asked)
        return Answer(Element("AirSync:Sync", [Element("AirSync:Status", "1")]))


@dataclass
class Site:
    """All of it, and a client."""

    runner: asyncio.Runner
    clock: Clock = field(default_factory=Clock)
    judge: Judge = field(
        default_factory=lambda: Judge({"ada@example.org": PASSWORD, "bob@example.org": "Other456"})
    )
    people: People = field(default_factory=People)
    backends: Backends = field(default_factory=Backends)
    desk: Desk = field(default_factory=Desk)
    store: MemoryStore = field(default_factory=MemoryStore)
    hosted: tuple[str, ...] = ("example.org",)
    moved: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.signin = SignIn(self.judge, 300, self.clock, Attempts(self.clock))
        self.sessions = Sessions(self.backends, idle=300, clock=self.clock)
        limits = Limits(request_bytes=100_000)
        commands = ("Sync", "SendMail", "FolderSync", "Ping", "Provision", "Settings")
        self.app = App(
            Gateway(
                dispatcher=Dispatcher(
                    dict.fromkeys(commands, self.desk.handle), limits.request_bytes
                ),
                signin=self.signin,
                sessions=self.sessions,
                store=self.store,
                people=self.people,
                limits=limits,
                hosted=lambda: self.hosted,
                timezone="Europe/Rome",
                new_devices=Access.ALLOWED,
                moved=self.moved,
                clock=lambda: datetime(2026, 1, 2, tzinfo=UTC),
                ticks=self.clock,
            )
        )

    def ask(self, method: str = "POST", query: str | None = None, **more: object) -> httpx.Response:
        return self.runner.run(self.asking(method, query, **more))

    async def asking(
        self,
        method: str = "POST",
        query: str | None = None,
        *,
        login: str | None = "ada@example.org",
        password: str = PASSWORD,
        headers: dict[str, str] | None = None,
        content: bytes = b"",
        command: str = "Sync",
        path: str = "/Microsoft-Server-ActiveSync",
    ) -> httpx.Response:
        if query is None:
            query = f"Cmd={command}&User=ada@example.org&DeviceId=D1&DeviceType=phone"
        sent = {
            "x-real-ip": "192.0.2.7",
            "ms-asprotocolversion": "14.1",
            "content-type": "application/vnd.ms-sync.wbxml",
            "accept-encoding": "identity",
        }
        if login is not None:
            sent["authorization"] = authorization(f"{login}:{password}".encode())
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://mail.test") as client:
            return await client.request(
                method, f"{path}?{query}", headers=sent | (headers or {}), content=content
            )


def authorization(pair: bytes) -> str:
    return "Basic " + base64.b64encode(pair).decode()
