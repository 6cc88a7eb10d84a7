"""Calendars and contacts as the gateway reaches them, at the webmail's own server."""

from __future__ import annotations

import asyncio
import base64
import ssl
import subprocess
import time
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from clients.directory import PASSWORD
from clients.mail import token
from clients.sharing import BOUND, Rights
from clients.waiting import wait_for
from tests.groupware_contract import GroupwareContract, World, event

from fermoposta.mailstore.dav import DavGroupware
from fermoposta.mailstore.groupware import DeniedError, Kind
from fermoposta_demo.appliance import Account
from fermoposta_demo.podman import environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

HOST = "mail.example.org"
QUIET, LOUD = 20002, 20000
# What the gateway does on the host itself; the log-in comes in by the standard input.
ASK = """
import sys, urllib.error, urllib.request
method, url, body, login = sys.argv[1:5]
headers = {"Authorization": "Basic " + login, "Content-Type": "text/calendar; charset=utf-8"}
request = urllib.request.Request(url, body.encode() or None, headers, method=method)
try:
    answer = urllib.request.urlopen(request, timeout=60)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.read().decode())
"""
LISTEN = [
    *("psql", "--no-psqlrc", "-U", "fermoposta_gateway", "-d", "sogo"),
    *("-c", "LISTEN fermoposta_groupware", "-c", "SELECT 'ready'"),
    *("-c", "SELECT pg_sleep(2)", "-c", "SELECT 'end'"),
]


@pytest.fixture(scope="module")
def pair(directory: Directory) -> Iterator[tuple[Account, Account]]:
    """Two colleagues who have nothing yet."""
    mark = token()
    address = [f"{name}.{mark}@example.org" for name in ("marta", "nino")]
    user = {"name": "Collega", "language": "it", "password": PASSWORD}
    with directory.changed(users=dict.fromkeys(address, user)):
        mine, theirs = (Account(each, PASSWORD, "user") for each in address)
        yield mine, theirs


async def by_name(request: httpx.Request) -> None:
    """Ask for the appliance by its name, whatever address it has here."""
    request.headers["Host"] = HOST
    request.extensions["sni_hostname"] = HOST


@asynccontextmanager
async def client_of(appliance: Appliance) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """Make a client that trusts the appliance's CA only, and say where the server is."""
    context = ssl.create_default_context(cafile=appliance.ca_file)
    hooks = {"request": [by_name]}
    async with httpx.AsyncClient(
        verify=context, trust_env=False, timeout=60, event_hooks=hooks
    ) as client:
        yield client, f"https://{appliance.host}:{appliance.ports['https']}/SOGo"


@pytest.fixture
def opened(
    appliance: Appliance, shell: Shell, pair: tuple[Account, Account]
) -> Callable[[], AbstractAsyncContextManager[World]]:
    rights = Rights(shell)

    @asynccontextmanager
    async def world() -> AsyncIterator[World]:
        async with client_of(appliance) as (client, url):
            mine, theirs = (
                DavGroupware(each.address, each.password or "", url, client, quiet=url)
                for each in pair
            )
            await theirs.collections()  # SOGo makes them at the first visit
            calendar = await mine.create("Prova", Kind.EVENTS)
            contacts = await mine.create("Prova", Kind.CONTACTS)

            async def share(path: str) -> None:
                folder = path.replace("Calendar", "calendar")
                await asyncio.to_thread(
                    rights.set, mine.address, folder, theirs.address, profile="read_only"
                )
                end = time.monotonic() + BOUND
                while time.monotonic() < end:
                    if any(each.origin == path for each in await theirs.collections()):
                        return
                    await asyncio.sleep(0.2)

            try:
                yield World(mine, theirs, calendar.path, contacts.path, share)
            finally:
                await mine.remove(calendar.path)
                await mine.remove(contacts.path)

    return world


class TestDavGroupware(GroupwareContract):
    """The contract, at SOGo."""


def test_a_wrong_password_opens_nothing(
    appliance: Appliance, pair: tuple[Account, Account]
) -> None:
    """Neither what there is nor whether it is there."""

    async def ask() -> None:
        async with client_of(appliance) as (client, url):
            stranger = DavGroupware(pair[0].address, "Wrong-1234", url, client, quiet=url)
            for asked in (
                stranger.collections(),
                stranger.changes("Calendar/personal"),
                stranger.read("Calendar/nowhere", ["a.ics"]),
            ):
                with pytest.raises(DeniedError):
                    await asked

    asyncio.run(ask())


def ask(
    shell: Shell, port: int, method: str, account: Account, place: str, body: str = ""
) -> tuple[int, str]:
    """Ask the instance of SOGo at *port*, on the host itself; return status and content."""
    url = f"http://127.0.0.1:{port}/SOGo/dav/{account.address}/{place}"
    login = base64.b64encode(f"{account.address}:{account.password}".encode()).decode()
    status, _, content = shell.python(ASK, method, url, body, login).partition(" ")
    return int(status), content


@pytest.mark.parametrize("port", [QUIET, LOUD])
def test_the_quiet_instance_writes_to_nobody(
    shell: Shell, mail: Mail, pair: tuple[Account, Account], port: int
) -> None:
    """
    An invitation, an answer and a cancellation: the other's calendar follows, and no mail is sent.

    The other instance mails each of them.
    """
    mine, theirs = pair
    for account in pair:  # SOGo makes calendars at the first visit
        ask(shell, LOUD, "PROPFIND", account, "Calendar/")
    title, name = token(), f"Calendar/personal/{uuid.uuid4()}.ics"
    guests = (f"ORGANIZER:mailto:{mine.address}", "ATTENDEE;PARTSTAT={};RSVP=TRUE:mailto:{}")

    def content(answer: str) -> str:
        lines = (guests[0], guests[1].format(answer, theirs.address))
        return event(title, "20300107T100000Z", *lines, title=title).decode()

    def letters(account: Account) -> int:
        with mail.imap(account) as client:
            client.select_folder("INBOX", readonly=True)
            return len(client.search(["SUBJECT", title]))

    def copy(account: Account) -> str:
        return ask(shell, LOUD, "GET", account, name)[1]

    steps = [
        (mine, "PUT", content("NEEDS-ACTION"), theirs, "PARTSTAT=NEEDS-ACTION"),
        (theirs, "PUT", content("ACCEPTED"), mine, "PARTSTAT=ACCEPTED"),
        (mine, "DELETE", "", theirs, ""),
    ]
    for who, method, body, other, answer in steps:
        before = letters(other)
        assert ask(shell, port, method, who, name, body)[0] in {201, 204}
        if answer:
            assert answer in copy(other)
        else:
            assert "BEGIN:VEVENT" not in copy(other)
        if port == LOUD:
            wait_for("the letter", lambda to=other, had=before: letters(to) > had)
    if port == QUIET:
        time.sleep(3)  # longer than the other instance's letters take
        assert letters(mine) == letters(theirs) == 0


def test_the_gateway_hears_of_a_change_at_once(shell: Shell, pair: tuple[Account, Account]) -> None:
    """Of whose calendar it is and which, and of nothing that is in it."""
    owner, _ = pair
    title, name = token(), f"Calendar/personal/{uuid.uuid4()}.ics"
    command = ["podman", "exec", shell.container, "runuser", "-u", "fermoposta-gateway", "--"]
    with subprocess.Popen(
        [*command, "stdbuf", "-oL", *LISTEN], stdout=subprocess.PIPE, text=True, env=environment()
    ) as listener:
        assert listener.stdout is not None
        for line in listener.stdout:
            if "ready" in line:
                break
        assert ask(shell, LOUD, "PUT", owner, name, event(title, title=title).decode())[0] == 201
        heard = listener.stdout.read()
    ask(shell, LOUD, "DELETE", owner, name)

    assert f'"fermoposta_groupware" with payload "{owner.address}|Calendar/personal"' in heard
    assert title not in heard
