"""Who takes part in an appointment, hidden from the webmail and shown again."""

from __future__ import annotations

from fermoposta.imports.groupware import People, hidden, people_of

EVENT = b"""BEGIN:VCALENDAR\r
BEGIN:VEVENT\r
UID:a\r
SUMMARY:ATTENDEE: not one\r
ORGANIZER;CN="Ada L":MAILTO:ada@example.org\r
ATTENDEE;PARTSTAT=ACCEPTED;CN=Bob:mailto:bob@exam\r
 ple.org\r
attendee;PARTSTAT=TENTATIVE:mailto:carla@example.org\r
ATTENDEE:mailto:dan@example.org\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:a\r
RECURRENCE-ID:20260102T100000Z\r
ATTENDEE:mailto:eve@example.org\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_the_webmail_sees_nobody_and_nothing_is_lost() -> None:
    """Taking the words away again makes what it was."""
    masked = hidden(EVENT)

    lines = masked.upper().split(b"\r\n")
    assert not any(line.startswith((b"ORGANIZER", b"ATTENDEE")) for line in lines)
    assert masked.replace(b"X-FERMOPOSTA-", b"") == EVENT


def test_people_are_listed_as_the_webmail_lists_them() -> None:
    """Those of the series, one in a line, states by number."""
    assert people_of(EVENT) == People(
        "a.ics",
        "ada@example.org",
        "bob@example.org\ncarla@example.org\ndan@example.org",
        "Bob\n\n",
        "1\n3\n0",
    )
    assert people_of(b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:t\r\nEND:VTODO\r\n") == People("t.ics")
