"""What the gateway may have the agent write, over a real socket."""

import asyncio
import getpass
import json

import pytest
from structlog.testing import capture_logs

from fermoposta.agent.answers import Answers
from fermoposta.agent.questions import listen
from fermoposta.agent.sharing.grants import Writer
from fermoposta.directory.model import Company, Domain, OutOfOffice, Owner, State, User
from fermoposta.directory.store import MemoryStore, StoreError

ADA, BOB = "ada@example.org", "bob@example.org"


@pytest.fixture
def store():
    return MemoryStore(
        State.of_records(
            [
                Company("acme", "Acme"),
                Domain("example.org", "acme"),
                User(ADA, "Ada", mailbox_id="1"),
                User(BOB, "Bob", mailbox_id="2"),
                OutOfOffice(BOB, "Away", managed_by=Owner.INVENTORY),
            ]
        )
    )


def ask(store, path, request, *, user=None):
    """Send *request* to a listener for *user*; return what comes back."""

    async def main():
        answers = Answers(Writer(store, store.state))
        async with await listen(path, user or getpass.getuser(), answers.take):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(request)
            try:
                answer = await reader.read()
            except ConnectionResetError:  # hung up on before everything was read
                answer = b""
            writer.close()
        return answer

    return asyncio.run(main())


def said(mailbox=ADA, **answer):
    return json.dumps({"mailbox": mailbox, "answer": answer}).encode() + b"\n"


def test_an_answer_is_put_into_the_directory(store, tmp_path):
    """As the portal's, under the device's name."""
    found = ask(store, tmp_path / "socket", said(text="Back on Monday.", until="2026-12-24"))

    assert json.loads(found) == {"done": True}
    there = store.state().out_of_office[ADA]
    assert (there.text, str(there.ends), there.managed_by) == (
        "Back on Monday.",
        "2026-12-24",
        Owner.PORTAL,
    )
    assert store.audit()[-1].actor == f"activesync:{ADA}"


def test_an_answer_that_is_as_it_was_is_done(store, tmp_path):
    """And writes nothing."""
    ask(store, tmp_path / "socket", said(text="Away"))
    revision = store.state().revision

    assert json.loads(ask(store, tmp_path / "again", said(text="Away"))) == {"done": True}
    assert store.state().revision == revision


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (said(BOB, text="x"), "belongs to the inventory"),
        (said("nobody@example.org", text="x"), "there is no nobody@example.org"),
        (said(), "has no text"),
        (said(text="a\0b"), "control character"),
        (said(text="x" * 10_001), "longer than 10000"),
        (said(text="x", colour="red"), "no such field"),
        (said(text="x", managed_by="inventory"), "no such field"),
        (said(text="x", until="soon"), "no date"),
        (b"[]\n", "no document"),
        (b"{\n", "no document"),
        (b'{"mailbox": "ada@example.org"}\n', "no document"),
        (b"\xff\n", "no document"),
    ],
)
def test_what_the_directory_does_not_take_is_refused_with_the_reason(
    store, tmp_path, request_, reason
):
    """Nothing of it is stored."""
    before = store.state()

    found = json.loads(ask(store, tmp_path / "socket", request_))

    assert list(found) == ["refused"]
    assert reason in " ".join(found["refused"])
    assert store.state() == before


@pytest.mark.parametrize("user", ["nobody", "no such user"])
def test_nobody_else_is_heard(store, tmp_path, user):
    """Who runs as another user than the gateway gets no answer, and changes nothing."""
    with capture_logs() as logged:
        assert ask(store, tmp_path / "socket", said(text="x"), user=user) == b""

    assert ADA not in store.state().out_of_office
    assert logged[0]["event"] == "a stranger spoke at a socket"


@pytest.mark.parametrize("request_", [b"", b"x" * (1 << 19)])
def test_who_says_nothing_or_too_much_gets_nothing(store, tmp_path, request_):
    """The agent goes on."""
    revision = store.state().revision

    async def main():
        answers = Answers(Writer(store, store.state))
        async with await listen(tmp_path / "socket", getpass.getuser(), answers):
            reader, writer = await asyncio.open_unix_connection(tmp_path / "socket")
            writer.write(request_)
            writer.write_eof()
            try:
                return await reader.read()
            except ConnectionResetError:  # hung up on before everything was read
                return b""
            finally:
                writer.close()

    assert asyncio.run(main()) == b""
    assert store.state().revision == revision


def test_a_directory_that_is_away_is_asked_later(store, tmp_path, monkeypatch):
    """The device is told to come again; what went wrong stays in the journal."""

    def away(*_, **__):
        raise StoreError("the directory cannot be used: no such socket")

    monkeypatch.setattr(store, "apply", away)
    with capture_logs() as logged:
        found = json.loads(ask(store, tmp_path / "socket", said(text="x")))

    assert list(found) == ["later"]
    assert "socket" not in found["later"]
    assert "no such socket" in logged[0]["error"]
