"""Run the agent: follow the directory, take mail, carry out the duties, stop gracefully."""

import asyncio
from contextlib import suppress

import psycopg
import structlog

from fermoposta.agent import lmtp
from fermoposta.agent.duties import DUTIES, Duty
from fermoposta.agent.errors import Later
from fermoposta.agent.follow import Follower
from fermoposta.agent.handlers import HANDLERS, Handler
from fermoposta.agent.mail import Mail
from fermoposta.agent.tools import Tools
from fermoposta.directory.store import StoreError, open_store
from fermoposta.mailstore.doveadm import Doveadm, DoveadmError
from fermoposta.mailstore.imap import Door, MailboxError
from fermoposta.service import log
from fermoposta.service.notify import keep_watchdog_quiet, notify
from fermoposta.service.pause import pause_after
from fermoposta.service.settings import Settings

ROLE = "fermoposta_agent"
TROUBLE = (psycopg.Error, StoreError, MailboxError, DoveadmError, OSError, TimeoutError)
"""What passes by itself, as a database that is away does."""
GRACE_SECONDS = 20
"""How long work that has begun may take when the service stops; it would be done again."""
_log = structlog.get_logger()


class Agent:
    """Everything that the service holds while it runs."""

    def __init__(self, settings: Settings, follower: Follower) -> None:
        self._settings = settings
        self._follower = follower
        self._at_work = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.tools = Tools(
            settings=settings,
            current=lambda: follower.state,
            doveadm=Doveadm(settings.doveadm_agent_socket),
            door=Door(settings.imap_host, settings.imap_port, settings.agent_secret_file),
        )

    async def work(self, handler: Handler, mail: Mail) -> None:
        """Run *handler* on *mail*, with the directory as it is at this moment."""
        self._at_work += 1
        self._idle.clear()
        try:
            try:
                await self._follower.refresh()
            except StoreError as error:
                raise Later(str(error)) from error
            await handler(mail, self.tools)
        finally:
            self._at_work -= 1
            if not self._at_work:
                self._idle.set()

    async def fulfil(self, name: str, duty: Duty) -> None:
        """Keep *duty* running: one that fails is started anew after a growing pause."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            started = loop.time()
            try:
                await duty(self.tools, self._follower.changes())
            except* TROUBLE as group:
                _log.warning("duty put off", duty=name, reason=_first(group))
            except* Exception:  # noqa: BLE001 - one duty's error is not the end of the others
                _log.exception("duty failed", duty=name)
            if loop.time() - started > self._settings.compile_interval:
                failures = 0
            failures += 1
            await asyncio.sleep(pause_after(failures))

    async def finish(self) -> None:
        """Wait for work that has begun, for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await self._idle.wait()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Work until *stop* is set."""
    with open_store(settings.database_url(ROLE), secrets=False) as store:
        follower = Follower(
            store, settings.database_conninfo(ROLE), interval=settings.compile_interval
        )
        agent = Agent(settings, follower)
        door = lmtp.Door(dict(HANDLERS), agent.work)
        server = await lmtp.listen(settings.agent_socket, door, hostname=settings.host)
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(follower.run()),
                tasks.create_task(keep_watchdog_quiet()),
                *(tasks.create_task(agent.fulfil(name, duty)) for name, duty in DUTIES.items()),
            ]
            notify("READY=1")
            _log.info("agent ready")
            await stop.wait()
            notify("STOPPING=1")
            server.close()
            await agent.finish()
            for task in running:
                task.cancel()
    _log.info("agent stops")


def _first(group: BaseExceptionGroup[BaseException]) -> str:
    """Return the first error of *group* on one line."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return log.line_of(error)
