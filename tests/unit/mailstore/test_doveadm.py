"""The doveadm protocol, and a Dovecot that answers well, badly, or not at all."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from fermoposta.mailstore import doveadm
from fermoposta.mailstore.doveadm import Doveadm, DoveadmError


def ask(
    folder: Path, replies: Callable[[bytes], bytes], act: Callable[[Path], object]
) -> list[bytes]:
    """Let *act* talk to a Dovecot that greets, then answers as *replies* says; return its lines."""
    path, heard, hung_up = folder / "doveadm", [], []

    async def dovecot(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hung_up.append(asyncio.Event())
        mine = hung_up[-1]
        heard.append(await reader.readline())
        writer.write(replies(b""))
        while line := await reader.readline():
            heard.append(line)
            writer.write(reply := replies(line))
            if reply and not reply.endswith(b"\n"):
                break  # hangs up in the midst of an answer
        writer.close()
        mine.set()

    async def both() -> None:
        async with asyncio.timeout(10), await asyncio.start_unix_server(dovecot, path):
            try:
                await act(path)
            finally:
                for each in hung_up:
                    await each.wait()

    asyncio.run(both())
    return heard


def kind(line: bytes) -> bytes:
    return b"1\t\n+\n" if line else b"+\n"


def test_a_command_is_a_line_of_fields() -> None:
    """No flags, no user name, the command, its arguments."""
    assert doveadm.encode("kick", ["ada@example.org"]) == b"\t\tkick\tada@example.org\n"


@pytest.mark.parametrize("name", ["a\tb", "a\nkick", "a\x01t", "a\r\n\x01", "Ü/&\0"])
def test_nobody_smuggles_a_second_command(name: str) -> None:
    """What would end a field or a line is escaped, and comes back as it was."""
    line = doveadm.encode("mailbox create", [name], "ada@example.org")

    fields = line.removesuffix(b"\n").split(b"\t")
    assert len(fields) == 4
    assert b"\n" not in line[:-1]
    assert doveadm.decode(fields[3] + b"\t\n") == [name]


@pytest.mark.parametrize(
    ("line", "fields"),
    [(b"\n", []), (b"1\t\n", ["1"]), (b"a\t\tb\x01tc\t\n", ["a", "", "b\tc"]), (b"\t\n", [""])],
)
def test_a_reply_is_a_list_of_fields(line: bytes, fields: list[str]) -> None:
    """Each ends with a tab, and empty ones count."""
    assert doveadm.decode(line) == fields


def test_a_table_is_parted_into_rows(tmp_path: Path) -> None:
    """The protocol does not say how many columns there are; the caller does."""
    found: list[object] = []

    async def status(path: Path) -> None:
        found.extend(await Doveadm(path).rows(2, "mailbox status", "messages", "*", user="a@x.org"))
        with pytest.raises(DoveadmError, match="4 fields are no rows of 3"):
            await Doveadm(path).rows(3, "mailbox status", "messages", "*", user="a@x.org")

    def table(line: bytes) -> bytes:
        return b"INBOX\t25\tSent\t3\t\n+\n" if line else b"+\n"

    ask(tmp_path, table, status)

    assert found == [("INBOX", "25"), ("Sent", "3")]


def test_sessions_end_by_kick(tmp_path: Path) -> None:
    """One command for each who has a session: Dovecot 2.4.1 dies of a list, and each takes time."""
    gone = ["a@example.org", "b@example.org", "c@example.org"]

    def two_are_there(line: bytes) -> bytes:
        if line == b"\t\twho\n":
            users = ("a@example.org", "b@example.org", "stays@example.org")
            return b"".join(f"{user}\t1\timap\t(1)\t(::1)\t".encode() for user in users) + b"\n+\n"
        return kind(line)

    heard = ask(tmp_path, two_are_there, lambda path: Doveadm(path).end_sessions(gone))

    version = b"VERSION\tdoveadm-server\t1\t0\n"
    assert heard == [
        *(version, b"\t\twho\n"),
        *(version, b"\t\tkick\ta@example.org\n", b"\t\tkick\tb@example.org\n"),
    ]


def test_many_are_forgotten_in_short_lines(tmp_path: Path) -> None:
    """Dovecot 2.4.1 does not read longer ones, and takes none for nobody."""
    addresses = [f"u{number}@x.org" for number in range(4)]
    lines = [b"\tu0@x.org\tu1@x.org\tu2@x.org\n", b"\tu3@x.org\n"]

    heard = ask(tmp_path, kind, lambda path: Doveadm(path).forget_credentials(addresses))

    assert heard[1:] == [b"\t\tauth cache flush" + line for line in lines]


def test_nobody_gone_nothing_asked(tmp_path: Path) -> None:
    """Without a name the command would mean something else."""
    asyncio.run(Doveadm(tmp_path / "nowhere").end_sessions([]))
    asyncio.run(Doveadm(tmp_path / "nowhere").forget_credentials([]))


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        (lambda _line: b"-\n", "0600"),
        (lambda line: b"\n-NOPERM\n" if line else b"+\n", "NOPERM"),
        (lambda line: b"half a li" if line else b"+\n", "broke off"),
    ],
)
def test_a_refusal_is_an_error(
    tmp_path: Path, replies: Callable[[bytes], bytes], error: str
) -> None:
    """The pass is done again, and the operator reads why."""
    with pytest.raises(DoveadmError, match=error):
        ask(tmp_path, replies, lambda path: Doveadm(path).run("kick", "a@example.org"))


def test_a_dovecot_that_is_silent_is_given_up(tmp_path: Path) -> None:
    """Nothing waits for ever."""

    def silent(line: bytes) -> bytes:
        return b"" if line else b"+\n"

    with pytest.raises(TimeoutError):
        ask(tmp_path, silent, lambda path: Doveadm(path, seconds=0.2).run("kick", "a@example.org"))
