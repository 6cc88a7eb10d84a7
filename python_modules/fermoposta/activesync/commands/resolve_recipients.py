"""
ResolveRecipients (MS-ASCMD, section 2.2.1.15): who is meant by a name, with what one needs of them.

Names are looked up in the company's address book, and where it knows none in the user's own
contacts. An address, or a name or part of an address that only one person has, is that person;
of whom it may be is suggested otherwise, without certificates and times. A group is one recipient:
its certificates and its times are those of its members together.

Who wants mini certificates gets whole ones, as their format is published nowhere.
"""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING

from fermoposta.activesync import certificates
from fermoposta.activesync.commands.own_contacts import OwnContacts
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.map import freebusy, moments
from fermoposta.activesync.map.content import leaf, number
from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.map.person import Pictures, shown_name
from fermoposta.activesync.session import Answer
from fermoposta.activesync.store.model import StoreError
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml import Element
from fermoposta.mailstore.groupware import AwayError, GroupwareError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fermoposta.activesync.people import Person
    from fermoposta.activesync.session import Asked, Session
    from fermoposta.mailstore.groupware import Busy

SUCCESS, MALFORMED = 1, 5
RESOLVED, AMBIGUOUS, AMBIGUOUS_PARTLY, UNKNOWN = 1, 2, 3, 4
NO_CERTIFICATE, TOO_MANY_CERTIFICATES = 7, 8
TOO_MANY_PEOPLE, TOO_LARGE_GROUP, NOT_NOW, NOT_KNOWN = 160, 161, 162, 163
"""Why there is no availability (section 2.2.3.177.12)."""
GAL, CONTACT = 1, 2
"""Type (section 2.2.3.186.5)."""
MOST_NAMES = 100
LONGEST_NAME = 256
_MOST_FOUND = 200
"""Whom a name may mean; more are not counted."""
_MOST_SUGGESTED = 20
_LARGEST_GROUP = 20
_MOST_BUSY = 100
"""People whose times are asked for in one request."""
_LONGEST_SPAN = timedelta(days=42)
_DEFAULT_SPAN = timedelta(days=7)
_ROOT = "ResolveRecipients"


@dataclass(frozen=True, slots=True)
class _Options:
    certificates: bool = False
    certificates_most: int | None = None
    suggested_most: int = _MOST_SUGGESTED
    span: tuple[datetime, datetime] | None = None
    picture: Pictures | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """Whom a name may mean; *sure* where it can be nobody else."""

    people: Sequence[Person]
    kind: int = GAL
    sure: bool = False
    members: Sequence[Person] | None = None
    """Of a group, where it is one."""

    @property
    def concerned(self) -> Sequence[Person]:
        """Whose certificates and times count."""
        if not self.sure:
            return ()
        return self.people if self.members is None else self.members


@dataclass(slots=True)
class _Times:
    """When people are busy; *away* where nobody could tell of the others."""

    known: dict[str, list[Busy] | None] = field(default_factory=dict)
    away: bool = False


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer ResolveRecipients; raises CommandError."""
    root = asked.element
    names = [] if root is None else [each.text.strip() for each in root.find_all(_tag("To"))]
    if root is None or not 0 < len(names) <= MOST_NAMES:
        raise CommandError(MALFORMED, f"{len(names)} recipients")
    if any(not 0 < len(name) <= LONGEST_NAME for name in names):
        raise CommandError(MALFORMED, "a recipient of no or of too many characters")
    try:
        options = _options(root.find(_tag("Options")), session.version)
    except MalformedError as error:
        raise CommandError(MALFORMED, str(error)) from error
    contacts = OwnContacts(session.groupware)
    found = [await _find(session, contacts, name, options) for name in names]
    times = await _times(session, found, options)
    now = session.clock()
    left = options.certificates_most
    answers = []
    for name, each in zip(names, found, strict=True):
        shown, left = _certificates(each, options, left, now)
        recipients = _recipients(each, options, times, shown)
        answers.append(Element(_tag("Response"), _response(name, each, recipients)))
    return Answer(Element(_tag(_ROOT), [leaf(_tag("Status"), SUCCESS), *answers]))


def _options(asked: Element | None, version: str) -> _Options:
    """Return what *asked* says; raises MalformedError. What a version lacks is passed over."""
    if asked is None:
        return _Options()
    retrieval = number(asked, _tag("CertificateRetrieval"), 1, 3)
    suggested = number(asked, _tag("MaxAmbiguousRecipients"), 0, 9_999)
    at = VERSIONS.index(version)
    return _Options(
        retrieval in {2, 3},
        number(asked, _tag("MaxCertificates"), 0, 9_999),
        _MOST_SUGGESTED if suggested is None else min(suggested, _MOST_FOUND),
        _span(asked.find(_tag("Availability"))) if at >= VERSIONS.index("14.0") else None,
        Pictures.asked(asked, _ROOT) if at >= VERSIONS.index("14.1") else None,
    )


def _span(asked: Element | None) -> tuple[datetime, datetime] | None:
    """Return from when to when availability is wanted (sections 2.2.3.61.1 and 2.2.3.176.1)."""
    if asked is None:
        return None
    start = moments.parse("StartTime", asked.text_of(_tag("StartTime")) or "")
    told = asked.text_of(_tag("EndTime"))
    end = start + _DEFAULT_SPAN if told is None else moments.parse("EndTime", told)
    if end - start < freebusy.STEP or end - start > _LONGEST_SPAN:
        raise MalformedError("EndTime", "is not between 30 minutes and 42 days after StartTime")
    return start, end


async def _find(session: Session, contacts: OwnContacts, name: str, options: _Options) -> _Found:
    """Return whom *name* means: by address, then by name, then in the user's own contacts."""
    user = session.owner.address
    address = parseaddr(name)[1]
    if "@" in address:
        known = await session.people.named(user, [address])
        if known:
            return await _with_members(session, next(iter(known.values())))
    else:
        people = await session.people.search(user, name, most=_MOST_FOUND)
        exactly = [each for each in people if each.name.casefold() == name.casefold()]
        if len(exactly) == 1 or len(people) == 1:
            person = (exactly or people)[0]
            known = await session.people.named(user, [person.address])
            return await _with_members(session, known.get(person.address, person))
        if people and options.picture is not None:
            shown = people[: options.suggested_most]
            known = await session.people.named(user, [each.address for each in shown])
            people = [known.get(each.address, each) for each in people]
        if people:
            return _Found(people)
    own = await contacts.named(address if "@" in address else name)
    return _Found(own, CONTACT, sure=len(own) == 1)


async def _with_members(session: Session, person: Person) -> _Found:
    """Return *person*, and a group with who is in it."""
    user = session.owner.address
    if person.kind != "group":
        return _Found([person], sure=True)
    members = await session.people.members(user, person.address)
    with_all = await session.people.named(user, [each.address for each in members])
    members = [with_all.get(each.address, each) for each in members]
    return _Found([replace(person, members=len(members))], sure=True, members=members)


async def _times(session: Session, found: Sequence[_Found], options: _Options) -> _Times:
    """Ask when all are busy whose times are told, at once."""
    if options.span is None:
        return _Times()
    asked: dict[str, None] = {}
    for each in found:
        people = each.concerned
        if len(people) <= _LARGEST_GROUP and len(asked) + len(people) <= _MOST_BUSY:
            asked |= dict.fromkeys(person.address.lower() for person in people)
    if not asked:
        return _Times()
    times = _Times()
    # Of colleagues it is known how busy they are, of all others only that they are.
    with suppress(StoreError):
        times.known |= await session.people.busy(session.owner.address, asked, *options.span)
    others = [each for each in asked if each not in times.known]
    if others:
        try:
            times.known |= await session.groupware.busy(others, *options.span)
        except AwayError:
            times.away = True
        except GroupwareError:
            times.known |= dict.fromkeys(others)
    return times


def _certificates(
    found: _Found, options: _Options, left: int | None, now: datetime
) -> tuple[Element | None, int | None]:
    """Return the certificates of a recipient, and how many may follow: all of one's, or none."""
    if not options.certificates or not found.sure:
        return None, left
    valid = [
        der
        for person in found.concerned
        for der in person.certificates
        if (parsed := certificates.parse(der)) is not None and certificates.in_time(parsed, now)
    ]
    shown: Sequence[bytes] = valid
    status = SUCCESS if valid else NO_CERTIFICATE
    if left is not None and len(valid) > left:
        status, shown = TOO_MANY_CERTIFICATES, ()
    left = None if left is None else left - len(shown)
    children = [
        leaf(_tag("Status"), status),
        leaf(_tag("CertificateCount"), len(valid)),
        leaf(_tag("RecipientCount"), len(found.concerned)),
        *(leaf(_tag("Certificate"), base64.b64encode(der).decode()) for der in shown),
    ]
    return Element(_tag("Certificates"), children), left


def _recipients(
    found: _Found, options: _Options, times: _Times, shown: Element | None
) -> Iterator[Element]:
    """Yield a recipient, or those that are suggested."""
    wanted = options.picture
    pictures = None if wanted is None else replace(wanted)  # each name has its own number of them
    people = found.people if found.sure else found.people[: options.suggested_most]
    for person in people:
        children = [
            leaf(_tag("Type"), found.kind),
            leaf(_tag("DisplayName"), shown_name(person)),
            leaf(_tag("EmailAddress"), person.address),
        ]
        if found.sure and options.span is not None:
            children.append(
                Element(_tag("Availability"), _availability(found, options.span, times))
            )
        if shown is not None:
            children.append(shown)
        if pictures is not None:
            children.append(pictures.element(_ROOT, person.picture))
        yield Element(_tag("Recipient"), children)


def _availability(
    found: _Found, span: tuple[datetime, datetime], times: _Times
) -> Iterator[Element]:
    addresses = [person.address.lower() for person in found.concerned]
    if len(addresses) > _LARGEST_GROUP:
        yield leaf(_tag("Status"), TOO_LARGE_GROUP)
    elif any(each not in times.known for each in addresses):
        yield leaf(_tag("Status"), NOT_NOW if times.away else TOO_MANY_PEOPLE)
    elif all(times.known[each] is None for each in addresses):
        yield leaf(_tag("Status"), NOT_KNOWN)
    else:
        yield leaf(_tag("Status"), SUCCESS)
        digits = freebusy.merged([times.known[each] for each in addresses], *span)
        yield leaf(_tag("MergedFreeBusy"), digits)


def _response(name: str, found: _Found, recipients: Iterator[Element]) -> Iterator[Element]:
    shown = list(recipients)
    status = RESOLVED if found.sure else AMBIGUOUS
    if not found.people:
        status = UNKNOWN
    elif len(shown) < len(found.people):
        status = AMBIGUOUS_PARTLY
    yield leaf(_tag("To"), name)
    yield leaf(_tag("Status"), status)
    yield leaf(_tag("RecipientCount"), len(found.people))
    yield from shown


def _tag(name: str) -> str:
    return f"{_ROOT}:{name}"
