"""Run the portal: ``python -m fermoposta.portal [configuration file]``."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import uvicorn
from starlette.applications import Starlette

from fermoposta.activesync.store.pool import Pool
from fermoposta.activesync.store.postgres import PostgresStore
from fermoposta.directory.store import open_store
from fermoposta.portal.api.postgres import PostgresTokenStore
from fermoposta.portal.app import create_app
from fermoposta.portal.book import Book
from fermoposta.portal.journal import AgentJournal
from fermoposta.portal.keys.postgres import PostgresKeyStore
from fermoposta.portal.mine.mailboxes import AgentMailboxes
from fermoposta.portal.passkeys.postgres import PostgresPasskeyStore
from fermoposta.portal.postgres import PostgresPortalStore
from fermoposta.portal.recovery.desk import RecoveryDesk
from fermoposta.portal.recovery.letters import HostPost
from fermoposta.portal.recovery.postgres import PostgresRecoveryStore
from fermoposta.portal.recovery.sms import texter_of
from fermoposta.portal.second.postgres import PostgresFactorStore
from fermoposta.service import log
from fermoposta.service.lifetime import settings_or_exit
from fermoposta.service.listener import KEEP_ALIVE, listener_at
from fermoposta.service.notify import keep_watchdog_quiet, notify

ROLE = "fermoposta_portal"
"""As whom the portal is in the database."""
_log = structlog.get_logger()


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM; requests under way are finished first."""
    log.configure()
    settings = settings_or_exit(arguments)
    store = PostgresPortalStore(settings.database_url(ROLE))
    directory = open_store(settings.database_conninfo(ROLE))
    tokens = PostgresTokenStore(settings.database_url(ROLE))
    remembered = PostgresRecoveryStore(settings.database_url(ROLE))
    keys = PostgresKeyStore(settings.database_url(ROLE))
    factors = PostgresFactorStore(settings.database_url(ROLE))
    passkeys = PostgresPasskeyStore(settings.database_url(ROLE))
    book = Book(directory)
    recovery = RecoveryDesk(settings, book, remembered, HostPost(settings), texter_of(settings))
    mailboxes = AgentMailboxes(settings.agent_mailboxes_socket)
    devices = PostgresStore(Pool(settings.database_conninfo(ROLE), name="fermoposta-portal"))
    app = create_app(
        settings,
        store,
        book,
        tokens=tokens,
        keys=keys,
        factors=factors,
        passkeys=passkeys,
        recovery=recovery,
        mailboxes=mailboxes,
        journal=AgentJournal(settings.agent_journal_socket),
        devices=devices,
        lifespan=_lifespan,
    )
    listener = listener_at(settings.portal_socket, waiting=256)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # nginx writes one
        proxy_headers=False,  # X-Real-IP, which nginx sets, is read instead: nobody can add to it
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=10,
    )
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        store.close()
        tokens.close()
        keys.close()
        factors.close()
        passkeys.close()
        remembered.close()
        directory.close()


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    watchdog = asyncio.create_task(keep_watchdog_quiet())
    notify("READY=1")
    _log.info("portal ready")
    try:
        yield
    finally:
        notify("STOPPING=1")
        watchdog.cancel()
        await app.state.portal.devices.close()
        _log.info("portal stops")


if __name__ == "__main__":
    main(sys.argv[1:])
