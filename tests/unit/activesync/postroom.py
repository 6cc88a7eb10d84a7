"""A user with a device, a mailbox, a calendar and a Postfix that takes whatever it is handed."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from zoneinfo import ZoneInfo

from fermoposta.activesync import serverid
from fermoposta.activesync.folders import Type
from fermoposta.activesync.map.owner import Owner
from fermoposta.activesync.push import Hub
from fermoposta.activesync.request import Request
from fermoposta.activesync.session import Asked, Limits, Session
from fermoposta.activesync.store.memory import MemoryStore
from fermoposta.activesync.wbxml import Element, decode, encode
from fermoposta.mailstore.memory_groupware import MemoryGroupware, Server
from fermoposta.mailstore.memory_mailbox import MemoryStore as Mailboxes

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
ADA = Owner(
    "ada@example.org", ZoneInfo("Europe/Rome"), "Ada Lovelace", frozenset({"a.l@example.org"})
)


@dataclass
class Postfix:
    """Takes mail, or raises what it was told to."""

    taken: list[tuple[str, tuple[str, ...], bytes]] = field(default_factory=list)
    raises: list[BaseException] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """While it is not set, nothing is taken."""

    async def submit(self, sender, recipients, message):
        if self.gate is not None:
            await self.gate.wait()
        if self.raises:
            raise self.raises.pop(0)
        self.taken.append((sender, tuple(recipients), message))

    @property
    def last(self):
        """The mail that was taken last, read by another reader than ours."""
        return message_from_bytes(self.taken[-1][2], policy=default)


class Room:
    """One user's device, and all that stands behind it."""

    def __init__(self, *, owner=ADA, language="en", limits=None):
        self.owner, self.language = owner, language
        self.limits = limits or Limits()
        self.boxes, self.server = Mailboxes(), Server()
        self.server.add(owner.address)
        self.mail = self.boxes.mailbox(owner.address)
        self.groupware = MemoryGroupware(self.server, owner.address)
        self.store, self.postfix = MemoryStore(), Postfix()
        self.hub = Hub(owner.address, language, self.mail, self.groupware, self.store)
        self.now = NOW

    async def session(self, version, command="SendMail", device="D1", **query):
        request = Request(
            command=command, version=version, device_id=device, device_type="phone", **query
        )
        known = await self.store.meet(self.owner.address, device, "phone", now=self.now)
        return Session(
            request=request,
            owner=self.owner,
            language=self.language,
            device=known,
            mail=self.mail,
            groupware=self.groupware,
            store=self.store,
            people=None,
            submission=self.postfix,
            hub=self.hub,
            limits=self.limits,
            clock=lambda: self.now,
        )

    async def folder(self, type_):
        return (await self.hub.tree()).of_type(type_)

    async def received(self, message, folder="INBOX"):
        """Put a mail into a folder; return its ServerId."""
        placed = await self.mail.append(folder, message)
        tree = await self.hub.tree()
        found = next(each for each in tree if each.is_mail and each.path == folder)
        return serverid.join(found.id, str(placed.uid))

    async def planned(self, name, content):
        """Put an appointment into the calendar; return its ServerId."""
        folder = await self.folder(Type.CALENDAR)
        await self.groupware.put(folder.path, name, content, etag=None, silent=True)
        return serverid.join(folder.id, serverid.digest(name))

    async def mails(self, folder):
        """What lies in a folder, with its flags."""
        there = await self.mail.snapshot(folder)
        known = await self.mail.summaries(folder, there.present)
        return [
            (
                b"".join([piece async for piece in self.mail.stream(folder, uid)]),
                known[uid].flags,
            )
            for uid in there.present
        ]

    async def appointments(self):
        folder = await self.folder(Type.CALENDAR)
        names = (await self.groupware.changes(folder.path)).changed
        return {
            name: each.content
            for name, each in (await self.groupware.read(folder.path, names)).items()
        }


def document(element):
    """What is asked, as it comes over the wire."""
    return Asked(decode(encode(element)))


def compose(root, mime, *extra, client_id="c1", save=True):
    """A document of SendMail, SmartReply or SmartForward."""
    children = [Element("ComposeMail:ClientId", client_id)]
    children += extra
    if save:
        children.append(Element("ComposeMail:SaveInSentItems"))
    if mime is not None:
        children.append(Element("ComposeMail:Mime", mime))
    return document(Element(f"ComposeMail:{root}", children))


def source(item, **more):
    """Names an item."""
    said = {"FolderId": item.partition(":")[0], "ItemId": item} | more
    return Element(
        "ComposeMail:Source",
        [Element(f"ComposeMail:{name}", value) for name, value in said.items() if value],
    )


def crlf(text):
    return text.strip("\n").replace("\n", "\r\n").encode() + b"\r\n"
