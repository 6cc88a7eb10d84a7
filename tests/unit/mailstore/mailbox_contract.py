"""What every `Mailbox` promises; each kind of mailbox has a test that inherits it."""

from __future__ import annotations

import asyncio
import base64
import uuid
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from fermoposta.mailstore.mailbox import (
    Folder,
    FolderExistsError,
    FolderMissingError,
    ForbiddenError,
    Mailbox,
    MailboxError,
    MessageMissingError,
    Query,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Act = Callable[[Mailbox, str], Awaitable[None]]
    Opened = Callable[[Act], None]
    Quiet = Callable[[], None]

SEEN, FLAGGED, DELETED = r"\Seen", r"\Flagged", r"\Deleted"
LONG_AGO = datetime(2020, 2, 3, 12, 5, 6, tzinfo=UTC)
PICTURE = bytes(range(256)) * 3
SIMPLE = (
    b"From: Ada Lovelace <ada@example.org>\r\n"
    b'To: bob@example.org, "Eve, too" <eve@example.org>\r\n'
    b"Subject: =?utf-8?q?Caff=C3=A8?= {12}\r\n"
    b"Date: Mon, 05 Jan 2026 06:44:01 +0000\r\n"
    b"Message-ID: <1@example.org>\r\n"
    b"X-Colour: red\r\n"
    b" and blue\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n"
    b"\r\n"
    b"Zabaione per tutti, perch=C3=A9 no?\r\n"
)
MIXED = (
    b"From: bob@example.org\r\nSubject: parts\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=AAA\r\n\r\n"
    b"--AAA\r\nContent-Type: text/html; charset=us-ascii\r\n\r\n<p>Hello</p>\r\n"
    b"--AAA\r\nContent-Type: image/png; name=a.png\r\nContent-ID: <logo@x>\r\n"
    b"Content-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: attachment; filename="a b.png"\r\n\r\n'
    + base64.encodebytes(PICTURE).replace(b"\n", b"\r\n")
    + b"--AAA--\r\n"
)
STRANGE = (
    b"Subject: strange\r\nContent-Type: text/plain\r\n"
    b"Content-Transfer-Encoding: x-unknown\r\n\r\nas it is\r\n"
)


def plain(subject: str, text: str = "Ciao") -> bytes:
    return f"From: ada@example.org\r\nSubject: {subject}\r\n\r\n{text}\r\n".encode()


class MailboxContract:
    """
    Subclasses have two fixtures.

    *opened* hands a mailbox and the name of an empty folder of its own to a function; *foreign* is
    the name of somebody else's folder, with a message in it, that the user may read and no more.
    """

    @pytest.fixture
    def quiet(self) -> Quiet:
        """Wait until the server has done all that it does with new messages, such as indexing."""
        return lambda: None

    def test_a_folder_is_told_with_its_tags(self, opened: Opened) -> None:
        """Name, GUID, UIDVALIDITY and MODSEQ are there, and alike in the list and alone."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            await mailbox.append(folder, SIMPLE)
            await mailbox.append(folder, MIXED, flags=[SEEN])

            status = await mailbox.status(folder)
            assert status in await mailbox.folders()
            assert (status.messages, status.unseen) == (2, 1)
            assert status.guid
            assert status.uidvalidity
            assert status.owner is None
            assert status.special is None

        opened(act)

    def test_the_inbox_and_special_folders_are_there(self, opened: Opened) -> None:
        """Each special use is told once, and the inbox by its one name."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            folders = await mailbox.folders()
            uses = [each.special for each in folders if each.special]
            assert sorted(uses) == [r"\Archive", r"\Drafts", r"\Junk", r"\Sent", r"\Trash"]
            assert [each.name for each in folders].count("INBOX") == 1
            for each in folders:
                if each.special or not each.selectable:
                    assert await mailbox.status(each.name) == each
            assert await mailbox.status("inbox") == await mailbox.status("INBOX")

        opened(act)

    @pytest.mark.parametrize(
        "name", ["Caffè & tè", "2024", "0042", "NIL", "a*b%", '"q" \\ (x)', "😀"]
    )
    def test_a_folder_has_any_name(self, opened: Opened, name: str) -> None:
        """Letters beyond ASCII, and what means something in IMAP, come back as they were."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            made = await mailbox.create(f"{folder}/{name}")
            assert made.name == f"{folder}/{name}"
            assert made in await mailbox.folders()
            await mailbox.append(made.name, SIMPLE)
            assert (await mailbox.snapshot(made.name)).present
            assert "r" in await mailbox.rights(made.name)

        opened(act)

    def test_what_is_marked_as_deleted_is_not_shown(self, opened: Opened) -> None:
        """Marked and not expunged it is out of sight, and comes back when the mark goes."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            uid = (await mailbox.append(folder, SIMPLE)).uid
            await mailbox.store(folder, [uid], add=["\\Deleted"])
            assert uid not in (await mailbox.snapshot(folder)).present
            assert uid not in (await mailbox.snapshot(folder, since=date(2000, 1, 1))).inside
            await mailbox.store(folder, [uid], remove=["\\Deleted"])
            assert uid in (await mailbox.snapshot(folder)).present

        opened(act)

    def test_folders_above_are_made_too(self, opened: Opened) -> None:
        """What lacks above a new folder is made, as a folder that holds mail."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            await mailbox.create(f"{folder}/a/b/c")
            assert (await mailbox.status(f"{folder}/a/b")).selectable
            with pytest.raises(FolderExistsError):
                await mailbox.create(f"{folder}/a/b")

        opened(act)

    def test_a_renamed_folder_keeps_its_guid(self, opened: Opened, quiet: Quiet) -> None:
        """All below goes along; the old names are nobody's, and a new folder there is another."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            before = await mailbox.create(f"{folder}/old")
            below = await mailbox.create(f"{folder}/old/below")
            await mailbox.append(before.name, SIMPLE)
            assert len((await mailbox.snapshot(before.name)).present) == 1  # it is selected now
            quiet()

            await mailbox.rename(f"{folder}/old", f"{folder}/new")
            assert (await mailbox.status(f"{folder}/new")).guid == before.guid
            assert (await mailbox.status(f"{folder}/new/below")).guid == below.guid
            with pytest.raises(FolderMissingError):
                await mailbox.status(f"{folder}/old")

            again = await mailbox.create(f"{folder}/old")
            assert again.guid != before.guid
            assert not (await mailbox.snapshot(again.name)).present
            assert await mailbox.summaries(again.name, [1]) == {}
            with pytest.raises(FolderExistsError):
                await mailbox.rename(f"{folder}/old", f"{folder}/new")

        opened(act)

    def test_a_deleted_folder_takes_nothing_below_along(self, opened: Opened) -> None:
        """Its mail is gone, what is below stays, and made anew it is another."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            before = await mailbox.create(f"{folder}/a")
            await mailbox.create(f"{folder}/a/b")
            await mailbox.append(f"{folder}/a", SIMPLE)
            await mailbox.snapshot(f"{folder}/a")

            await mailbox.delete(f"{folder}/a")
            assert (await mailbox.status(f"{folder}/a/b")).selectable
            left = [each for each in await mailbox.folders() if each.name == f"{folder}/a"]
            assert not any(each.selectable for each in left)
            with pytest.raises(MailboxError):
                await mailbox.snapshot(f"{folder}/a")

            after = await mailbox.create(f"{folder}/a")
            assert after.guid != before.guid
            assert not (await mailbox.snapshot(f"{folder}/a")).present

        opened(act)

    def test_the_inbox_stays(self, opened: Opened) -> None:
        """It is neither renamed nor deleted, however it is written."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            before = await mailbox.status("INBOX")
            for name in ("INBOX", "inbox"):
                with pytest.raises(RefusedError):
                    await mailbox.rename(name, f"{folder}/x")
                with pytest.raises(RefusedError):
                    await mailbox.delete(name)
            assert (await mailbox.status("INBOX")).guid == before.guid

        opened(act)

    def test_what_is_not_there_is_missing(self, opened: Opened) -> None:
        """Every call says so of a folder that nobody has."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            none = f"{folder}/none"
            there = await mailbox.append(folder, SIMPLE)
            for call in (
                mailbox.status(none),
                mailbox.rights(none),
                mailbox.rename(none, f"{folder}/x"),
                mailbox.delete(none),
                mailbox.snapshot(none),
                mailbox.summaries(none, [1]),
                mailbox.parts(none, {1: ["1"]}),
                anext(mailbox.stream(none, 1)),
                mailbox.append(none, SIMPLE),
                mailbox.store(none, [1], add=[SEEN]),
                mailbox.move(none, [1], folder),
                mailbox.move(folder, [there.uid], none),
                mailbox.copy(folder, [there.uid], none),
                mailbox.expunge(none, [1]),
                mailbox.search(none, Query()),
                anext(mailbox.watch(none)),
            ):
                with pytest.raises(FolderMissingError):
                    await call
            assert there.uid in (await mailbox.snapshot(folder)).present

        opened(act)

    def test_a_snapshot_tells_what_is_there_and_what_is_new(self, opened: Opened) -> None:
        """By day of arrival, and by MODSEQ; *changed* is empty where nobody asks."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            assert not (await mailbox.snapshot(folder, since=date(2021, 1, 1))).inside
            old = await mailbox.append(folder, SIMPLE, received=LONG_AGO)
            new = await mailbox.append(folder, MIXED)
            first = await mailbox.snapshot(folder, since=date(2021, 1, 1))
            assert first.uidvalidity == old.uidvalidity == new.uidvalidity
            assert list(first.present) == [old.uid, new.uid]
            assert list(first.inside) == [new.uid]
            assert first.changed == {}

            again = await mailbox.snapshot(folder, changed_since=first.modseq)
            assert again.modseq == first.modseq
            assert again.changed == {}
            assert again.inside == again.present

            stored = await mailbox.store(folder, [old.uid], add=[FLAGGED])
            third = await mailbox.snapshot(folder, changed_since=first.modseq)
            assert third.changed == {old.uid: stored[old.uid].after}
            assert third.modseq > first.modseq
            assert (await mailbox.status(folder)).modseq == third.modseq

        opened(act)

    def test_a_summary_tells_what_the_header_says(self, opened: Opened) -> None:
        """ENVELOPE and BODYSTRUCTURE have IMAP's shape; who is gone is left out."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            one = await mailbox.append(folder, SIMPLE, flags=[SEEN, "note"], received=LONG_AGO)
            two = await mailbox.append(folder, MIXED)
            found = await mailbox.summaries(
                folder, [one.uid, two.uid, 4_000_000_000], headers=["X-Colour"]
            )
            assert set(found) == {one.uid, two.uid}
            simple = found[one.uid]
            assert simple.uid == one.uid
            assert simple.flags == {SEEN, "note"}
            assert simple.modseq > 0
            assert simple.received == LONG_AGO
            assert simple.size == len(SIMPLE)
            ada = ((b"Ada Lovelace", None, b"ada", b"example.org"),)
            bob = (None, None, b"bob", b"example.org")
            eve = (b"Eve, too", None, b"eve", b"example.org")
            assert simple.envelope == (
                b"Mon, 05 Jan 2026 06:44:01 +0000", b"=?utf-8?q?Caff=C3=A8?= {12}",
                ada, ada, ada, (bob, eve), None, None, None, b"<1@example.org>",
            )  # fmt: skip
            assert simple.structure == (
                b"text", b"plain", (b"charset", b"utf-8"), None, None, b"quoted-printable", 37, 1,
                None, None, None, None,
            )  # fmt: skip
            assert simple.headers == b"X-Colour: red\r\n and blue\r\n\r\n"
            html, picture, *rest = found[two.uid].structure
            assert html[:6] == (b"text", b"html", (b"charset", b"us-ascii"), None, None, b"7bit")
            assert picture[:6] == (
                b"image", b"png", (b"name", b"a.png"), b"<logo@x>", None, b"base64",
            )  # fmt: skip
            assert picture[8] == (b"attachment", (b"filename", b"a b.png"))
            assert rest[:2] == [b"mixed", (b"boundary", b"AAA")]
            assert found[two.uid].headers == b"\r\n"
            assert found[two.uid].flags == set()

        opened(act)

    def test_parts_come_without_their_encoding(self, opened: Opened) -> None:
        """Of several messages at once, to a limit; what can't be undone comes as it is."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            one = (await mailbox.append(folder, SIMPLE)).uid
            odd = (await mailbox.append(folder, STRANGE)).uid
            two = (await mailbox.append(folder, MIXED)).uid
            text = "Zabaione per tutti, perché no?\r\n".encode()
            found = await mailbox.parts(
                folder, {two: ["1", "2"], one: ["1"], odd: ["1"], 4_000_000_000: ["1"]}
            )
            assert found == {
                two: {"1": b"<p>Hello</p>", "2": PICTURE},
                one: {"1": text},
                odd: {"1": b"as it is\r\n"},
            }
            short = await mailbox.parts(folder, {one: ["1"], two: ["2"], odd: ["1"]}, limit=5)
            assert short == {one: {"1": text[:5]}, two: {"2": PICTURE[:5]}, odd: {"1": b"as it"}}
            whole = await mailbox.parts(folder, {one: ["", "HEADER", "9"]})
            assert whole[one] == {
                "": SIMPLE, "HEADER": SIMPLE.partition(b"Zabaione")[0], "9": b"",
            }  # fmt: skip
            assert await mailbox.parts(folder, {}) == {}

        opened(act)

    def test_a_message_is_streamed_in_pieces(self, opened: Opened) -> None:
        """Whole or in part, as it is stored or decoded, never more than 256 kB at once."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            body = b"".join(b"%060d\r\n" % number for number in range(10_000))
            packed = base64.encodebytes(body).replace(b"\n", b"\r\n")
            head = b"Subject: big\r\nContent-Type: application/x-big\r\n"
            big = head + b"Content-Transfer-Encoding: base64\r\n\r\n" + packed
            uid = (await mailbox.append(folder, big)).uid

            async def read(section: str = "", **how: int | bool) -> bytes:
                pieces = [each async for each in mailbox.stream(folder, uid, section, **how)]
                assert all(0 < len(each) <= 256 * 1024 for each in pieces)
                return b"".join(pieces)

            assert await read() == big
            assert await read("1") == body
            assert await read("1", raw=True) == packed
            assert await read(start=100, length=300_000) == big[100:300_100]
            assert await read("1", start=300_000) == body[300_000:]
            assert await read("1", start=len(body) + 1) == b""
            assert await read(length=0) == b""
            with pytest.raises(MessageMissingError):
                await anext(mailbox.stream(folder, uid + 1))

        opened(act)

    def test_an_encoding_that_nobody_knows_is_streamed_as_it_is(self, opened: Opened) -> None:
        """A section that can't be undone is no error."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            uid = (await mailbox.append(folder, STRANGE)).uid
            pieces = [each async for each in mailbox.stream(folder, uid, "1")]
            assert b"".join(pieces) == b"as it is\r\n"

        opened(act)

    def test_flags_are_changed_and_modseq_tells_so(self, opened: Opened) -> None:
        """MODSEQ moves where something changed, and stays where nothing did."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            one = (await mailbox.append(folder, SIMPLE, flags=["old"])).uid
            two = (await mailbox.append(folder, MIXED)).uid
            before = (await mailbox.summaries(folder, [one]))[one].modseq
            stored = await mailbox.store(
                folder, [one, two, 4_000_000_000], add=[SEEN, "new"], remove=["old"]
            )
            assert set(stored) == {one, two}
            assert stored[one].before == before < stored[one].after
            found = await mailbox.summaries(folder, [one, two])
            assert found[one].flags == found[two].flags == {SEEN, "new"}
            assert {uid: each.modseq for uid, each in found.items()} == {
                uid: each.after for uid, each in stored.items()
            }
            again = await mailbox.store(folder, [one], add=[SEEN])
            assert again[one].before == again[one].after == stored[one].after
            assert await mailbox.store(folder, [], add=[SEEN]) == {}

        opened(act)

    def test_messages_are_moved_and_copied(self, opened: Opened) -> None:
        """Where they went is told; who is gone is left out, and moved once only."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            to = (await mailbox.create(f"{folder}/to")).name
            uids = [(await mailbox.append(folder, plain(f"s{n}"))).uid for n in range(3)]
            moved = await mailbox.move(folder, [*uids[:2], 4_000_000_000], to)
            assert set(moved) == set(uids[:2])
            assert list((await mailbox.snapshot(folder)).present) == uids[2:]
            target = await mailbox.snapshot(to)
            assert {each.uid for each in moved.values()} == set(target.present)
            assert {each.uidvalidity for each in moved.values()} == {target.uidvalidity}
            found = await mailbox.summaries(to, [moved[uids[1]].uid])
            assert found[moved[uids[1]].uid].envelope[1] == b"s1"

            assert await mailbox.move(folder, uids[:2], to) == {}
            copied = await mailbox.copy(folder, uids, to)
            assert set(copied) == {uids[2]}
            assert len((await mailbox.snapshot(to)).present) == 3
            assert list((await mailbox.snapshot(folder)).present) == uids[2:]

        opened(act)

    def test_only_these_messages_are_expunged(self, opened: Opened) -> None:
        """What others have marked as deleted stays."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            marked = (await mailbox.append(folder, SIMPLE, flags=[DELETED])).uid
            gone = (await mailbox.append(folder, MIXED)).uid
            await mailbox.expunge(folder, [gone, 4_000_000_000])
            assert list(await mailbox.summaries(folder, [marked, gone])) == [marked]
            assert await mailbox.store(folder, [gone], add=[SEEN]) == {}

        opened(act)

    def test_search_finds_what_fits_all(self, opened: Opened) -> None:
        """Words beyond ASCII, days, keywords, header fields; all where nothing is asked."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            text = "Zuppa inglese con caffè"
            one = (await mailbox.append(folder, plain("uno", text), received=LONG_AGO)).uid
            two = (await mailbox.append(folder, plain("due", "Zuppa e basta"), flags=["kw"])).uid

            async def find(**what: object) -> list[int]:
                return list(await mailbox.search(folder, Query(**what)))

            assert await find() == [one, two]
            assert await find(words=("zuppa",)) == [one, two]
            assert await find(words=("zuppa", "caffè")) == [one]
            assert await find(words=("panettone",)) == []
            assert await find(since=date(2021, 1, 1)) == [two]
            assert await find(before=date(2021, 1, 1)) == [one]
            assert await find(keywords=("kw",)) == [two]
            assert await find(header=(("Subject", "due"),)) == [two]
            assert await find(words=("zuppa",), header=(("Subject", "none"),)) == []

        opened(act)

    def test_watching_tells_of_each_kind_of_change(self, opened: Opened) -> None:
        """At first, and when mail arrives, flags change, or mail goes; not of other folders."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            other = (await mailbox.create(f"{folder}/other")).name
            watching = mailbox.watch(folder)

            async def next_within(seconds: float) -> bool:
                try:
                    await asyncio.wait_for(asyncio.shield(waiting), seconds)
                except TimeoutError:
                    return False
                return True

            await anext(watching)
            waiting = asyncio.ensure_future(anext(watching))
            await mailbox.append(other, SIMPLE)
            assert not await next_within(1)
            uid = (await mailbox.append(folder, SIMPLE)).uid
            assert await next_within(10)
            for change in (
                mailbox.store(folder, [uid], add=[FLAGGED]),
                mailbox.expunge(folder, [uid]),
            ):
                waiting = asyncio.ensure_future(anext(watching))
                await change
                assert await next_within(10)
            await watching.aclose()

        opened(act)

    def test_who_may_read_alone_changes_nothing(self, opened: Opened, foreign: str) -> None:
        """Somebody else's folder says whose it is, is read, and refuses each change."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            found = {each.name: each for each in await mailbox.folders()}
            shared: Folder = found[foreign]
            assert shared.owner
            assert shared.owner != mailbox.address
            assert shared == await mailbox.status(foreign)
            assert await mailbox.rights(foreign) == {"l", "r"}
            assert not found[foreign.partition("/")[0]].selectable
            before = await mailbox.snapshot(foreign)
            uid = next(iter(before.present))
            summary = (await mailbox.summaries(foreign, [uid]))[uid]
            assert (await mailbox.parts(foreign, {uid: ["HEADER"]}))[uid]["HEADER"]

            mine = (await mailbox.append(folder, SIMPLE)).uid
            for call in (
                mailbox.append(foreign, SIMPLE),
                mailbox.store(foreign, [uid], add=[SEEN]),
                mailbox.store(foreign, [uid], remove=[SEEN, "kw"]),
                mailbox.expunge(foreign, [uid]),
                mailbox.move(foreign, [uid], folder),
                mailbox.move(folder, [mine], foreign),
                mailbox.copy(folder, [mine], foreign),
                mailbox.create(f"{foreign}/x"),
            ):
                with pytest.raises(ForbiddenError):
                    await call
            after = await mailbox.snapshot(foreign)
            assert after.present == before.present
            assert (await mailbox.summaries(foreign, [uid]))[uid] == summary
            assert list((await mailbox.snapshot(folder)).present) == [mine]

        opened(act)

    def test_what_can_be_read_can_be_copied(self, opened: Opened, foreign: str) -> None:
        """A copy of somebody else's message is one's own."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            uid = next(iter((await mailbox.snapshot(foreign)).present))
            copied = await mailbox.copy(foreign, [uid], folder)
            assert set(copied) == {uid}
            assert copied[uid].uid in (await mailbox.snapshot(folder)).present

        opened(act)

    def test_several_tasks_share_a_mailbox(self, opened: Opened) -> None:
        """Calls that run at once get their own answers."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            names = [f"{folder}/{number}" for number in range(4)]
            for name in names:
                await mailbox.create(name)

            async def work(name: str) -> None:
                for number in range(5):
                    uid = (await mailbox.append(name, plain(f"{name} {number}"))).uid
                    found = await mailbox.summaries(name, [uid])
                    assert found[uid].envelope[1] == f"{name} {number}".encode()
                assert len((await mailbox.snapshot(name)).present) == 5

            await asyncio.gather(*map(work, names))

        opened(act)

    def test_a_closed_mailbox_is_of_no_use(self, opened: Opened) -> None:
        """It says that it is away, and does nothing."""

        async def act(mailbox: Mailbox, folder: str) -> None:
            await mailbox.close()
            with pytest.raises(MailboxError):
                await mailbox.append(folder, SIMPLE)

        opened(act)


def throwaway() -> str:
    """Return a name that no folder has."""
    return f"contract-{uuid.uuid4().hex[:8]}"
