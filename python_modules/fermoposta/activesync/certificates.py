"""
Whether a certificate of S/MIME is good for mail (ValidateCert, MS-ASCMD, section 2.2.1.22).

The way from it to a certificate that is trusted is looked for among those that the device sends
along. Each on the way must be in its time, signed by the next with a hash that nobody can forge,
and be allowed to sign certificates (RFC 5280, section 6.1). What a certificate insists on and isn't
looked at here, such as constraints on names, makes it unfit.

Nothing is asked for over the network: a device that tells us where to look would have us call
whom it likes. So whether a certificate was revoked isn't known here.
"""

from __future__ import annotations

import re
import warnings
from base64 import b64decode
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from pathlib import Path
from ssl import get_default_verify_paths
from typing import TYPE_CHECKING, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime


E = TypeVar("E", bound=x509.ExtensionType)


class CertificateStatus(IntEnum):
    """How it went with a certificate (MS-ASCMD, section 2.2.3.177.18)."""

    VALID = 1
    BAD_SIGNATURE = 3
    """Also what can't be read at all: Exchange says so."""
    UNTRUSTED = 4
    BROKEN_CHAIN = 5
    NOT_FOR_MAIL = 6
    OUT_OF_TIME = 7
    CHAIN_OUT_OF_TIME = 8
    MISUSED = 9
    WRONG_KIND = 11
    """An authority's where a person's is wanted, or the other way round."""
    REVOCATION_UNKNOWN = 16


_PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----",
)
_FORGEABLE = {"md5", "sha1"}
_HANDLED = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.CERTIFICATE_POLICIES,
}
"""What may be marked as critical: it is looked at, or says nothing about whether it is trusted."""
_FOR_MAIL = {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
_DEEPEST = 8
"""Certificates between the one that is checked and the trusted one."""


@dataclass(slots=True)
class Budget:
    """How many signatures are still checked: a chain made for it would have no end."""

    left: int = 500


@dataclass(frozen=True, slots=True)
class Trusted:
    """Certificates that are trusted, whoever signed them."""

    certificates: tuple[x509.Certificate, ...] = ()
    _prints: frozenset[bytes] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        """Note the fingerprints."""
        prints = frozenset(each.fingerprint(SHA256()) for each in self.certificates)
        object.__setattr__(self, "_prints", prints)

    def __contains__(self, certificate: x509.Certificate) -> bool:
        """Tell whether this very certificate is trusted."""
        return certificate.fingerprint(SHA256()) in self._prints


@cache
def trusted_by_system(path: Path | None = None) -> Trusted:
    """
    Return what the system trusts, or what is in the PEM file *path*; read once.

    An administrator adds an authority of the company's own there.
    """
    name = path or Path(get_default_verify_paths().cafile or "")
    blocks = _PEM.findall(name.read_bytes())
    found = (parse(b64decode(each)) for each in blocks)
    return Trusted(tuple(each for each in found if each is not None))


def parse(der: bytes) -> x509.Certificate | None:
    """Return the certificate in *der*; None where it can't be read."""
    try:
        with warnings.catch_warnings():
            # Authorities that are trusted everywhere have serial numbers that none should have.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            certificate = x509.load_der_x509_certificate(der)
            # These are read when they are asked for, and may be broken: better now.
            _ = certificate.extensions, certificate.issuer, certificate.subject
            _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (ValueError, x509.DuplicateExtension, UnsupportedAlgorithm):
        return None
    return certificate


def in_time(certificate: x509.Certificate, now: datetime) -> bool:
    """Tell whether *now* is within the time of *certificate*."""
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def check(
    certificate: x509.Certificate | None,
    chain: Sequence[x509.Certificate],
    trusted: Trusted,
    now: datetime,
    *,
    revocation: bool = False,
    budget: Budget | None = None,
) -> CertificateStatus:
    """
    Return how good *certificate* is *now*, where *chain* may lead from it to what is *trusted*.

    With *revocation* it is not good as long as nobody knows that it was not revoked.
    """
    if certificate is None:
        return CertificateStatus.BAD_SIGNATURE
    status = _itself(certificate, now)
    if status is CertificateStatus.VALID:
        status = _way(certificate, chain, trusted, now, budget or Budget())
    if status is CertificateStatus.VALID and revocation:
        return CertificateStatus.REVOCATION_UNKNOWN
    return status


def _itself(certificate: x509.Certificate, now: datetime) -> CertificateStatus:
    """Judge what can be judged without knowing who signed it."""
    if not in_time(certificate, now):
        return CertificateStatus.OUT_OF_TIME
    if _is_authority(certificate):
        return CertificateStatus.WRONG_KIND
    if not _for_mail(certificate):
        return CertificateStatus.NOT_FOR_MAIL
    return CertificateStatus.MISUSED if _insists(certificate) else CertificateStatus.VALID


def _way(
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    trusted: Trusted,
    now: datetime,
    budget: Budget,
) -> CertificateStatus:
    """Look for a way from *certificate* to one that is trusted; say what kept it from being one."""
    failed = CertificateStatus.UNTRUSTED
    waiting = deque([(certificate, 0)])
    seen: set[bytes] = set()
    while waiting:
        found, depth = waiting.popleft()
        if found in trusted:
            return CertificateStatus.VALID
        if depth > _DEEPEST:
            failed = CertificateStatus.BROKEN_CHAIN
            continue
        for issuer in _named(found.issuer, (*trusted.certificates, *chain)):
            name = issuer.fingerprint(SHA256())
            if name in seen or issuer == found:
                continue
            if budget.left <= 0:
                return CertificateStatus.BROKEN_CHAIN
            budget.left -= 1
            status = _signs(issuer, found, depth, now)
            if status is CertificateStatus.VALID:
                seen.add(name)
                waiting.append((issuer, depth + 1))
            elif failed is CertificateStatus.UNTRUSTED:
                failed = status
    return failed


def _named(name: x509.Name, candidates: Iterable[x509.Certificate]) -> Iterator[x509.Certificate]:
    return (each for each in candidates if each.subject == name)


def _signs(
    issuer: x509.Certificate, certificate: x509.Certificate, depth: int, now: datetime
) -> CertificateStatus:
    """Tell whether *issuer* has signed *certificate*, below which *depth* authorities are."""
    if not _signature_holds(issuer, certificate):
        return CertificateStatus.BAD_SIGNATURE
    if not in_time(issuer, now):
        return CertificateStatus.CHAIN_OUT_OF_TIME
    if not _is_authority(issuer):
        return CertificateStatus.WRONG_KIND
    usage = _extension(issuer, x509.KeyUsage)
    longest = _path_length(issuer)
    may = usage is None or usage.key_cert_sign
    if not may or _insists(issuer) or (longest is not None and depth > longest):
        return CertificateStatus.MISUSED
    return CertificateStatus.VALID


def _signature_holds(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        hashed = certificate.signature_hash_algorithm
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return hashed is None or hashed.name not in _FORGEABLE


def _is_authority(certificate: x509.Certificate) -> bool:
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _path_length(certificate: x509.Certificate) -> int | None:
    constraints = _extension(certificate, x509.BasicConstraints)
    return None if constraints is None else constraints.path_length


def _for_mail(certificate: x509.Certificate) -> bool:
    """Tell whether it is for signing mail, or for encrypting it: a device asks about either."""
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and not _FOR_MAIL & set(purposes):
        return False
    usage = _extension(certificate, x509.KeyUsage)
    return usage is None or any(
        (
            usage.digital_signature,
            usage.content_commitment,
            usage.key_encipherment,
            usage.key_agreement,
        )
    )


def _insists(certificate: x509.Certificate) -> bool:
    """Tell whether it demands something that isn't looked at here."""
    return any(each.critical and each.oid not in _HANDLED for each in certificate.extensions)


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
