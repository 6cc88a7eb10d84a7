"""Files that mail, appointments and contacts come in: what is read of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from fermoposta.imports.errors import ImportStoppedError
from fermoposta.imports.source import Folder, Item, Kind, Unreadable, Wanted
from fermoposta.imports.sources.cards import IcsSource, VcfSource
from fermoposta.imports.sources.files import MaildirSource, MboxSource
from fermoposta.imports.sources.pop3 import arrival

if TYPE_CHECKING:
    from pathlib import Path

MBOX = (
    b"From ada@x.test Fri Jan  2 03:04:05 2026\n"
    b"Subject: one\nStatus: RO\nX-Status: AF\n\n"
    b"text\n>From here\n>>From there\nFrom nowhere\n\n"
    b"From MAILER-DAEMON Fri Jan  2 03:04:06 2026\r\n"
    b"Subject: two\r\nX-Mozilla-Status: 0005\r\nX-Mozilla-Status2: 00000000\r\n\r\nFrom\r\n"
)


def read(source, folder=None, done=()):
    found = folder or next(source.folders())
    return list(source.items(found, set(done)))


class TestMbox:
    def test_messages_are_read_with_flags_and_dates(self, tmp_path: Path) -> None:
        """Quoting is undone, and what an mbox adds to headers is no part of the message."""
        path = tmp_path / "Old.mbox"
        path.write_bytes(MBOX)

        one, two = read(MboxSource(path))

        assert next(MboxSource(path).folders()) == Folder(("Old",), id="mbox")
        assert one.content == b"Subject: one\n\ntext\nFrom here\n>From there\nFrom nowhere\n"
        assert one.flags == {"\\Seen", "\\Answered", "\\Flagged"}
        assert one.at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert two.content == b"Subject: two\r\n\r\nFrom\r\n"
        assert two.flags == {"\\Seen", "\\Flagged"}

    def test_what_is_done_is_passed_over_and_twins_are_two(self, tmp_path: Path) -> None:
        """The same message twice in a file is there twice."""
        path = tmp_path / "x"
        path.write_bytes(MBOX + b"\n" + MBOX)
        items = read(MboxSource(path))

        assert len({item.key for item in items}) == len(items) == 4
        again = read(MboxSource(path), done=[item.key for item in items[:3]])
        assert [item.key for item in again] == [items[3].key]

    def test_a_tree_is_read_as_thunderbird_keeps_it(self, tmp_path: Path) -> None:
        """What is below a folder lies in Name.sbd; indexes are no folders."""
        (tmp_path / "Work.sbd").mkdir()
        for name in ("Inbox", "Work", "Work.sbd/2026"):
            (tmp_path / name).write_bytes(MBOX)
        (tmp_path / "Inbox.msf").write_text("From index")
        (tmp_path / "notes.txt").write_text("hello")
        source = MboxSource(tmp_path)

        folders = list(source.folders())

        assert [folder.name for folder in folders] == ["Inbox", "Work", "Work/2026"]
        assert len(read(source, folders[2])) == 2

    def test_what_is_no_mbox_is_said_to_be_none(self, tmp_path: Path) -> None:
        """With its name; an empty one is just empty."""
        (tmp_path / "x").write_text("Subject: no\n")
        (tmp_path / "empty").touch()

        with pytest.raises(ImportStoppedError, match="x: is no mbox"):
            read(MboxSource(tmp_path / "x"))
        with pytest.raises(ImportStoppedError, match="nowhere"):
            next(MboxSource(tmp_path / "nowhere").folders())
        assert read(MboxSource(tmp_path / "empty")) == []


class TestMaildir:
    @pytest.fixture
    def maildir(self, tmp_path: Path) -> Path:
        for name in ("", ".Sent", ".Work.2026 &AOg-"):
            for part in ("cur", "new", "tmp"):
                (tmp_path / name / part).mkdir(parents=True)
        for name, content in (("cur/2.b.host:2,FRST", "two"), ("new/1.a.host", "one")):
            (tmp_path / name).write_text(f"Subject: {content}\n\n")
            os.utime(tmp_path / name, (1767323045, 1767323045))
        (tmp_path / ".Work.2026 &AOg-/cur/3.c:2,").write_text("Subject: three\n\n")
        return tmp_path

    def test_folders_and_messages_are_read(self, maildir: Path) -> None:
        """With flags, dates, and names in the letters of IMAP."""
        source = MaildirSource(maildir)

        assert [each.name for each in source.folders()] == ["INBOX", "Sent", "Work/2026 è"]
        by_key = {item.key: item for item in read(source, Folder(("INBOX",)))}
        assert by_key["1.a.host"].content == b"Subject: one\n\n"
        assert by_key["2.b.host"].flags == {"\\Flagged", "\\Answered", "\\Seen", "\\Deleted"}
        assert by_key["1.a.host"].at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert [item.key for item in read(source, Folder(("INBOX",)), {"1.a.host"})] == ["2.b.host"]

    def test_what_is_no_maildir_is_said_to_be_none(self, tmp_path: Path) -> None:
        """And not an empty one."""
        with pytest.raises(ImportStoppedError, match="there is no Maildir"):
            list(MaildirSource(tmp_path).folders())


EVENT = "BEGIN:VEVENT\r\n{more}DTSTART;TZID=Europe/Rome:20260102T100000\r\nEND:VEVENT\r\n"
ZONE = "BEGIN:VTIMEZONE\r\nTZID:{name}\r\nEND:VTIMEZONE\r\n"


class TestIcs:
    def write(self, folder: Path, *parts: str) -> Path:
        path = folder / "Team.ics"
        text = "".join(["BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", *parts, "END:VCALENDAR\r\n"])
        path.write_text(text, newline="")
        return path

    def test_an_event_and_its_exceptions_are_one(self, tmp_path: Path) -> None:
        """With the zones that they name, and no others."""
        path = self.write(
            tmp_path,
            ZONE.format(name="Europe/Rome"),
            ZONE.format(name="Asia/Tokyo"),
            EVENT.format(more="UID:a\r\n b@x\r\nRRULE:FREQ=DAILY\r\n"),
            "BEGIN:VTODO\r\nUID:t\r\nSUMMARY:do\r\nEND:VTODO\r\n",
            EVENT.format(more="UID:ab@x\r\nRECURRENCE-ID:20260103T100000\r\n"),
        )

        folder = next(IcsSource(path).folders())
        event, task = read(IcsSource(path))

        assert (folder.kind, folder.name) == (Kind.EVENT, "Team (event)")
        assert (event.key, task.key) == ("ab@x", "t")
        assert event.content.count(b"BEGIN:VEVENT") == 2
        assert event.content.count(b"BEGIN:VTIMEZONE") == 1
        assert b"Europe/Rome" in event.content
        assert b"VTIMEZONE" not in task.content
        assert [item.key for item in read(IcsSource(path), done=["t"])] == ["ab@x"]

    @pytest.mark.parametrize("uid", ["", "UID:\r\n", "UID:a/b+c\r\n", f"UID:{'x' * 300}\r\n"])
    def test_one_without_a_usable_uid_always_gets_the_same(self, tmp_path: Path, uid: str) -> None:
        """Else it would be there twice after a second import."""
        path = self.write(tmp_path, EVENT.format(more=uid), EVENT.format(more="SUMMARY:x\r\n"))

        items = read(IcsSource(path))

        assert len({item.key for item in items}) == 2
        assert [item.key for item in read(IcsSource(path))] == [item.key for item in items]
        for item in items:
            assert item.content.count(b"\nUID") == 1
            assert f"\r\nUID:{item.key}\r\n".encode() in item.content


def test_what_is_lost_of_a_file_is_told(tmp_path: Path) -> None:
    """Journals have no place here, and a file may be cut off."""
    path = tmp_path / "x.ics"
    path.write_text(
        "BEGIN:VCALENDAR\nBEGIN:VJOURNAL\nUID:j\nEND:VJOURNAL\n"
        "BEGIN:VEVENT\nUID:whole\nEND:VEVENT\nBEGIN:VEVENT\nUID:half\n"
    )

    found = read(IcsSource(path))

    lost = [each for each in found if isinstance(each, Unreadable)]
    assert [each.key for each in found if isinstance(each, Item)] == ["whole"]
    assert [each.reason for each in lost] == [
        "there is no place for a VJOURNAL",
        "the file ends within it",
    ]
    assert b"UID:half" in lost[1].raw
    assert read(IcsSource(path), done=[each.key for each in found]) == []
    card = tmp_path / "x.vcf"
    card.write_text("BEGIN:VCARD\nUID:1\nEND:VCARD\nBEGIN:VCARD\nUID:2\n")
    one, two = read(VcfSource(card))
    assert (one.key, two.reason) == ("1", "the file ends within it")


def test_contacts_are_read_one_by_one(tmp_path: Path) -> None:
    """In whatever letters; one without a UID gets one of its content."""
    path = tmp_path / "friends.vcf"
    path.write_bytes(
        b"BEGIN:VCARD\nVERSION:3.0\nUID:1\nFN:Ada\nEND:VCARD\n"
        b"begin:vcard\nVERSION:2.1\nFN:Ren\xe9\nend:vcard\n"
    )

    ada, rene = read(VcfSource(path))

    assert ada == Item("1", b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Ada\r\nEND:VCARD\r\n")
    assert "FN:René\r\n".encode() in rene.content
    assert f"\r\nUID:{rene.key}\r\n".encode() in rene.content
    assert [item.key for item in read(VcfSource(path))] == ["1", rene.key]


@pytest.mark.parametrize(
    ("headers", "hour"),
    [
        (b"Received: from a by b;\r\n Fri, 2 Jan 2026 03:04:05 +0100\r\nDate: x\r\n", 3),
        (b"Date: Fri, 2 Jan 2026 04:04:05 +0100\r\n", 4),
        (b"Date: yesterday\r\n", None),
        (b"Date: Fri, 99 Jan 2026 04:04:05 +0100\r\n", None),
        (b"", None),
    ],
)
def test_when_a_message_arrived_stands_in_it(headers: bytes, hour: int | None) -> None:
    """Where it is not told otherwise."""
    found = arrival(headers + b"\r\nbody\r\n")

    zone = timezone(timedelta(hours=1))
    assert found == (None if hour is None else datetime(2026, 1, 2, hour, 4, 5, tzinfo=zone))


def test_what_is_wanted_is_said_by_folders() -> None:
    """With those below, in any case; those that only show what is in others are not."""
    folders = [Folder(tuple(name.split("/"))) for name in ("INBOX", "Work", "Work/2026", "Workers")]
    everything = Folder(("All Mail",), use="\\All")

    def names(**what: tuple[str, ...]) -> list[str]:
        return [each.name for each in [*folders, everything] if Wanted(**what).has(each)]

    assert names() == ["INBOX", "Work", "Work/2026", "Workers"]
    assert names(folders=("work",)) == ["Work", "Work/2026"]
    assert names(without=("Work",)) == ["INBOX", "Workers"]
    assert names(folders=("Work",), without=("Work/2026",)) == ["Work"]
