"""`fermoposta.mail.files`: what a role writes, in one step."""

import grp
import os
import pwd
import stat

import pytest

ME = {"owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def wanted(tmp_path):
    """A directory, and a file in it that only its owner may read."""
    return {
        "directories": [{"path": str(tmp_path / "etc"), **ME}],
        "files": [
            {"path": str(tmp_path / "etc/a.conf"), "content": "a = 1\n", "mode": "0600", **ME}
        ],
    }


def test_the_second_run_changes_nothing(ansible, wanted, tmp_path):
    """A file that is as it should be is left alone."""
    first = ansible.run("files", **wanted)
    written = (tmp_path / "etc/a.conf").stat().st_mtime_ns
    second = ansible.run("files", **wanted)

    assert (first["changed"], second["changed"]) == (True, False)
    assert (tmp_path / "etc/a.conf").stat().st_mtime_ns == written


def test_only_what_differs_is_named(ansible, wanted, tmp_path):
    """An operator sees which file it was, and how it differs."""
    ansible.run("files", **wanted)
    wanted["files"][0]["content"] = "a = 2\n"

    result = ansible.run("files", **wanted)

    assert result["written"] == [str(tmp_path / "etc/a.conf")]
    assert [(d["before"], d["after"]) for d in result["diff"]] == [("a = 1\n", "a = 2\n")]


def test_a_mode_that_was_changed_by_hand_is_put_right(ansible, wanted, tmp_path):
    """Content is not all that matters of a secret."""
    ansible.run("files", **wanted)
    (tmp_path / "etc/a.conf").chmod(0o644)

    assert ansible.run("files", **wanted)["changed"]
    assert mode_of(tmp_path / "etc/a.conf") == 0o600


def test_a_new_file_has_its_mode_whatever_the_umask(ansible, wanted, tmp_path):
    """The mode is said, not left to who runs it."""
    wanted["files"][0]["mode"] = None

    ansible.run("files", **wanted)

    assert mode_of(tmp_path / "etc/a.conf") == 0o644
    assert mode_of(tmp_path / "etc") == 0o755


def test_check_mode_writes_nothing_even_where_nothing_is_there(ansible, wanted, tmp_path):
    """A bare host has neither the directories nor the owners."""
    wanted["files"][0]["owner"] = "nobody-of-this-name"

    result = ansible.run("files", check=True, **wanted)

    assert result["changed"]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_its_judge_refuses_stays_as_it_was(ansible, wanted, tmp_path):
    """A broken configuration never lands."""
    ansible.run("files", **wanted)
    wanted["files"][0] |= {"content": "b = 1\n", "validate": "grep -q '^a' %s"}

    result = ansible.run("files", **wanted)

    assert result.failed
    assert (tmp_path / "etc/a.conf").read_text() == "a = 1\n"


def test_a_file_that_its_judge_takes_is_written(ansible, wanted, tmp_path):
    """The judge sees the new content, not the old."""
    ansible.run("files", **wanted)
    wanted["files"][0] |= {"content": "a = 3\n", "validate": "grep -q 3 %s"}

    assert not ansible.run("files", **wanted).failed
    assert (tmp_path / "etc/a.conf").read_text() == "a = 3\n"
