"""One request of a device: what is carried out, and what it is told where nothing is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from fermoposta.activesync.dispatch import Dispatcher
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.request import Request
from fermoposta.activesync.session import Answer, Asked
from fermoposta.activesync.status import ROOTS
from fermoposta.activesync.store.model import (
    Access,
    Device,
    OvertakenError,
    StoreAwayError,
    UnknownUserError,
    Wipe,
)
from fermoposta.activesync.versions import VERSIONS, commands_of
from fermoposta.activesync.wbxml import Element, encode
from fermoposta.mailstore.groupware import AwayError
from fermoposta.mailstore.mailbox import LoginError, QuotaError, UnavailableError

WBXML = "application/vnd.ms-sync.wbxml"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
DEVICE = Device(
    user="ada@example.org",
    id="D1",
    type="phone",
    access=Access.ALLOWED,
    first_seen=NOW,
    last_seen=NOW,
)
SYNC = encode(Element("AirSync:Sync", [Element("AirSync:WindowSize", "10")]))


@dataclass
class Desk:
    """Answers every command, after it has raised what it was told to."""

    raises: list[Exception] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    opened: int = 0

    async def handle(self, _session: object, asked: Asked) -> Answer:
        self.asked.append(asked)
        if self.raises:
            raise self.raises.pop(0)
        return Answer(Element("AirSync:Sync", [Element("AirSync:Status", "1")]))

    async def open(self, _device: Device) -> object:
        self.opened += 1
        return object()

    def ask(
        self,
        command: str = "Sync",
        body: bytes = b"",
        *,
        version: str = "14.1",
        content_type: str = WBXML,
        device: Device = DEVICE,
        without: str = "",
    ) -> Answer:
        handlers = {name: self.handle for name in ROOTS if name != without}
        handlers["GetAttachment"] = self.handle
        request = Request(
            command=command, version=version, device_id=device.id, device_type=device.type
        )
        dispatcher = Dispatcher(handlers, request_bytes=10_000)
        return asyncio.run(
            dispatcher.answer(
                request, body, content_type, device=device, policy=None, open_session=self.open
            )
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def told(answer: Answer) -> str | int:
    """The status alone, or HTTP's where there is no document."""
    if answer.element is None:
        return answer.status
    (status,) = answer.element.elements
    assert answer.status == 200
    assert status.tag == f"{answer.element.namespace}:Status"
    return status.text


def test_a_document_is_read_and_handed_over(desk: Desk) -> None:
    """What the command gives is the answer."""
    answer = desk.ask(body=SYNC)

    assert told(answer) == "1"
    assert desk.asked[0].element is not None
    assert desk.asked[0].element.text_of("AirSync:WindowSize") == "10"


def test_a_request_may_be_empty(desk: Desk) -> None:
    """Ping and Sync have a short form, which the command knows."""
    desk.ask("Ping")

    assert desk.asked == [Asked(None)]


def test_mail_comes_as_it_is_at_12_1_and_in_a_document_later(desk: Desk) -> None:
    """A message that is no document is only taken where the version has that."""
    mail = b"Subject: hello\r\n\r\nhello"

    desk.ask("SendMail", mail, version="12.1", content_type="message/rfc822; charset=utf-8")

    assert desk.asked == [Asked(None, mail)]
    assert told(desk.ask("SendMail", mail, content_type="message/rfc822")) == "101"
    assert told(desk.ask("Sync", mail, version="12.1", content_type="message/rfc822")) == 400
    assert len(desk.asked) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<?xml version='1.0'?>", "102"),
        (SYNC[:-1], "102"),
        (SYNC + b"\x00", "102"),
        (b"\xff" * 20_000, "102"),
        (encode(Element("Ping:Ping", [Element("Ping:HeartbeatInterval", "60")])), "103"),
    ],
)
def test_what_is_no_document_of_the_command_is_refused(
    desk: Desk, body: bytes, status: str
) -> None:
    """By a status from 14.0 on, by HTTP's 400 at 12.1; the command never sees it."""
    assert told(desk.ask(body=body)) == status
    assert told(desk.ask(body=body, version="12.1")) == 400
    assert desk.asked == []
    assert desk.opened == 0


@given(body=st.binary(max_size=300), version=st.sampled_from(VERSIONS))
def test_no_bytes_break_anything(body: bytes, version: str) -> None:
    """Whatever a device sends, it is told something, and it is never our error."""
    for command in commands_of(version):
        assert Desk().ask(command, body, version=version).status in {200, 400, 501}


def test_a_version_has_its_own_commands(desk: Desk) -> None:
    """What a version does not have is not there, even where another version's command is."""
    assert told(desk.ask("Find", version="16.0")) == 501
    assert told(desk.ask("GetAttachment", version="14.0")) == 501
    assert told(desk.ask("Find", version="16.1")) == "1"
    assert told(desk.ask("GetAttachment", version="12.1")) == "1"


def test_a_command_that_is_not_here_says_so(desk: Desk) -> None:
    """In the command's own document, where the version has one for that."""
    assert told(desk.ask("Search", without="Search")) == "137"
    assert told(desk.ask("Search", version="12.1", without="Search")) == 501


def test_clients_are_told_of_commands_that_work() -> None:
    """No command is named that nobody answers."""
    dispatcher = Dispatcher(dict.fromkeys(("Ping", "Sync", "Provision"), Desk().handle), 1)

    assert dispatcher.commands == ("Sync", "Ping", "Provision")


@pytest.mark.parametrize(
    ("device", "newer", "older"),
    [
        (replace(DEVICE, access=Access.BLOCKED), "129", 403),
        (replace(DEVICE, access=Access.QUARANTINED), "129", 403),
        (replace(DEVICE, wipe=Wipe.REQUESTED), "140", 449),
    ],
)
def test_who_may_not_is_told_as_the_version_has_it(
    desk: Desk, device: Device, newer: str, older: int
) -> None:
    """And nothing of the mailbox is opened for it."""
    assert told(desk.ask(device=device)) == newer
    assert told(desk.ask(device=device, version="12.1")) == older
    assert desk.opened == 0


@pytest.mark.parametrize("command", sorted(ROOTS))
def test_every_command_can_be_refused_in_its_own_document(desk: Desk, command: str) -> None:
    """The status stands in the root that a client of this command expects, and can be encoded."""
    answer = desk.ask(command, version="16.1", device=replace(DEVICE, access=Access.BLOCKED))

    assert answer.element is not None
    assert answer.element.tag == ROOTS[command]
    assert encode(answer.element)


@pytest.mark.parametrize(
    "error", [StoreAwayError("x"), UnavailableError("x"), AwayError("x")], ids=type
)
def test_what_is_away_comes_back(desk: Desk, error: Exception) -> None:
    """The device is told when to ask again."""
    desk.raises = [error]

    answer = desk.ask()

    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0


def test_who_was_overtaken_tries_once_more(desk: Desk) -> None:
    """And the device does so itself, where that was not enough."""
    desk.raises = [OvertakenError("x")]
    assert told(desk.ask()) == "1"

    desk.raises = [OvertakenError("x"), OvertakenError("x")]
    assert told(desk.ask()) == 503
    assert len(desk.asked) == 4


@pytest.mark.parametrize("error", [LoginError, UnknownUserError])
def test_a_password_that_was_changed_meanwhile_is_asked_for(
    desk: Desk, error: type[Exception]
) -> None:
    """The mailbox refuses, or is gone, so the device's user must log in anew."""
    desk.raises = [error("x")]

    assert told(desk.ask()) == 401


def test_a_full_mailbox_is_told(desk: Desk) -> None:
    """By its status, and at 12.1 by that of HTTP; it is no error of the server's."""
    for version, expected in (("14.1", "113"), ("12.1", 507)):
        desk.raises = [QuotaError("x")]
        assert told(desk.ask(version=version)) == expected


def test_a_command_fails_with_its_own_status(desk: Desk) -> None:
    """A status of the command is the same in each version; the common ones 12.1 does not know."""
    for version, status, expected in (("14.1", 9, "9"), ("12.1", 9, "9"), ("12.1", 142, 449)):
        desk.raises = [CommandError(status, "x")]
        assert told(desk.ask(version=version)) == expected


def test_an_error_of_ours_tells_nobody_anything(desk: Desk) -> None:
    """The log names the place, and no value: it could be a password."""
    desk.raises = [ValueError("s3cret")]

    with capture_logs() as logs:
        answer = desk.ask()

    assert answer == Answer(status=500)
    (line,) = [each for each in logs if each["event"] == "command failed"]
    assert line["error"] == "ValueError"
    assert line["at"].startswith("test_dispatch.py:")
    assert "s3cret" not in str(logs)
