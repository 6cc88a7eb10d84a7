"""Three sockets for Postfix, and what keeps their answers right: the directory, and memory."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import psycopg
import structlog

from fermoposta.policy import delegation, milter, session
from fermoposta.policy.following import ROLE, Following
from fermoposta.policy.memory import Memory
from fermoposta.policy.message import Changes, Letter, Rejected, treat
from fermoposta.policy.origin import site_of
from fermoposta.policy.rate import WINDOW, Rate
from fermoposta.policy.rcpt import Desk
from fermoposta.service.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 65_536
KEEP_EVERY = 2.0
"""Seconds between two times that the counts of recipients are written down."""
FORGET_EVERY = 600
SOCKET_MODE = 0o660

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_log = structlog.get_logger()


def this_minute() -> int:
    """Return the number of the minute since 1970."""
    return int(time.time() // 60)


class Service:
    """What answers Postfix."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._site = site_of(settings)
        self._following = Following(settings)
        self._memory = Memory(settings.database_conninfo(ROLE))
        self._rate = Rate()
        self._desk = Desk(self._site, self._rate, lambda: self._following.router)
        self._restored = False

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen at all sockets; whoever calls gets an answer, if only "later"."""
        doors: dict[Path, Handler] = {
            self._settings.policy_socket: self._delegate,
            self._settings.policy_milter_socket: self._milter(host=False),
            self._settings.policy_host_milter_socket: self._milter(host=True),
        }
        async with contextlib.AsyncExitStack() as stack:
            for path, handler in doors.items():
                path.unlink(missing_ok=True)
                server = await asyncio.start_unix_server(_guarded(handler), path)
                path.chmod(SOCKET_MODE)
                stack.callback(server.close)
            yield

    async def run(self) -> None:
        """Follow the directory and keep the counts, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._following.run())
            tasks.create_task(self._keep_for_ever())

    async def close(self) -> None:
        """Write down what was counted last."""
        with contextlib.suppress(psycopg.Error, OSError):
            await self._keep()
        await self._memory.close()

    # --- Policy delegation

    async def _delegate(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = delegation.Requests()
        while data := await reader.read(CHUNK):
            for request in requests.feed(data):
                writer.write(delegation.encode(self._desk.answer(request, this_minute())))
            await writer.drain()

    # --- Milter

    def _milter(self, *, host: bool) -> Handler:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            commands, talk = milter.Commands(), session.Session(host=host)
            while data := await reader.read(CHUNK):
                for command in commands.feed(data):
                    match command:
                        case milter.Negotiate():
                            writer.write(milter.negotiated(command))
                        case milter.Quit():
                            return
                        case _:
                            if letter := talk.take(command):
                                writer.write(await self._answer(letter))
                await writer.drain()

        return serve

    async def _answer(self, letter: Letter) -> bytes:
        router = self._following.router
        if router is None:
            return milter.TEMPFAIL
        verdict = treat(letter, router, self._site)
        _tell(letter, verdict)
        if isinstance(verdict, Changes) and verdict.submissions:
            try:
                await self._memory.record(verdict.submissions)
            except (psycopg.Error, OSError) as error:
                _log.warning("submission not recorded", queue_id=letter.queue_id, error=str(error))
                return milter.TEMPFAIL
        return session.encode(verdict)

    # --- Counts

    async def _keep_for_ever(self) -> None:
        forgotten = 0.0
        while True:
            try:
                if not self._restored:
                    self._rate.restore(await self._memory.counts(this_minute() - WINDOW))
                    self._restored = True
                await self._keep()
                if time.monotonic() - forgotten > FORGET_EVERY:
                    self._rate.forget(this_minute())
                    await self._memory.forget(this_minute() - WINDOW)
                    forgotten = time.monotonic()
            except (psycopg.Error, OSError):
                pass  # who follows the directory says that the database is away
            await asyncio.sleep(KEEP_EVERY)

    async def _keep(self) -> None:
        if not self._restored or not (counts := self._rate.fresh()):
            return
        try:
            await self._memory.keep(counts)
        except (psycopg.Error, OSError):
            self._rate.again(counts)
            raise


def _guarded(handler: Handler) -> Handler:
    """Hang up in any case; Postfix then lets the mail wait."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        except (milter.ProtocolError, delegation.RequestError) as error:
            _log.warning("not understood", error=str(error))
        except Exception:  # noqa: BLE001 - one mail that we stumble over does not end the service
            _log.exception("request failed")
        finally:
            writer.close()

    return serve


def _tell(letter: Letter, verdict: Changes | Rejected) -> None:
    """Leave a line for whoever asks why a message did not arrive, or as whom it went."""
    who = {"queue_id": letter.queue_id, "sender": letter.envelope, "login": letter.login}
    if isinstance(verdict, Rejected):
        _log.info("message refused", **who, code=verdict.code, text=verdict.text)
        return
    for written, refusal in verdict.refusals:
        _log.info(
            "recipient left out",
            **who,
            recipient=written,
            at=refusal.address,
            why=refusal.why.value,
        )
    for each in verdict.submissions:
        _log.info("sent as another", **who, represented=each.represented, submission=each.id)
