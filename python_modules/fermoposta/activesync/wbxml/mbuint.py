"""Multi-byte integers of WBXML (WAP-192, section 5.1). Bytes in, integers out, and back."""

from fermoposta.activesync.wbxml.errors import DecodeError

LARGEST = 0xFFFF_FFFF
"""It is called mb_u_int32."""
LONGEST = 5
"""Bytes of it: seven bits in each."""


def decode(data: bytes, offset: int) -> tuple[int, int]:
    """Return the integer at *offset* and the offset behind it."""
    value = 0
    for at in range(offset, min(len(data), offset + LONGEST)):
        value = value << 7 | data[at] & 0x7F
        if not data[at] & 0x80:
            if value > LARGEST:
                raise DecodeError(offset, f"an integer above {LARGEST}")
            return value, at + 1
    if offset + LONGEST > len(data):
        raise DecodeError(offset, "the data ends within an integer")
    raise DecodeError(offset, f"an integer of more than {LONGEST} bytes")


def encode(value: int) -> bytes:
    """Return *value* in as few bytes as it takes."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))
