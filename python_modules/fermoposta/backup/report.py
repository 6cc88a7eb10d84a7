"""
What a drill found, signed, so that nobody can write one that never was.

The key (Ed25519, RFC 8032) is made on the host and never leaves it; `public_key` is for whoever
wants to check reports elsewhere.
"""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from fermoposta.backup.errors import BackupError

if TYPE_CHECKING:
    from pathlib import Path

KEY = "report.key"


def key_in(folder: Path) -> Ed25519PrivateKey:
    """Return the key of the host in *folder*, made when it is first needed."""
    path = folder / KEY
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        partial.replace(path)
    found = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(found, Ed25519PrivateKey):
        raise BackupError(f"{path} is no key for reports; remove it, and another one is made")
    return found


def public_key(key: Ed25519PrivateKey) -> str:
    """Return the public half of *key*, in base64."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def sign(found: dict[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """Return *found* with its signature."""
    return {**found, "signature": base64.b64encode(key.sign(_bytes(found))).decode()}


def is_signed(report: dict[str, Any], key: Ed25519PrivateKey) -> bool:
    """Tell whether *report* was signed with *key*, and says what it said then."""
    rest = {name: value for name, value in report.items() if name != "signature"}
    try:
        key.public_key().verify(base64.b64decode(str(report.get("signature", ""))), _bytes(rest))
    except (InvalidSignature, ValueError):
        return False
    return True


def _bytes(found: dict[str, Any]) -> bytes:
    return json.dumps(found, sort_keys=True, separators=(",", ":")).encode()
