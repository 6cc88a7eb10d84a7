"""
Sockets at which other services of this host ask the agent: one JSON document a line, one answer.

Only processes of one user are heard, whoever else may reach the socket.
"""

import asyncio
import json
import pwd
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import structlog

from fermoposta.agent import peer

Take = Callable[[bytes], Awaitable[dict[str, object]]]
"""Carries out a request and returns what is answered."""
_MOST = 1 << 18
"""Bytes of a request: two texts of 10,000 characters and what is around them."""
_SECONDS = 30
"""How long the one who asks may take to say it."""
_log = structlog.get_logger()


async def listen(path: Path, user: str, take: Take) -> asyncio.Server:
    """Listen at *path* for processes of *user*."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not _is(peer.uid_of(writer), user):
                _log.warning("a stranger spoke at a socket", socket=path.name)
                return
            async with asyncio.timeout(_SECONDS):
                request = await reader.readline()
            if request:
                writer.write(json.dumps(await take(request)).encode() + b"\n")
                await writer.drain()
        except TimeoutError:
            _log.warning("nothing was asked", socket=path.name, seconds=_SECONDS)
        except (OSError, ValueError) as error:
            _log.warning("a request could not be read", socket=path.name, error=str(error))
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, path, limit=_MOST)
    # Who connects is looked at: others share no group with this service.
    path.chmod(0o666)  # noqa: ASYNC240 - one system call, at the start
    return server


def _is(uid: int, user: str) -> bool:
    """Tell whether *uid* is that of *user*, who may not be on this host at all."""
    with suppress(KeyError):
        return pwd.getpwnam(user).pw_uid == uid
    return False
