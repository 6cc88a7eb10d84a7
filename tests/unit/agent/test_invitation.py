"""A booking is stored, then answered; whatever breaks between, the queue brings the mail back."""

from __future__ import annotations

import asyncio
import email
import re
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pytest
from tests.unit.booking.invitations import ORGANIZER, ROOM, event, message

from fermoposta.agent.errors import Later
from fermoposta.agent.invitation import handle
from fermoposta.agent.mail import Mail
from fermoposta.directory.model import Alias, Company, Domain, Resource, State
from fermoposta.service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAILBOX = "0123456789abcdef0123456789abcdef"
STATE = State.of_records(
    [
        Company("acme", "Acme"),
        Domain("example.org", "acme"),
        Resource(ROOM, "Sala", mailbox_id=MAILBOX),
        Alias("meeting@example.org", (ROOM,)),
    ]
)
AT = ("DTSTART:20300107T090000Z", "DURATION:PT1H")


class Shelf(dict[str, bytes]):
    """What a calendar holds; *meanwhile* is what others store just before the next booking."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: dict[str, bytes] = {}


class Server(BaseHTTPRequestHandler):
    """Speaks as much CalDAV as the agent does."""

    objects: Shelf

    def do_REPORT(self) -> None:
        """List everything."""
        self.body()
        found = "".join(
            f"<d:response><d:href>/x/{name}</d:href><d:getetag>e</d:getetag>"
            f"<c:calendar-data>{escape(content.decode())}</c:calendar-data></d:response>"
            for name, content in self.objects.items()
        )
        spaces = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
        self.say(207, f"<d:multistatus {spaces}>{found}</d:multistatus>")

    def do_PUT(self) -> None:
        """Store, unless it is there and the writer thinks it is not."""
        name, content = self.path.rpartition("/")[2], self.body()
        if self.headers.get("If-None-Match") and name in self.objects:
            self.say(412, "")
            return
        self.objects[name] = content
        self.objects.update(self.objects.meanwhile)
        self.objects.meanwhile = {}
        self.say(201, "")

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@dataclass
class Tools:
    """What the handler needs of the agent's tools; remembers what was sent."""

    settings: Settings
    away: bool = False
    directory: State = field(default_factory=lambda: STATE)
    sent: list[bytes] = field(default_factory=list)

    async def submit(self, message: bytes, *, sender: str, recipients: list[str]) -> None:
        """Take a message, unless nobody is there."""
        assert (sender, recipients) == (ROOM, [ORGANIZER])
        if self.away:
            raise Later("nobody is there")
        self.sent.append(message)


@pytest.fixture
def objects() -> Shelf:
    return Shelf()


@pytest.fixture
def tools(tmp_path: Path, objects: Shelf) -> Iterator[Tools]:
    """Serve a calendar that keeps *objects*."""
    secret = tmp_path / "secret"
    secret.write_text("s")
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Here", (Server,), {"objects": objects})
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Tools(
            Settings(
                host="mail.example.org",
                portal_host="portal.example.org",
                calendar_url=f"http://127.0.0.1:{server.server_port}",
                calendar_secret_file=secret,
            )
        )
        server.shutdown()
        thread.join()


def invitation(*lines: str, **fields: Any) -> Mail:
    content = message(*event(*(lines or AT), **fields))
    head = (
        f"From: Olga <{ORGANIZER}>\r\nTo: {ROOM}\r\nMessage-ID: <1@agency.test>\r\n"
        "Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n"
    )
    return Mail("invitation", MAILBOX, ORGANIZER, head.encode() + content)


def said(tools: Tools) -> list[str]:
    """Return what the answers say, as PARTSTAT has it."""
    texts = [each.replace(b"=\r\n", b"").replace(b"=3D", b"=") for each in tools.sent]
    return [re.findall(rb"PARTSTAT=(\w+)", each)[0].decode() for each in texts]


def run(mail: Mail, tools: Tools) -> None:
    asyncio.run(handle(mail, tools))  # type: ignore[arg-type]


def test_an_answer_that_could_not_be_sent_is_sent_later(tools: Tools, objects: Shelf) -> None:
    """The booking is stored once, and the mail that comes again is accepted once."""
    tools.away = True
    with pytest.raises(Later):
        run(invitation(), tools)
    stored = dict(objects)
    tools.away = False

    run(invitation(), tools)

    assert len(stored) == 1
    assert objects == stored
    (answer,) = tools.sent
    assert b"PARTSTAT=ACCEPTED" in answer.replace(b"=\r\n", b"").replace(b"=3D", b"=")


def test_the_mail_waits_while_the_calendar_is_away(tools: Tools) -> None:
    """Nothing is answered that may be untrue."""
    away = Tools(
        Settings(
            host="mail.example.org",
            portal_host="portal.example.org",
            calendar_url="http://127.0.0.1:9",
            calendar_secret_file=tools.settings.calendar_secret_file,
        )
    )

    with pytest.raises(Later, match="the calendar server is away"):
        run(invitation(), away)

    assert away.sent == []


def test_two_invitations_at_once_are_not_both_accepted(tools: Tools, objects: Shelf) -> None:
    """One message at a time for each resource: who comes first is booked."""

    async def both() -> None:
        mails = invitation(uid="one"), invitation(uid="two")
        await asyncio.gather(*(handle(each, tools) for each in mails))  # type: ignore[arg-type]

    asyncio.run(both())

    assert len(objects) == 1
    answers = sorted(b"PARTSTAT=3DDECLINED" in each.replace(b"=\r\n", b"") for each in tools.sent)
    assert answers == [False, True]


def test_what_the_webmail_booked_meanwhile_stays(tools: Tools, objects: Shelf) -> None:
    """Who was told at once that the room is theirs has it; the mail is declined, even again."""
    theirs = message(*event(*AT, uid="theirs"))
    objects.meanwhile = {"theirs.ics": theirs}

    for _ in range(2):
        run(invitation(), tools)

    (own,) = (content for name, content in objects.items() if name != "theirs.ics")
    assert objects["theirs.ics"] == theirs
    assert b"STATUS:CANCELLED" in own
    assert said(tools) == ["DECLINED", "DECLINED"]


def test_a_booking_that_is_moved_onto_what_came_meanwhile_is_given_up(
    tools: Tools, objects: Shelf
) -> None:
    """It is declined as if the webmail had been first."""
    run(invitation(), tools)
    later = ("DTSTART:20300108T090000Z", "DURATION:PT1H")
    objects.meanwhile = {"theirs.ics": message(*event(*later, uid="theirs"))}

    run(invitation(*later, sequence=1), tools)

    (own,) = (content for name, content in objects.items() if name != "theirs.ics")
    assert b"STATUS:CANCELLED" in own
    assert said(tools) == ["ACCEPTED", "DECLINED"]


def test_what_came_meanwhile_beside_a_booking_leaves_it(tools: Tools, objects: Shelf) -> None:
    """Another hour is another matter."""
    later = ("DTSTART:20300107T100000Z", "DURATION:PT1H")
    objects.meanwhile = {"theirs.ics": message(*event(*later, uid="theirs"))}

    run(invitation(), tools)

    assert said(tools) == ["ACCEPTED"]
    assert all(b"STATUS:CANCELLED" not in each for each in objects.values())


def test_who_did_not_write_gets_a_letter_without_words_of_who_did(tools: Tools) -> None:
    """The envelope may name anybody; what can't be read is told to whoever stands in From."""
    broken = invitation("DTSTART:Buy now")
    mails = [replace(broken, content=b"Subject: Buy now\r\n" + broken.content)]
    mails.append(replace(mails[0], content=mails[0].content.replace(b"From: Olga <o", b"From: <x")))

    for each in mails:
        run(each, tools)

    own, strangers = tools.sent
    assert b"Buy now" in own
    assert b"Buy now" not in strangers
    assert "non può essere letto.".encode() in text_of(strangers)


def text_of(message: bytes) -> bytes:
    part = email.message_from_bytes(message)
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def test_an_alias_leads_to_the_resource(tools: Tools, objects: dict[str, bytes]) -> None:
    """Who invites by another address of the room books the room."""
    run(invitation(attendee="meeting@example.org"), tools)

    assert len(objects) == 1
