"""What a phone has and what the host has, for tests of the way between them."""

from __future__ import annotations

import re
import threading
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from clients.directory import PASSWORD
from clients.mail import token
from clients.waiting import wait_for
from fermoposta.activesync.client import StatusError, folders, sync
from fermoposta.activesync.client.operations import DATA
from fermoposta.activesync.client.options import MIME, PLAIN, Body, Options
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.wbxml import Element
from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clients.directory import Directory
    from clients.eas import Phone
    from clients.mail import Mail
    from clients.shell import Shell
    from clients.web import Web

TEXT = (Options(bodies=(Body(type=PLAIN),)),)
WHOLE = (Options(bodies=(Body(type=MIME),), mime_support=2),)
SUBJECT = "Email:Subject"
AGAIN, GONE, FOLDERS = 3, 8, 12
"""Status of Sync: start again, the item or folder is not there, ask for the folders."""

EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//client.test//EN\r
BEGIN:VEVENT\r
UID:{uid}\r
DTSTAMP:20260101T000000Z\r
DTSTART:{year}0301T090000Z\r
DTEND:{year}0301T100000Z\r
SUMMARY:{title}\r
END:VEVENT\r
END:VCALENDAR\r
"""
CARD = """BEGIN:VCARD\r
VERSION:3.0\r
UID:{uid}\r
FN:Anna {title}\r
N:{title};Anna;;;\r
EMAIL:{title}@client.example\r
END:VCARD\r
"""
ENTRIES = {"Calendar": ("ics", "text/calendar", EVENT), "Contacts": ("vcf", "text/vcard", CARD)}
LISTED = "<d:propfind xmlns:d='DAV:'><d:prop><d:getetag/></d:prop></d:propfind>"


def data(**texts: str) -> Element:
    """Return an item of tags, a double underscore between page and name."""
    return Element(DATA, [Element(tag.replace("__", ":"), text) for tag, text in texts.items()])


def event(title: str, version: str = "16.1") -> Element:
    """Return an appointment; up to 14.1 the phone names it and says when it was written."""
    older = {"Calendar__DtStamp": "20260101T000000Z", "Calendar__UID": str(uuid.uuid4())}
    return data(
        Calendar__AllDayEvent="0",
        **(older if version < "16" else {}),
        Calendar__StartTime="20270302T110000Z",
        Calendar__EndTime="20270302T120000Z",
        Calendar__Subject=title,
    )


def contact(title: str) -> Element:
    """Return somebody with a last name."""
    return data(Contacts__FirstName="Berta", Contacts__LastName=title)


def draft(to: str, subject: str, text: str = "Ciao!\r\n", *more: Element) -> Element:
    """Return a mail that is being written, from 16.0 on."""
    body = Element(
        "AirSyncBase:Body",
        [Element("AirSyncBase:Type", "1"), Element("AirSyncBase:Data", text)],
    )
    return Element(DATA, [Element("Email:To", to), Element(SUBJECT, subject), body, *more])


def told(phone: Phone, folder: str, tag: str = SUBJECT) -> list[str]:
    """Return what the items of a folder say in *tag*, as the phone has them, in order."""
    items = phone.device.collection(folder).items.values()
    return sorted(each.text_of(tag) or "" for each in items)


def item(phone: Phone, folder: str, text: str, tag: str = SUBJECT) -> str:
    """Return the id of the one item that says *text* in *tag*."""
    items = phone.device.collection(folder).items
    found = [id_ for id_, each in items.items() if (each.text_of(tag) or "") == text]
    assert len(found) == 1, f"{text}: {len(found)} of {len(items)}"
    return found[0]


def arrives(phone: Phone, wanted: Wanted, text: str, tag: str = SUBJECT) -> str:
    """Bring a folder up to date until an item says *text* in *tag*, and return its id."""

    def look() -> bool:
        phone.fetch(wanted)
        return text in told(phone, wanted.folder, tag)

    wait_for(f"{text} on the phone", look, seconds=60)
    return item(phone, wanted.folder, text, tag)


def recover(phone: Phone, name: str, options: tuple[Options, ...] = TEXT) -> Wanted:
    """Do what a phone does whose Sync of the folder *name* fails, and return what it asks then."""
    for _ in range(3):
        wanted = Wanted(folder=phone.device.folder_named(name).id, options=options)
        try:
            phone.fetch(wanted)
        except StatusError as error:
            if error.status not in {AGAIN, GONE, FOLDERS}:
                raise
            if error.status != AGAIN:
                folders.folder_sync(phone.client)
        else:
            return wanted
    message = f"Sync of {name} fails again and again"
    raise AssertionError(message)


def status_of(call: Callable[[], object]) -> int:
    """Return the status with which *call* is refused; 1 where it is not."""
    try:
        call()
    except StatusError as error:
        return error.status
    return 1


def synced(phone: Phone, kind: int, **options: Any) -> Wanted:
    """Bring the first folder of a type up to date, and return how."""
    wanted = Wanted(folder=phone.folder(kind).id, **options)
    phone.fetch(wanted)
    return wanted


def answer_of(phone: Phone, *wanted: Wanted) -> Element | None:
    """Ask Sync and lose the answer: the phone doesn't learn of it, the test does."""
    return phone.client.ask(sync.COMMAND, sync.document(phone.client, wanted))


# --- The host


@contextmanager
def newcomers(directory: Directory, number: int) -> Iterator[Iterator[Account]]:
    """Make so many users, one for each test of a file, and yield them one after the other."""
    addresses = [f"{token()}@example.org" for _ in range(number)]
    fields = {"name": "Nuova Arrivata", "language": "en", "password": PASSWORD}
    with directory.changed(users=dict.fromkeys(addresses, fields)):
        yield iter([Account(address, PASSWORD, "user") for address in addresses])


def collection(account: Account, module: str) -> str:
    """Return the address of a personal calendar (``Calendar``), or address book (``Contacts``)."""
    return f"https://mail.example.org/SOGo/dav/{account.address}/{module}/personal/"


def put(
    web: Web,
    account: Account,
    module: str,
    title: str,
    content: str | None = None,
    year: int = 2027,
) -> str:
    """Store an entry as a program of CalDAV or CardDAV does, and return its address."""
    extension, kind, template = ENTRIES[module]
    url = f"{collection(account, module)}{title}.{extension}"
    content = content or template.format(uid=uuid.uuid4(), title=title, year=year)
    answer = web.ask("PUT", url, account=account, body=content, headers={"Content-Type": kind})
    assert answer.status in {201, 204}, f"{answer.status} {answer.body[:300]}"
    return url


def stored(web: Web, account: Account, module: str, text: str) -> int:
    """Return how many entries of a personal collection contain *text*."""
    headers = {"Depth": "1", "Content-Type": "text/xml"}
    url = collection(account, module)
    answer = web.ask("PROPFIND", url, account=account, body=LISTED, headers=headers)
    assert answer.status == 207, answer.body[:300]
    paths = re.findall(r"<(?:\w+:)?href>([^<]*\.(?:ics|vcf))</", answer.body)
    entries = [
        web.ask("GET", f"https://mail.example.org{unquote(path)}", account=account).body
        for path in paths
    ]
    return sum(text in entry for entry in entries)


def append(
    mail: Mail, account: Account, folder: str, *messages: bytes, flags: tuple[str, ...] = ()
) -> None:
    """Put messages into a folder over IMAP."""
    with mail.imap(account) as client:
        client.multiappend(folder, [{"msg": each, "flags": flags} for each in messages])


def count(shell: Shell, account: Account, folder: str) -> int:
    """Return how many messages Dovecot has in a folder."""
    found = shell.run(
        *("doveadm", "-f", "tab", "mailbox", "status", "-u", account.address, "messages", folder)
    )
    return int(found.split()[-1])


# --- At the same time


class Later:
    """Calls something in a thread; tells what it returned, or raised."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self.result: Any = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._call()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.result = error

    def waits(self, seconds: float = 1.0) -> bool:
        """Whether it isn't done after so many seconds: nothing outside shows that it has begun."""
        self._thread.join(seconds)
        return self._thread.is_alive()

    def done(self, seconds: float) -> Any:
        """Return the result, which must come in time; what was raised is raised here."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"no answer in {seconds} s"
        if isinstance(self.result, Exception):
            raise self.result
        return self.result
