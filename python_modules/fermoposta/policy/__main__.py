"""Answer Postfix: ``python -m fermoposta.policy [configuration file]``."""

import asyncio
import sys

import structlog

from fermoposta.policy.service import Service
from fermoposta.service import log
from fermoposta.service.lifetime import settings_or_exit, stop_event
from fermoposta.service.notify import keep_watchdog_quiet, notify
from fermoposta.service.settings import Settings

_log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Answer until SIGTERM."""
    stop = stop_event()
    service = Service(settings)
    async with service.listening(), asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(service.run()),
            tasks.create_task(keep_watchdog_quiet()),
        ]
        notify("READY=1")
        _log.info("policy ready")
        await stop.wait()
        notify("STOPPING=1")
        for task in running:
            task.cancel()
    await service.close()
    _log.info("policy stops")


def main(arguments: list[str]) -> None:
    """Read the configuration and serve."""
    log.configure()
    asyncio.run(serve(settings_or_exit(arguments)))


if __name__ == "__main__":
    main(sys.argv[1:])
