"""
File the copies of what was sent as somebody else: one in each of the two Sent folders.

Clients put a copy of their own into the sender's folder, before the mail comes here or after it.
Theirs gives way to ours, which says who really sent it; what only theirs knew, the recipients of
blind copies and the flags, is carried over. So there are two ways in: the mail itself, and
Dovecot's word that something was put into a Sent folder. Both end in `settle`, which may be done
any number of times.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

import psycopg
import structlog

from fermoposta.agent import asked
from fermoposta.agent.copies import MARK, Person, body, headers, ours, text
from fermoposta.agent.errors import Later, Refuse
from fermoposta.agent.mail import Mail
from fermoposta.agent.submissions import ROLE, Submission, Submissions
from fermoposta.agent.tools import Tools
from fermoposta.directory.store import Change, StoreError
from fermoposta.mailstore.imap import MailboxError, Session

_LOOKED_BACK = timedelta(days=1)
"""What a client may have filed while the agent was away is found after its start, this far back."""
_CLOCKS = timedelta(days=1)
"""By how much the dates of two copies may differ: time zones, and a client's wrong clock."""
_NOT_KEPT = frozenset({r"\Recent", r"\Deleted", r"\Draft"})
_log = structlog.get_logger()
_one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
"""By mailbox: two who settle the same folder at once would each see no copy, and file two."""


async def handle(mail: Mail, tools: Tools) -> None:
    """File the copies of the mail that the policy service marked with a submission's id."""
    submission = await _submission(tools, mail.argument)
    if submission is None:
        raise Refuse(f"sent+{mail.argument}: no such submission is known")
    for address in (submission.login, submission.represented):
        if _has_mailbox(tools, address):
            await _settle(tools, address, submission, mail.content)


async def watch(tools: Tools, changes: AsyncIterator[Sequence[Change]]) -> None:
    """Settle a Sent folder again when a client put something into it."""
    async with asyncio.TaskGroup() as tasks:

        async def appended(environment: Mapping[str, str], arguments: Sequence[str]) -> None:
            user, message_id = environment.get("USER", "").lower(), "".join(arguments[:1])
            if user and message_id:
                tasks.create_task(_look_again(tools, user, message_id))

        server = await asked.listen(
            tools.settings.agent_told_socket, tools.settings.mail_user, appended
        )
        async with server:
            looked_back = False
            async for _ in changes:
                # Whose submission is whose is known only when the directory has been read.
                if not looked_back:
                    await _look_back(tools)
                    looked_back = True


async def _look_back(tools: Tools) -> None:
    """Go through what was sent as somebody else while nobody may have listened."""
    store = _store(tools)
    try:
        recent = await asyncio.to_thread(store.within, _LOOKED_BACK)
    except psycopg.Error as error:
        _log.warning("recent submissions can't be looked at", error=" ".join(str(error).split()))
        return
    for submission in recent:
        await _look(tools, submission)


async def _look_again(tools: Tools, user: str, message_id: str) -> None:
    store = _store(tools)
    try:
        found = await asyncio.to_thread(store.by_message, user, message_id)
    except psycopg.Error as error:
        _log.warning("an appended copy was not looked at", error=" ".join(str(error).split()))
        return
    for submission in found:
        await _look(tools, submission)


async def _look(tools: Tools, submission: Submission) -> None:
    """Settle the sender's folder if our copy is there; if it is not yet, its mail will come."""
    try:
        if _has_mailbox(tools, submission.login):
            await _settle(tools, submission.login, submission, None)
    except (MailboxError, OSError, StoreError) as error:
        _log.warning("a Sent folder was not settled", address=submission.login, error=str(error))
    except Exception:  # noqa: BLE001 - one odd message is not the end of listening
        _log.exception("a Sent folder was not settled", address=submission.login)


def _store(tools: Tools) -> Submissions:
    return Submissions(tools.settings.database_conninfo(ROLE))


async def _submission(tools: Tools, wanted: str) -> Submission | None:
    try:
        return await asyncio.to_thread(_store(tools).by_id, wanted)
    except psycopg.Error as error:
        raise Later(f"the submission can't be looked up: {error}") from error


def _has_mailbox(tools: Tools, address: str) -> bool:
    """Tell whether *address* has a Sent folder: aliases, groups and who is gone have none."""
    state = tools.directory
    return address in state.users or address in state.resources


async def _settle(
    tools: Tools, address: str, submission: Submission, content: bytes | None
) -> None:
    user = tools.directory.users.get(submission.login)
    sender = Person(submission.login, user.name if user else "")

    def work() -> None:
        with tools.imap(address) as session:
            settle(session, submission, sender, content)

    async with _one_at_a_time[address]:
        await asyncio.to_thread(work)


def settle(session: Session, submission: Submission, sender: Person, sent: bytes | None) -> None:
    """
    Leave just one copy of *submission* in the session's Sent folder: ours.

    *sent* is the mail as it was sent; without it nothing is done where ours is missing. What was
    there goes only when the new copy lies there, so that a failure leaves one too many, never none.
    """
    folder = session.folder(r"\Sent", "Sent")
    found = session.messages(_candidates(session, folder, submission))
    marked = [copy for copy in found if _is_ours(copy.content, submission, sent)]
    base = marked[0].content if marked else sent
    if base is None:
        return
    theirs = [copy for copy in found if not headers(copy.content, MARK)]
    if session.address != submission.login:
        # Who represents somebody may know their Message-IDs, and takes nothing else away by one.
        theirs = [copy for copy in theirs if text(copy.content) == text(base)]
    hidden = next(filter(None, (headers(copy.content, "Bcc") for copy in marked + theirs)), [])
    wanted = ours(base, submission=submission.id, sender=sender, hidden=hidden)
    kept = next((copy for copy in marked if _same(copy.content, wanted)), None)
    flags = frozenset[str]().union(*(copy.flags for copy in theirs)) - _NOT_KEPT
    if kept is None:
        session.append(folder, wanted, flags={r"\Seen", *flags}, at=submission.at)
        _log.info("copy filed", mailbox=session.address, submission=submission.id)
    elif flags - kept.flags:
        session.client.add_flags([kept.uid], sorted(flags))
    session.remove([copy.uid for copy in [*theirs, *marked] if copy is not kept])


def _candidates(session: Session, folder: str, submission: Submission) -> list[int]:
    """
    Select *folder* and list what may be a copy of *submission* in it.

    By the date of arrival and not by a search for the header: that would go through the full-text
    index, which may first have to be made of a folder that somebody filled.
    """
    session.client.select_folder(folder)
    since = (submission.at - _CLOCKS).date()
    recent = list(session.client.search(["SINCE", since]))
    wanted = submission.message_id
    return [
        uid
        for uid, fields in session.headers(recent, "Message-ID", MARK).items()
        if (wanted and _value(fields, "Message-ID").strip("<> ") == wanted)
        or _value(fields, MARK) == submission.id
    ]


def _is_ours(copy: bytes, submission: Submission, sent: bytes | None) -> bool:
    """
    Tell whether *copy* is one that we filed of this mail.

    A mail that represents several addresses has several submissions, and still one copy with the
    sender. A second mail under the same Message-ID, which some programs send, is another one.
    """
    marks = headers(copy, MARK)
    if not marks:
        return False
    return _value(marks[0], MARK) == submission.id or (
        sent is not None and body(copy) == body(sent)
    )


def _same(one: bytes, other: bytes) -> bool:
    """Tell whether two copies are of the same mail, and name the same hidden recipients."""
    return headers(one, "Bcc") == headers(other, "Bcc") and body(one) == body(other)


def _value(fields: bytes, name: str) -> str:
    found = headers(fields, name)
    return found[0].decode(errors="replace").partition(":")[2].strip() if found else ""
