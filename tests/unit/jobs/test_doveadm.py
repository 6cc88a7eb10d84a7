"""The doveadm protocol, and a Dovecot that answers well, badly, or not at all."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from fermoposta.jobs import doveadm
from fermoposta.jobs.doveadm import DoveadmError


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
            writer.write(replies(line))
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


@pytest.mark.parametrize("address", ["a\tb", "a\nkick", "a\x01t"])
def test_nobody_smuggles_a_second_command(address: str) -> None:
    """A name with a control character is refused."""
    with pytest.raises(ValueError, match="control character"):
        doveadm.encode("kick", [address])


@pytest.mark.parametrize(
    ("reply", "well"),
    [
        (b"", None),
        (b"0\t", None),
        (b"0\t\n+", None),
        (b"0\t\n+\n", True),
        (b"\n+\n0\t", True),
        (b"\n-NOUSER\n", False),
        (b"\n-\n", False),
    ],
)
def test_the_end_of_a_reply_is_seen(reply: bytes, *, well: bool | None) -> None:
    """Neither too early nor never."""
    assert doveadm.outcome(reply) is well


def test_sessions_end_by_kick(tmp_path: Path) -> None:
    """One command for each who is gone: Dovecot 2.4.1 dies of a list."""
    heard = ask(
        tmp_path, kind, lambda path: doveadm.end_sessions(path, ["a@example.org", "b@example.org"])
    )

    assert heard == [
        b"VERSION\tdoveadm-server\t1\t0\n",
        b"\t\tkick\ta@example.org\n",
        b"VERSION\tdoveadm-server\t1\t0\n",
        b"\t\tkick\tb@example.org\n",
    ]


def test_many_are_forgotten_in_short_lines(tmp_path: Path) -> None:
    """Dovecot 2.4.1 does not read longer ones, and takes none for nobody."""
    addresses = [f"u{number}@x.org" for number in range(4)]
    lines = [b"\tu0@x.org\tu1@x.org\tu2@x.org\n", b"\tu3@x.org\n"]

    heard = ask(tmp_path, kind, lambda path: doveadm.forget_credentials(path, addresses))

    assert heard[1::2] == [b"\t\tauth cache flush" + line for line in lines]


def test_nobody_gone_nothing_asked(tmp_path: Path) -> None:
    """Without a name the command would mean something else."""
    asyncio.run(doveadm.end_sessions(tmp_path / "nowhere", []))
    asyncio.run(doveadm.forget_credentials(tmp_path / "nowhere", []))


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        (lambda _line: b"-\n", "0600"),
        (lambda line: b"\n-NOPERM\n" if line else b"+\n", "NOPERM"),
    ],
)
def test_a_refusal_is_an_error(
    tmp_path: Path, replies: Callable[[bytes], bytes], error: str
) -> None:
    """The pass is done again, and the operator reads why."""
    with pytest.raises(DoveadmError, match=error):
        ask(tmp_path, replies, lambda path: doveadm.run(path, "kick", ["a@example.org"]))


def test_a_dovecot_that_is_silent_is_given_up(tmp_path: Path) -> None:
    """Nothing waits for ever."""

    def silent(line: bytes) -> bytes:
        return b"" if line else b"+\n"

    with pytest.raises(TimeoutError):
        ask(
            tmp_path, silent, lambda path: doveadm.run(path, "kick", ["a@example.org"], seconds=0.2)
        )
