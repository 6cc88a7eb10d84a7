"""A copy of a mailbox is the mailbox at one moment, whatever goes on in it."""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fermoposta.backup import stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

ID = "0123abcd-0000-4000-8000-000000000000"


class Mailbox:
    """Works as Dovecot's sdbox does: a file for a message, and a log that says which there are."""

    def __init__(self, home: Path, *folders: str) -> None:
        self.home = home
        self.uids = dict.fromkeys(folders, 0)
        for folder in folders:
            self.at(folder).mkdir(parents=True)
            (self.at(folder) / "dovecot.index.log").touch()

    def at(self, folder: str) -> Path:
        return self.home / "mail/mailboxes" / folder / "dbox-Mails"

    def deliver(self, folder: str, name: str) -> int:
        """File first, then the log."""
        self.uids[folder] += 1
        uid = self.uids[folder]
        partial = self.at(folder) / f"temp.{uid}"
        partial.write_text(name)
        partial.rename(self.at(folder) / f"u.{uid}")
        self._log(folder, f"+{uid} {name}\n")
        return uid

    def expunge(self, folder: str, uid: int) -> None:
        """Log first, then the file."""
        self._log(folder, f"-{uid}\n")
        (self.at(folder) / f"u.{uid}").unlink()

    def move(self, folder: str, uid: int, name: str, to: str) -> int:
        moved = self.deliver(to, name)
        self.expunge(folder, uid)
        return moved

    def _log(self, folder: str, line: str) -> None:
        with (self.at(folder) / "dovecot.index.log").open("a") as file:
            file.write(line)


def read(home: Path, folder: str) -> dict[int, str]:
    """Return the messages that the log of a copy speaks of, by UID; each has its file."""
    at = home / "mail/mailboxes" / folder / "dbox-Mails"
    there: dict[int, str] = {}
    for line in (at / "dovecot.index.log").read_text().splitlines():
        uid, _, name = line[1:].partition(" ")
        if line[0] == "+":
            there[int(uid)] = name
        else:
            del there[int(uid)]
    for uid, name in there.items():
        assert (at / f"u.{uid}").read_text() == name
    return there


def test_messages_are_linked_and_the_rest_is_copied(tmp_path: Path) -> None:
    """What can be made again is left out; what stands there keeps its mode."""
    box = Mailbox(tmp_path / "home", "INBOX")
    box.deliver("INBOX", "a")
    (box.home / ".dovecot.sieve").symlink_to("sieve/mine.sieve")
    (box.home / "sieve").mkdir()
    (box.home / "sieve/mine.sieve").write_text("keep;")
    (box.home / "sieve/mine.sieve").chmod(0o600)
    (box.at("INBOX") / "fts-flatcurve").mkdir()
    (box.at("INBOX") / "dovecot.index.log.lock").touch()
    copy = tmp_path / "copy"

    assert stage.copy_mailbox(box.home, copy)

    at = copy / "mail/mailboxes/INBOX/dbox-Mails"
    assert read(copy, "INBOX") == {1: "a"}
    assert (at / "u.1").samefile(box.at("INBOX") / "u.1")
    assert not (at / "dovecot.index.log").samefile(box.at("INBOX") / "dovecot.index.log")
    assert sorted(each.name for each in at.iterdir()) == ["dovecot.index.log", "u.1"]
    assert str((copy / ".dovecot.sieve").readlink()) == "sieve/mine.sieve"
    assert (copy / "sieve/mine.sieve").stat().st_mode & 0o777 == 0o600


@contextmanager
def busy(box: Mailbox, pause: float) -> Iterator[None]:
    """Mail comes, moves to and fro between two folders, and goes, until the block ends."""
    over = threading.Event()

    def work() -> None:
        there: list[tuple[str, int, str]] = []
        for number in itertools.count():
            if over.is_set():
                return
            there.append(("INBOX", box.deliver("INBOX", f"m{number}"), f"m{number}"))
            folder, uid, name = there.pop(0)
            other = "Archive" if folder == "INBOX" else "INBOX"
            there.append((other, box.move(folder, uid, name, other), name))
            if len(there) > 20:
                folder, uid, name = there.pop(0)
                box.expunge(folder, uid)
            time.sleep(pause)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_copy_is_of_one_moment_while_mail_moves(tmp_path: Path) -> None:
    """No message is missing, and none is in neither of two folders between which it moves."""
    box = Mailbox(tmp_path / "home", "Archive", "INBOX")
    with busy(box, pause=0.03):
        for number in range(20):
            copy = tmp_path / f"copy{number}"
            assert stage.copy_mailbox(box.home, copy)
            found = [*read(copy, "INBOX").values(), *read(copy, "Archive").values()]
            numbers = sorted({int(name[1:]) for name in found})
            # While it moves, a message is in both, as for any client. What is there has no gaps.
            assert numbers == list(range(numbers[0], numbers[-1] + 1)) if numbers else True


def test_a_mailbox_that_never_holds_still_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is copied all the same, as it was found."""
    box = Mailbox(tmp_path / "home", "INBOX")
    take, counter = stage._take, itertools.count(1)

    def disturbed(*arguments: object) -> None:
        take(*arguments)  # type: ignore[arg-type]
        box.deliver("INBOX", f"m{next(counter)}")

    monkeypatch.setattr(stage, "_take", disturbed)

    assert not stage.copy_mailbox(box.home, tmp_path / "copy", tries=3)


def test_a_folder_that_is_made_anew_is_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the same name, with messages of the same numbers."""
    box = Mailbox(tmp_path / "home", "INBOX", "Old")
    box.deliver("Old", "before")
    take, replaced = stage._take, []

    def disturbed(source: Path, target: Path, entry: stage.Entry) -> None:
        take(source, target, entry)
        if source.name == "u.1" and not replaced:
            replaced.append(True)
            (box.home / "mail/mailboxes/Old").rename(tmp_path / "removed")
            new = Mailbox(tmp_path / "new", "Old")
            new.deliver("Old", "after")
            new.at("Old").parent.rename(box.home / "mail/mailboxes/Old")

    monkeypatch.setattr(stage, "_take", disturbed)

    assert stage.copy_mailbox(box.home, tmp_path / "copy")
    assert read(tmp_path / "copy", "Old") == {1: "after"}


def test_the_store_is_copied_by_its_shards(tmp_path: Path) -> None:
    """Where a mailbox lies, and whose the folders are, is as in the store."""
    Mailbox(tmp_path / "vmail/01" / ID, "INBOX").deliver("INBOX", "a")
    (tmp_path / "vmail/.backup").mkdir()
    (tmp_path / "vmail/01").chmod(0o750)

    assert stage.copy_mailboxes(tmp_path / "vmail", tmp_path / "copy") == []

    assert read(tmp_path / "copy/01" / ID, "INBOX") == {1: "a"}
    assert [each.name for each in (tmp_path / "copy").iterdir()] == ["01"]
    assert (tmp_path / "copy/01").stat().st_mode & 0o777 == 0o750


def test_files_are_copied_where_they_are(tmp_path: Path) -> None:
    """With their folders; a name that is not there is passed over."""
    (tmp_path / "etc/keys").mkdir(parents=True, mode=0o700)
    (tmp_path / "etc/keys/a.key").write_text("secret")
    (tmp_path / "etc/keys/a.key").chmod(0o640)
    names = (str(tmp_path / "etc"), str(tmp_path / "nowhere"))

    stage.copy_files(names, tmp_path / "copy")

    there = tmp_path / "copy" / str(tmp_path / "etc/keys/a.key").lstrip("/")
    assert there.read_text() == "secret"
    assert there.stat().st_mode & 0o777 == 0o640
    assert there.parent.stat().st_mode & 0o777 == 0o700
