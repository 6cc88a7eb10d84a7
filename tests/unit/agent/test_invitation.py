"""A booking is stored, then answered; whatever breaks between, the queue brings the mail back."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
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


class Server(BaseHTTPRequestHandler):
    """Speaks as much CalDAV as the agent does."""

    objects: dict[str, bytes]

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
def objects() -> dict[str, bytes]:
    return {}


@pytest.fixture
def tools(tmp_path: Path, objects: dict[str, bytes]) -> Iterator[Tools]:
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


def invitation(**fields: str) -> Mail:
    content = message(*event(*AT, **fields))
    head = (
        f"From: Olga <{ORGANIZER}>\r\nTo: {ROOM}\r\nMessage-ID: <1@agency.test>\r\n"
        "Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n"
    )
    return Mail("invitation", MAILBOX, ORGANIZER, head.encode() + content)


def run(mail: Mail, tools: Tools) -> None:
    asyncio.run(handle(mail, tools))  # type: ignore[arg-type]


def test_an_answer_that_could_not_be_sent_is_sent_later(
    tools: Tools, objects: dict[str, bytes]
) -> None:
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


def test_two_invitations_at_once_are_not_both_accepted(
    tools: Tools, objects: dict[str, bytes]
) -> None:
    """One message at a time for each resource: who comes first is booked."""

    async def both() -> None:
        mails = invitation(uid="one"), invitation(uid="two")
        await asyncio.gather(*(handle(each, tools) for each in mails))  # type: ignore[arg-type]

    asyncio.run(both())

    assert len(objects) == 1
    answers = sorted(b"PARTSTAT=3DDECLINED" in each.replace(b"=\r\n", b"") for each in tools.sent)
    assert answers == [False, True]


def test_an_alias_leads_to_the_resource(tools: Tools, objects: dict[str, bytes]) -> None:
    """Who invites by another address of the room books the room."""
    run(invitation(attendee="meeting@example.org"), tools)

    assert len(objects) == 1
