"""A gateway that is asked wrong things, and a judge of what it answers."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import time
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import httpx
from structlog.testing import capture_logs
from tests.unit.activesync.commands.phone import ADA, BOB, WBXML, Outbox, People

from fermoposta.activesync import multipart
from fermoposta.activesync.client.connection import ANSWER
from fermoposta.activesync.commands import HANDLERS
from fermoposta.activesync.dispatch import Dispatcher
from fermoposta.activesync.people import Person
from fermoposta.activesync.push import Hub
from fermoposta.activesync.session import Limits
from fermoposta.activesync.store.memory import MemoryStore as Devices
from fermoposta.activesync.store.model import Access
from fermoposta.activesync.wbxml import DecodeError, decode
from fermoposta.gateway.app import App, Gateway
from fermoposta.gateway.attempts import Attempts
from fermoposta.gateway.sessions import Sessions
from fermoposta.gateway.signin import SignIn
from fermoposta.mailstore.aioimap import command as imap
from fermoposta.mailstore.mailbox import Query
from fermoposta.mailstore.memory_groupware import MemoryGroupware, Server
from fermoposta.mailstore.memory_mailbox import MemoryStore as Mail

PASSWORD = "Segreta123"
PATH = "/Microsoft-Server-ActiveSync"
SECONDS = 1.0
"""Of the processor: how busy the machine is is not the request's fault."""
BIGINT = 2**63
NOT_FOUND_HERE = 501
"""What a command that there is none of is answered (MS-ASHTTP, section 2.2.2.1.1)."""
REQUEST_BYTES = 4 * 1024**2


@dataclass(frozen=True, slots=True)
class Raw:
    """A request as it goes over the wire; headers are lower-case."""

    command: str
    query: bytes
    headers: dict[str, str]
    body: bytes
    method: str = "POST"
    path: str = PATH


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request was answered, how long that took, and what was logged."""

    status: int
    headers: dict[str, str]
    content: bytes
    seconds: float
    logs: tuple[dict, ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A request that was right, and what there was before it."""

    version: str
    raw: Raw
    before: object


class StrictDevices(Devices):
    """Takes what PostgreSQL takes: texts without NUL and halves of surrogate pairs, 64 bits."""

    async def meet(self, user, device, type_, **more):
        _storable([user, device, type_, *more.values()])
        return await super().meet(user, device, type_, **more)

    async def change_device(self, user, device, **fields):
        _storable([user, device, *fields.values()])
        return await super().change_device(user, device, **fields)

    async def keep(self, user, device, name, value, revision):
        _storable([user, device, name, value])
        json.dumps(value, allow_nan=False)
        return await super().keep(user, device, name, value, revision)

    async def kept(self, user, device, name):
        _storable([user, device, name])
        return await super().kept(user, device, name)

    async def folder_ids(self, user, keys):
        _storable([user, *[each.key for each in keys]])
        return await super().folder_ids(user, keys)

    async def note_failure(self, failure):
        _storable([failure.folder, failure.item, failure.reason])
        return await super().note_failure(failure)

    async def clear_failures(self, user, device, folder, items=None):
        _storable([folder, *(items or ())])
        return await super().clear_failures(user, device, folder, items)


def _storable(value):
    """Raise ValueError for what no column can hold."""
    if isinstance(value, str):
        value.encode()
        if "\0" in value:
            raise ValueError("a text with NUL")
    elif isinstance(value, int):
        if not -BIGINT <= value < BIGINT:
            raise ValueError("a number of more than 64 bits")
    elif isinstance(value, dict):
        for each in (*value.keys(), *value.values()):
            _storable(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            _storable(each)


class StrictMailbox:
    """Refuses what can't be spelt for Dovecot, as the client of IMAP does."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def called(*arguments, **named):
            for each in (*arguments, *named.values()):
                if isinstance(each, Query):
                    imap.search(each)
                elif isinstance(each, str):
                    imap.folder(each)
            for flags in (named.get("add"), named.get("remove"), named.get("flags")):
                imap.flags(flags or ())
            return found(*arguments, **named)

        return called


class ImpatientHub(Hub):
    """Waits for nothing: there never is news here."""

    async def news(self, device, mark, folders, seconds, gone):
        return await super().news(device, mark, folders, 0, gone)

    @asynccontextmanager
    async def watching(self, folders):
        del folders
        yield


class Everybody(People):
    """Two colleagues, and no policies."""

    def __init__(self):
        super().__init__([Person(address=BOB, name="Bob", phone="+39 1", picture=b"\xff\xd8\xff")])

    async def newcomer(self, user, type_, model=""):
        del user, type_, model


@dataclass
class Backends:
    site: Site

    def mailbox(self, address, _password):
        return StrictMailbox(self.site.mail.mailbox(address))

    def groupware(self, address, _password):
        return MemoryGroupware(self.site.groupware, address)

    def submission(self, _address, _password):
        return self.site.outbox

    def hub(self, me, mail, groupware):
        return ImpatientHub(me.address, me.language, mail, groupware, self.site.devices)


@dataclass
class Site:
    """The application over doubles, and Ada, who logs in."""

    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    mail: Mail = field(default_factory=Mail)
    groupware: Server = field(default_factory=Server)
    devices: StrictDevices = field(default_factory=StrictDevices)
    people: Everybody = field(default_factory=Everybody)
    outbox: Outbox = field(default_factory=Outbox)
    lost: list[str] = field(default_factory=list)
    """What went wrong in tasks that nobody waits for."""

    def __post_init__(self):
        self.runner.get_loop().set_exception_handler(
            lambda _, about: self.lost.append(str(about.get("exception") or about["message"]))
        )
        for address in (ADA, BOB):
            self.mail.mailbox(address)
            self.groupware.add(address)
        self.limits = Limits(heartbeat_least=1, request_bytes=REQUEST_BYTES)
        self.sessions = Sessions(Backends(self), idle=300, clock=time.monotonic)
        self.signin = SignIn(self._judge, 300, time.monotonic, Attempts(time.monotonic))
        self.app = App(
            Gateway(
                dispatcher=Dispatcher(HANDLERS, self.limits.request_bytes),
                signin=self.signin,
                sessions=self.sessions,
                store=self.devices,
                people=self.people,
                limits=self.limits,
                hosted=lambda: ("example.org",),
                timezone="Europe/Rome",
                new_devices=Access.ALLOWED,
                moved={},
                clock=lambda: datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
                ticks=time.monotonic,
            )
        )

    async def _judge(self, address, password):
        return (address, password) == (ADA, PASSWORD)

    def close(self):
        self.runner.run(self.sessions.close())
        self.runner.close()

    def run(self, coroutine):
        return self.runner.run(coroutine)

    def snapshot(self):
        """Return all that there is; what never changes is shared."""
        return (
            {
                name: replace(
                    box,
                    messages={uid: replace(each) for uid, each in box.messages.items()},
                    shares=dict(box.shares),
                    watchers=set(),
                )
                for name, box in self.mail.boxes.items()
            },
            {
                owner: {
                    path: replace(
                        shelf,
                        objects=dict(shelf.objects),
                        moved=dict(shelf.moved),
                        readers=dict(shelf.readers),
                    )
                    for path, shelf in shelves.items()
                }
                for owner, shelves in self.groupware.people.items()
            },
            {
                name: replace(each, kept=dict(each.kept), failures=dict(each.failures))
                for name, each in self.devices._devices.items()
            },
            deepcopy(self.devices._folders),
            self.people.away,
        )

    def restore(self, snapshot):
        """Have it again as it was."""
        kept = self.snapshot
        boxes, people, devices, folders, away = snapshot
        self.mail._boxes = boxes
        self.groupware.people = people
        self.devices._devices, self.devices._folders = devices, folders
        self.people.away = away
        fresh = kept()
        self.mail._boxes, self.groupware.people = fresh[0], fresh[1]
        self.devices._devices, self.devices._folders = fresh[2], fresh[3]
        self.outbox.sent.clear()
        self.groupware.written.clear()
        self.signin.attempts._failed.clear()
        for hub in self.sessions.hubs:
            hub.forget_tree()

    def ask(self, raw: Raw) -> Outcome:
        """Return what comes of a request."""
        sent: list[dict] = []
        error = ""
        begun = time.process_time()
        with capture_logs() as logs:
            try:
                self.runner.run(self._asked(raw, sent))
            except Exception as failure:  # noqa: BLE001 - it is what the judge looks for
                error = repr(failure)
        seconds = time.process_time() - begun
        start = next((each for each in sent if each["type"] == "http.response.start"), None)
        headers = dict(start["headers"]) if start else {}
        return Outcome(
            start["status"] if start else 0,
            {name.decode().lower(): value.decode() for name, value in headers.items()},
            b"".join(each.get("body", b"") for each in sent),
            seconds,
            tuple(logs),
            error or "; ".join(self.lost),
        )

    async def _asked(self, raw, sent):
        waiting = asyncio.Event()
        pieces = [raw.body[at : at + 65_536] for at in range(0, len(raw.body), 65_536)] or [b""]
        pieces.reverse()

        async def receive():
            if not pieces:
                await waiting.wait()
            return {"type": "http.request", "body": pieces.pop(), "more_body": bool(pieces)}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": raw.method,
            "path": raw.path,
            "query_string": raw.query,
            "headers": [
                (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
                for name, value in raw.headers.items()
            ],
        }
        self.lost.clear()
        async with asyncio.timeout(20):
            await self.app(scope, receive, send)


def problems(outcome: Outcome) -> list[str]:
    """Return what the gateway has done that it may not do, whatever it was asked."""
    found = []
    if outcome.error:
        found.append(f"raised {outcome.error}")
    if outcome.status == 0 or (outcome.status >= 500 and outcome.status != NOT_FOUND_HERE):
        found.append(f"HTTP {outcome.status}")
    found += [
        f"{entry['event']}: {entry.get('error')} at {entry.get('at')}"
        for entry in outcome.logs
        if entry["log_level"] in {"error", "critical"} or entry["event"] == "command failed"
    ]
    if outcome.seconds > SECONDS:
        found.append(f"{outcome.seconds:.1f} s")
    try:
        _check_answer(outcome)
    except (DecodeError, multipart.MultipartError, ValueError) as error:
        found.append(f"its answer can't be read: {error}")
    return found


def _check_answer(outcome):
    kind = outcome.headers.get("content-type", "").partition(";")[0]
    content = outcome.content
    if outcome.headers.get("content-encoding") == "gzip":
        content = gzip.decompress(content)
    if kind == multipart.CONTENT_TYPE:
        content = multipart.decode(content)[0]
    elif kind != WBXML:
        return
    unknown = {each.tag for each in decode(content, ANSWER).walk() if not each.known}
    if unknown:
        raise ValueError(f"unknown tags {unknown}")


class Recorder(httpx.BaseTransport):
    """A way to the site that keeps each request, and what there was before it."""

    def __init__(self, site, version, steps):
        self._site, self._version, self._steps = site, version, steps

    def handle_request(self, request):
        raw = Raw(
            "",
            request.url.query,
            {name.lower(): value for name, value in request.headers.items()},
            request.read(),
            request.method,
            request.url.path,
        )
        raw.headers["accept-encoding"] = "identity"
        self._steps.append(Step(self._version, raw, self._site.snapshot()))
        outcome = self._site.ask(raw)
        if wrong := problems(outcome):
            raise AssertionError(f"a request that is right: {wrong} {outcome.logs}")
        return httpx.Response(
            outcome.status, headers=outcome.headers, content=outcome.content, request=request
        )


def authorization(login=ADA, password=PASSWORD):
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()
