"""What is remembered of second factors, in PostgreSQL, as the role fermoposta_portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from fermoposta.portal.engine import engine_of
from fermoposta.portal.second.store import Factor, Half

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_FACTOR = """
SELECT address, secret, confirmed, cardinality(codes) AS codes FROM portal.second_factors
WHERE address = :address
"""
_BEGIN = """
INSERT INTO portal.second_factors AS known (address, secret) VALUES (:address, :secret)
ON CONFLICT (address) DO UPDATE SET secret = EXCLUDED.secret WHERE NOT known.confirmed
"""
_CONFIRM = """
UPDATE portal.second_factors SET confirmed = true, step = :step, codes = :codes
WHERE address = :address AND NOT confirmed
"""
_SPEND_STEP = """
UPDATE portal.second_factors SET step = :step
WHERE address = :address AND confirmed AND step < :step
"""
_SPEND_CODE = """
UPDATE portal.second_factors SET codes = array_remove(codes, :digest)
WHERE address = :address AND confirmed AND :digest = ANY (codes)
"""
_REMOVE = "DELETE FROM portal.second_factors WHERE address = :address"
_KEEP_HALF = """
INSERT INTO portal.half_sessions (digest, address, credential, expires_at)
VALUES (:digest, :address, :credential, :expires_at)
"""
_HALF = """
SELECT digest, address, credential, expires_at FROM portal.half_sessions
WHERE digest = :digest AND expires_at > :now
"""


class PostgresFactorStore:
    """Factors survive a restart, and several portals may share them."""

    def __init__(self, url: str) -> None:
        self._engine = engine_of(url, most=2)

    def factor(self, address: str) -> Factor | None:
        """Return the factor of *address*, confirmed or not."""
        with self._engine.connect() as connection:
            row = connection.execute(text(_FACTOR), {"address": address}).mappings().one_or_none()
        return Factor(**row) if row else None

    def begin(self, address: str, secret: str) -> bool:
        """Keep *secret*, not confirmed yet; False, and nothing is done, over a confirmed one."""
        return self._do(_BEGIN, address=address, secret=secret)

    def confirm(self, address: str, step: int, codes: Collection[bytes]) -> bool:
        """Let the factor count from now on; *codes* are digests. False where it does already."""
        return self._do(_CONFIRM, address=address, step=step, codes=list(codes))

    def spend_step(self, address: str, step: int) -> bool:
        """Take the code of a time step; False where that or a later one was taken already."""
        return self._do(_SPEND_STEP, address=address, step=step)

    def spend_code(self, address: str, digest: bytes) -> bool:
        """Take one of the codes for when the app is lost; False where it is none."""
        return self._do(_SPEND_CODE, address=address, digest=digest)

    def remove(self, address: str) -> bool:
        """Forget the factor of *address*; return whether there was one."""
        return self._do(_REMOVE, address=address)

    def keep_half(self, half: Half) -> None:
        """Keep *half*; those that have expired are dropped."""
        self._do("DELETE FROM portal.half_sessions WHERE expires_at <= now()")
        self._do(
            _KEEP_HALF,
            digest=half.digest,
            address=half.address,
            credential=half.credential,
            expires_at=half.expires_at,
        )

    def half(self, digest: bytes, now: datetime) -> Half | None:
        """Return the one of *digest* unless it has expired."""
        with self._engine.connect() as connection:
            found = connection.execute(text(_HALF), {"digest": digest, "now": now}).mappings()
            row = found.one_or_none()
        return Half(**row) if row else None

    def drop_half(self, digest: bytes) -> None:
        """Forget it; one that is not there is no error."""
        self._do("DELETE FROM portal.half_sessions WHERE digest = :digest", digest=digest)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _do(self, statement: str, **facts: Any) -> bool:  # noqa: ANN401 - what SQL takes
        """Carry out *statement*, and return whether it met a row."""
        with self._engine.begin() as connection:
            return connection.execute(text(statement), facts).rowcount > 0
