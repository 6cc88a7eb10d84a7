"""What a backup says that it has, and what is found to differ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fermoposta.backup import manifest
from fermoposta.backup.errors import BackupError
from fermoposta.backup.manifest import Difference, Folder, Message

if TYPE_CHECKING:
    from pathlib import Path

AT = "2026-01-02T03:04:05+00:00"
INBOX = Folder("INBOX", 7, {1: Message("aa", ("\\Seen", "wörk"), AT), 4: Message("bb", (), AT)})
EMPTY = Folder('Odd "name"', 8)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Folders without messages, too."""
    path = tmp_path / "x.jsonl"

    assert manifest.write_mailbox(path, [INBOX, EMPTY]) == 2
    assert list(manifest.read_mailbox(path)) == [INBOX, EMPTY]


def test_a_manifest_that_is_cut_off_is_no_manifest(tmp_path: Path) -> None:
    """And not one with less in it."""
    path = tmp_path / "x.jsonl"
    manifest.write_mailbox(path, [INBOX])
    path.write_text(path.read_text()[:-5])

    with pytest.raises(BackupError, match=r"x\.jsonl"):
        list(manifest.read_mailbox(path))


@pytest.mark.parametrize(
    ("found", "where", "what"),
    [
        ([EMPTY], "ada INBOX", "the folder is missing"),
        ([replace(INBOX, uidvalidity=9)], "ada INBOX", "its UIDVALIDITY is another one"),
        ([replace(INBOX, messages={1: INBOX.messages[1]})], "ada INBOX 4", "message is missing"),
        (
            [replace(INBOX, messages={**INBOX.messages, 4: Message("bc", (), AT)})],
            "ada INBOX 4",
            "another content",
        ),
        (
            [replace(INBOX, messages={**INBOX.messages, 4: Message("bb", ("\\Seen",), AT)})],
            "ada INBOX 4",
            "another flags",
        ),
        (
            [replace(INBOX, messages={**INBOX.messages, 4: Message("bb", (), "1999")})],
            "ada INBOX 4",
            "another date of arrival",
        ),
        (
            [replace(INBOX, messages={**INBOX.messages, 5: Message("bb", (), AT)})],
            "ada INBOX 5",
            "there was no such message",
        ),
        ([INBOX, Folder("New", 1, {1: Message("a", (), AT)})], "ada New", "there was no such"),
    ],
)
def test_each_difference_of_a_mailbox_is_found(found: list[Folder], where: str, what: str) -> None:
    """With its place; and nothing else is."""
    told = list(manifest.compare_mailbox("ada", [INBOX], found))

    assert [(each.part, each.where) for each in told] == [("mail", where)]
    assert what in told[0].what


def test_what_is_alike_has_no_differences() -> None:
    """A folder that a log-in makes is none, as long as it is empty."""
    assert list(manifest.compare_mailbox("ada", [INBOX], [EMPTY, INBOX])) == []


def test_files_are_compared_by_content_mode_and_presence(tmp_path: Path) -> None:
    """Messages and indexes are not: they are compared by what a client sees."""
    root = tmp_path / "root"
    (root / "sieve").mkdir(parents=True)
    (root / "sieve/a").write_text("keep;")
    (root / "b").write_text("b")
    (root / "c").symlink_to("sieve/a")
    for name in ("u.1", "dovecot.index.log", "dovecot.list.index", "dovecot-uidvalidity.1"):
        (root / name).write_text("moves")
    manifest.write_files(tmp_path / "list", manifest.files_below(root))
    assert list(manifest.compare_files(tmp_path / "list", manifest.files_below(root))) == []

    (root / "sieve/a").write_text("discard;")
    (root / "sieve/a").chmod(0o606)
    (root / "b").unlink()
    (root / "c").unlink()
    (root / "c").symlink_to("b")
    (root / "d").touch()
    found = manifest.compare_files(tmp_path / "list", manifest.files_below(root))

    assert sorted((each.where, each.what) for each in found) == [
        ("b", "is missing"),
        ("c", "another content"),
        ("d", "there was no such file"),
        ("sieve/a", "another content"),
        ("sieve/a", "another mode"),
    ]


def test_tables_are_compared_by_rows_and_digest() -> None:
    """Whatever is in them."""
    wanted = {"sogo": {"a": ["1", "5"], "b": ["2", "6"], "c": ["3", "7"]}}
    found = {"sogo": {"a": ["2", "5"], "b": ["2", "7"], "d": ["0", "0"]}}

    assert list(manifest.compare_databases(wanted, wanted)) == []
    assert list(manifest.compare_databases(wanted, found)) == [
        Difference("table", "sogo a", "2 rows instead of 1"),
        Difference("table", "sogo b", "other rows"),
        Difference("table", "sogo c", "the table is missing"),
        Difference("table", "sogo d", "there was no such table"),
    ]
