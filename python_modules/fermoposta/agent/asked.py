"""
Questions and news from Sieve scripts in Dovecot's processes, by the socket of a "program".

Pigeonhole's extension vnd.dovecot.execute speaks Dovecot's script protocol: a line with the
version, one ``env_NAME=value`` for each variable, a line that says how to answer, the arguments,
an empty line. The answer's last line is ``+``. Nobody waits for the work that follows from it.
"""

import asyncio
import pwd
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import structlog

from fermoposta.agent import peer
from fermoposta.mailstore.doveadm import unescape

_VERSION = b"VERSION\tscript\t4\t"
_SECONDS = 10
"""How long a script may take to say what it wants."""
_MOST = 64 * 1024
_log = structlog.get_logger()

Told = Callable[[Mapping[str, str], Sequence[str]], Awaitable[None]]
"""Takes the environment and the arguments; what takes long it does later."""


class ScriptError(Exception):
    """What came is not the script protocol."""


def parse(request: bytes) -> tuple[dict[str, str], list[str]]:
    """Return the environment and the arguments of *request*, which ends with an empty line."""
    lines = request.decode(errors="replace").split("\n")
    if not request.startswith(_VERSION) or not request.endswith(b"\n\n"):
        raise ScriptError("not version 4 of Dovecot's script protocol")
    environment: dict[str, str] = {}
    position = 1
    while lines[position].startswith("env_"):
        name, _, value = unescape(lines[position].removeprefix("env_")).partition("=")
        environment[name] = value
        position += 1
    return environment, [unescape(line) for line in lines[position + 1 : -2]]


async def listen(path: Path, user: str, told: Told) -> asyncio.Server:
    """Listen at *path* for processes of *user*, and hand what they say to *told*."""
    trusted = pwd.getpwnam(user).pw_uid

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if peer.uid_of(writer) != trusted:
                return
            async with asyncio.timeout(_SECONDS):
                request = await reader.readuntil(b"\n\n")
            # For as long as it takes: what has begun is finished, though the script may give up.
            await told(*parse(request))
            writer.write(b"+\n")
            await writer.drain()
        except TimeoutError:
            _log.warning("a script said nothing", seconds=_SECONDS)
        except (ScriptError, OSError, asyncio.IncompleteReadError) as error:
            _log.warning("a script was not understood", error=str(error))
        except asyncio.LimitOverrunError as error:
            _log.warning("a script says too much", error=str(error))
        finally:
            writer.close()

    server = await asyncio.start_unix_server(answer, path, limit=_MOST)
    # Whoever connects is asked who it is: Dovecot's processes share no group with this service.
    path.chmod(0o666)  # noqa: ASYNC240 - one system call, at the start
    return server
