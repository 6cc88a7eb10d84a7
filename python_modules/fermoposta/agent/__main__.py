"""Run the agent: ``python -m fermoposta.agent [configuration file]``."""

import asyncio
import sys

from fermoposta.agent.service import serve
from fermoposta.service import log
from fermoposta.service.lifetime import settings_or_exit, stop_event
from fermoposta.service.settings import Settings


async def run(settings: Settings) -> None:
    """Serve until SIGTERM."""
    await serve(settings, stop_event())


def main(arguments: list[str]) -> None:
    """Read the configuration and serve."""
    log.configure()
    asyncio.run(run(settings_or_exit(arguments)))


if __name__ == "__main__":
    main(sys.argv[1:])
