"""
Hand a mail to Postfix, and file the copy in the Sent folder.

The copy keeps what was not sent, the recipients of blind copies. Where somebody sends as somebody
else, the mailbox agent puts its own copy in the place of this one, as with any client's; so one of
us only ever appends. A mail that is sent and can't be filed is sent all the same.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import structlog

from fermoposta.activesync.compose.letter import LetterError, completed, read
from fermoposta.activesync.compose.once import Mail, once
from fermoposta.activesync.compose.status import Status
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.folders import Type
from fermoposta.activesync.session import SubmissionError
from fermoposta.activesync.store.model import StoreError
from fermoposta.mailstore.groupware import GroupwareError
from fermoposta.mailstore.mailbox import FolderExistsError, MailboxError, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fermoposta.activesync.compose.letter import Letter
    from fermoposta.activesync.session import Session

SENT = "Sent"
"""What the folder is called where there is none yet; as the mail server calls it."""
LARGE = 16 * 1024
"""Octets from which on reading a mail would keep others waiting: a list of odd addresses does."""
_UNRESOLVED = re.compile(r"\b5\.1\.(?:1|2|3|6|10)\b")
"""A recipient's address is no good (RFC 3463, section 3.2)."""
_TOO_LARGE = re.compile(r"\b5\.3\.4\b|^552\b")
_log = structlog.get_logger()
_T = TypeVar("_T")


async def aside(size: int, work: Callable[[], _T]) -> _T:
    """Return what *work* on *size* octets returns; in a thread where there are many."""
    return await asyncio.to_thread(work) if size > LARGE else work()


async def post(session: Session, mime: bytes, *, name: str, save: bool) -> bool:
    """
    Send *mime* unless it was sent before as *name*; tell whether it was sent now.

    Without a name each mail is a new one. Raises CommandError.
    """
    now = session.clock()

    def prepared() -> tuple[Letter, Sequence[str]]:
        letter = completed(read(mime), session.owner, now, name or f"{now.timestamp():.6f}")
        return letter, letter.recipients()

    try:
        letter, recipients = await aside(len(mime), prepared)
    except LetterError as error:
        raise CommandError(Status.INVALID_MIME, str(error)) from error
    if not recipients:
        raise CommandError(Status.NO_RECIPIENT, "the mail is written to nobody")

    async def send() -> None:
        await _submit(session, letter, recipients)

    async def file() -> None:
        if save:
            await _file(session, letter)

    async def there() -> bool:
        return await _filed(session, letter.message_id)

    if name:
        return await once(session, name, Mail(send, file, there))
    await send()
    await file()
    return True


async def _submit(session: Session, letter: Letter, recipients: Sequence[str]) -> None:
    try:
        await session.submission.submit(
            session.owner.address, recipients, bytes(letter.without(b"bcc"))
        )
    except SubmissionError as error:
        raise CommandError(_status(error), f"the mail was not taken: {error}") from error


def _status(error: SubmissionError) -> Status:
    if error.temporary:
        return Status.RETRY_LATER
    said = str(error)
    if _UNRESOLVED.search(said):
        return Status.RECIPIENT_UNRESOLVED
    return Status.TOO_LARGE if _TOO_LARGE.search(said) else Status.SUBMISSION_FAILED


async def _file(session: Session, letter: Letter) -> None:
    """Append the copy; the mail is on its way, so nothing that hinders it is the device's fault."""
    try:
        folder = await _sent_folder(session)
        await session.mail.append(folder, bytes(letter), flags=["\\Seen"])
    except (MailboxError, GroupwareError, StoreError) as error:
        _log.warning(
            "a copy of what was sent is not filed",
            user=session.owner.address,
            reason=type(error).__name__,
        )
    else:
        session.hub.touched(folder)


async def _sent_folder(session: Session) -> str:
    found = (await session.hub.tree()).of_type(Type.SENT)
    if found is not None:
        return found.path
    with suppress(FolderExistsError):
        await session.mail.create(SENT)
    session.hub.forget_tree()
    return SENT


async def _filed(session: Session, message_id: str) -> bool:
    """Tell whether a copy of the mail lies in the Sent folder: then it was sent."""
    found = (await session.hub.tree()).of_type(Type.SENT)
    if found is None or not message_id:
        return False
    query = Query(header=(("Message-ID", message_id),))
    return bool(await session.mail.search(found.path, query))
