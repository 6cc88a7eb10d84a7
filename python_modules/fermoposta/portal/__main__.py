"""Run the portal: ``python -m fermoposta.portal [configuration file]``."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog
import uvicorn
from starlette.applications import Starlette

from fermoposta.portal.app import create_app
from fermoposta.portal.postgres import PostgresPortalStore
from fermoposta.service import log
from fermoposta.service.lifetime import settings_or_exit
from fermoposta.service.notify import keep_watchdog_quiet, notify

_log = structlog.get_logger()


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM; requests under way are finished first."""
    log.configure()
    settings = settings_or_exit(arguments)
    store = PostgresPortalStore(settings.database_url("fermoposta_portal"))
    app = create_app(settings, store, lifespan=_lifespan)
    listener = _listener(settings.portal_socket)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # nginx writes one
        proxy_headers=False,  # X-Real-IP, which nginx sets, is read instead: nobody can add to it
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        store.close()


def _listener(path: Path) -> socket.socket:
    """Return a listening socket at *path*; who may reach it is up to the folder's mode."""
    with suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o666)
    listener.listen(256)
    return listener


@asynccontextmanager
async def _lifespan(_app: Starlette) -> AsyncIterator[None]:
    watchdog = asyncio.create_task(keep_watchdog_quiet())
    notify("READY=1")
    _log.info("portal ready")
    try:
        yield
    finally:
        notify("STOPPING=1")
        watchdog.cancel()
        _log.info("portal stops")


if __name__ == "__main__":
    main(sys.argv[1:])
