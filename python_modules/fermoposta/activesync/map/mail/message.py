"""
A mail as ApplicationData (MS-ASEMAIL, section 2.2.2; MS-ASCMD, section 2.2.3.11).

The schema lets the elements stand in any order; here they come as Exchange sends them, since that
is what clients were tried with. What a version doesn't know is not sent to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fermoposta.activesync.map.mail import categories, kinds
from fermoposta.activesync.map.mail.contents import Contents, contents
from fermoposta.activesync.map.mail.conversation import of_mail, topic_of
from fermoposta.activesync.map.mail.errors import MailError
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml import Element
from fermoposta.activesync.wbxml.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fermoposta.activesync.map.mail.body import Body
    from fermoposta.activesync.map.mail.bodystructure import Part
    from fermoposta.activesync.map.mail.contents import Attachment
    from fermoposta.activesync.map.mail.envelope import Address, Envelope

LOW, NORMAL, HIGH = 0, 1, 2
"""Importance (section 2.2.2.38)."""

LONGEST_LIST = 32_768
"""Characters of To and From (sections 2.2.2.79 and 2.2.2.36)."""
LONGEST_BCC = 1_024
"""As the schema of Email2 has it."""

_UTF_8 = 65001
_CODE_PAGES = {
    "us-ascii": 20127,
    "iso-8859-1": 28591,
    "iso-8859-2": 28592,
    "iso-8859-15": 28605,
    "windows-1250": 1250,
    "windows-1251": 1251,
    "windows-1252": 1252,
    "koi8-r": 20866,
    "gb2312": 936,
    "gbk": 936,
    "gb18030": 54936,
    "big5": 950,
    "euc-kr": 51949,
    "shift_jis": 932,
    "iso-2022-jp": 50220,
}
"""InternetCPID (section 2.2.2.40) of the charsets that mail is written in."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What was read of a mail."""

    envelope: Envelope
    structure: Part
    received: datetime
    flags: frozenset[str]
    """System flags and keywords, as IMAP spells them."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By names in small letters: importance, x-priority, references, thread-index."""
    partstat: str = ""
    """What an answer to an invitation says."""


def application_data(
    mail: Mail,
    version: str,
    *,
    file_reference: Callable[[Attachment], str],
    body: Body | None = None,
    body_part: Body | None = None,
    native: int | None = None,
    meeting: Element | None = None,
) -> Element:
    """
    Return the whole of *mail* for a client of *version*.

    *meeting* is its ``Email:MeetingRequest``, where it is an invitation. Raises MailError, and
    nothing else.
    """
    found = contents(mail.structure)
    class_ = kinds.message_class(mail.structure, found.calendar, mail.partstat)
    children = [
        *_header(mail),
        *_attachments(found.attachments, file_reference),
        *([] if body is None else [body.element()]),
        *([] if body_part is None else [body_part.part_element()]),
        _said("Email:MessageClass", class_),
        *([] if meeting is None else [meeting]),
        _said("Email:InternetCPID", str(_code_page(found))),
        *_flags(mail.flags, version),
        _said("Email:ContentClass", kinds.content_class(class_)),
        *([] if native is None else [_said("AirSyncBase:NativeBodyType", str(native))]),
    ]
    if _at_least(version, "14.0"):
        children += _since_14_0(mail)
    if _at_least(version, "16.0"):
        children += _since_16_0(mail)
    return Element("AirSync:ApplicationData", children)


def changes(flags: Iterable[str], version: str) -> Element:
    """Return what may change of a mail: its flags. Nothing else of it ever does."""
    known = frozenset(flags)
    read = _said("Email:Read", _boolean("\\Seen" in known))
    return Element("AirSync:ApplicationData", [read, *_flags(known, version)])


def importance_of(headers: Mapping[str, str]) -> int:
    """Return how important the sender says it is (RFC 2156, section 5.3.4, and X-Priority)."""
    said = {"low": LOW, "normal": NORMAL, "high": HIGH}.get(
        headers.get("importance", "").strip().lower()
    )
    if said is not None:
        return said
    priority = headers.get("x-priority", "").strip()[:1]
    return {"1": HIGH, "2": HIGH, "4": LOW, "5": LOW}.get(priority, NORMAL)


def timestamp(moment: datetime) -> str:
    """Return *moment* as dateTime in UTC (MS-ASDTYPE, section 2.3)."""
    if moment.tzinfo is None:
        raise MailError("a date without a time zone")
    try:
        utc = moment.astimezone(UTC)
    except (OverflowError, ValueError):
        raise MailError("a date out of the calendar") from None
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z".rjust(24, "0")


def _header(mail: Mail) -> Iterator[Element]:
    envelope = mail.envelope
    if envelope.to:
        yield _said("Email:To", _listed(envelope.to, ", ", LONGEST_LIST))
    if envelope.cc:
        yield _said("Email:Cc", _listed(envelope.cc, ", ", LONGEST_LIST))
    if envelope.from_:
        yield _said("Email:From", _listed(envelope.from_, ", ", LONGEST_LIST))
    # IMAP fills it in with From where the mail has none (RFC 9051, section 7.5.2).
    if envelope.reply_to and envelope.reply_to != envelope.from_:
        yield _said("Email:ReplyTo", _listed(envelope.reply_to, "; ", LONGEST_LIST))
    yield _said("Email:Subject", envelope.subject)
    yield _said("Email:DateReceived", timestamp(mail.received))
    if envelope.to:
        names = (each.name or each.address for each in envelope.to)
        yield _said("Email:DisplayTo", _listed(names, "; ", LONGEST_LIST))
    yield _said("Email:ThreadTopic", topic_of(envelope.subject))
    yield _said("Email:Importance", str(importance_of(mail.headers)))
    yield _said("Email:Read", _boolean("\\Seen" in mail.flags))


def _listed(addresses: Iterable[Address | str], separator: str, longest: int) -> str:
    """Return *addresses* as one text; those at the end that make it too long are left out."""
    listed = ""
    for each in addresses:
        more = f"{listed}{separator if listed else ''}{each}"
        if len(more) > longest:
            break
        listed = more
    return listed


def _attachments(
    attachments: Iterable[Attachment], file_reference: Callable[[Attachment], str]
) -> Iterator[Element]:
    """Yield the element for *attachments*, which may not be empty (MS-ASAIRS, section 2.2.2.8)."""
    listed = [
        Element("AirSyncBase:Attachment", _attachment(each, file_reference(each)))
        for each in attachments
    ]
    if listed:
        yield Element("AirSyncBase:Attachments", listed)


def _attachment(attachment: Attachment, reference: str) -> Iterator[Element]:
    yield _said("AirSyncBase:DisplayName", attachment.name)
    yield _said("AirSyncBase:FileReference", reference)
    yield _said("AirSyncBase:Method", str(attachment.method))
    yield _said("AirSyncBase:EstimatedDataSize", str(attachment.size))
    if attachment.content_id:
        yield _said("AirSyncBase:ContentId", attachment.content_id)
    if attachment.location:
        yield _said("AirSyncBase:ContentLocation", attachment.location)
    if attachment.inline:
        yield _said("AirSyncBase:IsInline", "1")


def _flags(flags: frozenset[str], version: str) -> Iterator[Element]:
    """
    Yield the flag for follow-up, the categories, and what was done with the mail.

    An empty element says that there is none: left out, it would say that nothing has changed.
    """
    flagged = [_said("Email:Status", "2"), _said("Email:FlagType", "Flag for follow up")]
    yield Element("Email:Flag", flagged if "\\Flagged" in flags else [])
    if not _at_least(version, "14.0"):
        return
    listed = (_said("Email:Category", each) for each in categories.of_keywords(flags))
    yield Element("Email:Categories", listed)
    # Section 2.2.2.44: 1 is an answer to the sender, 3 a forward; IMAP doesn't say which was last.
    if "\\Answered" in flags:
        yield _said("Email2:LastVerbExecuted", "1")
    elif "$Forwarded" in flags:
        yield _said("Email2:LastVerbExecuted", "3")


def _since_14_0(mail: Mail) -> Iterator[Element]:
    envelope = mail.envelope
    conversation = of_mail(
        date=mail.received,
        message_id=envelope.message_id,
        references=mail.headers.get("references", "") or envelope.in_reply_to,
        topic=topic_of(envelope.subject),
        thread_index=mail.headers.get("thread-index", ""),
    )
    yield Element("Email2:ConversationId", conversation.id)
    yield Element("Email2:ConversationIndex", conversation.index)
    # Section 2.2.2.70: only where somebody sent it for somebody else.
    if envelope.sender and envelope.sender != envelope.from_:
        yield _said("Email2:Sender", _listed(envelope.sender, ", ", LONGEST_LIST))


def _since_16_0(mail: Mail) -> Iterator[Element]:
    yield _said("Email2:IsDraft", _boolean("\\Draft" in mail.flags))
    if mail.envelope.bcc:
        yield _said("Email2:Bcc", _listed(mail.envelope.bcc, ", ", LONGEST_BCC))


def _code_page(found: Contents) -> int:
    """Return the code page that the text was written in; clients get it as UTF-8 anyway."""
    text = found.html or found.plain
    return _CODE_PAGES.get(text.params.get("charset", "").lower(), _UTF_8) if text else _UTF_8


def _at_least(version: str, since: str) -> bool:
    if version not in VERSIONS:
        raise MailError(f"{version!r:.20} is no version of the protocol here")
    return VERSIONS.index(version) >= VERSIONS.index(since)


def _said(tag: str, text: str) -> Element:
    return Element(tag, clean(text))


def _boolean(value: bool) -> str:
    return "1" if value else "0"
