"""What an entry of a calendar or an address book may look like, and what it may not."""

import pytest

from fermoposta.mailstore.broken_entries import broken_entry

EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//client.test//EN\r
BEGIN:VEVENT\r
UID:1\r
DTSTAMP:20260101T000000Z\r
DTSTART:20270301T090000Z\r
SUMMARY:A long\r
  line\r
END:VEVENT\r
END:VCALENDAR\r
"""
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Ada\r\nEND:VCARD\r\n"
LIST = "BEGIN:VLIST\nUID:1\nVERSION:1.0\nFN:All\nEND:VLIST"


@pytest.mark.parametrize("text", [EVENT, EVENT.replace("VEVENT", "VTODO"), CARD, LIST])
def test_what_is_well_formed_is_nothing(text):
    assert broken_entry(text) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "NoBegin"),
        ("Ada", "NoBegin"),
        (CARD.replace("END:VCARD", ""), "NoEnd"),
        (CARD.replace("FN:Ada", "Ada"), "LineWithoutName"),
        (CARD.replace("END:VCARD", "END:VLIST"), "WrongEnd"),
        (CARD + "FN:Bob", "AfterTheEnd"),
        (EVENT[:150], "NoEnd"),
        (EVENT.replace("20270301T090000Z", "tomorrow"), "BadProperty DTSTART"),
        (EVENT.replace("DTSTART:", "DTSTART;VALUE=DATE,X:"), "NoCalendar"),
        (EVENT.replace("UID:1\r\n", ""), "NoUid"),
        (EVENT.replace("BEGIN:VEVENT", "").replace("END:VEVENT", ""), "NoEntry"),
    ],
)
def test_what_is_broken_has_a_reason_without_content(text, why):
    assert broken_entry(text) == why
