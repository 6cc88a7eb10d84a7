"""
Postfix's policy delegation protocol (SMTPD_POLICY_README). Bytes in, requests out, and back.

A request is lines of ``name=value`` and an empty line, the answer ``action=…`` and an empty line.
"""

LONGEST = 65_536
"""Bytes of a request; Postfix's own are below 4,000."""


class RequestError(Exception):
    """What arrived is no request; the connection is of no use any more."""


class Requests:
    """The requests of one connection, in the order in which they arrive."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[dict[str, str]]:
        """Take in *data* and return the requests that are complete now."""
        *whole, self._buffer = (self._buffer + data).split(b"\n\n")
        if len(self._buffer) > LONGEST:
            raise RequestError(f"a request of more than {LONGEST} bytes")
        return [_parsed(request) for request in whole]


def _parsed(request: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in request.decode("utf-8", "replace").split("\n"):
        name, equals, value = line.partition("=")
        if not equals:
            raise RequestError(f"a line without =: {line[:80]!r}")
        found[name] = value
    return found


def encode(action: str) -> bytes:
    """Return the answer that tells Postfix to do *action* (access(5))."""
    return f"action={action}\n\n".encode("ascii", "replace")
