"""Tell the spam filter what a message is, over its controller's socket (HTTP, RFC 9112)."""

import asyncio
import http.client
import json
import re
import socket
from pathlib import Path
from typing import Literal

from fermoposta.agent.errors import Later

Verdict = Literal["spam", "ham"]

_SECONDS = 60
_KNOWN = re.compile(r"already|denied|not enough|too few|min.?tokens", re.IGNORECASE)
"""Why the filter may leave a message out: it knows it, is sure of it, or finds no words in it."""


async def learn(path: Path, sample: bytes, verdict: Verdict) -> str:
    """
    Have the filter at *path* learn *sample*; return what it did, in words.

    Raises Later where the filter is away or can't learn anything now.
    """
    return await asyncio.to_thread(_learn, path, sample, verdict)


def _learn(path: Path, sample: bytes, verdict: Verdict) -> str:
    client = http.client.HTTPConnection("localhost", timeout=_SECONDS)
    try:
        client.sock = socket.socket(socket.AF_UNIX)
        client.sock.settimeout(_SECONDS)
        client.sock.connect(str(path))
        client.request("POST", f"/learn{verdict}", body=sample)
        answer = client.getresponse()
        said = _reason(answer.read())
    except (OSError, http.client.HTTPException) as error:
        raise Later(f"the spam filter does not learn: {error}") from error
    finally:
        client.close()
    if answer.status == http.HTTPStatus.OK:
        return "learned"
    if answer.status < http.HTTPStatus.INTERNAL_SERVER_ERROR or _KNOWN.search(said):
        return f"not learned: {said or answer.reason}"
    raise Later(f"the spam filter does not learn: {answer.status} {said}")


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body).get("error", ""))
    except (ValueError, AttributeError):
        return ""
