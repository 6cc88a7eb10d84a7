"""
ValidateCert (MS-ASCMD, section 2.2.1.22): whether certificates that came with mail are good.

What is trusted is what the server's system trusts. Revocation lists are not fetched: a device that
does not want to go without (CheckCRL) is told that it can't be known.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING

from fermoposta.activesync import certificates
from fermoposta.activesync.certificates import Budget
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.session import Answer
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fermoposta.activesync.certificates import CertificateStatus
    from fermoposta.activesync.session import Asked, Session

SUCCESS, MALFORMED, FAILED = 1, 2, 17
MOST = 100
"""Certificates in a request (MS-ASCMD, section 3.1.5.10)."""


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer ValidateCert: a status for each certificate, in the order of the request."""
    root = asked.element
    if root is None or root.find("ValidateCert:Certificates") is None:
        raise CommandError(MALFORMED, "ValidateCert without certificates")
    told = _told(root, "ValidateCert:Certificates")
    chain = _told(root, "ValidateCert:CertificateChain")
    if not told or len(told) > MOST or len(chain) > MOST:
        raise CommandError(MALFORMED, f"{len(told)} certificates and {len(chain)} in the chain")
    strict = (root.text_of("ValidateCert:CheckCRL") or "0").strip()
    if strict not in {"0", "1"}:
        raise CommandError(MALFORMED, "CheckCRL is neither 0 nor 1")
    now = session.clock()
    try:
        found = await asyncio.to_thread(_checked, told, chain, now, revocation=strict == "1")
    except OSError as error:
        raise CommandError(FAILED, f"what the system trusts can't be read: {error}") from error
    answers = [
        Element("ValidateCert:Certificate", [leaf("ValidateCert:Status", each)]) for each in found
    ]
    status = leaf("ValidateCert:Status", SUCCESS)
    return Answer(Element("ValidateCert:ValidateCert", [status, *answers]))


def _told(root: Element, place: str) -> list[bytes]:
    """Return the certificates at *place*: base64, or the bytes themselves."""
    listed = root.find(place)
    return [] if listed is None else [_der(each) for each in listed.elements]


def _der(element: Element) -> bytes:
    try:
        return b64decode("".join(element.text.split()), validate=True)
    except (Base64Error, ValueError):
        return element.data


def _checked(
    told: Sequence[bytes], chain: Sequence[bytes], now: datetime, *, revocation: bool
) -> list[CertificateStatus]:
    """Check *told*; what they are signed by may be among them, too."""
    trusted = certificates.trusted_by_system()
    parsed = [certificates.parse(each) for each in told]
    others = [certificates.parse(each) for each in chain]
    among = [each for each in (*others, *parsed) if each is not None]
    budget = Budget()
    return [
        certificates.check(each, among, trusted, now, revocation=revocation, budget=budget)
        for each in parsed
    ]
