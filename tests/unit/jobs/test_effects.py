"""What a stretch of the change feed means."""

from datetime import UTC, datetime

from fermoposta.directory.model import Kind, State, User
from fermoposta.directory.store import Change
from fermoposta.jobs.effects import Effects, effects_of

STATE = State.of_records([User("ada@example.org", "Ada")])


def changes(*lines: tuple[Kind, str]) -> list[Change]:
    now = datetime.now(UTC)
    return [Change(id=n, at=now, kind=kind, key=key) for n, (kind, key) in enumerate(lines, 1)]


def test_who_is_gone_is_kicked() -> None:
    """A closed user is out at once, with the open connections."""
    effects = effects_of(changes((Kind.USERS, "bob@example.org")), STATE)

    assert effects == Effects(forget=("bob@example.org",), kick=("bob@example.org",))


def test_who_changed_stays_connected() -> None:
    """A new password counts for the next log-in; nobody loses a session over a new quota."""
    effects = effects_of(changes((Kind.USERS, "ada@example.org")), STATE)

    assert effects == Effects(forget=("ada@example.org",))


def test_a_name_is_said_once() -> None:
    """However often it changed."""
    feed = changes((Kind.USERS, "bob@example.org"), (Kind.USERS, "bob@example.org"))

    assert effects_of(feed, STATE).kick == ("bob@example.org",)


def test_other_kinds_concern_no_session() -> None:
    """An alias has none."""
    assert effects_of(changes((Kind.ALIASES, "sales@example.org")), STATE) == Effects()
