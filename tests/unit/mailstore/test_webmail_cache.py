"""What the webmail forgets, with a memcached that answers well, badly, or not at all."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from fermoposta.mailstore.webmail_cache import WebmailCacheError, forget_people


def forget(folder: Path, addresses: Sequence[str], answer: bytes) -> list[bytes]:
    """Let a memcached be asked that gives one answer to everything; return what it heard."""
    path, heard, hung_up = folder / "memcached", [], []

    async def memcached(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hung_up.append(mine := asyncio.Event())
        while line := await reader.readline():
            heard.append(line)
            writer.write(answer)
        writer.close()
        await writer.wait_closed()
        mine.set()

    async def both() -> None:
        async with await asyncio.start_unix_server(memcached, path):
            try:
                await forget_people(path, addresses, seconds=0.5)
            finally:
                for each in hung_up:
                    await each.wait()

    asyncio.run(both())
    return heard


@pytest.mark.parametrize("answer", [b"DELETED\r\n", b"NOT_FOUND\r\n"])
def test_everybody_is_forgotten(tmp_path: Path, answer: bytes) -> None:
    """Each address has a key of its own, whether the webmail knew it or not."""
    heard = forget(tmp_path, ["ada@example.org", "bob@example.org"], answer)

    assert heard == [
        b"delete ada@example.org+attributes\r\n",
        b"delete bob@example.org+attributes\r\n",
    ]


def test_a_refusal_is_told(tmp_path: Path) -> None:
    """The pass that asked is tried again."""
    with pytest.raises(WebmailCacheError, match=r"ada@example\.org.*SERVER_ERROR busy"):
        forget(tmp_path, ["ada@example.org"], b"SERVER_ERROR busy\r\n")


def test_silence_ends(tmp_path: Path) -> None:
    """A memcached that hangs does not hang the jobs."""
    with pytest.raises(TimeoutError):
        forget(tmp_path, ["ada@example.org"], b"")


def test_without_a_cache_there_is_nothing_to_forget(tmp_path: Path) -> None:
    """A host without the webmail, or one whose memcached starts anew, is no trouble."""
    asyncio.run(forget_people(tmp_path / "none", ["ada@example.org"]))


def test_a_key_that_memcached_refuses_is_not_asked_for(tmp_path: Path) -> None:
    """SOGo could keep nothing under it either."""
    heard = forget(tmp_path, ["a" * 240 + "@example.org", "bob@example.org"], b"DELETED\r\n")

    assert heard == [b"delete bob@example.org+attributes\r\n"]
