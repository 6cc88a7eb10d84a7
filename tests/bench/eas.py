"""
ActiveSync: the gateway beside the webmail's own, on one host and from the same mailbox.

First syncs, no change, a tree of 200 folders, push, and a thousand devices that wait.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import statistics
import time
import uuid
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from imapclient import IMAPClient

from fermoposta.activesync.client import Client, Connection, Device, folders, ping, sync
from fermoposta.activesync.client.connection import PATH
from fermoposta.activesync.client.options import Body, Options
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.wbxml import Element, decode, encode
from fermoposta_demo import host, up
from fermoposta_demo.paths import BUILD
from fermoposta_demo.podman import podman
from fermoposta_demo.progress import CommandError, say
from tests.bench import Result, result, sogo_activesync

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_T = TypeVar("_T")
SMALL, LARGE = 2_000, 10_000
FOLDERS = 200
DELIVERIES, DELIVERIES_BASELINE = 20, 3
USERS, DEVICES = 250, 1_000
REPETITIONS = 15
SETTLE = 8
"""Seconds that a phone has waited when the mail comes; Dovecot has put its connection to sleep."""
HEARTBEAT = 120
PASSWORD = "Misura2026eas"
FILE = "/run/fermoposta-bench-eas.yml"
SERVER = "mail.example.org"
AS_PHONES = Options(bodies=(Body(type=2, truncation=51_200),))
TEXT = "Lorem ipsum dolor sit amet, consectetur adipiscing elit. " * 40


def run(container: str) -> list[Result]:
    """Measure on a provisioned host; the users are gone afterwards, the webmail's part stays."""
    bench = Bench(container)
    with bench.people():
        sogo_activesync.install(container)
        bench.open_nginx()
        return [*bench.syncs(), *bench.tree(), *bench.push(), *bench.idle()]


@dataclass(frozen=True, slots=True)
class _Line:
    """A device's connection."""

    user: str
    device: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, command: str, document: Element) -> bytes:
        """Return the body of what is answered."""
        self.writer.write(_request(self.user, self.device, command, encode(document)))
        await self.writer.drain()
        return await _answer(self.reader)


@dataclass(slots=True)
class _Waiting:
    """A device that waits for news over a connection of its own."""

    writer: asyncio.StreamWriter
    answer: asyncio.Task[bytes]


class Bench:
    """A host, and the phones that talk to it."""

    def __init__(self, container: str) -> None:
        self.container = container
        self.appliance = up.describe(container, BUILD / "bench" / container)
        self.context = ssl.create_default_context(cafile=self.appliance.ca_file)
        self.where = (self.appliance.host, self.appliance.ports["https"])
        self.inboxes: dict[str, str] = {}
        """The ids of inboxes, by user."""

    def open_nginx(self) -> None:
        """Let nginx open all the files that a container may have; a host of its own has more."""
        place = "/run/systemd/system/nginx.service.d"
        podman("exec", self.container, "mkdir", "--parents", place)
        host.put(self.container, f"{place}/files.conf", b"[Service]\nLimitNOFILE=4096\n")
        podman("exec", self.container, "systemctl", "daemon-reload")
        podman("exec", self.container, "systemctl", "restart", "nginx")

    def fermoposta(self, *words: str) -> str:
        return podman("exec", self.container, "fermoposta", *words)

    @contextmanager
    def people(self) -> Iterator[None]:
        """Make the users for a while."""
        before = json.loads(self.fermoposta("export", "--json", "--hashes"))
        user = {"name": "Misura", "password": PASSWORD, "recipients_per_hour": 1_000_000}
        some = ["small@example.org", "large@example.org", "tree@example.org"]
        names = [*some, *(f"idle{n}@example.org" for n in range(USERS))]
        declared = {**before, "mail_users": before["mail_users"] | dict.fromkeys(names, user)}
        self.apply(declared)
        try:
            yield
        finally:
            self.apply(before, "--allow-removal=users", "--allow-removal=grants")

    def apply(self, declared: dict[str, Any], *options: str) -> None:
        host.put(self.container, FILE, json.dumps(declared).encode())
        self.fermoposta("apply", *options, FILE)

    def phone(self, user: str, *, sogo: bool = False, seconds: float = HEARTBEAT) -> Client:
        """Return a new device of *user*, that knows the folders."""
        connection = Connection(
            SERVER,
            user,
            PASSWORD,
            ca=self.appliance.ca_file,
            connect_to=self.where,
            seconds=seconds,
            path=sogo_activesync.PATH if sogo else PATH,
        )
        client = Client(connection, Device(type="Bench"), "14.1")
        folders.folder_sync(client)
        return client

    def imap(self, user: str) -> IMAPClient:
        client = IMAPClient(
            self.appliance.host, self.appliance.ports["imaps"], ssl_context=self.context
        )
        client.login(user, PASSWORD)
        return client

    def fill(self, user: str, count: int) -> None:
        """Put mail of the usual kinds into an inbox."""
        with self.imap(user) as client:
            for at in range(0, count, 100):
                client.multiappend("INBOX", [_mail(user, at + n) for n in range(100)])

    # --- Syncs

    def syncs(self) -> Iterator[Result]:
        """First sync of SMALL messages, and a Sync without changes, of each server."""
        self.fill("small@example.org", SMALL)
        sogo_activesync.prepare(self.container, "small@example.org")
        ours = self.first("small@example.org")
        theirs = self.first("small@example.org", sogo=True)
        yield result("eas_initial_2k_s", ours[0], "s", theirs[0])
        yield result("eas_noop_2k_ms", ours[1] * 1000, "ms", theirs[1] * 1000)
        self.fill("large@example.org", LARGE)
        seconds, noop = self.first("large@example.org", window=512)
        yield result("eas_initial_10k_s", seconds, "s")
        yield result("eas_noop_10k_ms", noop * 1000, "ms")

    def first(self, user: str, *, sogo: bool = False, window: int = 100) -> tuple[float, float]:
        """Return how long the first sync of an inbox takes, and one without changes after it."""
        phone = self.phone(user, sogo=sogo)
        inbox = phone.device.folder_of_type(2).id
        wanted = Wanted(folder=inbox, window=window, options=(AS_PHONES,))
        sync.begin(phone, wanted)
        begun = time.monotonic()
        sync.sync_all(phone, wanted)
        seconds = time.monotonic() - begun
        count = len(phone.device.collection(inbox).items)
        say(f"  {'SOGo' if sogo else 'gateway'}: {count} messages in {seconds:.2f} s")
        times = []
        for _ in range(REPETITIONS):
            begun = time.monotonic()
            sync.sync(phone, Wanted(folder=inbox))
            times.append(time.monotonic() - begun)
        return seconds, statistics.median(times)

    def tree(self) -> Iterator[Result]:
        """FolderSync of many folders."""
        with self.imap("tree@example.org") as client:
            for number in range(FOLDERS):
                client.create_folder(f"Folder {number}")
        times = []
        for sogo in (False, True):
            self.phone("tree@example.org", sogo=sogo)  # log-ins are not measured
            begun = time.monotonic()
            self.phone("tree@example.org", sogo=sogo)
            times.append(time.monotonic() - begun)
        yield result("eas_folder_sync_200_s", times[0], "s", times[1])

    # --- Push

    def push(self) -> Iterator[Result]:
        """How long a phone waits for the news of a mail that is in its mailbox."""
        theirs = list(self.pushes(DELIVERIES_BASELINE, sogo=True))
        ours = list(self.pushes(DELIVERIES))
        say(f"  gateway: {', '.join(f'{each:.2f}' for each in ours)} s")
        say(f"  SOGo: {', '.join(f'{each:.2f}' for each in theirs)} s")
        yield result("eas_push_median_s", statistics.median(ours), "s", statistics.median(theirs))
        yield result("eas_push_max_s", max(ours), "s", max(theirs))

    def pushes(self, count: int, *, sogo: bool = False) -> Iterator[float]:
        """Yield the seconds from a delivery, as Dovecot has it, to the answer of a waiting Ping."""
        user = "idle0@example.org"
        phone = self.phone(user, sogo=sogo)
        inbox = phone.device.folder_of_type(2).id
        sogo_activesync.prepare(self.container, user)
        sync.sync_all(phone, Wanted(folder=inbox))
        for number in range(count):
            answered: list[tuple[float, bool]] = []

            def wait(answered: list[tuple[float, bool]] = answered) -> None:
                told = ping.ping(phone, [(inbox, "Email")], HEARTBEAT)
                answered.append((time.monotonic(), bool(told)))

            thread = Thread(target=wait)
            thread.start()
            time.sleep(SETTLE)
            self.deliver(user, f"push {number} {uuid.uuid4().hex}")
            delivered = time.monotonic()
            thread.join(HEARTBEAT)
            if not answered:
                raise CommandError("a Ping", "it was not answered")
            at, told = answered[0]
            if not told:
                say("  the phone was told nothing until its time was over")
            yield max(at - delivered, 0.0)
            sync.sync_all(phone, Wanted(folder=inbox))

    def deliver(self, user: str, subject: str) -> None:
        """Hand a mail to Dovecot as Postfix does, and return when it is in the mailbox."""
        script = (
            "import smtplib, sys\n"
            "with smtplib.LMTP('/run/dovecot/postfix-lmtp') as lmtp:\n"
            "    lmtp.sendmail('bench@example.org', [sys.argv[1]], sys.stdin.buffer.read())\n"
        )
        podman(
            "exec",
            "--interactive",
            self.container,
            "python3",
            "-c",
            script,
            user,
            stdin=_mail(user, 0, subject=subject),
        )

    # --- Devices that wait

    def idle(self) -> Iterator[Result]:
        """What each of many waiting devices costs, and how long others wait for an answer."""
        waiting = asyncio.new_event_loop()
        thread = Thread(target=waiting.run_forever, daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(self.of_all(self.sync_inbox), waiting).result(900)
        # What a process has grown to before, or by other work, would hide what waiting costs.
        podman("exec", self.container, "systemctl", "restart", "fermoposta-gateway@*")
        time.sleep(5)
        probe = self.phone("small@example.org")
        inbox = probe.device.folder_of_type(2).id
        sync.sync_all(probe, Wanted(folder=inbox))
        for number in range(USERS):  # who logs in the first time costs more than who waits
            self.phone(f"idle{number}@example.org")
        before, processes = self.memory(), self.processes()
        waits = asyncio.run_coroutine_threadsafe(self.of_all(self.wait), waiting)
        devices = waits.result(900)
        time.sleep(90)  # until connections that nobody needs are closed, and others asleep
        after = self.memory()
        times = []
        for _ in range(REPETITIONS):
            begun = time.monotonic()
            sync.sync(probe, Wanted(folder=inbox))
            times.append(time.monotonic() - begun)
        still = sum(not each.answer.done() for each in devices)
        say(
            f"  {still} of {DEVICES} devices wait; {after - before} kB more, processes {processes} "
            f"before, {self.processes()} after"
        )
        for each in devices:
            waiting.call_soon_threadsafe(each.writer.close)
        if still < DEVICES:
            raise CommandError("waiting devices", f"only {still} of {DEVICES} still wait")
        yield result("eas_idle_kb_per_device", (after - before) / DEVICES, "kB")
        yield result("eas_idle_request_ms", statistics.median(times) * 1000, "ms")

    async def of_all(self, does: Callable[[str, str], Awaitable[_T]]) -> list[_T]:
        """Return what DEVICES devices do, by their users and their own names."""
        gate = asyncio.Semaphore(20)

        async def one(number: int) -> _T:
            async with gate:
                return await does(f"idle{number % USERS}@example.org", f"IDLE{number}")

        return list(await asyncio.gather(*(one(number) for number in range(DEVICES))))

    async def sync_inbox(self, user: str, device: str) -> None:
        """Sync the inbox of *user* as a new device."""
        line = await self.connect(user, device)
        tree = decode(await line.ask("FolderSync", _folder_sync()))
        self.inboxes[user] = next(
            each.text_of("FolderHierarchy:ServerId") or ""
            for each in tree.walk()
            if each.text_of("FolderHierarchy:Type") == "2"
        )
        key = "0"
        # Empty: nothing more is new.
        while synced := await line.ask("Sync", _sync(key, self.inboxes[user])):
            key = decode(synced).text_of(*_COLLECTION, "AirSync:SyncKey") or ""
        line.writer.close()

    async def wait(self, user: str, device: str) -> _Waiting:
        """Wait for news in the inbox of *user* as a device that has synced it."""
        line = await self.connect(user, device)
        asked = asyncio.create_task(line.ask("Ping", _ping(self.inboxes[user])))
        await asyncio.sleep(0.1)  # they don't come all at once
        return _Waiting(line.writer, asked)

    async def connect(self, user: str, device: str) -> _Line:
        """Return a connection of its own for a device."""
        reader, writer = await asyncio.open_connection(
            *self.where, ssl=self.context, server_hostname=SERVER, limit=2**20
        )
        return _Line(user, device, reader, writer)

    def memory(self) -> int:
        """Return the memory of the gateway's processes in kB, what they share counted once."""
        script = (
            "for pid in $(pgrep -f -- '-m fermoposta[.]gateway'); do"
            " grep ^Pss: /proc/$pid/smaps_rollup; done"
        )
        lines = podman("exec", self.container, "sh", "-c", script).splitlines()
        return sum(int(line.split()[1]) for line in lines)

    def processes(self) -> tuple[int, int]:
        """Return how many processes the gateway has, and Dovecot's for IMAP."""
        script = "pgrep -fc -- '-m fermoposta[.]gateway'; pgrep -xc imap"
        words = podman("exec", self.container, "sh", "-c", f"{script}; true").split()
        return int(words[0]), int(words[1])


_COLLECTION = ("AirSync:Collections", "AirSync:Collection")


def _mail(user: str, number: int, *, subject: str = "") -> bytes:
    """Return a mail: every second with HTML, every tenth with a file."""
    made = EmailMessage()
    made["From"], made["To"] = "Misura <bench@example.org>", user
    made["Subject"] = subject or f"Message {number}"
    made["Date"] = "Mon, 02 Nov 2026 08:00:00 +0100"
    made["Message-ID"] = f"<{uuid.uuid4().hex}@example.org>"
    made.set_content(TEXT)
    if number % 2:
        made.add_alternative(f"<html><body><p>{TEXT}</p></body></html>", subtype="html")
    if number % 10 == 5:
        made.add_attachment(
            b"x" * 30_000, maintype="application", subtype="pdf", filename="file.pdf"
        )
    return made.as_bytes()


def _request(user: str, device: str, command: str, body: bytes) -> bytes:
    account = b64encode(f"{user}:{PASSWORD}".encode()).decode()
    query = f"Cmd={command}&User={user}&DeviceId={device}&DeviceType=Bench"
    head = (
        f"POST /Microsoft-Server-ActiveSync?{query} HTTP/1.1\r\nHost: {SERVER}\r\n"
        f"Authorization: Basic {account}\r\nMS-ASProtocolVersion: 14.1\r\n"
        "Content-Type: application/vnd.ms-sync.wbxml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """Return the body of an answer of HTTP/1.1."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if not head.startswith("http/1.1 200"):
        raise CommandError("the gateway", head.partition("\r\n")[0])
    if "transfer-encoding: chunked" in head:
        body = b""
        while size := int((await reader.readline()).strip(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return body
    length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
    return await reader.readexactly(length)


def _folder_sync() -> Element:
    return Element("FolderHierarchy:FolderSync", [Element("FolderHierarchy:SyncKey", "0")])


def _sync(key: str, folder: str) -> Element:
    named = [Element("AirSync:SyncKey", key), Element("AirSync:CollectionId", folder)]
    return Element(
        "AirSync:Sync", [Element("AirSync:Collections", [Element("AirSync:Collection", named)])]
    )


def _ping(folder: str) -> Element:
    named = [Element("Ping:Id", folder), Element("Ping:Class", "Email")]
    return Element(
        "Ping:Ping",
        [
            Element("Ping:HeartbeatInterval", "3000"),
            Element("Ping:Folders", [Element("Ping:Folder", named)]),
        ],
    )
