"""Data files of Outlook: what is read of them, and what is not there to be read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.datafile import Shelf, Thing, Writer

from fermoposta.imports.errors import ImportStoppedError
from fermoposta.imports.source import Folder, Item, Kind, Unreadable
from fermoposta.imports.sources.pst import PstSource
from fermoposta.outlook.properties import (
    APPOINTMENT,
    BODY,
    DELIVERED,
    DISPLAY_NAME,
    MESSAGE_CLASS,
    MESSAGE_FLAGS,
    STRINGS,
    SUBJECT,
)

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


def mail(subject: str, **more: object) -> Thing:
    return Thing(
        {
            MESSAGE_CLASS: "IPM.Note",
            SUBJECT: subject,
            BODY: "text",
            DELIVERED: AT,
            MESSAGE_FLAGS: 1,
            0x5D02: "ada@example.org",
        },
        **more,  # type: ignore[arg-type]
    )


def meeting(subject: str) -> Thing:
    return Thing(
        {
            MESSAGE_CLASS: "IPM.Appointment",
            SUBJECT: subject,
            (APPOINTMENT, 0x820D): AT,
            (APPOINTMENT, 0x820E): AT,
            (STRINGS, "Keywords"): ["Blu", "Verde"],
        }
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with all kinds of things."""
    attached = [
        {0x3707: "large.bin", 0x370E: "application/pdf", 0x3701: bytes(range(256)) * 200},
        {0x3707: "s.txt", 0x3701: b"small"},
    ]
    people = [
        {DISPLAY_NAME: "Bob", 0x39FE: "bob@example.org", 0x0C15: 1},
        {DISPLAY_NAME: "Carla", 0x39FE: "carla@example.org", 0x0C15: 2},
    ]
    shelves = [
        Shelf(
            "Posta in arrivo",
            [mail("one", recipients=people, attachments=attached), mail("two")],
            [Shelf("2020/Q1", [mail(f"deep {n}") for n in range(60)])],
        ),
        Shelf("Calendario", [meeting("meet"), Thing({MESSAGE_CLASS: "IPM.Appointment"})]),
        Shelf("Contatti", [Thing({MESSAGE_CLASS: "IPM.Contact", DISPLAY_NAME: "Dan"}),
                           Thing({MESSAGE_CLASS: "IPM.DistList", SUBJECT: "Team"})]),
        Shelf("Attività", [Thing({MESSAGE_CLASS: "IPM.Task", SUBJECT: "do"})]),
        Shelf("Appunti", [Thing({MESSAGE_CLASS: "IPM.StickyNote", BODY: "latte"})],
              container="IPF.StickyNote"),
        Shelf("Deleted", [mail("gone"), meeting("gone")]),
    ]  # fmt: skip
    file = tmp_path / "Outlook.pst"
    Writer(file).write(shelves)
    return file


def read(path: Path, done: tuple[str, ...] = ()) -> dict[str, list[Item | Unreadable]]:
    source = PstSource(path)
    try:
        return {each.name: list(source.items(each, done)) for each in source.folders()}
    finally:
        source.close()


@pytest.mark.feature("F206")
def test_everything_in_a_file_is_read_by_its_kind(path: Path) -> None:
    """Mail with who got it and what hangs on it, appointments, tasks, contacts and notes."""
    found = read(path)

    assert {name: len(items) for name, items in found.items()} == {
        "INBOX": 2, "INBOX/2020/Q1": 60, "Calendario": 0, "Calendario (event)": 2, "Contatti": 1,
        "Contatti (contact)": 1, "Attività": 0, "Attività (event)": 1, "Notes": 1, "Deleted": 1,
    }  # fmt: skip
    one = found["INBOX"][0]
    assert isinstance(one, Item)
    assert (one.flags, one.at) == ({"\\Seen"}, AT)
    assert b"To: Bob <bob@example.org>\r\nCc: Carla <carla@example.org>\r\n" in one.content
    assert b"AAECAwQFBgcICQ" in one.content
    assert b'filename="s.txt"' in one.content
    meet, broken = found["Calendario (event)"]
    assert isinstance(meet, Item)
    assert b"CATEGORIES:Blu,Verde" in meet.content
    assert isinstance(broken, Unreadable)
    assert "the appointment has no start" in broken.reason
    (team,) = found["Contatti"]
    assert isinstance(team, Unreadable)
    assert team.reason == "there is no place for a distribution list"
    (latte,) = found["Notes"]
    assert isinstance(latte, Item)
    assert b"com.apple.mail-note" in latte.content


@pytest.mark.feature("F206")
def test_an_item_has_the_same_key_and_octets_each_time(path: Path) -> None:
    """So that an import goes on, and adds nothing twice; what is done is not read again."""
    first, again = read(path), read(path)

    assert first == again
    keys = tuple(each.key for each in first["INBOX"])
    assert len(set(keys)) == 2
    assert read(path, keys)["INBOX"] == []


def test_uses_of_folders_are_told_by_the_file(path: Path) -> None:
    """Whatever they are called; what was thrown away stays there."""
    source = PstSource(path)

    folders = list(source.folders())

    assert Folder(("Deleted",), Kind.MAIL, "\\Trash", "pst") in folders
    assert not any(each.path == ("Deleted",) and each.kind is Kind.EVENT for each in folders)
    source.close()


@pytest.mark.parametrize("content", [b"", b"!BDN", b"From ada\n", b"!BDN" + bytes(2000)])
def test_what_is_no_data_file_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    """With its name."""
    (tmp_path / "x.pst").write_bytes(content)

    with pytest.raises(ImportStoppedError, match=r"x\.pst is no data file of Outlook"):
        read(tmp_path / "x.pst")


def test_a_damaged_file_stops_or_tells(path: Path) -> None:
    """Wherever an octet is another one: nothing worse comes of it than that."""
    octets = path.read_bytes()
    stopped = told = 0
    for at in range(0x4600, len(octets), max(len(octets) // 80, 1)):
        damaged = bytearray(octets)
        damaged[at] ^= 0xFF
        path.write_bytes(damaged)
        try:
            found = [each for items in read(path).values() for each in items]
        except ImportStoppedError:
            stopped += 1
        else:
            told += len([each for each in found if isinstance(each, Unreadable)]) > 2

    assert stopped > 0
    assert told > 0
