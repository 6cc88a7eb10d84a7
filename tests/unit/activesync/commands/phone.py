"""Phones, over the commands as they are, over stores in memory."""

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx

from fermoposta.activesync.client import Client, Connection, Device
from fermoposta.activesync.commands import HANDLERS
from fermoposta.activesync.dispatch import Dispatcher
from fermoposta.activesync.map.owner import Owner
from fermoposta.activesync.people import Me, OutOfOffice
from fermoposta.activesync.push import Hub, Woken
from fermoposta.activesync.request import parse
from fermoposta.activesync.session import Limits, Session
from fermoposta.activesync.store.memory import MemoryStore as Devices
from fermoposta.activesync.wbxml import encode
from fermoposta.mailstore.memory_groupware import MemoryGroupware, Server
from fermoposta.mailstore.memory_mailbox import MemoryStore as Mail

ADA, BOB = "ada@example.org", "bob@example.org"
WBXML = "application/vnd.ms-sync.wbxml"


@dataclass
class People:
    """Nobody but who is named."""

    persons: list = field(default_factory=list)
    away: OutOfOffice = field(default_factory=OutOfOffice)
    policy: object = None

    async def me(self, user):
        return Me(address=user, name=user, language="en", timezone="Europe/Rome", addresses=(user,))

    async def everybody(self, user):
        return self.persons

    async def search(self, user, words, *, most, start=0):
        return [each for each in self.persons if words in each.name][start : start + most]

    async def named(self, user, addresses):
        return {each.address: each for each in self.persons if each.address in addresses}

    async def members(self, user, group):
        return []

    async def busy(self, user, addresses, start, end):
        return {}

    async def out_of_office(self, user):
        return self.away

    async def set_out_of_office(self, user, said):
        self.away = said

    async def device_policy(self, user):
        return self.policy


@dataclass
class Outbox:
    """What was sent, as sender, recipients and message."""

    sent: list = field(default_factory=list)

    async def submit(self, sender, recipients, message):
        self.sent.append((sender, tuple(recipients), message))


class Host:
    """A gateway; its loop runs in a thread of its own, as phones here are not asynchronous."""

    def __init__(self, *, limits=None):
        self.mail = Mail()
        self.groupware = Server()
        self.devices = Devices()
        self.people = People()
        self.outbox = Outbox()
        self.limits = limits or Limits()
        self.now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
        self.hubs = {}
        self.dispatcher = Dispatcher(HANDLERS, self.limits.request_bytes)
        self.lose = 0
        """How many of the next answers get lost."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        for address in (ADA, BOB):
            self.mail.mailbox(address)
            self.groupware.add(address)

    def run(self, coroutine):
        """Run something in the gateway's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def close(self):
        for hub in self.hubs.values():
            self.run(hub.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def mailbox(self, address=ADA):
        return self.mail.mailbox(address)

    def calendars(self, address=ADA):
        return MemoryGroupware(self.groupware, address)

    def hub(self, address=ADA):
        if address not in self.hubs:
            self.hubs[address] = Hub(
                address, "en", self.mailbox(address), self.calendars(address), self.devices
            )
        return self.hubs[address]

    def tell(self, owner, path):
        """Tell the hub what the webmail's database tells."""

        async def told():
            self.hub().touched_by(owner, path)

        self.run(told())

    def deliver(self, message, folder="INBOX", address=ADA, **how):
        """Put a message into a folder, and return its UID."""
        how.setdefault("received", self.now)
        return self.run(self.mailbox(address).append(folder, message, **how)).uid

    def phone(self, version="14.1", *, address=ADA, id_="PHONE1"):
        connection = Connection(
            "mail.example.org", address, "secret", transport=_Transport(self, address)
        )
        return Client(connection, Device(id_, "SP"), version)

    async def answer(self, address, query, headers, body):
        request = parse(query, headers, ["example.org"])
        device = await self.devices.meet(
            address, request.device_id, request.device_type, now=self.now, version=request.version
        )

        resumed = None

        async def opened(known):
            return Session(
                request=request,
                owner=Owner(address, ZoneInfo("Europe/Rome")),
                language="en",
                device=known,
                mail=self.mailbox(address),
                groupware=self.calendars(address),
                store=self.devices,
                people=self.people,
                submission=self.outbox,
                hub=self.hub(address),
                limits=self.limits,
                clock=lambda: self.now,
                resumed=resumed,
            )

        while True:
            answer = await self.dispatcher.answer(
                request,
                body,
                headers.get("content-type", ""),
                device=device,
                policy=None,
                open_session=opened,
            )
            resumed = answer.pause
            if resumed is None or await resumed.over(asyncio.Event().wait) is not Woken.NEWS:
                break
        content = b"" if answer.element is None else encode(answer.element)
        if answer.pieces is not None:
            content = b"".join([piece async for piece in answer.pieces])
        headers = {"content-type": WBXML, **answer.headers} if content else dict(answer.headers)
        return answer.status, headers, content


class _Transport(httpx.BaseTransport):
    def __init__(self, host, address):
        self._host, self._address = host, address

    def handle_request(self, request):
        query = request.url.query.decode()
        body = request.read()
        status, headers, content = self._host.run(
            self._host.answer(self._address, query, request.headers, body)
        )
        if self._host.lose:
            self._host.lose -= 1
            raise httpx.ReadError("the answer got lost")
        return httpx.Response(status, headers=headers, content=content)


def mail_of(subject="Hello", text="Good morning", **headers):
    """Return a message."""
    named = {
        "From": "Bob <bob@example.org>",
        "To": "Ada <ada@example.org>",
        "Date": "Mon, 2 Nov 2026 08:00:00 +0100",
        "Message-ID": f"<{subject.replace(' ', '.')}@example.org>",
        "Subject": subject,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{head}\r\n{text}\r\n".encode()
