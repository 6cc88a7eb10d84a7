"""
Which conversation a mail belongs to, and where in it (MS-ASCON, sections 2.2.2.3 and 2.2.2.4).

Outlook says both in ``Thread-Index``: a byte, five of the time when the conversation began, sixteen
that name it, then five for each reply (MS-OXOMSG, section 2.2.1.3). All other programs name the
mails before theirs (RFC 5322, section 3.6.4): the first of them names the conversation.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from fermoposta.activesync.map.mail.errors import MailError

_HEADER = 22
_REPLY = 5
_LONGEST = 100
"""Replies of which the place is told; an eternal thread's index would be as long as the mail."""
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_ID = re.compile(r"<[^<>\s]+>")
_PREFIX = re.compile(
    r"\s*(?:re|aw|wg|fw|fwd|sv|vs|antw|ri|rif|tr|r|i)(?:\[[0-9]{1,3}\])?\s*:", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """The name of a conversation, and a mail's place in it."""

    id: bytes
    index: bytes


def of_mail(
    *, date: datetime, message_id: str, references: str, topic: str, thread_index: str = ""
) -> Conversation:
    """
    Return the conversation of a mail that was sent on *date*.

    *references* is what stands in References, or else in In-Reply-To. Without any id the topic
    must do: mails of the same subject are then one conversation.
    """
    index = _thread_index(thread_index)
    if index is not None:
        return Conversation(index[6:_HEADER], index[1:6] + index[_HEADER:])
    first = _ID.search(references) or _ID.search(message_id)
    named = first[0] if first else f"topic {topic.casefold()}"
    name = blake2b(named.encode(errors="replace"), digest_size=16).digest()
    return Conversation(name, _header(date))


def topic_of(subject: str) -> str:
    """Return *subject* without what answering and forwarding put before it (ThreadTopic)."""
    at = 0
    while found := _PREFIX.match(subject, at):
        at = found.end()
    return subject[at:].strip()


def _thread_index(value: str) -> bytes | None:
    """Return what ``Thread-Index`` says, to the last reply of which the place is told."""
    try:
        index = a2b_base64("".join(value.split()))
    except ValueError:
        return None
    if len(index) < _HEADER or (len(index) - _HEADER) % _REPLY:
        return None
    return index[: _HEADER + _LONGEST * _REPLY]


def _header(date: datetime) -> bytes:
    """Return the five bytes behind the first of a FILETIME (MS-ASCON, section 2.2.2.4.1)."""
    if date.tzinfo is None:
        raise MailError("a date without a time zone")
    ticks = max((date - _EPOCH) // timedelta(microseconds=1), 0) * 10
    return ticks.to_bytes(8, "big")[1:6]
