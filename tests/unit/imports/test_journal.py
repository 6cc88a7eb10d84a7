"""What an import remembers, and how it knows what is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fermoposta.imports.journal import Entry, Journal, Outcome
from fermoposta.imports.mail import differences, normal, use_of
from fermoposta.imports.source import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENTRIES = [
    Entry("1", "bb", Outcome.ADDED),
    Entry("2", "aa", Outcome.THERE),
    Entry("3", "cc", Outcome.REFUSED, "too large"),
    Entry("4", "aa", Outcome.CHANGED, "NUL"),
]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "state/x.sqlite")
    yield made
    made.close()


def test_what_is_noted_is_known_in_another_run(journal: Journal, tmp_path: Path) -> None:
    """By key, by outcome, and by hash."""
    journal.begin("Work", "7", "Work", "mail")
    journal.note("Work", ENTRIES)
    journal.complete("Work")
    other = Journal(tmp_path / "state/x.sqlite")

    assert other.done("Work") == {"1", "2", "3", "4"}
    assert other.counts("Work") == {"added": 1, "there": 1, "refused": 1, "changed": 1}
    assert list(other.hashes("Work")) == ["aa", "aa", "bb"]
    assert other.refused() == [("Work", "3", "cc", "too large")]
    assert other.folders() == [("Work", "Work", "mail", True)]
    other.forget_refused()
    assert other.done("Work") == {"1", "2", "4"}
    other.close()


def test_a_folder_that_is_begun_again_goes_on(journal: Journal) -> None:
    """Unless it was made anew: then its keys mean other messages."""
    journal.begin("Work", "7", "Work", "mail")
    journal.note("Work", ENTRIES)
    journal.begin("Work", "7", "Elsewhere", "mail")
    assert len(journal.done("Work")) == 4
    assert journal.folders() == [("Work", "Elsewhere", "mail", False)]

    journal.begin("Work", "8", "Work", "mail")

    assert journal.done("Work") == set()


def test_nothing_is_half_noted(journal: Journal) -> None:
    """An entry that can't be written takes the others with it."""
    journal.begin("Work", "7", "Work", "mail")

    with pytest.raises(Exception, match=r"bind|support"):
        journal.note("Work", [ENTRIES[0], Entry("9", object(), Outcome.ADDED)])  # type: ignore[arg-type]

    assert journal.done("Work") == set()


@pytest.mark.parametrize(
    ("content", "made"),
    [
        (b"a: b\n\nx\n", (b"a: b\r\n\r\nx\r\n", False)),
        (b"a: b\r\n\r\nx\n", (b"a: b\r\n\r\nx\r\n", False)),
        (b"a: b\r\n\r\nx\0y", (b"a: b\r\n\r\nx\x80y", True)),
    ],
)
def test_messages_are_made_as_mail_has_them(content: bytes, made: tuple[bytes, bool]) -> None:
    """And it is told where octets became others."""
    assert normal(content) == made


@pytest.mark.parametrize(
    ("folder", "use"),
    [
        (Folder(("Posta inviata",)), "\\Sent"),
        (Folder(("SENT ITEMS",)), "\\Sent"),
        (Folder(("Whatever",), use="\\Junk"), "\\Junk"),
        (Folder(("Work", "Sent")), ""),
        (Folder(("Sentinel",)), ""),
    ],
)
def test_folders_are_known_by_use_or_by_name(folder: Folder, use: str) -> None:
    """At the top alone."""
    assert use_of(folder) == use


def test_what_lacks_is_counted() -> None:
    """The same message may be there twice."""
    assert differences(["a", "a", "b"], ["a", "c"]) == ["a", "b"]
    assert differences(["a"], ["a", "a"]) == []
