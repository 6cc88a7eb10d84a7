"""Who is at the other end of a socket that every user of the host may open."""

import asyncio
import socket
import struct

_CREDENTIALS = struct.Struct("3i")


def uid_of(writer: asyncio.StreamWriter) -> int:
    """Return the user id of the process at the other end (unix(7), SO_PEERCRED)."""
    peer: socket.socket = writer.get_extra_info("socket")
    found = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(found)
    return int(uid)
