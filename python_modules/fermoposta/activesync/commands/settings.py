"""
Settings (MS-ASCMD, section 2.2.1.18).

What is answered while the user is away, what the device says of itself, which addresses there are.
Where the request can't be understood nothing of it is carried out, and it ends with status 2. Else
each property is answered in the order in which it came, with a status of its own.

A password to unlock the device with is not kept for it: whoever reads the database could unlock the
phone. The device is told that this is switched off, as the policies tell it too. Rights management
is answered as switched off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.map import out_of_office
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.map.out_of_office import OofError
from fermoposta.activesync.people import RefusedError
from fermoposta.activesync.session import Answer
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fermoposta.activesync.people import Me
    from fermoposta.activesync.session import Asked, Session

    Property = Callable[[Session, Element], Awaitable[Element]]

SUCCESS, MALFORMED, DENIED, INVALID, BY_POLICY = 1, 2, 3, 5, 7
RIGHTS_OFF = 168
"""IRM_FeatureDisabled (section 2.2.2)."""
INFORMATION = (
    "Model",
    "IMEI",
    "FriendlyName",
    "OS",
    "OSLanguage",
    "PhoneNumber",
    "UserAgent",
    "EnableOutboundSMS",
    "MobileOperator",
)
"""What a device says of itself (section 2.2.3.45)."""
_LONGEST = 1_024
"""Characters of one of these (DeviceInformationStringType)."""
_LONGEST_PASSWORD = 255
GET, SET = "Settings:Get", "Settings:Set"
_log = structlog.get_logger()


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer Settings; raises CommandError where nothing of it can be understood."""
    root = asked.element
    if root is None:
        raise CommandError(MALFORMED, "Settings without a document")
    properties = [(_understood(each, session.version), each) for each in root.elements]
    if len({each.tag for _, each in properties}) < len(properties):
        raise CommandError(MALFORMED, "a property twice")
    answers = [await answer(session, each) for answer, each in properties]
    return Answer(Element("Settings:Settings", [_status(SUCCESS), *answers]))


async def save_information(session: Session, information: Element) -> int:
    """
    Keep what the device says of itself in *information*, a ``DeviceInformation``.

    Return the status. What it leaves out stays, and what it sends empty is forgotten.
    """
    told = information.find(SET)
    if told is None:
        return MALFORMED
    said = {
        name: text.strip()
        for name in INFORMATION
        if (text := told.text_of(f"Settings:{name}")) is not None
    }
    if any(len(text) > _LONGEST for text in said.values()):
        return INVALID
    device = session.device
    known = {**device.information, **said}
    await session.store.change_device(
        device.user, device.id, information={name: text for name, text in known.items() if text}
    )
    return SUCCESS


async def _oof(session: Session, asked: Element) -> Element:
    user = session.owner.address
    try:
        wanted = asked.find(GET)
        if wanted is not None:
            kind = out_of_office.body_type(wanted.text_of("Settings:BodyType"))
            said = await session.people.out_of_office(user)
            shown = out_of_office.shown(said, kind, session.clock())
            return Element(asked.tag, [_status(SUCCESS), shown])
        said = await session.people.out_of_office(user)
        heard = out_of_office.heard(said, asked.find(SET) or Element(SET))
    except OofError as error:
        return Element(asked.tag, [_status(error.status)])
    if heard != said:
        try:
            await session.people.set_out_of_office(user, heard)
        except RefusedError as error:
            _log.info("out-of-office answer refused", user=user, reason=str(error))
            return Element(asked.tag, [_status(INVALID)])
    return Element(asked.tag, [_status(SUCCESS)])


async def _information(session: Session, asked: Element) -> Element:
    return Element(asked.tag, [_status(await save_information(session, asked))])


async def _password(session: Session, asked: Element) -> Element:
    del session
    password = asked.text_of(SET, "Settings:Password") or ""
    if len(password) > _LONGEST_PASSWORD:
        return Element(asked.tag, [_status(INVALID)])
    # Without any it shall be forgotten, which is the case.
    return Element(asked.tag, [_status(BY_POLICY if password else SUCCESS)])


async def _user(session: Session, asked: Element) -> Element:
    me = await session.people.me(session.owner.address)
    if me is None:
        return Element(asked.tag, [_status(DENIED)])
    since_14_1 = VERSIONS.index(session.version) >= VERSIONS.index("14.1")
    found = _account(me) if since_14_1 else _addresses(me)
    return Element(asked.tag, [_status(SUCCESS), Element(GET, [found])])


def _account(me: Me) -> Element:
    """Return the one account that there is: as the primary one it has no AccountId."""
    name = [leaf("Settings:UserDisplayName", me.name)] if me.name else []
    primary = leaf("Settings:PrimarySmtpAddress", me.address)
    account = Element("Settings:Account", [*name, _addresses(me, primary)])
    return Element("Settings:Accounts", [account])


def _addresses(me: Me, *primary: Element) -> Element:
    addresses = dict.fromkeys([me.address, *me.addresses])
    found = [leaf("Settings:SMTPAddress", each) for each in addresses]
    return Element("Settings:EmailAddresses", [*found, *primary])


async def _rights(session: Session, asked: Element) -> Element:
    """Say that there is no rights management; the schema wants a list of templates even so."""
    del session
    templates = Element("RightsManagement:RightsManagementTemplates")
    return Element(asked.tag, [_status(RIGHTS_OFF), Element(GET, [templates])])


_PROPERTIES: dict[str, tuple[Property, frozenset[str], str]] = {
    "Settings:Oof": (_oof, frozenset({GET, SET}), "12.1"),
    "Settings:DeviceInformation": (_information, frozenset({SET}), "12.1"),
    "Settings:DevicePassword": (_password, frozenset({SET}), "12.1"),
    "Settings:UserInformation": (_user, frozenset({GET}), "12.1"),
    "Settings:RightsManagementInformation": (_rights, frozenset({GET}), "14.1"),
}
"""What answers a property, what may be done with it, and the first version that has it."""


def _understood(asked: Element, version: str) -> Property:
    """Return what answers *asked*; raises CommandError where it is not as the schema has it."""
    if asked.tag not in _PROPERTIES:
        raise CommandError(MALFORMED, f"{asked.tag} is no property")
    answer, may, since = _PROPERTIES[asked.tag]
    if VERSIONS.index(version) < VERSIONS.index(since):
        raise CommandError(MALFORMED, f"{asked.tag} at {version}")
    if len(asked.elements) != 1 or asked.elements[0].tag not in may:
        raise CommandError(MALFORMED, f"{asked.tag} without just one of {sorted(may)}")
    if asked.tag == "Settings:DevicePassword" and asked.find(SET, "Settings:Password") is None:
        raise CommandError(MALFORMED, "DevicePassword without a Password")
    return answer


def _status(status: int) -> Element:
    return leaf("Settings:Status", status)
