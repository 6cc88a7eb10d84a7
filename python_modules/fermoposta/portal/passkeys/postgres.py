"""What is remembered of passkeys, in PostgreSQL, as the role fermoposta_portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from fermoposta.portal.engine import engine_of
from fermoposta.portal.passkeys.store import Passkey

if TYPE_CHECKING:
    from datetime import datetime

_ONE = """
SELECT id, address, name, public_key, sign_count, created_at, used_at FROM portal.passkeys
WHERE id = :id
"""
_ALL = """
SELECT id, address, name, public_key, sign_count, created_at, used_at FROM portal.passkeys
WHERE address = :address ORDER BY created_at DESC, id DESC
"""
_ADD = """
INSERT INTO portal.passkeys (id, address, name, public_key, sign_count, created_at)
VALUES (:id, :address, :name, :public_key, :sign_count, :created_at)
ON CONFLICT (id) DO NOTHING
"""
_SPEND = """
INSERT INTO portal.passkey_challenges (digest, expires_at) VALUES (:digest, :until)
ON CONFLICT (digest) DO NOTHING
"""


class PostgresPasskeyStore:
    """Passkeys survive a restart, and several portals may share them."""

    def __init__(self, url: str) -> None:
        self._engine = engine_of(url, most=2)

    def passkey(self, credential: bytes) -> Passkey | None:
        """Return the one of that id."""
        with self._engine.connect() as connection:
            row = connection.execute(text(_ONE), {"id": credential}).mappings().one_or_none()
        return _passkey(row) if row else None

    def passkeys(self, address: str) -> tuple[Passkey, ...]:
        """Return those of *address*, the newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(text(_ALL), {"address": address}).mappings().all()
        return tuple(_passkey(row) for row in rows)

    def add_passkey(self, passkey: Passkey) -> bool:
        """Keep *passkey*; False, and nothing is done, where there is one of its id."""
        return bool(
            self._do(
                _ADD,
                id=passkey.id,
                address=passkey.address,
                name=passkey.name,
                public_key=passkey.public_key,
                sign_count=passkey.sign_count,
                created_at=passkey.created_at,
            )
        )

    def remove_passkey(self, address: str, credential: bytes) -> bool:
        """Forget one of *address*; return whether there was such a one."""
        statement = "DELETE FROM portal.passkeys WHERE address = :address AND id = :id"
        return bool(self._do(statement, address=address, id=credential))

    def remove_passkeys(self, address: str) -> int:
        """Forget all of *address*; return how many there were."""
        return self._do("DELETE FROM portal.passkeys WHERE address = :address", address=address)

    def note_use(self, credential: bytes, sign_count: int, at: datetime) -> None:
        """Write down that it was used."""
        statement = "UPDATE portal.passkeys SET sign_count = :count, used_at = :at WHERE id = :id"
        self._do(statement, id=credential, count=sign_count, at=at)

    def spend(self, challenge: bytes, until: datetime, now: datetime) -> bool:
        """Take *challenge*, a digest, which nobody may *until* then again; False where it was."""
        self._do("DELETE FROM portal.passkey_challenges WHERE expires_at <= :now", now=now)
        return bool(self._do(_SPEND, digest=challenge, until=until))

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _do(self, statement: str, **facts: Any) -> int:  # noqa: ANN401 - what SQL takes
        """Carry out *statement*, and return how many rows it met."""
        with self._engine.begin() as connection:
            return connection.execute(text(statement), facts).rowcount


def _passkey(row: Any) -> Passkey:  # noqa: ANN401 - what SQL gives
    return Passkey(**{**row, "id": bytes(row["id"]), "public_key": bytes(row["public_key"])})
