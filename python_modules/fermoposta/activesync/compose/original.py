"""What is answered or forwarded: a mail or an appointment, as far as a new mail takes it along."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from fermoposta.activesync.compose import parts
from fermoposta.activesync.compose.write import calendar_part, file_part, mail_part
from fermoposta.activesync.map.calendar.people import guests, name, organiser
from fermoposta.activesync.map.calendar.series import start_of
from fermoposta.activesync.map.mail.contents import contents

if TYPE_CHECKING:
    from datetime import date

    from icalendar import Calendar, Event

    from fermoposta.activesync.map.mail.bodystructure import Part
    from fermoposta.activesync.map.owner import Owner

_SEALED = {
    "multipart/signed",
    "multipart/encrypted",
    "application/pkcs7-mime",
    "application/x-pkcs7-mime",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What the new mail quotes, and which parts go along with it, octet by octet."""

    heading: tuple[tuple[str, str], ...]
    """Who wrote it when to whom: names of ``quote``'s words, and what stands beside them."""
    plain: str | None = None
    html: str | None = None
    calendar: bytes | None = None
    """The part that is an invitation."""
    shown: tuple[bytes, ...] = ()
    """Parts that the HTML shows."""
    files: tuple[bytes, ...] = field(default=(), repr=False)
    """All other attachments."""


def sealed(root: Part) -> bool:
    """Tell whether a mail is signed or encrypted as a whole: no octet of it may be changed."""
    return root.type in _SEALED


def of_mail(message: bytes, owner: Owner) -> Original:
    """Return what a new mail takes along of *message*; raises nothing."""
    parsed = parts.parse(message)
    heading = _heading(parsed, owner)
    if sealed(parsed.root):
        # Apart from its parts nobody could verify it, or decrypt it.
        return Original(heading=heading, files=(mail_part(message),))
    found = contents(parsed.root)
    octets = parsed.octets
    return Original(
        heading=heading,
        plain=None if found.plain is None else parsed.text(found.plain),
        html=None if found.html is None else parsed.text(found.html),
        calendar=None if found.calendar is None else octets[found.calendar.section],
        shown=tuple(octets[each.section] for each in found.attachments if each.inline),
        files=tuple(octets[each.section] for each in found.attachments if not each.inline),
    )


def of_event(calendar: Calendar, event: Event, owner: Owner) -> Original:
    """
    Return what a new mail takes along of *event*, which is told in *calendar*.

    Whom a meeting is forwarded to can answer it; an appointment of one's own is a file to open.
    """
    people = guests(event)
    meeting = bool(people)
    summary = str(event.get("SUMMARY", ""))
    content = bytes(calendar.to_ical())
    chief = organiser(event)
    heading = [
        ("from", name(chief) if chief is not None else ""),
        ("to", "; ".join(map(name, people))),
        ("subject", summary),
        ("when", _moment(start_of(event), owner)),
        ("where", str(event.get("LOCATION", ""))),
    ]
    return Original(
        heading=tuple((each, said) for each, said in heading if said),
        plain=str(event.get("DESCRIPTION", "")).replace("\r\n", "\n").replace("\n", "\r\n"),
        calendar=calendar_part(content, "REQUEST") if meeting else None,
        files=() if meeting else (file_part(content, f"{summary or 'invite'}.ics"),),
    )


def _heading(parsed: parts.Parsed, owner: Owner) -> tuple[tuple[str, str], ...]:
    said = [
        ("from", parsed.first("From")),
        ("sent", _sent(parsed.first("Date"), owner)),
        ("to", parsed.first("To")),
        ("cc", parsed.first("Cc")),
        ("subject", parsed.first("Subject")),
    ]
    return tuple((each, value) for each, value in said if value)


def _sent(value: str, owner: Owner) -> str:
    """Return a Date in the user's zone; as it stands where it is none."""
    try:
        return _moment(parsedate_to_datetime(value), owner)
    except (ValueError, TypeError, IndexError, OverflowError):
        return value


def _moment(value: date, owner: Owner) -> str:
    if not hasattr(value, "hour"):
        return f"{value:%d/%m/%Y}"
    local = value.astimezone(owner.zone) if value.tzinfo else value  # type: ignore[attr-defined]
    return f"{local:%d/%m/%Y %H:%M}"
