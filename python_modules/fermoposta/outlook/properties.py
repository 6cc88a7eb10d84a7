"""Properties of an object (MS-OXPROPS), by their id or by their name, with types that are safe."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = int | tuple[str, int | str]
"""An id below 0x8000; or the property set, and in it the long id or the name."""
Value = str | int | float | bool | bytes | datetime | list[str]

_SUFFIX = "-0000-0000-c000-000000000046"
APPOINTMENT = f"00062002{_SUFFIX}"
TASK = f"00062003{_SUFFIX}"
ADDRESS = f"00062004{_SUFFIX}"
COMMON = f"00062008{_SUFFIX}"
NOTE = f"0006200e{_SUFFIX}"
MEETING = "6ed8da90-450b-101b-98da-00aa003f1305"
STRINGS = f"00020329{_SUFFIX}"

SUBJECT, MESSAGE_CLASS, IMPORTANCE, SENSITIVITY = 0x0037, 0x001A, 0x0017, 0x0036
BODY, HTML, RTF, CODEPAGE = 0x1000, 0x1013, 0x1009, 0x3FDE
SUBMITTED, DELIVERED, CREATED, MODIFIED = 0x0039, 0x0E06, 0x3007, 0x3008
HEADERS, MESSAGE_ID, REFERENCES, IN_REPLY_TO = 0x007D, 0x1035, 0x1039, 0x1042
MESSAGE_FLAGS, FLAG_STATUS, LAST_VERB = 0x0E07, 0x1090, 0x1081
DISPLAY_NAME = 0x3001

_EPOCH_1601 = datetime(1601, 1, 1, tzinfo=UTC)
_LAST_MINUTE = 0x5AE980DF


@dataclass(frozen=True, slots=True)
class Attachment:
    """What hangs on an object; *embedded* is an object that is one itself."""

    name: str
    mime: str
    content: bytes
    content_id: str = ""
    embedded: Bag | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to whom an object went; *kind* is 1 To, 2 Cc, 3 Bcc."""

    name: str
    address: str
    kind: int = 1


@dataclass(frozen=True, slots=True)
class Bag:
    """An object: its properties, who got it, and what hangs on it. *id* is its own, for ever."""

    id: str
    values: Mapping[Key, Value] = field(default_factory=dict)
    recipients: tuple[Recipient, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def message_class(self) -> str:
        """Return what it is, in small letters, such as ``ipm.note``."""
        return self.text(MESSAGE_CLASS).lower()

    def text(self, *keys: Key) -> str:
        """Return the first text among *keys* that is not empty, without what is no letter."""
        for key in keys:
            found = self.values.get(key)
            if isinstance(found, str) and (plain := found.replace("\0", "").strip()):
                return plain.encode("utf-8", "replace").decode()
        return ""

    def number(self, key: Key, otherwise: int = 0) -> int:
        """Return a number."""
        found = self.values.get(key)
        return int(found) if isinstance(found, int | float) else otherwise

    def flag(self, key: Key) -> bool:
        """Return whether it is set."""
        return self.number(key) != 0

    def octets(self, key: Key) -> bytes:
        """Return octets."""
        found = self.values.get(key)
        return found if isinstance(found, bytes) else b""

    def moment(self, *keys: Key) -> datetime | None:
        """Return the first moment among *keys*, in UTC; what stands for "never" is none."""
        for key in keys:
            found = self.values.get(key)
            if isinstance(found, datetime) and found.year < 4500 and found.year > 1601:
                return found.astimezone(UTC)
        return None

    def texts(self, key: Key) -> tuple[str, ...]:
        """Return texts."""
        found = self.values.get(key)
        return tuple(found) if isinstance(found, list) else ()

    @property
    def categories(self) -> tuple[str, ...]:
        """Return its categories."""
        return self.texts((STRINGS, "Keywords"))


def minutes_since_1601(minutes: int) -> datetime | None:
    """Return the local time that *minutes* stand for (MS-OXOCAL, 2.2.1.44); None is for ever."""
    if minutes >= _LAST_MINUTE:
        return None
    return (_EPOCH_1601 + timedelta(minutes=minutes)).replace(tzinfo=None)


def guid(octets: bytes) -> str:
    """Return the name of a property set that stands in 16 octets."""
    return str(UUID(bytes_le=octets))
