"""
Checking codes.

A code is good for its own half minute and the two beside it, for clocks differ, and once: who looks
over a shoulder gets nothing. Ten others, on paper, each good once, are for who has lost the app.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

import pyotp
import segno

from fermoposta.portal.digest import digest_of
from fermoposta.portal.typed import in_groups

if TYPE_CHECKING:
    from datetime import datetime

    from fermoposta.portal.second.store import Factor, FactorStore

STEP = 30
"""Seconds that a code is shown (RFC 6238, section 5.2)."""
CODES = 10
"""How many there are for when the app is lost."""


def new_secret() -> str:
    """Return a secret of 160 bits in base32 (RFC 4226, section 4)."""
    return pyotp.random_base32()


def new_codes() -> list[str]:
    """Return codes for when the app is lost, of 50 bits each."""
    return [in_groups(2, 5) for _ in range(CODES)]


def picture(secret: str, address: str, organisation: str) -> str:
    """Return what an app reads with its camera, as SVG."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=address, issuer_name=organisation)
    return segno.make(uri, error="m").svg_inline(scale=4, border=2, dark="#000", light="#fff")


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step of which *code* is the code, None where it is none near *now*."""
    digits = re.sub(r"[\s-]", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    totp, current = pyotp.TOTP(secret), int(now.timestamp()) // STEP
    for step in (current, current - 1, current + 1):
        if hmac.compare_digest(totp.at(step * STEP), digits):
            return step
    return None


def passes(store: FactorStore, factor: Factor, code: str, now: datetime) -> bool:
    """Tell whether *code* is good, of either kind, and take it."""
    step = step_of(factor.secret, code, now)
    if step is not None:
        return store.spend_step(factor.address, step)
    return store.spend_code(factor.address, digest_of_code(code))


def digest_of_code(code: str) -> bytes:
    """Return the digest of a code for when the app is lost, however it is typed."""
    return digest_of(re.sub(r"[\s-]", "", code[:100]).lower())
