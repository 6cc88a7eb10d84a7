"""What a resource says to people, in their language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from fermoposta.booking.calendar import Span

Why = Literal["free", "busy", "past", "unreadable", "unsupported"]
SHOWN_MAX = 5
"""So many conflicting times are told; the others are counted."""
DETAIL_MAX = 200
SUMMARY_MAX = 200
"""So many characters of what is wrong stand in a letter, and of a title in a subject."""

_WORDS = {
    "it": {
        "free": "Prenotazione confermata: {name}.",
        "busy": "{name}: non disponibile in questi orari:",
        "more": "e altri {count}",
        "past": "L'appuntamento è nel passato.",
        "unreadable": "L'invito non può essere letto{detail}.",
        "remedy": "Nulla è stato prenotato. Correggere l'invito e inviarlo di nuovo.",
        "unsupported": "Messaggio di un tipo non supportato: inviare di nuovo tutta la serie.",
        "horizon": "Le ricorrenze sono state controllate fino al {until}.",
        "accepted": "Accettato",
        "declined": "Rifiutato",
        "all day": "{day}, tutto il giorno",
    },
    "en": {
        "free": "{name} is booked.",
        "busy": "{name} is already booked at these times:",
        "more": "and {count} more",
        "past": "The appointment is in the past.",
        "unreadable": "The invitation cannot be read{detail}.",
        "remedy": "Nothing has been booked. Correct the invitation and send it again.",
        "unsupported": "This kind of message is not supported: please send the whole series again.",
        "horizon": "Recurrences were checked until {until}.",
        "accepted": "Accepted",
        "declined": "Declined",
        "all day": "{day}, all day",
    },
}
LANGUAGES = tuple(_WORDS)


@dataclass(frozen=True, slots=True)
class Reason:
    """
    Why a resource answers what it answers.

    *busy* are the occurrences that don't fit, *until* how far an endless series was looked at,
    *detail* what is wrong with what can't be read, in English.
    """

    why: Why
    busy: tuple[Span, ...] = ()
    until: datetime | None = None
    detail: str = ""


def text(reason: Reason, *, name: str, language: str, zone: ZoneInfo) -> str:
    """Return *reason* as the resource *name* tells it; times are in *zone*."""
    words = _WORDS[language]
    detail = " ".join(reason.detail[:DETAIL_MAX].split()).rstrip(".")
    lines = [words[reason.why].format(name=name, detail=f": {detail}" if detail else "")]
    lines += [f"- {each}" for each in _times(reason.busy, words, zone)]
    if reason.why == "unreadable":
        lines.append(words["remedy"])
    if reason.until:
        lines.append(words["horizon"].format(until=f"{reason.until.astimezone(zone):%d/%m/%Y}"))
    return "\n".join(lines)


def subject(summary: str, language: str, *, accepted: bool) -> str:
    """Return the subject of an answer to what is called *summary*."""
    word = _WORDS[language]["accepted" if accepted else "declined"]
    shown = " ".join(summary[:SUMMARY_MAX].split())
    return f"{word}: {shown}" if shown else word


def _times(busy: Sequence[Span], words: dict[str, str], zone: ZoneInfo) -> list[str]:
    shown = [_time(each, words, zone) for each in busy[:SHOWN_MAX]]
    if len(busy) > SHOWN_MAX:
        shown.append(words["more"].format(count=len(busy) - SHOWN_MAX))
    return shown


def _time(span: Span, words: dict[str, str], zone: ZoneInfo) -> str:
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    if span.all_day:
        return words["all day"].format(day=f"{start:%d/%m/%Y}")
    same = start.date() == end.date()
    last = f"{end:%H:%M}" if same else f"{end:%d/%m/%Y %H:%M}"
    return f"{start:%d/%m/%Y %H:%M} - {last} ({start:%Z})"
