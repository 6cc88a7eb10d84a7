"""
Answer an invitation in the name of a resource.

The mail stays in the resource's mailbox whatever happens here. A booking is stored before it is
answered, and the same message is answered the same way again: whatever breaks between the two, the
queue brings the mail back.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from fermoposta.agent.errors import Later
from fermoposta.booking import Resource, Stored, answer, compose, find, header, taken_back
from fermoposta.mailstore.caldav import CalendarError, Calendars, ChangedError, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fermoposta.agent.mail import Mail
    from fermoposta.agent.tools import Tools
    from fermoposta.booking import Invitation, Outcome, Reply
    from fermoposta.directory.model import State

log = structlog.get_logger()
_ATTEMPTS = 5
_RESTLESS = "it is changed all the time"
_turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
"""One message at a time for each resource: the order of arrival decides."""


async def handle(mail: Mail, tools: Tools) -> None:
    """Book what *mail* invites to, and answer; the argument is the resource's mailbox."""
    directory = tools.directory
    resource = resource_of(directory, mail.argument, ZoneInfo(tools.settings.timezone))
    invitation = find(mail.message)
    bounce = not mail.sender
    if resource is None or invitation is None or bounce:
        why = "no resource" if resource is None else "a bounce" if bounce else "no invitation"
        log.info("invitation ignored", mailbox=mail.argument, why=why)
        return
    if invitation.method not in {"", "REQUEST", "CANCEL", "ADD"}:
        log.info("invitation ignored", resource=resource.address, why=invitation.method)
        return
    calendars = Calendars(tools.settings.calendar_url, tools.settings.calendar_secret_file)
    async with _turns[mail.argument]:
        try:
            outcome = await _book(calendars, resource, invitation, directory)
        except CalendarError as error:
            raise Later(f"the calendar of {resource.address}: {error}") from error
    log.info(
        "invitation",
        resource=resource.address,
        uid=outcome.uid,
        outcome=outcome.note,
        sender=mail.sender,
        message_id=invitation.message_id,
    )
    if outcome.reply is not None:
        await _reply(outcome.reply, resource, invitation, mail, tools)


def resource_of(directory: State, mailbox_id: str, zone: ZoneInfo) -> Resource | None:
    """Return the resource that has the mailbox, with every address that leads to it."""
    for record in directory.resources.values():
        if record.mailbox_id == mailbox_id:
            return Resource(
                address=record.address,
                addresses=addresses_of(directory, record.address),
                name=record.name,
                language=record.language,
                multiple_bookings=record.multiple_bookings,
                zone=zone,
            )
    return None


def addresses_of(directory: State, address: str) -> frozenset[str]:
    """Return *address* and the aliases that lead to it, over other aliases too."""
    found = {address}
    while True:
        more = {
            alias.address
            for alias in directory.aliases.values()
            if alias.address not in found and found & set(alias.destinations)
        }
        if not more:
            return frozenset(found)
        found |= more


async def _book(
    calendars: Calendars, resource: Resource, invitation: Invitation, directory: State
) -> Outcome:
    """Bring the calendar to what the invitation makes of it; again where somebody was quicker."""
    for _ in range(_ATTEMPTS):
        now = datetime.now(UTC).replace(microsecond=0)
        there = await _stored(calendars, resource)
        # Working out a long series takes a while; other mail goes on.
        outcome = await asyncio.to_thread(_answer, invitation, resource, there, directory, now)
        if outcome.content is None:
            return outcome
        name = outcome.stored.name if outcome.stored else name_of(outcome.uid)
        etag = outcome.stored.etag if outcome.stored else None
        try:
            await calendars.put(resource.address, name, outcome.content, etag=etag)
        except ChangedError:
            continue
        if outcome.reply is None or not outcome.reply.accepted:
            return outcome
        weigh = partial(_answer, invitation, resource, directory=directory, now=now)
        return await _looked_at_again(calendars, resource, name, outcome, weigh)
    raise CalendarError(_RESTLESS)


async def _looked_at_again(
    calendars: Calendars,
    resource: Resource,
    name: str,
    outcome: Outcome,
    weigh: Callable[[list[Stored]], Outcome],
) -> Outcome:
    """
    Take the booking *name* back where the webmail was given its time meanwhile.

    The webmail told its people at once that they have it; who wrote is not answered yet.
    """
    assert outcome.content is not None  # noqa: S101 - the caller stored it
    for _ in range(_ATTEMPTS):
        there = await _stored(calendars, resource)
        own = next((each for each in there if each.name == name), None)
        others = [each for each in there if each is not own]
        before = [outcome.stored] if outcome.stored else []
        weighed = await asyncio.to_thread(weigh, others + before)
        if own is None or weighed.reply is None or weighed.reply.accepted:
            return outcome
        left = weighed.content or taken_back(outcome.content, resource.zone)
        try:
            await calendars.put(resource.address, name, left, etag=own.etag)
        except ChangedError:
            continue
        return replace(weighed, content=left)
    raise CalendarError(_RESTLESS)


async def _stored(calendars: Calendars, resource: Resource) -> list[Stored]:
    found = await calendars.events(resource.address)
    return [Stored(each.name, each.etag, each.content) for each in found]


def _answer(
    invitation: Invitation,
    resource: Resource,
    there: list[Stored],
    directory: State,
    now: datetime,
) -> Outcome:
    return answer(
        invitation.content,
        resource,
        there,
        writers=invitation.writers,
        now=now,
        language=_language(directory, invitation),
    )


def _language(directory: State, invitation: Invitation) -> str | None:
    """Return the language of whoever wrote: our user's, or what their program says."""
    known = [directory.users[each] for each in invitation.writers if each in directory.users]
    return known[0].language if known else invitation.language


def _letter(reply: Reply, invitation: Invitation, mail: Mail) -> Reply:
    """Return what is said of a message that can't be read; in its words to who wrote it only."""
    if mail.sender.lower() in invitation.writers:
        return replace(reply, summary=reply.summary or header(mail.message, "Subject"))
    return replace(reply, summary="", reason=replace(reply.reason, detail=""))


async def _reply(
    reply: Reply, resource: Resource, invitation: Invitation, mail: Mail, tools: Tools
) -> None:
    to = reply.to
    if not to:
        # It can't be answered as one program answers another; only people read letters.
        if invitation.automatic or mail.sender.partition("@")[0] in {"mailer-daemon", "postmaster"}:
            log.info("invitation not answered", resource=resource.address, why="automatic")
            return
        to = mail.sender
        reply = _letter(reply, invitation, mail)
    if to in resource.addresses:
        return
    message = compose(
        reply,
        resource,
        to=to,
        language=_language(tools.directory, invitation) or resource.language,
        now=datetime.now(UTC),
        in_reply_to=invitation.message_id,
    )
    refused = await tools.submit(message.as_bytes(), sender=resource.address, recipients=[to])
    if refused:
        log.warning("invitation answer refused", resource=resource.address, refused=dict(refused))
