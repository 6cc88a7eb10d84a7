"""The headers that go with a query (MS-ASHTTP, section 2.2.1.1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync.request import fields

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "MS-ASProtocolVersion"
POLICY_KEY = "X-MS-PolicyKey"
ACCEPT_MULTIPART = "MS-ASAcceptMultiPart"


@dataclass(frozen=True, slots=True)
class Headers:
    """What the headers say; None where they say nothing."""

    version: str | None
    policy_key: int | None
    accept_multipart: bool


def read(headers: Mapping[str, str]) -> Headers:
    """Return what *headers* say, whatever their case; raises RequestError."""
    values = {name.lower(): value.strip() for name, value in headers.items() if value.strip()}
    version = values.get(VERSION.lower())
    key = values.get(POLICY_KEY.lower())
    multipart = values.get(ACCEPT_MULTIPART.lower())
    return Headers(
        version=None if version is None else fields.version(VERSION, version),
        policy_key=None if key is None else fields.policy_key(POLICY_KEY, key),
        accept_multipart=multipart is not None and fields.flag(ACCEPT_MULTIPART, multipart),
    )
