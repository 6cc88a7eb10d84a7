"""The sockets in the file system at which our services are reached."""

import socket
from contextlib import suppress
from pathlib import Path

KEEP_ALIVE = 75
"""Seconds that a service keeps a connection on which nothing is asked; the web server less."""


def listener_at(path: Path, *, waiting: int) -> socket.socket:
    """
    Return a listening socket at *path*, before which *waiting* connections may wait.

    Who may reach it is up to the folder's mode.
    """
    with suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o666)
    listener.listen(waiting)
    return listener
