"""Certificates of authorities and people that are made for a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
MAIL, SERVER = ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.SERVER_AUTH


@cache
def key(name):
    return generate_private_key(SECP256R1())


def certificate(
    name,
    issuer=None,
    *,
    ca=False,
    length=None,
    start=NOW - YEAR,
    end=NOW + YEAR,
    usage=None,
    purposes=None,
    forged=False,
    more=(),
):
    """A certificate of *name*; without an issuer it has signed itself."""
    issuer = issuer or name
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key(name).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca, length), critical=True)
    )
    if usage is not None:
        used = x509.KeyUsage(**{each: each in usage for each in USAGES})
        builder = builder.add_extension(used, critical=True)
    if purposes is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    for extension in more:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(key("somebody else" if forged else issuer), SHA256())


def der(one):
    return one.public_bytes(Encoding.DER)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
