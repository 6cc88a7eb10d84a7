"""The query as plain text: ``Cmd=Sync&User=…`` (MS-ASHTTP, section 2.2.1.1.1.2)."""

from collections.abc import Mapping
from urllib.parse import unquote

from fermoposta.activesync.request import fields, headers
from fermoposta.activesync.request.errors import RequestError
from fermoposta.activesync.request.headers import Headers
from fermoposta.activesync.request.model import Request
from fermoposta.activesync.versions import command_named

KNOWN = (
    "Cmd",
    "User",
    "DeviceId",
    "DeviceType",
    "AttachmentName",
    "CollectionId",
    "ItemId",
    "LongId",
    "Occurrence",
    "SaveInSent",
)
"""What stands beside them is passed over: clients add things of their own."""
_SPELLED = {name.lower(): name for name in KNOWN}


def read(query: str, said: Headers) -> Request:
    """Return what *query* says, and the headers; raises RequestError."""
    values = _values(query)
    command = command_named(name := _needed(values, "Cmd"))
    if command is None:
        raise RequestError("Cmd", name, "is no command", "send one of MS-ASCMD, like FolderSync")
    if said.version is None:
        raise RequestError(
            headers.VERSION, "", "is missing", "send it beside a query in plain text"
        )
    return Request(
        command=command.name,
        version=said.version,
        device_id=fields.device_id(_needed(values, "DeviceId")),
        device_type=_needed(values, "DeviceType"),
        user=_needed(values, "User"),
        policy_key=said.policy_key,
        attachment_name=values.get("AttachmentName"),
        collection_id=values.get("CollectionId"),
        item_id=values.get("ItemId"),
        long_id=values.get("LongId"),
        occurrence=values.get("Occurrence"),
        save_in_sent=fields.flag("SaveInSent", values.get("SaveInSent", "F")),
        accept_multipart=said.accept_multipart,
    )


def _needed(values: Mapping[str, str], name: str) -> str:
    if name not in values:
        raise RequestError(name, "", "is missing", f"send {name}= in the query")
    return values[name]


def _values(query: str) -> dict[str, str]:
    """Return the values by name; whoever reads a query must find the same user and device in it."""
    found: dict[str, str] = {}
    for pair in query.split("&"):
        written, _, quoted = pair.partition("=")
        name = _SPELLED.get(written.lower())
        if name is None:
            continue
        value = fields.text(name, _unquoted(name, quoted))
        if found.setdefault(name, value) != value:
            raise RequestError(name, value, "stands there beside another", f"send one {name}")
    return found


def _unquoted(name: str, quoted: str) -> str:
    """Return the value; a ``+`` is one: it stands in addresses, and no value has a space."""
    try:
        return unquote(quoted, errors="strict")
    except UnicodeDecodeError as error:
        raise RequestError(name, quoted, "is not UTF-8", "quote the bytes of UTF-8") from error
