"""
Tell systemd how the service is (sd_notify(3)): a datagram to the socket that it named.

Outside systemd there is no such socket, and nothing is sent.
"""

import asyncio
import os
import socket


def notify(state: str) -> None:
    """Send *state*, such as ``READY=1``; errors of the socket are the caller's to see."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # a name in the abstract namespace
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.connect(address)
        sender.sendall(state.encode())


def watchdog_seconds() -> float | None:
    """Return how often systemd wants a sign of life, in seconds; None where it wants none."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1_000_000 if microseconds.isdigit() else None


async def keep_watchdog_quiet() -> None:
    """Give a sign of life twice as often as asked, for as long as the event loop runs."""
    limit = watchdog_seconds()
    while limit is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(limit / 2)
