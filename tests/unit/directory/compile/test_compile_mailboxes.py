"""Where the scripts lie, what a full pass repairs, and what a single change touches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fermoposta.directory.compile import Paths, Touched, compile_touched, touched_by
from fermoposta.directory.compile.mailboxes import compile_all
from fermoposta.directory.model import (
    ClosedMailbox,
    Company,
    Domain,
    JunkRule,
    Kind,
    State,
    User,
)

if TYPE_CHECKING:
    from pathlib import Path

ADA = User("ada@example.org", "Ada", mailbox_id="0badcafe-0000-4000-8000-000000000001")
BOB = User("bob@example.org", "Bob", mailbox_id="0badcafe-0000-4000-8000-000000000002")
SCRIPT = f"{ADA.mailbox_id}/policy.sieve"
BASE = (Company("acme", "Acme"), Domain("example.org", "acme"), BOB)
HERS = JunkRule(ADA.address, "@spam.test", "block")
THEIRS = JunkRule("example.org", "@spam.test", "block")


@dataclass(frozen=True)
class Changed:
    kind: Kind
    key: str


def state(*records: User | JunkRule) -> State:
    return State.of_records([*BASE, *records])


def compiled(state: State, root: Path) -> list[str]:
    return [f"{c.action} {c.path.relative_to(root)}" for c in compile_all(state, root)]


def touched(state: State, root: Path, *changes: Changed) -> list[str]:
    paths = Paths(sieve=root, dkim=root)
    made = compile_touched(state, touched_by(changes), paths)
    return [f"{c.action} {c.path.relative_to(root)}" for c in made]


def test_compiling_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    """The same directory, the same files."""
    there = state(ADA, HERS, THEIRS)

    assert compiled(there, tmp_path) == ["created domains/example.org.sieve", f"created {SCRIPT}"]
    assert compiled(there, tmp_path) == []


def test_a_rule_that_goes_takes_its_script_along(tmp_path: Path) -> None:
    """Of a mailbox, with its folder, and of a domain."""
    compiled(state(ADA, HERS, THEIRS), tmp_path)

    assert compiled(state(ADA), tmp_path) == [
        "removed domains/example.org.sieve",
        f"removed {SCRIPT}",
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["domains"]


def test_nothing_stays_of_who_is_gone(tmp_path: Path) -> None:
    """Neither of a mailbox nor of a domain."""
    compiled(state(ADA, HERS, THEIRS), tmp_path)

    gone = compiled(State.of_records([Company("acme", "Acme")]), tmp_path)

    assert gone == ["removed domains/example.org.sieve", f"removed {SCRIPT}"]


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    """A folder whose name is no mailbox id was put there by somebody else."""
    (tmp_path / "lost+found").mkdir()

    assert compiled(state(), tmp_path) == []
    assert (tmp_path / "lost+found").is_dir()


def test_the_mail_store_may_read_scripts(tmp_path: Path) -> None:
    """Dovecot runs them as another user."""
    compiled(state(ADA, HERS), tmp_path)

    assert (tmp_path / SCRIPT).stat().st_mode & 0o777 == 0o644
    assert (tmp_path / SCRIPT).parent.stat().st_mode & 0o755 == 0o755


def test_a_users_change_touches_that_mailbox_only(tmp_path: Path) -> None:
    """Another mailbox, whose script is wrong, waits for the full pass."""
    before = state(ADA, HERS, replace(BOB, antispam=False))
    compiled(before, tmp_path)
    wrong = tmp_path / f"{BOB.mailbox_id}/policy.sieve"
    wrong.write_text("keep;\n")
    after = state(replace(ADA, antispam=False), HERS, replace(BOB, antispam=False))

    assert touched(after, tmp_path, Changed(Kind.USERS, ADA.address)) == [f"updated {SCRIPT}"]
    assert wrong.read_text() == "keep;\n"
    assert compiled(after, tmp_path) == [f"updated {BOB.mailbox_id}/policy.sieve"]


def test_a_rule_touches_its_mailbox_or_its_domain(tmp_path: Path) -> None:
    """Whose rule it is says what is compiled."""
    there = state(ADA, HERS, THEIRS)
    hers = Changed(Kind.JUNK_RULES, HERS.key)
    theirs = Changed(Kind.JUNK_RULES, THEIRS.key)

    assert touched(there, tmp_path, hers) == [f"created {SCRIPT}"]
    assert touched(there, tmp_path, theirs) == ["created domains/example.org.sieve"]
    assert touched(state(ADA, THEIRS), tmp_path, hers) == [f"removed {SCRIPT}"]
    assert touched(state(ADA), tmp_path, theirs) == ["removed domains/example.org.sieve"]


def test_a_closed_mailbox_loses_its_scripts_at_once(tmp_path: Path) -> None:
    """Who comes back does not find old rules at work."""
    compiled(state(ADA, HERS), tmp_path)
    there = state()
    assert ADA.mailbox_id
    closed = ClosedMailbox(ADA.mailbox_id, ADA.address, Kind.USERS, datetime.now(UTC))
    there.closed[closed.mailbox_id] = closed

    assert touched(there, tmp_path, Changed(Kind.USERS, ADA.address)) == [f"removed {SCRIPT}"]


def test_a_domain_touches_its_keys_and_rules() -> None:
    """A new one needs a key."""
    assert touched_by([Changed(Kind.DOMAINS, "example.org")]) == Touched(
        domains=frozenset({"example.org"}), keys=True
    )
    assert touched_by([Changed(Kind.ALIASES, "info@example.org")]) == Touched()
