"""What restic is told, and what is made of its answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fermoposta.backup import repository
from fermoposta.backup.errors import BackupError
from fermoposta.backup.programs import run
from fermoposta.backup.repository import Repository
from fermoposta.backup.settings import BackupSettings, load
from fermoposta.backup.take import alone
from fermoposta.service.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

LISTED = json.dumps(
    [
        {"short_id": "bbbb2222", "time": "2026-01-03T01:00:00Z", "hostname": "a", "paths": ["/s"]},
        {"short_id": "aaaa1111", "time": "2026-01-02T01:00:00Z", "hostname": "a", "paths": ["/s"]},
    ]
)


class Restic:
    """Answers by the command, and remembers what it was told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.environment: dict[str, str] = {}
        self.there = True

    def __call__(self, *command: str, environment: dict[str, str], remedy: str) -> str:
        assert remedy
        self.calls.append(command)
        self.environment = environment
        words = command[command.index("restic") + 1 :]
        if "cat" in words and not self.there:
            raise BackupError("Is there a repository at the following location?")
        if "snapshots" in words:
            return LISTED
        if "backup" in words:
            return '{"message_type":"status"}\n{"snapshot_id":"cccc3333dddd4444"}\n'
        return ""


@pytest.fixture
def restic(monkeypatch: pytest.MonkeyPatch) -> Restic:
    made = Restic()
    monkeypatch.setattr(repository, "run", made)
    return made


@pytest.fixture
def plan(tmp_path: Path) -> BackupSettings:
    return BackupSettings(
        repository="s3:https://vault.example/bucket",
        environment={"AWS_SECRET_ACCESS_KEY": "s3cret"},
        options=("s3.region=eu",),
        password_file=tmp_path / "password",
        state_dir=tmp_path / "state",
    )


def test_secrets_are_in_the_environment_alone(
    restic: Restic, plan: BackupSettings, tmp_path: Path
) -> None:
    """Everybody on the host sees the words of a command."""
    assert Repository(plan).add(tmp_path) == "cccc3333"

    (words,) = restic.calls
    assert words[:4] == ("restic", "-o", "s3.region=eu", "backup")
    assert "s3cret" not in " ".join(words)
    assert "vault" not in " ".join(words)
    assert restic.environment["AWS_SECRET_ACCESS_KEY"] == "s3cret"
    assert restic.environment["RESTIC_PASSWORD_FILE"] == str(tmp_path / "password")


def test_the_last_backup_is_meant_where_none_is_named(restic: Restic, plan: BackupSettings) -> None:
    """By when it was taken, not by where it stands; another by its id, in short or whole."""
    kept = Repository(plan)

    assert [each.id for each in kept.snapshots()] == ["aaaa1111", "bbbb2222"]
    assert kept.snapshot(None).id == "bbbb2222"
    assert kept.snapshot("aaaa1111").id == "aaaa1111"
    assert kept.snapshot("aaaa1111ffff").id == "aaaa1111"
    with pytest.raises(BackupError, match="there is no backup cccc in s3:"):
        kept.snapshot("cccc")


def test_repository_and_password_are_made_once(restic: Restic, plan: BackupSettings) -> None:
    """The password for root alone; one that is there is kept."""
    restic.there = False
    assert Repository(plan).make()
    assert plan.password_file.stat().st_mode & 0o777 == 0o600
    before = plan.password_file.read_text()
    assert len(before.strip()) >= 40
    restic.there = True

    assert not Repository(plan).make()
    assert plan.password_file.read_text() == before


def test_one_at_a_time(plan: BackupSettings) -> None:
    """And after that the next."""
    with alone(plan), pytest.raises(BackupError, match="another backup"), alone(plan):
        pass
    with alone(plan):
        pass


def test_what_a_program_complains_of_is_told_with_a_remedy() -> None:
    """In its own words."""
    with pytest.raises(BackupError, match=r"^sh: no room; free some$"):
        run("sh", "-c", "echo no room >&2; exit 3", remedy="free some")
    with pytest.raises(BackupError, match="can't be run: No such file"):
        run("/nowhere/restic")


def test_settings_say_all_that_is_wrong(tmp_path: Path) -> None:
    """With the place of each."""
    path = tmp_path / "backup.yml"
    path.write_text("repositry: /srv\nkeep_daily: 0\n")

    with pytest.raises(SettingsError) as caught:
        load(path)

    assert caught.value.problems == (
        "repositry: no such setting; did you mean repository?",
        "repository: is required",
        "keep_daily: must be a whole number above 0",
    )
