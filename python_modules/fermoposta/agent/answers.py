"""
Out-of-office answers that users set on their devices, put into the directory by its own rules.

The gateway faces the world and may write nothing of the directory: it asks here. One JSON document
a line, at a socket of which only the gateway's user is heard::

    {"mailbox": "ada@example.org", "answer": {"text": "Back on Monday.", "until": "2026-08-21"}}

*answer* has the fields that an inventory's ``mail_out_of_office`` has. What comes back, on a line
too, is ``{"done": true}``, or ``{"refused": [...]}`` with each reason, or ``{"later": reason}``.
"""

import asyncio
import json
import pwd
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from fermoposta.agent import peer
from fermoposta.agent.sharing.grants import Refused, Writer
from fermoposta.agent.tools import Tools
from fermoposta.directory import personal
from fermoposta.directory.check import path_of
from fermoposta.directory.model import Kind, OutOfOffice, State
from fermoposta.directory.steps import Plan
from fermoposta.directory.store import Change, StoreError, open_store
from fermoposta.inventory.fields import ATTRIBUTES, FORMS, read_fields

ROLE = "fermoposta_agent"
_KIND = Kind.OUT_OF_OFFICE
_MOST = 1 << 18
"""Bytes of a request: two texts of 10,000 characters and what is around them."""
_SECONDS = 30
"""How long the one who asks may take to say it."""
_log = structlog.get_logger()


class Answers:
    """Takes requests, and writes them with *writer*."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def take(self, request: bytes) -> dict[str, object]:
        """Carry out *request*; return what is answered."""
        try:
            asked = json.loads(request)
            mailbox, fields = str(asked["mailbox"]), asked["answer"]
        except (ValueError, KeyError, TypeError):
            return {"refused": ["the request is no document with a mailbox and an answer"]}
        problems: list[Any] = []
        read = read_fields(FORMS[_KIND], fields, path_of(_KIND, mailbox), problems)
        if problems:
            return {"refused": [str(problem) for problem in problems]}
        named = {ATTRIBUTES.get((_KIND, name), name): value for name, value in read.items()}
        answer = OutOfOffice(mailbox, **named)  # type: ignore[arg-type]  # read by the form

        def planned(state: State) -> Plan:
            return personal.put(state, answer)

        try:
            await self._writer.apply(planned, f"activesync:{mailbox}")
        except Refused as error:
            return {"refused": [str(error)]}
        except StoreError as error:
            _log.warning("an answer could not be written", mailbox=mailbox, error=str(error))
            return {"later": "the directory can't be written now"}
        return {"done": True}


async def listen(path: Path, user: str, answers: Answers) -> asyncio.Server:
    """Listen at *path* for processes of *user*."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not _is(peer.uid_of(writer), user):
                _log.warning("a stranger spoke at the socket for answers")
                return
            async with asyncio.timeout(_SECONDS):
                request = await reader.readline()
            if request:
                writer.write(json.dumps(await answers.take(request)).encode() + b"\n")
                await writer.drain()
        except TimeoutError:
            _log.warning("the gateway said nothing", seconds=_SECONDS)
        except (OSError, ValueError) as error:
            _log.warning("a request could not be read", error=str(error))
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, path, limit=_MOST)
    # Who connects is looked at: the gateway shares no group with this service.
    path.chmod(0o666)  # noqa: ASYNC240 - one system call, at the start
    return server


def _is(uid: int, user: str) -> bool:
    """Tell whether *uid* is that of *user*, who is on this host only where a gateway is."""
    with suppress(KeyError):
        return pwd.getpwnam(user).pw_uid == uid
    return False


async def run(tools: Tools, _changes: AsyncIterator[Sequence[Change]]) -> None:
    """Listen for as long as the agent runs; see `fermoposta.agent.duties.Duty`."""
    settings = tools.settings
    with open_store(settings.database_url(ROLE), secrets=False) as store:
        answers = Answers(Writer(store, lambda: tools.directory))
        server = await listen(settings.agent_answers_socket, settings.gateway_user, answers)
        async with server:
            await server.serve_forever()
