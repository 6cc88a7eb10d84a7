"""How a service starts and ends: signals become an event that the service waits for."""

import asyncio
import signal
import sys
from pathlib import Path

from fermoposta.service.settings import PATH, Settings, SettingsError, load


def stop_event() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set; to be called inside the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def settings_or_exit(arguments: list[str]) -> Settings:
    """Read the configuration that *arguments* name, or the site's.

    Leave with exit code 78 (EX_CONFIG of sysexits.h) and all problems on stderr if it is wrong.
    """
    path = Path(arguments[0]) if arguments else PATH
    try:
        return load(path)
    except SettingsError as error:
        for problem in error.problems:
            sys.stderr.write(f"<3>{error.path}: {problem}\n")
        raise SystemExit(78) from error
