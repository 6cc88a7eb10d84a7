"""
Out-of-office answers that users set on their devices, put into the directory by its own rules.

The gateway faces the world and may write nothing of the directory: it asks here. One JSON document
a line, at a socket of which only the gateway's user is heard::

    {"mailbox": "ada@example.org", "answer": {"text": "Back on Monday.", "until": "2026-08-21"}}

*answer* has the fields that an inventory's ``mail_out_of_office`` has. What comes back, on a line
too, is ``{"done": true}``, or ``{"refused": [...]}`` with each reason, or ``{"later": reason}``.
"""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog

from fermoposta.agent.questions import listen
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


async def run(tools: Tools, _changes: AsyncIterator[Sequence[Change]]) -> None:
    """Listen for as long as the agent runs; see `fermoposta.agent.duties.Duty`."""
    settings = tools.settings
    with open_store(settings.database_url(ROLE), secrets=False) as store:
        answers = Answers(Writer(store, lambda: tools.directory))
        server = await listen(settings.agent_answers_socket, settings.gateway_user, answers.take)
        async with server:
            await server.serve_forever()
