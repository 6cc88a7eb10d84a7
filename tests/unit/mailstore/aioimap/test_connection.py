"""A client of a server that answers well, badly, late, or not at all."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from fermoposta.mailstore.aioimap import ImapMailbox, Server, verify
from fermoposta.mailstore.aioimap.login import log_in
from fermoposta.mailstore.mailbox import (
    FolderExistsError,
    LoginError,
    QuotaError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HANG_UP = b"\0hang up"
SILENCE = b"\0silence"
GREETING = b"* OK ready\r\n"
SELECTED = (
    b"* OK [CLOSED] before\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] x\r\n* OK [UIDVALIDITY 7] x\r\n"
    b"* OK [HIGHESTMODSEQ 9] x\r\n@ OK [READ-WRITE] selected\r\n"
)
STATUS = (
    b'* LIST () "/" INBOX\r\n* STATUS INBOX (MESSAGES 1 UIDVALIDITY 7 UNSEEN 0 HIGHESTMODSEQ 9 '
    b"X-GUID ab)\r\n@ OK done\r\n"
)


class Dovecot:
    """
    Answers each command by the first *script* that its words begin with; OK where there is none.

    ``@`` at the start of a line is the command's tag. What it heard is in *heard*, by connection.
    """

    def __init__(self, **script: bytes | list[bytes]) -> None:
        self.script = {name.replace("_", " "): answer for name, answer in script.items()}
        self.heard: list[list[str]] = []
        self.left: list[asyncio.Event] = []
        self.silent = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard: list[str] = []
        self.heard.append(heard)
        gone = asyncio.Event()
        self.left.append(gone)
        with suppress(ConnectionError):
            writer.write(GREETING)
            while line := await reader.readline():
                tag, _, words = line.decode().rstrip("\r\n").partition(" ")
                while found := re.search(r"\{(\d+)\+\}$", words):
                    literal = await reader.readexactly(int(found[1]))
                    words += literal.decode() + (await reader.readline()).decode().rstrip("\r\n")
                heard.append(words or tag)
                answer = self.answer(words)
                said = answer.partition(HANG_UP)[0].partition(SILENCE)[0]
                writer.write(re.sub(rb"(?m)^@", tag.encode(), said))
                await writer.drain()
                if SILENCE in answer:
                    self.silent.set()
                if HANG_UP in answer:
                    break
        writer.close()
        gone.set()

    def answer(self, words: str) -> bytes:
        for name, answer in self.script.items():
            if words.startswith(name):
                if isinstance(answer, list):
                    return answer.pop(0) if len(answer) > 1 else answer[0]
                return answer
        return SELECTED if words.startswith("SELECT") else b"@ OK done\r\n"


def talk(
    dovecot: Dovecot, act: Callable[[Server], Awaitable[None]], *, seconds: float = 20
) -> list[list[str]]:
    """Let *act* talk to *dovecot*, and return what that heard in each connection."""

    async def both() -> None:
        async with asyncio.timeout(seconds):
            server = await asyncio.start_server(dovecot.serve, "127.0.0.1", 0)
            async with server:
                port = server.sockets[0].getsockname()[1]
                await act(Server("127.0.0.1", port))
                for gone in dovecot.left:
                    await gone.wait()

    asyncio.run(both())
    return dovecot.heard


def mailbox(server: Server, *, seconds: float = 5) -> ImapMailbox:
    return ImapMailbox(server, "ada@example.org", "secret", seconds=seconds)


def test_the_password_goes_by_plain_and_modseqs_are_asked_for() -> None:
    """Log-in, ENABLE QRESYNC before anything is selected, and a proper good-bye."""

    async def act(server: Server) -> None:
        await verify(server, "ada@example.org", "secret")

    assert talk(Dovecot(), act) == [
        ["AUTHENTICATE PLAIN AGFkYUBleGFtcGxlLm9yZwBzZWNyZXQ=", "ENABLE QRESYNC", "LOGOUT"]
    ]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"@ NO [AUTHENTICATIONFAILED] no\r\n", LoginError),
        (b"@ NO [UNAVAILABLE] no\r\n", UnavailableError),
        (b"@ NO [LIMIT] too many\r\n", UnavailableError),
        (b"* BYE away\r\n" + HANG_UP, UnavailableError),
        (HANG_UP, UnavailableError),
        (SILENCE, UnavailableError),
        (b"garbage\r\n", UnavailableError),
        (b"+ \r\n", UnavailableError),
    ],
)
def test_only_a_wrong_password_is_called_one(answer: bytes, kind: type[Exception]) -> None:
    """Where Dovecot is away or busy, a password that may be right is not thrown away."""

    async def act(server: Server) -> None:
        with pytest.raises(kind) as raised:
            await log_in(server, "ada@example.org", "secret", seconds=0.3)
        assert type(raised.value) is not LoginError or kind is LoginError
        assert "secret" not in repr(raised.value)

    talk(Dovecot(AUTHENTICATE=answer), act)


def test_a_greeting_that_turns_away_is_no_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """No password is sent to who does not want it."""
    monkeypatch.setattr(f"{__name__}.GREETING", b"* BYE full\r\n")

    async def act(server: Server) -> None:
        with pytest.raises(UnavailableError):
            await log_in(server, "ada@example.org", "secret")

    assert talk(Dovecot(), act) == [[]]


@pytest.mark.parametrize(
    "answer",
    [
        b"* STATUS INBOX (UNSEEN" + HANG_UP,
        b"* STATUS INBOX (UNSEEN\r\n",
        b"\xff\xfe\0\r\n",
        b"f99 OK not yours\r\n",
        b"* LIST () {999999999999}\r\n",
        b"+ more\r\n",
        SILENCE,
    ],
)
def test_a_broken_answer_closes_the_connection(answer: bytes) -> None:
    """The call fails, and the next one gets its own answer by another connection."""

    async def act(server: Server) -> None:
        box = mailbox(server, seconds=0.3)
        with pytest.raises(UnavailableError):
            await box.status("INBOX")
        assert (await box.status("INBOX")).guid == "ab"
        await box.close()

    heard = talk(Dovecot(LIST=[answer, STATUS]), act)
    assert len(heard) == 2


def test_a_dead_connection_is_replaced_once_for_who_reads() -> None:
    """Dovecot hung up while nobody looked: the same is asked again, and no third time."""

    async def act(server: Server) -> None:
        box = mailbox(server)
        await box.status("INBOX")
        assert (await box.status("INBOX")).guid == "ab"
        with pytest.raises(UnavailableError):
            await box.status("INBOX")
        await box.close()

    heard = talk(Dovecot(LIST=[STATUS, HANG_UP, STATUS, HANG_UP, HANG_UP, STATUS]), act)
    assert [sum(words.startswith("LIST") for words in each) for each in heard] == [2, 2, 1]


def test_nothing_is_changed_twice() -> None:
    """A MOVE that broke off is not asked again; a connection that died before is replaced."""

    async def act(server: Server) -> None:
        box = mailbox(server)
        await box.snapshot("INBOX")
        with pytest.raises(UnavailableError):
            await box.move("INBOX", [1], "Trash")
        await box.snapshot("INBOX")
        assert await box.copy("INBOX", [1], "Trash") == {}
        await box.close()

    dovecot = Dovecot(
        UID_MOVE=HANG_UP,
        NOOP=[b"@ OK done\r\n", HANG_UP],
        MYRIGHTS=b"* MYRIGHTS INBOX lrte\r\n@ OK done\r\n",
        UID_SEARCH=b'* ESEARCH (TAG "f4") UID ALL 1\r\n@ OK done\r\n',
    )
    heard = [words for each in talk(dovecot, act) for words in each]
    assert heard.count("UID MOVE 1 Trash") == 1
    assert heard.count("UID COPY 1 Trash") == 1


def test_a_cancelled_call_leaves_no_answer_behind() -> None:
    """Its connection is closed; the next call gets its own answer."""

    async def act(server: Server) -> None:
        box = mailbox(server)
        call = asyncio.ensure_future(box.status("INBOX"))
        await dovecot.silent.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await box.rights("INBOX") == {"l", "r"}
        await box.close()

    dovecot = Dovecot(
        LIST=[SILENCE, b'* LIST () "/" INBOX\r\n@ OK done\r\n'],
        MYRIGHTS=b"* MYRIGHTS INBOX lr\r\n@ OK done\r\n",
    )
    talk(dovecot, act)
    assert len(dovecot.heard) == 2


def test_who_waits_for_a_connection_may_be_cancelled() -> None:
    """Two connections work at once and no more; a place that was waited for is not lost."""

    async def act(server: Server) -> None:
        box = mailbox(server, seconds=0.5)
        busy = [asyncio.ensure_future(box.status("INBOX")) for _ in range(2)]
        await asyncio.sleep(0.1)
        third = asyncio.ensure_future(box.status("INBOX"))
        await asyncio.sleep(0.1)
        third.cancel()
        results = await asyncio.gather(*busy, third, return_exceptions=True)
        assert [type(each) for each in results[2:]] == [asyncio.CancelledError]
        dovecot.script["LIST"] = STATUS
        assert len(dovecot.heard) == 2
        await asyncio.gather(*(box.status("INBOX") for _ in range(5)))
        await box.close()

    dovecot = Dovecot(LIST=SILENCE)
    talk(dovecot, act)
    assert len(dovecot.heard) == 4


def test_a_large_literal_comes_whole() -> None:
    """It is bounded by the stream's pieces, not by the connection's buffer."""
    content = bytes(range(256)) * 1024

    async def act(server: Server) -> None:
        box = mailbox(server)
        pieces = [each async for each in box.stream("INBOX", 3)]
        assert b"".join(pieces) == content + b"end"
        await box.close()

    fetch = b"* 1 FETCH (UID 3 BODY[]<0> {262144}\r\n%b)\r\n@ OK done\r\n"
    dovecot = Dovecot(
        UID_FETCH=[
            fetch % content,
            b'* 1 FETCH (UID 3 BODY[]<262144> "end")\r\n@ OK done\r\n',
        ]
    )
    talk(dovecot, act)


def test_a_message_is_not_sent_where_the_mailbox_is_full() -> None:
    """Dovecot is asked first, and the connection is good for more."""

    async def act(server: Server) -> None:
        box = mailbox(server)
        with pytest.raises(QuotaError):
            await box.append("INBOX", b"x" * 1_000_000)
        assert (await box.status("INBOX")).guid == "ab"
        await box.close()

    dovecot = Dovecot(APPEND=b"@ NO [OVERQUOTA] full\r\n", LIST=STATUS)
    heard = talk(dovecot, act)
    assert heard == [
        [*heard[0][:3], "APPEND INBOX () {1000000}", heard[0][4], "LOGOUT"],
    ]


def test_a_folder_that_was_selected_is_looked_at_again() -> None:
    """NOOP comes first; where it says NO the folder is selected anew."""

    async def act(server: Server) -> None:
        box = mailbox(server)
        for _ in range(3):
            await box.summaries("INBOX", [1])
        await box.close()

    noops = [b"@ OK done\r\n", b"* NO Internal error\r\n@ OK done\r\n"]
    (heard,) = talk(Dovecot(NOOP=noops), act)
    assert [words.split()[0] for words in heard[2:-1]] == [
        "SELECT", "UID", "NOOP", "UID", "NOOP", "SELECT", "UID",
    ]  # fmt: skip


def test_watching_is_quiet_and_is_begun_anew() -> None:
    """One IDLE until it is time; changes that come together count once; BYE ends it."""

    async def act(server: Server) -> None:
        watching = mailbox(server).watch("INBOX")
        await anext(watching)
        await anext(watching)
        with pytest.raises(UnavailableError):
            await anext(watching)

    idle = b"+ idling\r\n* OK Still here\r\n* 4 EXISTS\r\n* 1 RECENT\r\n* 2 FETCH (UID 2)\r\n"
    (heard,) = talk(Dovecot(IDLE=idle + b"* BYE\r\n" + HANG_UP), act)
    assert heard[2:] == ["EXAMINE INBOX", "IDLE"]


def test_idle_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """DONE and IDLE again where nothing happened; what came with DONE is told."""
    monkeypatch.setattr("fermoposta.mailstore.aioimap.watching.IDLE_SECONDS", 0.1)

    async def act(server: Server) -> None:
        watching = mailbox(server).watch("INBOX")
        await anext(watching)
        await anext(watching)
        await watching.aclose()

    dovecot = Dovecot(IDLE=b"+ idling\r\n")
    dovecot.answers = 0

    def answer(words: str) -> bytes:
        if not words and len(dovecot.heard[0]) == 5:  # the first DONE
            return b"* 5 EXISTS\r\nf4 OK done\r\n"
        return original(words)

    original = dovecot.answer
    dovecot.answer = answer
    (heard,) = talk(dovecot, act)
    assert heard[2:6] == ["EXAMINE INBOX", "IDLE", "DONE", "IDLE"]


def test_a_watch_that_is_given_up_hangs_up() -> None:
    """Cancelled while it waits, it leaves no connection behind."""

    async def act(server: Server) -> None:
        watching = mailbox(server).watch("INBOX")
        await anext(watching)
        waiting = asyncio.ensure_future(anext(watching))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    talk(Dovecot(IDLE=b"+ idling\r\n"), act)


def test_a_folder_that_was_not_found_at_first_is_made() -> None:
    """It may have been made all the same; a folder that was there before is an error."""

    async def act(server: Server) -> None:
        box = mailbox(server)
        await box.create("INBOX")
        with pytest.raises(FolderExistsError):
            await box.create("INBOX")
        await box.close()

    lost, there = b"@ NO [NONEXISTENT] Not found\r\n", b"@ NO [ALREADYEXISTS] there\r\n"
    (heard,) = talk(Dovecot(CREATE=[lost, there], LIST=STATUS), act)
    assert heard.count("CREATE INBOX") == 3
    assert heard.count("SUBSCRIBE INBOX") == 1


def test_nobody_reads_the_password_off_a_mailbox() -> None:
    """Neither its name nor its attributes show it in a log."""
    box = ImapMailbox(Server("127.0.0.1", 1), "ada@example.org", "secret")
    assert "secret" not in repr(box)
    assert "ada@example.org" in repr(box)
