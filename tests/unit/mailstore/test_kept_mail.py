"""What is kept of a mailbox, over a client that has the folders of a small Dovecot in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from imapclient.exceptions import IMAPClientError

from fermoposta.mailstore.deleted import Bin
from fermoposta.mailstore.deleted_item import DeletedItem, Kind
from fermoposta.mailstore.kept_mail import ROOT, KeptMail, _header, _sender, _text, keep_flagged

DELETED_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
EARLIER = DELETED_AT - timedelta(days=1)


@dataclass
class Stored:
    """A message; *guid* is an int where the library would make one of it."""

    guid: bytes | int
    header: bytes = b"Subject: x\r\n\r\n"
    flags: set[bytes] = field(default_factory=set)


class Client:
    """What is used of IMAPClient."""

    normalise_times = True

    def __init__(self, **folders):
        self._numbers = count(1)
        self.commands = []
        self.folders = {}
        for name, messages in folders.items():
            self.put(name, *messages)

    def put(self, name, *messages):
        self.folders.setdefault(name, {}).update({next(self._numbers): m for m in messages})

    def list_folders(self, _directory="", pattern="*"):
        names = [n for n in self.folders if n.startswith(ROOT) == pattern.startswith(ROOT)]
        parents = {n.rpartition("/")[0] for n in names} - set(names) - {"", ROOT.strip("/")}
        return [
            *(((b"\\Junk",) if name == "Quarantena" else (), b"/", name) for name in names),
            *(((b"\\Noselect",), b"/", name) for name in parents),
        ]

    def folder_exists(self, folder):
        return any(name == folder for _, _, name in self.list_folders("", folder))

    def create_folder(self, folder):
        self.folders[folder] = {}

    def subscribe_folder(self, _folder): ...

    def select_folder(self, folder, readonly=False):
        if folder not in self.folders:
            raise IMAPClientError(f"{folder}: there is no such folder")
        self.selected = folder

    @property
    def here(self):
        return self.folders[self.selected]

    def search(self, criteria):
        self.commands.append(criteria[0])
        match criteria:
            case ["ALL"]:
                return list(self.here)
            case ["DELETED"]:
                return [uid for uid, each in self.here.items() if b"\\Deleted" in each.flags]
            case ["X-GUID", guid]:
                return [uid for uid, each in self.here.items() if plain(each.guid) == guid]

    def fetch(self, uids, items):
        assert len(uids) <= 500
        assert "ENVELOPE" not in items, "the library does not bear any date"
        return {
            uid: {
                b"SEQ": 1,
                b"X-GUID": self.here[uid].guid,
                b"BODY[HEADER.FIELDS (X)]": self.here[uid].header,
                b"BODY[]": self.here[uid].header,
                b"FLAGS": (b"\\Recent", *self.here[uid].flags),
                b"INTERNALDATE": EARLIER,
                b"SAVEDATE": b"01-Jan-2026 12:00:00 +0000",
                b"RFC822.SIZE": 10,
            }
            for uid in uids
        }

    def append(self, folder, message, flags, at):
        self.commands.append("APPEND")
        assert at == EARLIER
        self.put(folder, Stored(b"new", message, set(flags)))

    def copy(self, uids, target):
        self.commands.append("COPY")
        self.put(
            target, *(Stored(m.guid, m.header, set(m.flags)) for m in map(self.here.get, uids))
        )

    def delete_messages(self, uids, silent=False): ...

    def uid_expunge(self, uids):
        for uid in uids:
            del self.here[uid]

    def remove_flags(self, uids, flags, silent=False):
        for uid in uids:
            self.here[uid].flags -= set(flags)

    def get_quota_root(self, _folder):
        return None, []


def plain(guid):
    return guid.decode() if isinstance(guid, bytes) else str(guid)


def guids(client, folder):
    return sorted(plain(each.guid) for each in client.folders.get(folder, {}).values())


def kept_of(client, since=EARLIER, folder=None):
    return KeptMail(client).all(since, folder)


def test_one_message_with_an_impossible_header_hides_no_other():
    """A date that no calendar has, a subject that is no base64, a number for a GUID."""
    odd = b"Subject: =?utf-8?B?a?=\r\nFrom: \xe9 <\xff@x>\r\n\r\n"
    client = Client(**{".kept/INBOX": [Stored(b"a", odd), Stored(12345), Stored(b"c", b"")]})

    found = kept_of(client)

    assert [each.item.id for each in found] == ["mail:a", "mail:12345", "mail:c"]
    KeptMail(client).restore(found)
    assert guids(client, "INBOX") == ["12345", "a", "c"]
    assert guids(client, ".kept/INBOX") == []


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?q?Caff=C3=A8?=", "Caffè"),
        ("=?utf-8?B?a?=", "=?utf-8?B?a?="),
        ("=?utf-8?q?a=1b[31m=0ab?=", "a [31m b"),
        ("=?unicode_escape?q?a=5Cud800b?=", "a b"),
    ],
)
def test_what_is_shown_can_be_printed(raw, text):
    """Nothing in it moves a terminal's cursor, or is no text at all."""
    assert _text(raw) == text


def test_the_sender_is_an_address():
    assert _sender("Lovelace, Ada <ada@example.org>") == "ada@example.org"
    assert _sender('"a@b, c" <ada@example.org>, eve@x') == "ada@example.org"
    assert _sender("undisclosed") == ""


def test_a_field_may_be_folded_and_of_any_bytes():
    header = _header({b"SEQ": 1, b"BODY[HEADER.FIELDS (SUBJECT)]": b"Subject: a\r\n b\xe8\r\n\r\n"})

    assert header["Subject"].replace("\r\n", "") == "a b\ufffd"
    assert _header({b"SEQ": 1})["Subject"] is None


def test_a_folder_is_listed_with_those_below_it_and_no_other_is_read():
    client = Client(
        **{
            ".kept/a.b": [Stored(b"1")],
            ".kept/a.b/c": [Stored(b"2")],
            ".kept/a.bc": [Stored(b"3")],
        }
    )

    assert [each.guid for each in kept_of(client, folder="a.b")] == ["1", "2"]
    assert client.commands == ["ALL", "ALL"]


def test_the_moment_of_the_bound_is_over():
    """What was deleted a whole retention ago can't be restored any more, a second less can."""
    client = Client(**{".kept/INBOX": [Stored(b"1")]})

    assert kept_of(client, since=DELETED_AT) == []
    assert len(kept_of(client, since=DELETED_AT - timedelta(seconds=1))) == 1


def test_restoring_what_is_only_marked_takes_the_mark_away():
    """Else the kept copy would be gone, and the message with the next client that expunges."""
    client = Client(
        **{
            "INBOX": [Stored(b"1", flags={b"\\Deleted", b"\\Seen"}), Stored(b"2")],
            ".kept/INBOX": [Stored(b"1"), Stored(b"2")],
        }
    )

    restored = KeptMail(client).restore(kept_of(client))

    assert [item.id for item in restored] == ["mail:1"]
    assert [each.flags for each in client.folders["INBOX"].values()] == [{b"\\Seen"}, set()]
    assert guids(client, "INBOX") == ["1", "2"]
    assert guids(client, ".kept/INBOX") == []


def test_what_comes_back_into_the_quarantine_is_called_spam_by_nobody():
    """A COPY into it is a report of spam, an APPEND is none; the message is as it was."""
    client = Client(
        Quarantena=[], **{".kept/Quarantena": [Stored(b"1", b"Subject: y\r\n\r\n", {b"\\Seen"})]}
    )

    KeptMail(client).restore(kept_of(client))

    assert "COPY" not in client.commands
    [back] = client.folders["Quarantena"].values()
    assert (back.header, back.flags) == (b"Subject: y\r\n\r\n", {b"\\Seen"})
    assert guids(client, ".kept/Quarantena") == []


def test_many_are_looked_for_at_once():
    """A search goes through the whole folder: one for each message would take hours."""
    messages = [Stored(b"g%d" % number) for number in range(1200)]
    client = Client(INBOX=messages[:600], **{".kept/INBOX": messages})

    restored = KeptMail(client).restore(kept_of(client))

    assert len(restored) == 600
    assert len(guids(client, "INBOX")) == len(set(guids(client, "INBOX"))) == 1200
    assert "X-GUID" not in client.commands


def test_what_is_flagged_is_kept_once():
    """Many at once, with Message-IDs as the script tells them, without the flag."""
    flagged = [Stored(b"g%d" % n, b"Message-ID:\r\n <%d@x>\r\n\r\n" % n) for n in range(1200)]
    for each in flagged:
        each.flags.add(b"\\Deleted")
    client = Client(INBOX=[*flagged, Stored(b"other")])

    assert keep_flagged(client, "INBOX") == [f"<{n}@x>" for n in range(1200)]
    assert keep_flagged(client, "INBOX") == []
    assert guids(client, ".kept/INBOX") == sorted(f"g{n}" for n in range(1200))
    assert not any(each.flags for each in client.folders[".kept/INBOX"].values())


def test_a_folder_is_kept_whose_subfolder_alone_was_known():
    """Dovecot lists it then, as one that can't be opened."""
    client = Client(Work=[Stored(b"1", flags={b"\\Deleted"})], **{".kept/Work/2026": []})

    keep_flagged(client, "Work")

    assert guids(client, ".kept/Work") == ["1"]


def test_a_calendar_brings_no_mail_of_a_folder_with_its_name(monkeypatch):
    """Both may be called Calendar/Holidays."""
    client = Client(**{".kept/Calendar/Holidays": [Stored(b"1")]})
    archive = Archive()
    monkeypatch.setattr("fermoposta.mailstore.deleted.open_archive", lambda _dsn: archive)
    monkeypatch.setattr(
        "fermoposta.mailstore.deleted.open_kept", lambda *_: Given(KeptMail(client))
    )
    found = Bin(None, "", days=30, clock=lambda: DELETED_AT).list_deleted("ada@example.org")
    assert {item.id for item in found} == {
        "mail:1",
        "folder:Calendar/Holidays",
        "item:folder-7",
    }

    Bin(None, "", days=30, clock=lambda: DELETED_AT).restore("ada@example.org", ["item:folder-7"])

    assert guids(client, ".kept/Calendar/Holidays") == ["1"]
    assert [item.id for item in archive.restored] == ["item:folder-7"]


class Given:
    """A context that gives what it is made with."""

    def __init__(self, what):
        self._what = what

    def __enter__(self):
        return self._what

    def __exit__(self, *_):
        return None


class Archive:
    """What is kept of calendars: one that is gone."""

    restored = ()

    def all(self, _owner, _since):
        return [
            DeletedItem(
                id="item:folder-7",
                kind=Kind.FOLDER,
                folder="Calendar/Holidays",
                name="Holidays",
                deleted_at=DELETED_AT,
            )
        ]

    def alone(self, _owner):
        return Given(None)

    def restore(self, items):
        self.restored = items
        return items

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None
