"""Run the jobs: ``python -m fermoposta.jobs [configuration file]``."""

import asyncio
import sys

import structlog

from fermoposta.jobs.service import follow_for_ever
from fermoposta.service import log
from fermoposta.service.lifetime import settings_or_exit, stop_event
from fermoposta.service.notify import keep_watchdog_quiet, notify
from fermoposta.service.settings import Settings

_log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Work until SIGTERM; a file that is being written is finished first."""
    stop = stop_event()
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(follow_for_ever(settings)),
            tasks.create_task(keep_watchdog_quiet()),
        ]
        notify("READY=1")
        _log.info("jobs ready")
        await stop.wait()
        notify("STOPPING=1")
        for task in running:
            task.cancel()
    _log.info("jobs stop")


def main(arguments: list[str]) -> None:
    """Read the configuration and serve."""
    log.configure()
    asyncio.run(serve(settings_or_exit(arguments)))


if __name__ == "__main__":
    main(sys.argv[1:])
