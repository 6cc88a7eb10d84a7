"""
Read mail for a device: the structure first, then only the parts that it is shown.

A hundred mails are a handful of questions to the store, whatever hangs on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync import serverid
from fermoposta.activesync.map.mail import body, bodystructure, charsets, envelope, message
from fermoposta.activesync.map.mail.contents import contents
from fermoposta.activesync.map.mail.conversation import of_mail, topic_of
from fermoposta.activesync.map.mail.errors import MailError
from fermoposta.activesync.options import ALWAYS, SIGNED
from fermoposta.mailstore.mailbox import MessageMissingError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.map.mail.bodystructure import Part
    from fermoposta.activesync.map.mail.contents import Contents
    from fermoposta.activesync.options import Options
    from fermoposta.activesync.wbxml import Element
    from fermoposta.mailstore.mailbox import Mailbox, Summary

    Meeting = Callable[[bytes, str], "tuple[Element | None, str]"]
    """Makes of an invitation, and the method in its header, its ``Email:MeetingRequest``; says what
    an answer says (PARTSTAT)."""

HEADERS = ("Importance", "X-Priority", "References", "Thread-Index", "Content-Class")
_AT_ONCE = 50
"""Mails that are read together: their texts are in memory at the same time."""
_LEAST = 65_536
"""Bytes of HTML that are read even where the device wants a few characters of text."""
_LONGEST = 4 * 1024**2
"""Bytes of text that are sent without anybody having asked for less."""
_INVITATION = 262_144
"""Bytes of an invitation."""
_SIGNED = {
    "multipart/signed",
    "multipart/encrypted",
    "application/pkcs7-mime",
    "application/x-pkcs7-mime",
}


@dataclass(frozen=True, slots=True)
class Read:
    """A mail as ApplicationData; without it, *reason* says why it can't be sent."""

    uid: int
    data: Element | None
    reason: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    """How mail is wanted; what is above *largest* bytes is not read."""

    options: Options
    version: str
    largest: int
    meeting: Meeting | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    summary: Summary
    structure: Part
    found: Contents
    mime: bool


async def mails(
    mailbox: Mailbox, folder: Folder, uids: Sequence[int], form: Form
) -> AsyncIterator[Read]:
    """Yield *uids* of the mail folder *folder*, in their order; who is gone is left out."""
    path, options = folder.path, form.options
    for at in range(0, len(uids), _AT_ONCE):
        some = uids[at : at + _AT_ONCE]
        summaries = await mailbox.summaries(path, some, headers=HEADERS)
        wanted: dict[int, _Wanted] = {}
        wrong: dict[int, Read] = {}
        for uid in some:
            if uid not in summaries:
                continue
            try:
                wanted[uid] = _look(summaries[uid], options, form.largest)
            except MailError as error:
                wrong[uid] = Read(uid, None, str(error))
        parts = await _parts(mailbox, path, wanted.values(), options)
        for uid in some:
            if uid in wrong:
                yield wrong[uid]
            elif uid in wanted:
                mime = None
                if wanted[uid].mime:
                    try:
                        mime = await _mime(mailbox, path, uid, options)
                    except MessageMissingError:
                        continue
                yield _read(wanted[uid], parts.get(uid, {}), mime, folder.id, form)


def _look(summary: Summary, options: Options, largest: int) -> _Wanted:
    if summary.size > largest:
        raise MailError(f"{summary.size} bytes are more than a device is sent, {largest}")
    structure = bodystructure.parse(summary.structure)
    return _Wanted(summary, structure, contents(structure), _as_mime(structure, options))


def _as_mime(structure: Part, options: Options) -> bool:
    """Whether the mail is sent as it is stored."""
    if options.mime_support == ALWAYS:
        return any(each.type == body.MIME for each in options.preferences)
    if options.mime_support == SIGNED and structure.type in _SIGNED:
        return True
    return bool(options.preferences) and all(each.type == body.MIME for each in options.preferences)


async def _parts(
    mailbox: Mailbox, path: str, wanted: Iterable[_Wanted], options: Options
) -> dict[int, dict[str, bytes]]:
    """Return the texts, and the invitations, of all that is not sent as MIME alone."""
    sections: dict[int, list[str]] = {}
    for each in wanted:
        texts = [] if each.mime else _texts(each.found, options)
        if each.found.calendar is not None:
            texts.append(each.found.calendar)
        if texts:
            sections[each.summary.uid] = [part.section for part in texts]
    return await mailbox.parts(path, sections, limit=_limit(options)) if sections else {}


def _texts(found: Contents, options: Options) -> list[Part]:
    """Return the parts of which the bodies that a device prefers are made."""
    types = {each.type for each in options.preferences} or {body.PLAIN}
    if options.body_part is not None:
        types.add(options.body_part.type)
    texts: list[Part] = []
    for type_ in (body.PLAIN, body.HTML):
        first, other = (
            (found.plain, found.html) if type_ == body.PLAIN else (found.html, found.plain)
        )
        part = first or other
        if part is not None and part not in texts and (type_ in types or types <= {body.MIME}):
            texts.append(part)
    return texts


def _limit(options: Options) -> int:
    wanted = (*options.preferences, *([options.body_part] if options.body_part else []))
    sizes = [each.truncation_size for each in wanted if each.type in {body.PLAIN, body.HTML}]
    if not sizes or None in sizes:
        return _LONGEST
    return min(max(_INVITATION, _LEAST, *(4 * (size or 0) for size in sizes)), _LONGEST)


async def _mime(mailbox: Mailbox, path: str, uid: int, options: Options) -> bytes:
    limits = [each.truncation_size for each in options.preferences if each.type == body.MIME]
    limit = limits[0] if limits else options.mime_truncation
    pieces = [piece async for piece in mailbox.stream(path, uid, length=limit)]
    return b"".join(pieces)


def _read(
    wanted: _Wanted, parts: Mapping[str, bytes], mime: bytes | None, folder: str, form: Form
) -> Read:
    options, meeting = form.options, form.meeting
    summary, found, limit = wanted.summary, wanted.found, _limit(options)
    uid = summary.uid
    try:
        source = body.Source(
            plain=_text(found.plain, parts, limit),
            html=_text(found.html, parts, limit),
            mime=mime,
            mime_rest=0 if mime is None else max(summary.size - len(mime), 0),
        )
        rendered = body.render(source, options.preferences, mime=mime is not None)
        invitation, partstat = None, ""
        if meeting is not None and found.calendar is not None:
            method = found.calendar.params.get("method", "")
            invitation, partstat = meeting(parts.get(found.calendar.section, b""), method)
        data = message.application_data(
            message.Mail(
                envelope.parse(summary.envelope),
                wanted.structure,
                summary.received,
                summary.flags,
                fields(summary.headers),
                partstat,
            ),
            form.version,
            file_reference=lambda each: serverid.file_reference(folder, str(uid), each.section),
            body=rendered,
            body_part=_part(source, options, form.version),
            native=body.HTML if found.html is not None else body.PLAIN,
            meeting=invitation,
        )
    except MailError as error:
        return Read(uid, None, str(error))
    return Read(uid, data, size=len(rendered.data) + 1_500)


def _part(source: body.Source, options: Options, version: str) -> body.Body | None:
    """Return what the mail adds to its conversation: all of it, as quotes are part of a mail."""
    wanted = options.body_part
    if wanted is None or version < "14.1" or (source.plain is None and source.html is None):
        return None
    return body.render(source, [wanted])


def _text(part: Part | None, parts: Mapping[str, bytes], limit: int) -> body.Text | None:
    if part is None or part.section not in parts:
        return None
    data = parts[part.section]
    rest = 0
    if len(data) >= limit:
        whole = part.size * 57 // 78 if part.encoding == "base64" else part.size
        rest = max(whole - len(data), 0)
    text = charsets.text_of(data, part.params.get("charset", ""), cut=bool(rest))
    return body.Text(text, rest)


def conversation_of(summary: Summary) -> bytes:
    """Return the conversation of a mail read with HEADERS; empty where that can't be told."""
    try:
        told = envelope.parse(summary.envelope)
        headers = fields(summary.headers)
        return of_mail(
            date=summary.received,
            message_id=told.message_id,
            references=headers.get("references", "") or told.in_reply_to,
            topic=topic_of(told.subject),
            thread_index=headers.get("thread-index", ""),
        ).id
    except MailError:
        return b""


def fields(header: bytes) -> dict[str, str]:
    """Return the fields of *header* by their names in small letters; of several the first."""
    found: dict[str, str] = {}
    unfolded = header.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    for line in unfolded.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            found.setdefault(
                name.strip().lower().decode("latin-1"), value.strip().decode("latin-1")
            )
    return found
