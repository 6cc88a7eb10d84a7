"""Settings: out of office, what the device is, who the user is (MS-ASCMD, section 2.2.1.18)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from fermoposta.activesync.client.elements import check, make, number, root, value
from fermoposta.activesync.client.errors import AnswerError
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fermoposta.activesync.client.client import Client

COMMAND = "Settings"
ROOT = "Settings:Settings"
STATUS = "Settings:Status"


class OofState(IntEnum):
    """Whether mail is answered (section 2.2.3.123)."""

    OFF = 0
    ON = 1
    BETWEEN = 2
    """From one moment to another."""


class Audience(StrEnum):
    """Who gets an answer; the value is the tag."""

    INTERNAL = "Settings:AppliesToInternal"
    KNOWN = "Settings:AppliesToExternalKnown"
    UNKNOWN = "Settings:AppliesToExternalUnknown"


@dataclass(frozen=True, slots=True)
class Reply:
    """What one audience is answered."""

    enabled: bool
    text: str | None = None
    body_type: str = "Text"
    """``Text`` or ``HTML``."""


@dataclass(frozen=True, slots=True)
class Oof:
    """The out-of-office answer; *start* and *end* as in ``2026-11-26T08:00:00.000Z``."""

    state: OofState
    start: str | None = None
    end: str | None = None
    replies: Mapping[Audience, Reply] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class User:
    """The addresses of the user, and the one that mail is sent with where that is said."""

    addresses: tuple[str, ...]
    primary: str | None = None


def information(
    *,
    model: str = "Fermoposta",
    friendly_name: str = "Fermoposta client",
    system: str = "Linux",
    language: str = "English",
    user_agent: str = "Fermoposta/1",
) -> Element:
    """Return what a device says that it is (section 2.2.3.46)."""
    return make(
        "Settings:DeviceInformation",
        make(
            "Settings:Set",
            value("Settings:Model", model),
            value("Settings:FriendlyName", friendly_name),
            value("Settings:OS", system),
            value("Settings:OSLanguage", language),
            value("Settings:UserAgent", user_agent),
        ),
    )


def describe(client: Client, described: Element | None = None) -> None:
    """Tell the server what the device is."""
    _ask(client, described or information(), "Settings:DeviceInformation")


def device_password(client: Client, password: str) -> None:
    """Leave the password with which the device can be unlocked with the server."""
    _ask(
        client,
        make(
            "Settings:DevicePassword",
            make("Settings:Set", value("Settings:Password", password)),
        ),
        "Settings:DevicePassword",
    )


def user_information(client: Client) -> User:
    """Return who the user is."""
    asked = make("Settings:UserInformation", Element("Settings:Get"))
    found = _ask(client, asked, "Settings:UserInformation").find("Settings:Get")
    if found is None:
        raise AnswerError(COMMAND, "UserInformation has no Get")
    lists = [each for each in found.walk() if each.tag == "Settings:EmailAddresses"]
    return User(
        tuple(each.text for some in lists for each in some.find_all("Settings:SMTPAddress")),
        next((some.text_of("Settings:PrimarySmtpAddress") for some in lists), None),
    )


def oof(client: Client, body_type: str = "Text") -> Oof:
    """Return the out-of-office answer."""
    asked = make("Settings:Oof", make("Settings:Get", value("Settings:BodyType", body_type)))
    found = _ask(client, asked, "Settings:Oof").find("Settings:Get")
    if found is None:
        raise AnswerError(COMMAND, "Oof has no Get")
    state = number(COMMAND, found, "Settings:OofState")
    if state not in set(OofState):
        raise AnswerError(COMMAND, f"OofState is {state}")
    replies = {
        audience: _reply(message)
        for message in found.find_all("Settings:OofMessage")
        for audience in Audience
        if message.find(audience) is not None
    }
    return Oof(
        OofState(state),
        found.text_of("Settings:StartTime"),
        found.text_of("Settings:EndTime"),
        replies,
    )


def set_oof(client: Client, wanted: Oof) -> None:
    """Have the server answer as *wanted*."""
    messages = [
        make(
            "Settings:OofMessage",
            Element(audience),
            value("Settings:Enabled", int(reply.enabled)),
            value("Settings:ReplyMessage", reply.text),
            value("Settings:BodyType", reply.body_type),
        )
        for audience, reply in wanted.replies.items()
    ]
    document = make(
        "Settings:Oof",
        make(
            "Settings:Set",
            value("Settings:OofState", int(wanted.state)),
            value("Settings:StartTime", wanted.start),
            value("Settings:EndTime", wanted.end),
            *messages,
        ),
    )
    _ask(client, document, "Settings:Oof")


def _reply(message: Element) -> Reply:
    return Reply(
        message.text_of("Settings:Enabled") == "1",
        message.text_of("Settings:ReplyMessage"),
        message.text_of("Settings:BodyType") or "Text",
    )


def _ask(client: Client, asked: Element, tag: str) -> Element:
    """Return what the server says about the one thing that is asked."""
    answer = root(COMMAND, client.ask(COMMAND, make(ROOT, asked)), ROOT)
    check(COMMAND, answer, answer, STATUS)
    found = answer.find(tag)
    if found is None:
        raise AnswerError(COMMAND, f"{tag} is missing in the answer")
    status_in = found if found.find(STATUS) is not None else found.find("Settings:Set")
    if status_in is not None:
        check(COMMAND, answer, status_in, STATUS, optional=True)
    return found
