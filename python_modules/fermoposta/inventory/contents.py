"""
Readers of what is no text: pictures and certificates.

An inventory gives a file beside its own, the contents (``base64:…``), or the digest of what the
directory holds already (``sha256:…``), which is all that an export says.
"""

from __future__ import annotations

import re
import ssl
from base64 import b64decode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from fermoposta.directory.model.portraits import CERTIFICATE_BYTES_MAX, PICTURE_BYTES_MAX
from fermoposta.directory.problem import Problem
from fermoposta.inventory.values import BAD, Problems, type_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Understand = Callable[[bytes, str, Problems], bytes | None]

DIGEST = "sha256:"
BASE64 = "base64:"
_HEX = re.compile(r"[0-9a-f]{64}")
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE = 0x30
_LONG = 0x80


@dataclass(frozen=True, slots=True)
class Content:
    """A digest, and the bytes that it is of; None where only the digest was given."""

    digest: str
    content: bytes | None = None


def picture(value: object, path: str, problems: Problems, folder: Path | None) -> object:
    """Read a JPEG or PNG of at most 100 kB; *folder* is where files lie, None for nowhere."""
    return _content(value, path, problems, folder, _as_picture)


def certificate(value: object, path: str, problems: Problems, folder: Path | None) -> object:
    """Read a certificate in PEM or DER; *folder* as for a picture."""
    return _content(value, path, problems, folder, _as_certificate)


def _content(
    value: object, path: str, problems: Problems, folder: Path | None, understand: Understand
) -> object:
    if not isinstance(value, str) or not value:
        remedy = "name a file beside the inventory's"
        problems.append(Problem(path, f"is {type_name(value)}, not a file's name", remedy))
        return BAD
    if "{{" in value:
        what = "is a template, which nothing resolves here"
        problems.append(Problem(path, what, "name the file itself"))
        return BAD
    if value.startswith(DIGEST):
        digest = value.removeprefix(DIGEST)
        if _HEX.fullmatch(digest):
            return Content(digest)
        problems.append(Problem(path, "is no digest", "write sha256: and 64 hexadecimal digits"))
        return BAD
    given = _bytes(value, path, problems, folder)
    content = None if given is None else understand(given, path, problems)
    return BAD if content is None else Content(sha256(content).hexdigest(), content)


def _bytes(value: str, path: str, problems: Problems, folder: Path | None) -> bytes | None:
    if value.startswith(BASE64):
        try:
            return b64decode("".join(value.removeprefix(BASE64).split()), validate=True)
        except ValueError:
            problems.append(Problem(path, "is no base64", "encode the file's contents anew"))
            return None
    if folder is None:
        remedy = "give its contents as base64:…, as the filter fermoposta.mail.embedded does"
        problems.append(Problem(path, "is a file, and there is no inventory beside it", remedy))
        return None
    try:
        with (folder / value).open("rb") as file:
            return file.read(2 * PICTURE_BYTES_MAX)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no file can have this name"
        remedy = f"put the file there: {folder / value}"
        problems.append(Problem(path, f"cannot be read: {reason}", remedy))
        return None


def _as_picture(content: bytes, path: str, problems: Problems) -> bytes | None:
    if not content.startswith(_MAGIC):
        problems.append(Problem(path, "is neither a JPEG nor a PNG", "convert it to one of them"))
    elif len(content) > PICTURE_BYTES_MAX:
        problems.append(
            Problem(path, f"is larger than {PICTURE_BYTES_MAX // 1000} kB", "make it smaller")
        )
    else:
        return content
    return None


def _as_certificate(content: bytes, path: str, problems: Problems) -> bytes | None:
    """Return the one certificate in *content* in DER, if it has the shape of one."""
    remedy = "give the user's certificate, in PEM or DER"
    if b"PRIVATE KEY-----" in content:
        problems.append(Problem(path, "holds a private key", "take the key out of the file"))
        return None
    if b"-----BEGIN" in content:
        found = _PEM.findall(content)
        if len(found) != 1:
            what = f"holds {len(found) or 'no'} certificate{'s' if len(found) > 1 else ''}"
            problems.append(Problem(path, what, "give one certificate in each file"))
            return None
        try:
            content = ssl.PEM_cert_to_DER_cert(found[0].decode("ascii"))
        except ValueError:
            content = b""
    if not _is_certificate(content):
        problems.append(Problem(path, "is no certificate", remedy))
    elif len(content) > CERTIFICATE_BYTES_MAX:
        limit = f"is larger than {CERTIFICATE_BYTES_MAX // 1000} kB"
        problems.append(Problem(path, limit, remedy))
    else:
        return content
    return None


def _is_certificate(content: bytes) -> bool:
    """Tell whether *content* is a sequence that begins with one, and nothing behind (X.690)."""
    inner = _inside(content)
    return inner is not None and len(inner) > 0 and inner[0] == _SEQUENCE


def _inside(content: bytes) -> bytes | None:
    if len(content) < len(b"tl") or content[0] != _SEQUENCE:
        return None
    size, start = content[1], 2
    if size & _LONG:
        start += size - _LONG
        size = int.from_bytes(content[2:start], "big")
    return content[start:] if len(content) == start + size else None
