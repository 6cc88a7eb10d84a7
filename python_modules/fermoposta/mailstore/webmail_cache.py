"""
Have the webmail forget what it knows of people: SOGo keeps it in memcached, by log-in name.

SOGo holds the digest of a password that was right once for five minutes, and asks the directory
again only then. Its key is the log-in, which is the address, and ``+attributes``.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path

_LONGEST_KEY = 250
"""Bytes; SOGo cannot keep anything under a longer one either."""


class WebmailCacheError(Exception):
    """Memcached answered something else than that the entry is gone."""


async def forget_people(path: Path, addresses: Iterable[str], *, seconds: float = 10) -> None:
    """
    Drop the entries of *addresses* from the memcached behind the socket at *path*.

    Where none listens there is none to forget: memcached keeps nothing over its end. Raises
    WebmailCacheError, OSError, or TimeoutError.
    """
    await forget(path, map(key_of, addresses), seconds=seconds)


async def forget(path: Path, wanted: Iterable[bytes], *, seconds: float = 10) -> None:
    """Drop the entries with the keys *wanted*, as `forget_people` does."""
    keys = [key for key in wanted if len(key) <= _LONGEST_KEY]
    if not keys:
        return
    async with asyncio.timeout(seconds):
        try:
            reader, writer = await asyncio.open_unix_connection(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return
        try:
            for key in keys:
                writer.write(b"delete %s\r\n" % key)
                answer = await reader.readline()
                if answer not in {b"DELETED\r\n", b"NOT_FOUND\r\n"}:
                    said = answer.decode(errors="replace").strip() or "nothing"
                    raise WebmailCacheError(f"memcached should delete {key!r} and said {said}")
        finally:
            writer.close()


def key_of(address: str) -> bytes:
    """Return the key under which SOGo keeps somebody; an address holds no blank."""
    return f"{address}+attributes".encode()
