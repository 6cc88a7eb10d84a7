"""Come in by a user's own password, and leave again."""

from __future__ import annotations

import asyncio
import ssl  # noqa: TC003 - dataclasses look at annotations
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.mailstore.aioimap.connection import LIMIT, SECONDS, Connection
from fermoposta.mailstore.aioimap.errors import refusal
from fermoposta.mailstore.aioimap.parse import Status
from fermoposta.mailstore.mailbox import LoginError, UnavailableError

if TYPE_CHECKING:
    from fermoposta.mailstore.aioimap.connection import Answers
    from fermoposta.mailstore.aioimap.parse import Answer

_LOGOUT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Server:
    """Where Dovecot is; without *ssl_context* the connection is in the clear."""

    host: str
    port: int
    ssl_context: ssl.SSLContext | None = None


async def log_in(
    server: Server, address: str, password: str, *, seconds: float = SECONDS
) -> Connection:
    """
    Return a connection to the mailbox of *address*, in which MODSEQs are told of every folder.

    A mailbox in which nobody ever enabled CONDSTORE or QRESYNC (RFC 7162) has none. Raises
    LoginError, and UnavailableError.
    """
    if "\0" in address or "\0" in password:
        raise LoginError("a name or password with a NUL in it is nobody's")
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(
                server.host, server.port, ssl=server.ssl_context, limit=LIMIT
            )
    except TimeoutError:
        raise UnavailableError(f"Dovecot did not answer within {seconds} seconds") from None
    except OSError as error:
        raise UnavailableError(f"Dovecot can't be reached: {error}") from error
    connection = Connection(reader, writer, seconds)
    try:
        _expect_welcome(await connection.read(seconds))
        proof = b64encode(f"\0{address}\0{password}".encode())
        _expect_admitted(await connection.run(b"AUTHENTICATE PLAIN " + proof))
        (await connection.run(b"ENABLE QRESYNC")).check()
    except BaseException:
        connection.abort()
        raise
    return connection


async def log_out(connection: Connection) -> None:
    """Close a connection as it should be."""
    with suppress(UnavailableError, TimeoutError):
        async with asyncio.timeout(_LOGOUT_SECONDS):
            await connection.run(b"LOGOUT")
    connection.abort()


def _expect_welcome(greeting: Answer) -> None:
    if not isinstance(greeting, Status) or greeting.word != "OK":
        raise UnavailableError("Dovecot turns connections away")


def _expect_admitted(answers: Answers) -> None:
    """Raise LoginError for a wrong password; whatever else Dovecot refuses for may pass."""
    (status,) = answers.results()
    if status.word != "OK":
        error = refusal(status.code, status.words)
        raise error if isinstance(error, LoginError) else UnavailableError(str(error))
