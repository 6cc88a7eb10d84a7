"""
Autodiscover: where somebody's ActiveSync is, as XML (MS-ASCMD, section 2.2.1.1) and as JSON.

A phone asks the domain, then ``autodiscover.`` in front of it; whom to ask is the caller's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.parsers import expat
from xml.sax.saxutils import escape

from fermoposta.activesync.client.errors import AnswerError, HttpError

if TYPE_CHECKING:
    import httpx

    from fermoposta.activesync.client.connection import Connection

COMMAND = "Autodiscover"
REQUEST = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006"
RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
XML_PATH = "/autodiscover/autodiscover.xml"
JSON_PATH = "/autodiscover/autodiscover.json"


@dataclass(frozen=True, slots=True)
class Discovered:
    """Where the mailbox is: a *url*, or another address to ask for, in *redirect*."""

    url: str | None
    redirect: str | None = None
    name: str | None = None
    """Whose it is."""


def discover_xml(connection: Connection, address: str) -> Discovered:
    """
    Return what the XML of *connection*'s server says. Raises ClientError.

    The server may be somebody else's, so it gets the password only if it asks for it.
    """
    document = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<Autodiscover xmlns="{REQUEST}"><Request>'
        f"<EMailAddress>{escape(address)}</EMailAddress>"
        f"<AcceptableResponseSchema>{RESPONSE}</AcceptableResponseSchema>"
        "</Request></Autodiscover>"
    )
    answer = _post(connection, document.encode(), anonymous=True)
    if answer.status_code == 401:
        answer = _post(connection, document.encode(), anonymous=False)
    if answer.status_code != 200:
        raise HttpError(COMMAND, answer.status_code, answer.headers)
    found = _texts(answer.content)
    if "ErrorCode" in found:
        raise AnswerError(COMMAND, f"error {found['ErrorCode']}: {found.get('Message', '')}")
    if "Status" in found:
        raise AnswerError(COMMAND, f"status {found['Status']}: {found.get('Message', '')}")
    if "Url" not in found and "Redirect" not in found:
        raise AnswerError(COMMAND, "the answer has neither a Url nor a Redirect")
    return Discovered(found.get("Url"), found.get("Redirect"), found.get("DisplayName"))


def discover_json(connection: Connection, address: str) -> Discovered:
    """Return what the JSON of *connection*'s server says. Raises ClientError."""
    query = f"Email={quote(address)}&Protocol=ActiveSync&RedirectCount=1"
    answer = connection.http(COMMAND, "GET", f"{JSON_PATH}?{query}", anonymous=True)
    if answer.status_code != 200:
        raise HttpError(COMMAND, answer.status_code, answer.headers)
    try:
        found = json.loads(answer.content)
        url = found["Url"]
    except (ValueError, TypeError, KeyError) as error:
        raise AnswerError(COMMAND, "the answer is no JSON with a Url") from error
    if not isinstance(url, str):
        raise AnswerError(COMMAND, "the Url is no text")
    return Discovered(url)


def _post(connection: Connection, document: bytes, *, anonymous: bool) -> httpx.Response:
    return connection.http(
        COMMAND,
        "POST",
        XML_PATH,
        content=document,
        headers={"Content-Type": "text/xml; charset=utf-8"},
        anonymous=anonymous,
    )


def _texts(body: bytes) -> dict[str, str]:
    """Return the first text of each element by its name; a document type is refused."""
    found: dict[str, str] = {}
    open_: list[tuple[str, list[str]]] = []

    def start(name: str, _attributes: object) -> None:
        open_.append((name.rpartition(" ")[2], []))

    def text(data: str) -> None:
        open_[-1][1].append(data)

    def end(_name: str) -> None:
        name, pieces = open_.pop()
        if whole := "".join(pieces).strip():
            found.setdefault(name, whole)

    def refuse(*_arguments: object) -> None:
        raise AnswerError(COMMAND, "the answer has a document type")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise AnswerError(COMMAND, "the answer is no XML") from error
    return found
