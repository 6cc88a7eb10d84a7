"""Scripts of single mailboxes."""

from dataclasses import replace
from pathlib import Path

import pytest

from fermoposta.directory.compile.sieve import compile_scripts, script
from fermoposta.directory.model import User

ADA = User("ada@example.org", "Ada Lovelace", mailbox_id="0badcafe-0000-4000-8000-000000000001")
NO_SPAM_FILTER = replace(ADA, antispam=False)
SCRIPT = f"{ADA.mailbox_id}/policy.sieve"


def compiled(users: list[User], root: Path) -> list[str]:
    return [
        f"{change.action} {change.path.relative_to(root)}"
        for change in compile_scripts(users, root)
    ]


def test_most_mailboxes_need_no_script() -> None:
    """With both switches on, what is the same for everybody does."""
    assert script(ADA) is None


@pytest.mark.parametrize(
    ("antivirus", "antispam", "said", "unsaid"),
    [
        (True, False, "X-Fermoposta-Decision", "deleteheader"),
        (False, True, "deleteheader", "X-Fermoposta-Decision"),
    ],
)
def test_a_switch_acts_on_its_own_verdict_only(
    *, antivirus: bool, antispam: bool, said: str, unsaid: str
) -> None:
    """Antispam off releases no virus, antivirus off no spam."""
    text = script(replace(ADA, antivirus=antivirus, antispam=antispam)) or ""

    assert said in text
    assert unsaid not in text


def test_compiling_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    """The same directory, the same files."""
    assert compiled([NO_SPAM_FILTER], tmp_path) == [f"created {SCRIPT}"]
    assert compiled([NO_SPAM_FILTER], tmp_path) == []


def test_a_change_of_a_switch_is_a_change_of_the_file(tmp_path: Path) -> None:
    """Both ways."""
    compiled([NO_SPAM_FILTER], tmp_path)

    assert compiled([replace(NO_SPAM_FILTER, antivirus=False)], tmp_path) == [f"updated {SCRIPT}"]
    assert compiled([ADA], tmp_path) == [f"removed {SCRIPT}"]
    assert list(tmp_path.iterdir()) == []


def test_the_script_of_a_closed_mailbox_goes(tmp_path: Path) -> None:
    """Nothing stays of who is gone."""
    compiled([NO_SPAM_FILTER], tmp_path)

    assert compiled([], tmp_path) == [f"removed {SCRIPT}"]


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    """A folder whose name is no mailbox id was put there by somebody else."""
    (tmp_path / "lost+found").mkdir()

    assert compiled([], tmp_path) == []
    assert (tmp_path / "lost+found").is_dir()


def test_the_mail_store_may_read_scripts(tmp_path: Path) -> None:
    """Dovecot runs them as another user."""
    compiled([NO_SPAM_FILTER], tmp_path)

    assert (tmp_path / SCRIPT).stat().st_mode & 0o777 == 0o644
    assert (tmp_path / SCRIPT).parent.stat().st_mode & 0o755 == 0o755
