"""
What a mailbox does by itself with a message: rules, the out-of-office answer.

Pure; the compiled Sieve tests alike.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.utils import getaddresses
from typing import TYPE_CHECKING

from fermoposta.directory.decide import sender_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from email.message import Message

    from fermoposta.directory.model import Condition, MessageRule, OutOfOffice, State

_FIELDS = {"from": ("From",), "to": ("To", "Cc"), "subject": ("Subject",)}
_MEDIA = ("application", "audio", "video")


def firing(rules: Iterable[MessageRule], content: bytes) -> Iterator[MessageRule]:
    """Yield those of *rules* that fire, in their order, up to one that stops the others."""
    message = BytesParser().parsebytes(content)
    for rule in sorted(rules, key=lambda each: (each.position, each.name)):
        if rule.enabled and _holds(rule, message, len(content)):
            yield rule
            if rule.actions.stop:
                return


def answered(state: State, mailbox: str, sender: str, now: datetime) -> str | None:
    """
    Return what the mailbox tells the envelope sender *sender* at *now*; None for nothing.

    *now* is by the host's clock, with its zone. Whom Sieve leaves out anyway (lists, automatic
    mail, who was answered lately) is not known here, but for bounces.
    """
    answer = state.out_of_office.get(mailbox)
    if answer is None or not answer.enabled or not sender or not _is_time(answer, now):
        return None
    if not answer.parted:
        return answer.text
    domain = state.domains.get(sender_form(sender).rpartition("@")[2])
    if domain is not None and domain.company == state.company_of(mailbox):
        return answer.text
    return None if answer.audience == "company" else answer.external


def _is_time(answer: OutOfOffice, now: datetime) -> bool:
    return not (_before(now, answer.starts) or _behind(now, answer.ends))


def _before(now: datetime, start: date | None) -> bool:
    if isinstance(start, datetime):
        return now.astimezone(UTC) < start
    return start is not None and now.date() < start


def _behind(now: datetime, end: date | None) -> bool:
    if isinstance(end, datetime):
        return now.astimezone(UTC) >= end
    return end is not None and now.date() > end


def _holds(rule: MessageRule, message: Message, size: int) -> bool:
    found = [_condition(each, message, size) for each in rule.conditions]
    return not found or (any if rule.match == "any" else all)(found)


def _condition(condition: Condition, message: Message, size: int) -> bool:
    if condition.field == "size":
        limit = int(condition.value)
        return size > limit if condition.test == "over" else size < limit
    if condition.field == "has_attachment":
        return _has_attachment(message) is bool(condition.value)
    names = (condition.name,) if condition.field == "header" else _FIELDS[condition.field]
    values = [_folded(value) for name in names for value in _values(message, name)]
    wanted = _folded(condition.value)
    if condition.test == "contains":
        return any(wanted in value for value in values)
    if condition.field in ("from", "to"):
        values += [address for _, address in getaddresses(values)]
    return wanted in values


def _values(message: Message, wanted: str) -> Iterator[str]:
    """Yield what people see of each header; what can't be decoded stays as it is written."""
    for name, value in message.raw_items():
        if name.lower() == wanted.lower():
            text = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            try:
                yield str(make_header(decode_header(text)))
            except (HeaderParseError, LookupError, ValueError):
                yield text


def _has_attachment(message: Message) -> bool:
    return any(
        "attachment" in str(part.get("Content-Disposition", "")).lower()
        or part.get_content_maintype() in _MEDIA
        or part.get_content_type() == "message/rfc822"
        for part in message.walk()
    )


def _folded(value: object) -> str:
    return " ".join(str(value).split()).lower()
