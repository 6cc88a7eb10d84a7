"""Appointments, tasks, contacts and notes of Outlook's as everybody else has them."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, timedelta

import pytest
from icalendar import Calendar

from fermoposta.outlook.calendar import (
    NotConvertibleError,
    of_appointment,
    of_task,
    uid_of_global_id,
)
from fermoposta.outlook.contact import of_contact
from fermoposta.outlook.note import of_note
from fermoposta.outlook.properties import (
    ADDRESS,
    APPOINTMENT,
    BODY,
    COMMON,
    DISPLAY_NAME,
    MEETING,
    SENSITIVITY,
    STRINGS,
    SUBJECT,
    TASK,
    Attachment,
    Bag,
    Key,
    Recipient,
    Value,
)
from fermoposta.outlook.recurrence import RecurrenceError, read

ZONE = "Europe/Rome"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
MEET: dict[Key, Value] = {
    SUBJECT: "Meet",
    (APPOINTMENT, 0x820D): START,
    (APPOINTMENT, 0x820E): START + timedelta(hours=1),
}
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def minutes(moment: datetime) -> int:
    return round((moment.replace(tzinfo=UTC) - _EPOCH).total_seconds() / 60)


def pattern(
    frequency: int,
    kind: int,
    period: int,
    specific: bytes = b"",
    *,
    end: tuple[int, int] = (0x2023, 10),
    deleted: tuple[datetime, ...] = (),
    changed: tuple[tuple[datetime, datetime, str], ...] = (),
) -> bytes:
    """Return a PidLidAppointmentRecur of appointments at ten o'clock, local time."""
    first = minutes(datetime(2026, 1, 5))  # noqa: DTZ001 - local
    moved = [minutes(old.replace(hour=0)) for old, _, _ in changed]
    gone = sorted([*(minutes(day) for day in deleted), *moved])
    octets = struct.pack("<5HIII", 0x3004, 0x3004, frequency, kind, 0, 0, period, 0) + specific
    octets += struct.pack("<III", end[0], end[1], 1)
    octets += struct.pack(f"<I{len(gone)}I", len(gone), *gone)
    octets += struct.pack(f"<I{len(moved)}I", len(moved), *moved)
    octets += struct.pack("<II", first, minutes(datetime(2026, 3, 30)))  # noqa: DTZ001 - local
    octets += struct.pack("<IIIIH", 0x3006, 0x3009, 600, 660, len(changed))
    for old, new, subject in changed:
        octets += struct.pack("<IIIH", minutes(new), minutes(new) + 30, minutes(old), 0x1)
        narrow = subject.encode("cp1252", "replace")
        octets += struct.pack("<HH", len(narrow) + 1, len(narrow)) + narrow
    octets += struct.pack("<I", 0)
    for old, new, subject in changed:
        wide = subject.encode("utf-16-le")
        octets += struct.pack("<II", 0, 0)
        octets += struct.pack("<III", minutes(new), minutes(new) + 30, minutes(old))
        octets += struct.pack("<H", len(subject)) + wide + struct.pack("<I", 0)
    return octets + struct.pack("<I", 0)


def events(octets: bytes) -> list[dict[str, object]]:
    return [dict(part) for part in Calendar.from_ical(octets).walk("VEVENT")]


class TestAppointment:
    def test_what_it_says_is_said(self) -> None:
        """When, where, how private, with whom, and when to remind."""
        bag = Bag(
            "1",
            {
                **MEET,
                BODY: "Agenda\r\nsecond",
                SENSITIVITY: 2,
                (APPOINTMENT, 0x8208): "Sala",
                (APPOINTMENT, 0x8205): 0,
                (APPOINTMENT, 0x8217): 1,
                (COMMON, 0x8503): True,
                (COMMON, 0x8501): 20,
                (STRINGS, "Keywords"): ["Blu"],
                0x5D02: "ada@example.org",
                0x0042: "Ada",
            },
            (Recipient("Bob", "bob@example.org"), Recipient("Ada", "ada@example.org")),
        )

        octets = of_appointment(bag, ZONE)
        (event,) = events(octets)

        assert event["DTSTART"].dt.isoformat() == "2026-01-05T10:00:00+01:00"  # type: ignore[attr-defined]
        assert (event["SUMMARY"], event["LOCATION"]) == ("Meet", "Sala")
        assert (event["CLASS"], event["TRANSP"]) == ("PRIVATE", "TRANSPARENT")
        assert event["ORGANIZER"] == "mailto:ada@example.org"
        assert event["ATTENDEE"] == "mailto:bob@example.org"
        assert b"TRIGGER:-PT20M" in octets
        assert b"TZID:Europe/Rome" in octets
        assert b"DESCRIPTION:Agenda\\nsecond" in octets

    def test_all_day_is_days(self) -> None:
        """Midnight to midnight where it was made, which need not be midnight here."""
        for hour in (23, 22):  # Rome's winter; a zone further east
            start = datetime(2026, 1, 4, hour, tzinfo=UTC)
            values = {
                **MEET,
                (APPOINTMENT, 0x820D): start,
                (APPOINTMENT, 0x820E): start + timedelta(days=2),
                (APPOINTMENT, 0x8215): True,
            }
            (event,) = events(of_appointment(Bag("1", values), ZONE))
            assert event["DTSTART"].dt == date(2026, 1, 5)  # type: ignore[attr-defined]
            assert event["DTEND"].dt == date(2026, 1, 7)  # type: ignore[attr-defined]

    def test_its_own_zone_counts(self) -> None:
        """By Windows' name, as the definition has it."""
        name = "Pacific Standard Time".encode("utf-16-le")
        zone = struct.pack("<BBHHH", 2, 1, 48, 2, len(name) // 2) + name
        (event,) = events(of_appointment(Bag("1", {**MEET, (APPOINTMENT, 0x825E): zone}), ZONE))

        assert event["DTSTART"].dt.isoformat() == "2026-01-05T01:00:00-08:00"  # type: ignore[attr-defined]

    def test_a_series_has_its_exceptions(self) -> None:
        """One day is left out, one is at another time under another name."""
        off = datetime(2026, 1, 12)  # noqa: DTZ001 - local
        old = datetime(2026, 1, 19, 10)  # noqa: DTZ001 - local
        new = datetime(2026, 1, 20, 15)  # noqa: DTZ001 - local
        octets = pattern(
            0x200B, 1, 1, struct.pack("<I", 0b10), end=(0x2021, 0), deleted=(off,),
            changed=((old, new, "Другой"),),
        )  # fmt: skip

        series, other = events(
            of_appointment(Bag("1", {**MEET, (APPOINTMENT, 0x8216): octets}), ZONE)
        )

        assert series["RRULE"].to_ical() == (  # type: ignore[attr-defined]
            b"FREQ=WEEKLY;UNTIL=20260330T080000Z;INTERVAL=1;BYDAY=MO;WKST=MO"
        )
        assert series["EXDATE"].to_ical() == b"20260112T100000"  # type: ignore[attr-defined]
        assert other["RECURRENCE-ID"].dt.isoformat() == "2026-01-19T10:00:00+01:00"  # type: ignore[attr-defined]
        assert other["DTSTART"].dt.isoformat() == "2026-01-20T15:00:00+01:00"  # type: ignore[attr-defined]
        assert (other["SUMMARY"], other["UID"]) == ("Другой", series["UID"])

    def test_one_without_a_start_is_none(self) -> None:
        """It is told, and not made up."""
        with pytest.raises(NotConvertibleError, match="no start"):
            of_appointment(Bag("1", {SUBJECT: "x"}), ZONE)


@pytest.mark.parametrize(
    ("octets", "rule"),
    [
        (pattern(0x200A, 0, 2880), {"freq": "DAILY", "interval": 2}),
        (
            pattern(0x200A, 1, 1, struct.pack("<I", 0b111110)),
            {"freq": "WEEKLY", "interval": 1, "byday": ["MO", "TU", "WE", "TH", "FR"]},
        ),
        (
            pattern(0x200C, 2, 3, struct.pack("<I", 15), end=(0x2022, 7)),
            {"freq": "MONTHLY", "interval": 3, "bymonthday": 15, "count": 7},
        ),
        (
            pattern(0x200C, 4, 1, struct.pack("<I", 31)),
            {"freq": "MONTHLY", "interval": 1, "bymonthday": -1},
        ),
        (
            pattern(0x200C, 3, 1, struct.pack("<II", 0b100, 5)),
            {"freq": "MONTHLY", "interval": 1, "byday": ["TU"], "bysetpos": -1},
        ),
        (
            pattern(0x200D, 2, 12, struct.pack("<I", 5)),
            {"freq": "YEARLY", "interval": 1, "bymonthday": 5, "bymonth": 0},
        ),
    ],
)
def test_every_pattern_is_a_rule(octets: bytes, rule: dict[str, object]) -> None:
    """Of days, weeks, months and years, by day, by weekday, and the last one."""
    found = read(octets)

    assert {**found.rule, "wkst": None} == {**rule, "wkst": None}


def test_a_pattern_that_is_cut_off_is_none() -> None:
    """Anywhere; and one of another calendar is not guessed at."""
    whole = pattern(0x200B, 1, 1, struct.pack("<I", 2))
    for length in range(len(whole) - 4):
        try:
            read(whole[:length])
        except RecurrenceError:
            continue
        assert length > len(whole) - 12, "what is behind the exceptions may be missing"
    with pytest.raises(RecurrenceError, match="calendar"):
        read(whole[:8] + b"\6\0" + whole[10:])
    with pytest.raises(RecurrenceError, match="type 0xb"):
        read(pattern(0x200C, 0xB, 1, bytes(8)))


def test_a_task_has_its_days_and_how_far_it_is() -> None:
    """Days have no time zone."""
    values: dict[Key, Value] = {
        SUBJECT: "Do",
        (TASK, 0x8104): datetime(2026, 1, 5, tzinfo=UTC),
        (TASK, 0x8105): datetime(2026, 1, 9, tzinfo=UTC),
        (TASK, 0x8101): 1,
        (TASK, 0x8102): 0.25,
    }

    (todo,) = Calendar.from_ical(of_task(Bag("1", values), ZONE)).walk("VTODO")

    assert (todo["DTSTART"].dt, todo["DUE"].dt) == (date(2026, 1, 5), date(2026, 1, 9))
    assert (todo["STATUS"], todo["PERCENT-COMPLETE"]) == ("IN-PROCESS", 25)
    (done,) = Calendar.from_ical(of_task(Bag("1", {**values, (TASK, 0x8101): 2}), ZONE)).walk(
        "VTODO"
    )
    assert done["STATUS"] == "COMPLETED"
    assert "COMPLETED" in done


def test_the_uid_of_a_meeting_is_everybodys() -> None:
    """Of Outlook's own, and of another program's within it."""
    head = bytes.fromhex("040000008200E00074C5B7101A82E008") + bytes(20)
    own = head + struct.pack("<I", 16) + bytes(range(16))
    foreign = b"vCal-Uid\x01\0\0\0abc@x\0"
    other = head + struct.pack("<I", len(foreign)) + foreign

    assert uid_of_global_id(own) == own.hex().upper()
    assert uid_of_global_id(other) == "abc@x"
    (event,) = events(of_appointment(Bag("1", {**MEET, (MEETING, 0x0023): own}), ZONE))
    assert event["UID"] == own.hex().upper()


def test_a_contact_is_a_card() -> None:
    """With all that there is; long lines are folded, separators are text."""
    bag = Bag(
        "7",
        {
            DISPLAY_NAME: "Ada; Lovelace",
            0x3A11: "Lovelace",
            0x3A06: "Ada",
            0x3A16: "Acme, Inc",
            0x3A1C: "+39 333",
            (ADDRESS, 0x8083): "ada@example.org",
            (ADDRESS, 0x8045): "Via 1",
            (ADDRESS, 0x8046): "Roma",
            0x3A42: datetime(1815, 12, 10, tzinfo=UTC),
            BODY: "n" * 200,
        },
        attachments=(Attachment("ContactPicture.jpg", "image/jpeg", b"jpeg"),),
    )

    lines = of_contact(bag).replace(b"\r\n ", b"").decode().split("\r\n")

    assert lines[:4] == ["BEGIN:VCARD", "VERSION:3.0", "UID:7", "FN:Ada\\; Lovelace"]
    assert "N:Lovelace;Ada;;;" in lines
    assert "ORG:Acme\\, Inc" in lines
    assert "EMAIL;TYPE=INTERNET:ada@example.org" in lines
    assert "TEL;TYPE=CELL:+39 333" in lines
    assert "ADR;TYPE=WORK:;;Via 1;Roma;;;" in lines
    assert "BDAY:1815-12-10" in lines
    assert "PHOTO;ENCODING=b;TYPE=JPEG:anBlZw==" in lines
    assert all(len(line) <= 75 for line in of_contact(bag).split(b"\r\n"))
    assert b"FN:?\r\n" in of_contact(Bag("8"))


def test_a_note_is_a_message_as_the_gateway_has_it() -> None:
    """Its first line is its subject."""
    octets = of_note(Bag("9", {BODY: "Latte & pane\r\n\r\n<domani>"}))

    assert b"Subject: Latte & pane\r\n" in octets
    assert b"X-Uniform-Type-Identifier: com.apple.mail-note\r\n" in octets
    assert b"<div>Latte &amp; pane</div><div><br></div><div>&lt;domani&gt;</div>" in octets.replace(
        b"=\r\n", b""
    )
