"""
Out-of-office answers: as devices say them, and as the directory keeps them.

A device says moments and two texts, each of which may be missing (MS-ASCMD, Oof). The directory has
days by the site's clock too, one text that is always there, and a word for who is answered. What a
device didn't change of the directory's own stays as it was: subject, pauses, days.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Protocol

from fermoposta.activesync.people import OutOfOffice, RefusedError
from fermoposta.activesync.store.model import StoreAwayError
from fermoposta.directory.model import OutOfOffice as Record

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

_SECONDS = 30
_DAY = timedelta(days=1)


def shown(record: Record | None, zone: ZoneInfo) -> OutOfOffice:
    """Return what a device is told of *record*; days begin and end by *zone*."""
    if record is None:
        return OutOfOffice()
    return OutOfOffice(
        enabled=record.enabled,
        start=_start(record.starts, zone),
        end=_end(record.ends, zone),
        internal=record.text,
        external="" if record.audience == "company" else record.external or record.text,
    )


def kept(user: str, said: OutOfOffice, there: Record | None, zone: ZoneInfo) -> Record | None:
    """
    Return the record that *said* makes of the one that is *there*.

    None where there is nothing to keep: nothing is said, and nothing to be answered. Who tells only
    strangers something tells colleagues the same, since the directory's first text is theirs.
    Raises RefusedError where answers are wanted and no text is known.
    """
    text, external, everybody = said.internal, said.external, bool(said.external)
    if not text and external:
        text = external
    if not text and there is not None:
        text, external, everybody = there.text, there.external, there.audience == "everybody"
    if not text:
        if said.enabled:
            raise RefusedError("there is nothing to answer with: write a text")
        return None
    was = there or Record(user, text)
    return Record(
        user,
        text,
        subject=was.subject,
        starts=was.starts if said.start == _start(was.starts, zone) else said.start,
        ends=was.ends if said.end == _end(was.ends, zone) else said.end,
        days=was.days,
        audience="everybody" if everybody else "company",
        enabled=said.enabled,
        external=external if everybody and external != text else "",
    )


def _start(when: date | None, zone: ZoneInfo) -> datetime | None:
    if when is None or isinstance(when, datetime):
        return when
    return datetime.combine(when, time(), zone).astimezone(UTC)


def _end(when: date | None, zone: ZoneInfo) -> datetime | None:
    if when is None or isinstance(when, datetime):
        return when
    return datetime.combine(when + _DAY, time(), zone).astimezone(UTC)


class Answers(Protocol):
    """Puts answers into the directory."""

    async def put(self, record: Record) -> None:
        """Keep *record* by the directory's rules; raises RefusedError or StoreAwayError."""


class AgentAnswers:
    """
    Hands answers to the agent, which may write them, at its *socket*.

    See `fermoposta.agent.answers` for what is said there.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def put(self, record: Record) -> None:
        """Keep *record* by the directory's rules; raises RefusedError or StoreAwayError."""
        request = {"mailbox": record.mailbox, "answer": _fields(record)}
        try:
            async with asyncio.timeout(_SECONDS):
                told = json.loads(await self._ask(json.dumps(request).encode() + b"\n"))
        except (OSError, TimeoutError, ValueError) as error:
            reason = str(error) or "no answer in time"
            raise StoreAwayError(f"{self._socket}: the agent can't be asked: {reason}") from error
        if told.get("refused"):
            raise RefusedError("; ".join(map(str, told["refused"])))
        if not told.get("done"):
            raise StoreAwayError(f"the agent could not do it: {told.get('later')}")

    async def _ask(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self._socket)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.readline()
        finally:
            writer.close()


def _fields(record: Record) -> dict[str, object]:
    """Return *record* as an inventory's mapping; what is empty is left out."""
    values: dict[str, object] = {
        "text": record.text,
        "external": record.external,
        "subject": record.subject,
        "from": record.starts and record.starts.isoformat(),
        "until": record.ends and record.ends.isoformat(),
        "days": record.days,
        "audience": record.audience,
    }
    return {name: value for name, value in values.items() if value} | {"enabled": record.enabled}
