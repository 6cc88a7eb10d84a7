"""
A request's query and headers, as a phone writes them (MS-ASHTTP, section 2.2.1.1).

The other side reads them with `fermoposta.activesync.request`.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

from fermoposta.activesync.request.headers import ACCEPT_MULTIPART, POLICY_KEY, VERSION
from fermoposta.activesync.request.packed import ACCEPT_MULTIPART as MULTIPART_BIT
from fermoposta.activesync.request.packed import PARAMETERS, SAVE_IN_SENT
from fermoposta.activesync.versions import command_named

if TYPE_CHECKING:
    from fermoposta.activesync.request.model import Request

LOCALE = 0x0409
"""Texts in English, where a request names no language (MS-LCID)."""
_TAGS = {name: tag for tag, name in PARAMETERS.items()}


class BuildError(Exception):
    """A request can't be said in this form of query."""


def plain(request: Request) -> str:
    """Return the query as text: ``Cmd=Sync&User=…``."""
    values = {
        "Cmd": request.command,
        "User": request.user,
        "DeviceId": request.device_id,
        "DeviceType": request.device_type,
        **_parameters(request),
        "SaveInSent": "T" if request.save_in_sent else None,
    }
    return "&".join(f"{name}={quote(text, safe='')}" for name, text in values.items() if text)


def packed(request: Request) -> str:
    """Return the query as base64. Raises BuildError where a value has no place in it."""
    command = command_named(request.command)
    if command is None or command.code is None:
        raise BuildError(f"{request.command} has no number; write a query in plain text")
    major, _, minor = request.version.partition(".")
    locale = LOCALE if request.locale is None else request.locale
    key = b"" if request.policy_key is None else request.policy_key.to_bytes(4, "little")
    fields = [
        bytes((int(major) * 10 + int(minor), command.code)),
        locale.to_bytes(2, "little"),
        _counted("DeviceId", request.device_id.encode()),
        _counted("policy key", key),
        _counted("DeviceType", request.device_type.encode()),
    ]
    texts = _parameters(request) | {"User": request.user}
    for name, text in texts.items():
        if text:
            fields += [bytes((_TAGS[name],)), _counted(name, text.encode())]
    if options := _options(request):
        fields += [bytes((_TAGS["Options"],)), _counted("Options", bytes((options,)))]
    return base64.b64encode(b"".join(fields)).decode()


def headers(request: Request, *, with_query: bool) -> dict[str, str]:
    """Return the headers beside a plain query; *with_query* those that base64 has in itself too."""
    found = {VERSION: request.version}
    if request.policy_key is not None and with_query:
        found[POLICY_KEY] = str(request.policy_key)
    if request.accept_multipart and with_query:
        found[ACCEPT_MULTIPART] = "T"
    return found


def _parameters(request: Request) -> dict[str, str | None]:
    return {
        "AttachmentName": request.attachment_name,
        "CollectionId": request.collection_id,
        "ItemId": request.item_id,
        "LongId": request.long_id,
        "Occurrence": request.occurrence,
    }


def _options(request: Request) -> int:
    return (SAVE_IN_SENT if request.save_in_sent else 0) | (
        MULTIPART_BIT if request.accept_multipart else 0
    )


def _counted(name: str, data: bytes) -> bytes:
    if len(data) > 255:
        raise BuildError(f"{name} has {len(data)} bytes, more than 255; send a plain query")
    return bytes((len(data),)) + data
