"""What the policy service remembers of mail that somebody sent as somebody else."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import class_row

ROLE = "fermoposta_agent"
_SELECT = (
    "SELECT id::text, lower(login) AS login, lower(represented) AS represented,"
    " btrim(message_id, '<> ') AS message_id, at FROM policy.submissions"
)
_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Submission:
    """One mail: who logged in, as whom it was sent, its Message-ID without the brackets, when."""

    id: str
    login: str
    represented: str
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Submissions:
    """The table behind *conninfo*; its methods block, and raise psycopg.Error."""

    conninfo: str

    def by_id(self, wanted: str) -> Submission | None:
        """Return the submission *wanted*, None where there is none."""
        try:
            number = uuid.UUID(wanted)
        except ValueError:
            return None
        found = self._ask(" WHERE id = %s", (number,))
        return found[0] if found else None

    def by_message(self, login: str, message_id: str) -> Sequence[Submission]:
        """List what *login* sent as somebody else under *message_id*."""
        bare = message_id.strip("<> ")
        return self._ask(
            " WHERE message_id IN (%s, %s) AND lower(login) = %s", (bare, f"<{bare}>", login)
        )

    def within(self, age: timedelta) -> Sequence[Submission]:
        """List what was sent as somebody else since *age* ago."""
        return self._ask(" WHERE at > now() - %s ORDER BY at", (age,))

    def _ask(self, condition: str, values: tuple[object, ...]) -> Sequence[Submission]:
        with (
            psycopg.connect(
                self.conninfo, connect_timeout=_SECONDS, application_name="fermoposta-agent"
            ) as connection,
            connection.cursor(row_factory=class_row(Submission)) as cursor,
        ):
            return cursor.execute(_SELECT + condition, values).fetchall()
