"""
How the portal asks the agent, which may do on the host what the portal may not.

* RefusedError     it can't be done; the reason is in English, and the catalogue has it
* AwayError        it can't be done now
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 90
"""How long an answer may take: a mail takes three looks into the journal."""
_MOST = 16 * 1024 * 1024


class RefusedError(Exception):
    """It can't be done; the message says why."""


class AwayError(Exception):
    """It can't be done now."""


def ask(path: Path, wanted: str, **request: object) -> list[Any]:
    """Send *request* to the socket at *path*, and return what it answers by the name *wanted*."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(SECONDS)
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as said:
                answer = json.loads(said.readline(_MOST))
    except (OSError, ValueError) as error:
        raise AwayError(f"{path}: the agent can't be asked: {error}") from error
    if answer.get("refused"):
        raise RefusedError(str(answer["refused"]))
    if wanted not in answer:
        raise AwayError(str(answer.get("later")))
    found: list[Any] = answer[wanted]
    return found
