"""Run a process of the gateway: ``python -m fermoposta.gateway NUMBER [configuration file]``."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
import uvicorn

from fermoposta.activesync.away import AgentAnswers
from fermoposta.activesync.commands import HANDLERS
from fermoposta.activesync.dispatch import Dispatcher
from fermoposta.activesync.people_postgres import PostgresPeople
from fermoposta.activesync.session import Limits
from fermoposta.activesync.store.model import Access
from fermoposta.activesync.store.pool import ROLE, Pool
from fermoposta.activesync.store.postgres import PostgresStore
from fermoposta.gateway import calendars
from fermoposta.gateway.app import App, Gateway
from fermoposta.gateway.attempts import Attempts
from fermoposta.gateway.backends import HostBackends
from fermoposta.gateway.feed import Feed
from fermoposta.gateway.sessions import Sessions
from fermoposta.gateway.signin import SignIn
from fermoposta.mailstore.dav import shared_client
from fermoposta.service import log
from fermoposta.service.lifetime import settings_or_exit, stop_event
from fermoposta.service.listener import KEEP_ALIVE, listener_at
from fermoposta.service.notify import keep_watchdog_quiet, notify

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from fermoposta.service.settings import Settings

GRACE = 20
"""Seconds that requests under way may take when the process ends."""
_log = structlog.get_logger()


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM; who waits for news is answered then, other requests are finished."""
    log.configure()
    if not arguments or not arguments[0].isdigit():
        sys.stderr.write("<3>which process of the gateway this is must be said: a number\n")
        raise SystemExit(64)
    settings = settings_or_exit(arguments[1:])
    asyncio.run(serve(settings, settings.gateway_socket_dir / f"{arguments[0]}.sock"))


async def serve(settings: Settings, path: Path) -> None:
    """Serve at *path*."""
    stop_event()  # uvicorn raises the signal that ended it once more; what follows is to be done
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(shared_client())
        pool = Pool(settings.database_conninfo(ROLE), name="fermoposta-gateway")
        stack.push_async_callback(pool.close)
        store = PostgresStore(pool)
        answers = AgentAnswers(settings.agent_answers_socket)
        webmail = Pool(settings.webmail_conninfo(ROLE), name="fermoposta-gateway", most=2)
        stack.push_async_callback(webmail.close)
        people = PostgresPeople(pool, timezone=settings.timezone, answers=answers, webmail=webmail)
        backends = HostBackends(settings, client, store)
        sessions = Sessions(backends, idle=settings.gateway_idle_seconds, clock=time.monotonic)
        stack.push_async_callback(sessions.close)
        signin = SignIn(
            backends.judge,
            settings.gateway_login_seconds,
            time.monotonic,
            Attempts(time.monotonic),
        )
        tasks = await stack.enter_async_context(asyncio.TaskGroup())

        async def told(addresses: frozenset[str] | None) -> None:
            signin.forget(addresses)
            named = sessions.addresses if addresses is None else addresses
            tasks.create_task(sessions.recheck(named, signin.still))

        feed = Feed(settings.database_conninfo(ROLE), told)
        limits = limits_of(settings)
        app = App(
            Gateway(
                dispatcher=Dispatcher(HANDLERS, limits.request_bytes),
                signin=signin,
                sessions=sessions,
                store=store,
                people=people,
                limits=limits,
                hosted=lambda: feed.domains,
                timezone=settings.timezone,
                new_devices=Access(settings.eas_new_devices),
                moved=settings.eas_moved,
                clock=lambda: datetime.now(UTC),
                ticks=time.monotonic,
            )
        )
        running = [
            tasks.create_task(feed.run()),
            tasks.create_task(calendars.follow(settings.webmail_conninfo(ROLE), sessions)),
            tasks.create_task(sessions.sweep()),
            tasks.create_task(keep_watchdog_quiet()),
        ]
        await feed.ready.wait()
        server = _Server(app, sessions)
        notify("READY=1")
        _log.info("gateway ready", commands=len(HANDLERS))
        try:
            await server.serve(sockets=[listener_at(path, waiting=1024)])
        finally:
            for task in running:
                task.cancel()
    _log.info("gateway stops")


class _Server(uvicorn.Server):
    """A server that lets go of who waits for news before it waits for requests to end."""

    def __init__(self, app: App, sessions: Sessions) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,  # each request has a line of its own
                proxy_headers=False,  # X-Real-IP, which nginx sets, is read instead
                server_header=False,
                lifespan="off",
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._sessions = sessions

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, after those who wait have been answered."""
        notify("STOPPING=1")
        await self._sessions.stop_waiting()
        await super().shutdown(sockets)


def limits_of(settings: Settings) -> Limits:
    """Return how much a device may ask for."""
    return Limits(
        heartbeat_least=settings.eas_heartbeat_least,
        heartbeat_most=settings.eas_heartbeat_most,
        folders_most=settings.eas_folders_most,
        window_most=settings.eas_window_most,
        answer_bytes=settings.eas_answer_bytes,
        item_bytes=settings.limit_item_bytes,
        # In base64 an item grows by a third; a twentieth more is for what stands around it.
        request_bytes=settings.limit_item_bytes * 7 // 5,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
