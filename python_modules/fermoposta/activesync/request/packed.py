"""
The query as bytes in base64 (MS-ASHTTP, section 2.2.1.1.1.1).

Version, command, locale, device id, policy key, device type, then parameters with a tag each. The
length of a text stands in a byte before it; numbers have their lowest byte first.
"""

import base64
import binascii
from urllib.parse import unquote

from fermoposta.activesync.request import fields
from fermoposta.activesync.request.errors import RequestError
from fermoposta.activesync.request.headers import Headers
from fermoposta.activesync.request.model import Request
from fermoposta.activesync.versions import command_numbered

PARAMETERS = {
    0: "AttachmentName",
    1: "CollectionId",
    3: "ItemId",
    4: "LongId",
    6: "Occurrence",
    7: "Options",
    8: "User",
}
"""Tags of section 2.2.1.1.1.1.3. Others, from older versions, are passed over."""
SAVE_IN_SENT = 0x01
ACCEPT_MULTIPART = 0x02
PLACE = "base64 query"


def read(query: str, said: Headers) -> Request:
    """Return what *query* says, and the headers where it is silent; raises RequestError."""
    fields_of = _Fields(_bytes(query))
    version = fields.version("protocol version", _dotted(fields_of.number("protocol version", 1)))
    code = fields_of.number("command code", 1)
    command = command_numbered(code)
    if command is None:
        raise RequestError("command code", code, "is no command", "see MS-ASHTTP, 2.2.1.1.1.1.2")
    locale = fields_of.number("locale", 2)
    device_id = _device_id(fields_of.string("DeviceId"))
    policy_key = _policy_key(fields_of.string("policy key"))
    device_type = _text("DeviceType", fields_of.string("DeviceType"))
    options, values = _parameters(fields_of)
    return Request(
        command=command.name,
        version=version,
        device_id=device_id,
        device_type=device_type,
        user=values.get("User"),
        policy_key=said.policy_key if policy_key is None else policy_key,
        locale=locale,
        attachment_name=values.get("AttachmentName"),
        collection_id=values.get("CollectionId"),
        item_id=values.get("ItemId"),
        long_id=values.get("LongId"),
        occurrence=values.get("Occurrence"),
        save_in_sent=bool(options & SAVE_IN_SENT),
        accept_multipart=bool(options & ACCEPT_MULTIPART) or said.accept_multipart,
    )


class _Fields:
    """The bytes of a query, taken field by field."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> bool:
        return self._at < len(self._data)

    def number(self, place: str, size: int) -> int:
        return int.from_bytes(self._take(place, size), "little")

    def string(self, place: str) -> bytes:
        return self._take(place, self.number(f"length of {place}", 1))

    def _take(self, place: str, size: int) -> bytes:
        begin, self._at = self._at, self._at + size
        if self._at > len(self._data):
            raise RequestError(
                place,
                self._data[begin:].hex(),
                f"ends early, at byte {len(self._data)}",
                f"send {size} bytes from byte {begin} on",
            )
        return self._data[begin : self._at]


def _bytes(query: str) -> bytes:
    """Return the bytes; padding may be quoted or left out, as some clients do."""
    written = unquote(query).rstrip("=")
    try:
        return base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(
            PLACE, query, "is neither plain text nor base64", "send Cmd=…, or RFC 2045's base64"
        ) from error


def _dotted(version: int) -> str:
    return f"{version // 10}.{version % 10}"


def _device_id(value: bytes) -> str:
    """Return the device's id; where it is a GUID's 16 bytes, as plain queries spell it."""
    if len(value) == 16 and not (value.isascii() and value.decode("ascii").isprintable()):
        return value.hex().upper()
    return fields.device_id(_decoded("DeviceId", value))


def _policy_key(value: bytes) -> int | None:
    if len(value) not in {0, 4}:
        raise RequestError(
            "policy key", value.hex(), f"has {len(value)} bytes", "send 4 bytes, or none"
        )
    return int.from_bytes(value, "little") if value else None


def _parameters(fields_of: _Fields) -> tuple[int, dict[str, str]]:
    """Return the options, and the other parameters by name."""
    options = 0
    found: dict[str, str] = {}
    while fields_of.left:
        name = PARAMETERS.get(fields_of.number("tag of a parameter", 1))
        value = fields_of.string(name or "parameter")
        if name == "Options":
            options |= _options(value)
        elif name and found.setdefault(name, text := _text(name, value)) != text:
            raise RequestError(name, text, "stands there beside another", f"send one {name}")
    return options, found


def _options(value: bytes) -> int:
    if len(value) != 1:
        raise RequestError("Options", value.hex(), f"has {len(value)} bytes", "send one byte")
    return value[0]


def _text(place: str, value: bytes) -> str:
    return fields.text(place, _decoded(place, value))


def _decoded(place: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise RequestError(place, value.hex(), "is not UTF-8", "send text in UTF-8") from error
