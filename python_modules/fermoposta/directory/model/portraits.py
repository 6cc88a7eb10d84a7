"""What the address book shows of people besides names: pictures, and certificates of S/MIME."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from fermoposta.directory.model.kinds import Kind, Owner

PICTURE_BYTES_MAX = 100_000
CERTIFICATE_BYTES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Picture:
    """
    A user's picture, JPEG or PNG.

    *digest* is the SHA-256 of *content* in hexadecimal; content None is that which is stored.
    """

    kind: ClassVar[Kind] = Kind.PICTURES

    address: str
    digest: str
    content: bytes | None = field(default=None, repr=False, compare=False)
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return self.address


@dataclass(frozen=True, slots=True)
class Certificate:
    """
    A certificate by which others encrypt mail to a user, in DER (RFC 5280, section 4.1).

    *digest* is the SHA-256 of *content* in hexadecimal; content None is that which is stored.
    """

    kind: ClassVar[Kind] = Kind.CERTIFICATES

    address: str
    digest: str
    content: bytes | None = field(default=None, repr=False, compare=False)
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return f"{self.address} {self.digest}"
