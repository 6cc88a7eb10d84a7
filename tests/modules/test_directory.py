import copy
import subprocess
import sys
from pathlib import Path

import pytest

from fermoposta.directory import passwords
from fermoposta.directory.model import Owner
from fermoposta.directory.store import StoreError
from modules.conftest import WHOLE

ROOT = Path(__file__).parents[2]
ADA = "ada@example.org"


def changed_in(whole, kind, key, **fields):
    """WHOLE with other *fields* of one record."""
    made = copy.deepcopy(whole)
    made[kind].setdefault(key, {}).update(fields)
    return made


def test_the_second_run_changes_nothing(ansible):
    """Ansible hears `changed` once, then not again."""
    first = ansible.run("directory", **WHOLE)
    second = ansible.run("directory", **WHOLE)

    assert (first["changed"], second["changed"]) == (True, False)
    assert second["steps"] == []
    assert second["diff"] == {"before": "", "after": ""}


def test_check_mode_says_it_and_does_not_do_it(ansible):
    """What check mode announces is what the run does."""
    announced = ansible.run("directory", check=True, **WHOLE)
    assert ansible.store.state().users == {}

    done = ansible.run("directory", **WHOLE)

    assert announced["steps"] == done["steps"]
    assert announced["diff"] == done["diff"]


def test_the_diff_is_exact(inhabited):
    """Only what changes is shown, before and after."""
    result = inhabited.run("directory", **changed_in(WHOLE, "users", ADA, quota_mb=2048))

    before = result["diff"]["before"].splitlines()
    after = result["diff"]["after"].splitlines()
    assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == [
        ("  quota_mb: 10240", "  quota_mb: 2048")
    ]
    assert result["steps"] == [f"update users {ADA}: quota_mb"]


SECRETS = ("Engine1843", "Analytical2", "Note G 1843", "ARGON2ID")


@pytest.mark.parametrize("update", ["on_create", "always"])
@pytest.mark.parametrize("wrong", [{}, {"quota_mb": 99}], ids=["good", "refused"])
def test_no_secret_is_in_the_answer(inhabited, update, wrong, caplog):
    """Neither result, diff, error nor the record of the call holds a password."""
    whole = changed_in(
        WHOLE,
        "users",
        ADA,
        password="Analytical2",
        security_questions=[{"question": "What?", "answer": "Note G 1843"}],
        **wrong,
    )

    result = inhabited.run("directory", update_password=update, **whole)

    assert result.failed == bool(wrong)
    assert not any(secret in result.text for secret in SECRETS)
    assert result["invocation"]["module_args"]["users"] == "(2 entries)"


def test_no_secret_is_in_the_systems_log(inhabited):
    """Every user of the host may read the log: it says that the module ran, not with what."""
    inhabited.run("directory", **WHOLE)

    assert inhabited.log == ["Invoked", "Invoked"]


def test_a_wrong_type_does_not_show_the_value(ansible):
    """Even parameters that are nonsense are not repeated."""
    result = ansible.run("directory", users="Engine1843", adopt="Analytical2")

    assert result.failed
    assert result["invocation"]["module_args"]["users"] == "(10 entries)"
    assert "Engine1843" not in result.text


def test_every_problem_is_reported_at_once(inhabited):
    """Each has its path and a remedy; the directory is as it was."""
    before = inhabited.store.state()
    whole = changed_in(WHOLE, "users", ADA, qouta_mb=1, language="de")

    result = inhabited.run("directory", **whole)

    assert result.failed
    assert {problem["path"] for problem in result["problems"]} == {
        f"mail_users.{ADA}.qouta_mb",
        f"mail_users.{ADA}.language",
    }
    assert all(problem["remedy"] for problem in result["problems"])
    assert inhabited.store.state() == before


def test_what_is_no_longer_declared_goes(inhabited):
    """A removed user is closed; the mailbox is kept for a while."""
    whole = copy.deepcopy(WHOLE)
    del whole["users"]["bob@example.org"], whole["grants"], whole["send_as"]
    whole["groups"]["sales@example.org"]["members"] = [ADA]

    result = inhabited.run("directory", **whole)

    assert "close users bob@example.org" in result["steps"]
    assert [closed.address for closed in inhabited.store.state().closed.values()] == [
        "bob@example.org"
    ]


def test_a_mass_removal_must_be_allowed_in_so_many_words(inhabited):
    """More than a tenth of a kind does not vanish by mistake."""
    many = copy.deepcopy(WHOLE)
    many["users"] |= {f"user{n}@example.org": {"name": f"User {n}"} for n in range(8)}
    assert inhabited.run("directory", **many)["changed"]

    refused = inhabited.run("directory", **WHOLE)
    allowed = inhabited.run("directory", **WHOLE, allow_removal=["users"])

    assert refused.failed
    assert refused["problems"][0]["path"] == "mail_users"
    assert allowed["counts"] == {"close": 8}


def test_a_password_is_compared_only_where_that_is_asked_for(inhabited):
    """`always` sets what differs, and says changed only then."""
    whole = changed_in(WHOLE, "users", ADA, password="Analytical2")

    assert not inhabited.run("directory", **whole)["changed"]
    assert inhabited.run("directory", update_password="always", **whole)["changed"]
    assert not inhabited.run("directory", update_password="always", **whole)["changed"]

    stored = inhabited.store.state().users[ADA].password_hash
    assert passwords.verify("Analytical2", stored)


def test_a_hash_is_taken_as_it_is(ansible):
    """Passwords come along from another system."""
    hashed = passwords.hash_password("Analytical2")

    ansible.run("directory", **changed_in(WHOLE, "users", ADA, password=hashed))

    assert ansible.store.state().users[ADA].password_hash == hashed


def test_what_the_portal_made_stays(inhabited, portal_user):
    """An inventory run does not undo an administrator's work."""
    inhabited.by_portal(portal_user)

    result = inhabited.run("directory", **WHOLE)

    assert not result["changed"]
    assert portal_user.address in inhabited.store.state().users


def test_what_the_portal_made_is_adopted_when_asked(inhabited, portal_user):
    """Taking over is a decision, made in so many words."""
    inhabited.by_portal(portal_user)
    whole = changed_in(WHOLE, "users", portal_user.address, name="Carla Rossi")

    refused = inhabited.run("directory", **whole)
    adopted = inhabited.run("directory", adopt=True, **whole)

    assert refused.failed
    assert adopted["counts"] == {"adopt": 1}
    assert inhabited.store.state().users[portal_user.address].managed_by is Owner.INVENTORY


def test_a_directory_out_of_reach_is_said(ansible, monkeypatch):
    """Ansible hears a sentence, not a traceback."""

    def refuse():
        raise StoreError("the database cannot be reached")

    monkeypatch.setattr(ansible.store, "state", refuse)

    result = ansible.run("directory", **WHOLE)

    assert result.failed
    assert result["msg"] == "the database cannot be reached"


def test_without_the_application_the_module_says_what_is_missing():
    """A play that forgot the virtual environment's interpreter is told."""
    program = """
import sys
sys.modules["fermoposta"] = None
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fermoposta.mail.plugins.modules import directory
with patch_module_args({}):
    directory.main()
"""

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT / "python_modules",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    assert "Failed to import the required Python library (fermoposta)" in done.stdout
