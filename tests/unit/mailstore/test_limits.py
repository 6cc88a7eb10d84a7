"""What is beyond the limits of a mailbox, and what of it is looked at."""

from datetime import date

import pytest

from fermoposta.mailstore.limits import (
    Finding,
    Item,
    Limit,
    Limits,
    Measure,
    broken,
    judge,
    measure,
)

LIMITS = Limits(mailbox_bytes=100, folders=2, item_bytes=10)
WHOLE = b"From: a@x\r\nSubject: \xe8\r\n\r\n"
CUT = b"From: a@x\r\nContent-Type: multipart/mixed\r\n\r\n"
"""Without the boundary that its kind needs."""


class Client:
    """A mailbox: folders with sizes and headers by UID, large ones by their number."""

    def __init__(self, folders, large=()):
        self._folders = folders
        self._large = set(large)
        self.asked = []

    def list_folders(self):
        return [((b"\\Noselect",), b"/", "parent"), *(((), b"/", name) for name in self._folders)]

    def folder_status(self, folder, _items):
        return {b"SIZE": sum(size for size, _ in self._folders[folder].values())}

    def select_folder(self, folder, readonly):
        assert readonly
        self._here = self._folders[folder]

    def search(self, criteria):
        self.asked.append(criteria)
        return [*self._here] if criteria[0] != "LARGER" else sorted(self._large & set(self._here))

    def fetch(self, uids, _items):
        found = {uid: self._here[uid] for uid in uids}
        return {
            uid: {b"RFC822.SIZE": size, b"BODY[HEADER]": header}
            for uid, (size, header) in found.items()
        }


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (WHOLE, ""),
        (b"Received: x\r\n\ty\r\nFrom: =?utf-8?q?\xff?= <a@x>\r\n\r\n", ""),
        (CUT, "NoBoundaryInMultipart"),
        (b" x: 1\r\n\r\n", "FirstHeaderLineIsContinuation"),
        (b"no header at all\r\n\r\n", "MissingHeaderBodySeparator"),
        (b"\r\n", "NoHeader"),
        (b"", "NoHeader"),
    ],
)
def test_what_is_broken_has_a_reason(header, why):
    assert broken(header) == why


def test_what_is_as_large_as_it_may_be_is_no_finding():
    items = (Item("INBOX", 1, 10), Item("INBOX", 2, 11), Item("INBOX", 3, 5, "NoHeader"))

    assert judge(Measure(100, 2, items[:1]), LIMITS) == []
    assert judge(Measure(101, 3, items), LIMITS) == [
        Finding(Limit.MAILBOX, 101, 100),
        Finding(Limit.FOLDERS, 3, 2),
        Finding(Limit.ITEM, 11, 10, "INBOX", 2),
        Finding(Limit.MALFORMED, 5, 0, "INBOX", 3, "NoHeader"),
    ]


def test_findings_are_known_again_and_told_apart():
    """However much a mailbox grows; by their place, and by the name of what has no number."""
    place = {"amount": 1, "allowed": 0, "folder": "INBOX"}
    keys = [
        Finding(Limit.ITEM, uid=1, **place).key,
        Finding(Limit.ITEM, uid=2, **place).key,
        Finding(Limit.MALFORMED, uid=1, **place).key,
        Finding(Limit.MALFORMED, name="a.ics", **place).key,
    ]

    assert len(set(keys)) == len(keys)
    assert Finding(Limit.FOLDERS, 3, 2).key == Finding(Limit.FOLDERS, 4, 2).key


def test_what_others_share_counts_for_them():
    """A grantee's mailbox is no larger for it, and a broken message is its owner's."""
    shared = {f"Condivise/ada@example.org/{name}": {1: (90, CUT)} for name in ("INBOX", "Sent")}
    client = Client({"INBOX": {1: (60, WHOLE)}, "Condivise-mine": {1: (5, WHOLE)}, **shared})

    assert measure(client, LIMITS) == Measure(65, 2)


def test_a_message_that_goes_meanwhile_is_passed_over():
    """Dovecot has nothing to say of it, and the look goes on."""
    client = Client({"INBOX": {1: (5, None), 2: (5, CUT)}})

    assert measure(client, LIMITS).items == (Item("INBOX", 2, 5, "NoBoundaryInMultipart"),)


def test_only_what_is_new_or_large_is_read_the_next_time():
    client = Client({"INBOX": {1: (50, WHOLE)}}, large=[1])

    found = measure(client, LIMITS, since=date(2026, 3, 1)).items

    assert client.asked == [["LARGER", 10], ["SAVEDSINCE", date(2026, 2, 28)]]
    assert found == (Item("INBOX", 1, 50),)
