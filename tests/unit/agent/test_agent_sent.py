"""One copy of what was sent as somebody else, whoever files first and however often."""

import asyncio
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from fermoposta.agent import sent
from fermoposta.agent.copies import MARK, Person, headers
from fermoposta.agent.submissions import Submission
from fermoposta.directory.store import StoreError
from fermoposta.mailstore.imap import Message

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOB = Person("bob@example.org")
MAIL = b"From: ada@example.org\r\nMessage-ID: <1@x>\r\n\r\ntext\r\n"
THEIRS = b"Bcc: eve@outside.test\r\n" + MAIL


def submission(number="7"):
    return Submission(number, BOB.address, "ada@example.org", "1@x", AT)


class Session:
    """A Sent folder in memory, with what `settle` asks of one."""

    address = BOB.address

    def __init__(self, *copies):
        self.copies = {}
        self.client = SimpleNamespace(
            select_folder=lambda _folder: None,
            search=lambda _criteria: list(self.copies),
            add_flags=self._add_flags,
        )
        for content, flags in copies:
            self.append("Sent", content, flags=flags, at=AT)

    def _add_flags(self, uids, flags):
        for uid in uids:
            content, before = self.copies[uid]
            self.copies[uid] = content, before | set(flags)

    def folder(self, use, otherwise):
        assert (use, otherwise) == ("\\Sent", "Sent")
        return otherwise

    def headers(self, uids, *_names):
        return {uid: self.copies[uid][0].partition(b"\r\n\r\n")[0] + b"\r\n" for uid in uids}

    def messages(self, uids):
        return [Message(uid, *self.copies[uid], AT) for uid in uids]

    def append(self, _folder, message, *, flags, at):
        assert at == AT
        self.copies[len(self.copies) + 1 + max(self.copies, default=0)] = message, frozenset(flags)

    def remove(self, uids):
        for uid in uids:
            del self.copies[uid]

    @property
    def contents(self):
        return [content for content, _ in self.copies.values()]


def test_the_clients_copy_gives_way_and_nothing_of_it_is_lost():
    """Filed before: its blind copies and flags are in ours."""
    session = Session((THEIRS, {"\\Flagged", "\\Recent"}))

    sent.settle(session, submission(), BOB, MAIL)

    [(copy, flags)] = session.copies.values()
    assert headers(copy, MARK) == [f"{MARK}: 7\r\n".encode()]
    assert headers(copy, "Bcc") == [b"Bcc: eve@outside.test\r\n"]
    assert flags == {"\\Seen", "\\Flagged"}


def test_a_copy_that_comes_later_gives_way_too():
    session = Session()
    sent.settle(session, submission(), BOB, MAIL)
    session.append("Sent", THEIRS, flags={"\\Answered"}, at=AT)

    sent.settle(session, submission(), BOB, None)

    [(copy, flags)] = session.copies.values()
    assert headers(copy, "Bcc") == [b"Bcc: eve@outside.test\r\n"]
    assert flags == {"\\Seen", "\\Answered"}


def test_done_twice_it_is_as_done_once():
    session = Session((THEIRS, set()))
    sent.settle(session, submission(), BOB, MAIL)
    before = dict(session.copies)

    sent.settle(session, submission(), BOB, MAIL)
    sent.settle(session, submission("8"), BOB, MAIL)
    sent.settle(session, submission(), BOB, None)

    assert session.copies == before


def test_without_our_copy_theirs_stays():
    """The mail may not have come yet; until then theirs is the only one."""
    session = Session((THEIRS, set()))

    sent.settle(session, submission(), BOB, None)

    assert session.contents == [THEIRS]


def test_a_second_mail_under_the_same_id_is_another_one():
    session = Session()
    sent.settle(session, submission("7"), BOB, MAIL)
    sent.settle(session, submission("8"), BOB, MAIL.replace(b"text", b"another text"))

    assert len(session.copies) == 2


def test_a_mail_of_the_represented_is_not_taken_away_by_its_message_id():
    """Who represents them may know it; a copy of what was sent gives way there, too."""
    written = b"Bcc: eve@outside.test\r\nMessage-ID: <1@x>\r\n\r\nAda's own words\r\n"
    session = Session((written, set()), (THEIRS, set()))
    session.address = "ada@example.org"

    sent.settle(session, submission(), BOB, MAIL)

    left, ours = session.contents
    assert left == written
    assert headers(ours, MARK)
    assert headers(ours, "Bcc") == [b"Bcc: eve@outside.test\r\n"]


@pytest.mark.parametrize("error", [StoreError("not read yet"), OverflowError(), KeyError()])
def test_one_odd_message_does_not_end_the_listening(error):
    """It is said, and the next one is looked at."""

    class Tools:
        directory = SimpleNamespace(users={BOB.address: SimpleNamespace(name="")}, resources={})

        @contextmanager
        def imap(self, _address):
            raise error
            yield

    with capture_logs() as logged:
        asyncio.run(sent._look(Tools(), submission()))

    assert [each["event"] for each in logged] == ["a Sent folder was not settled"]


def test_what_was_filed_meanwhile_is_looked_at_when_the_directory_is_known(monkeypatch):
    """Before, nothing could be said of anybody's mailbox; afterwards, once is enough."""
    seen = []

    async def changes():
        seen.append("read")
        yield ()
        yield ()

    async def listen(*_arguments):
        return nullcontext()

    async def look_back(_tools):
        seen.append("looked back")

    monkeypatch.setattr(sent.asked, "listen", listen)
    monkeypatch.setattr(sent, "_look_back", look_back)
    settings = SimpleNamespace(agent_told_socket=None, mail_user="vmail")
    asyncio.run(sent.watch(SimpleNamespace(settings=settings), changes()))

    assert seen == ["read", "looked back"]
