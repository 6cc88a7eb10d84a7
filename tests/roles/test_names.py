"""What `playbooks/validate.yml` says of variables that nothing would read."""

from pathlib import Path

import pytest

from ansible_collections.fermoposta.mail.plugins.module_utils import names

KNOWN = {"postfix_relay", "postfix_relay_networks", "common_hostname"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for group in ("mail", "all"):
        (tmp_path / "group_vars" / group).mkdir(parents=True)
    return tmp_path


def write(site: Path, name: str, text: str) -> None:
    (site / "group_vars" / name).write_text(text)


def said(site: Path) -> list[str]:
    return list(names.complaints([site], KNOWN))


def test_a_name_that_a_role_knows_is_taken(site):
    """What is right is passed over in silence."""
    write(site, "mail/appliance.yml", "common_hostname: mail.example.org\n")

    assert said(site) == []


def test_a_misspelt_name_is_answered_with_the_right_one(site):
    """An operator need not look it up."""
    write(site, "mail/appliance.yml", "postfix_relay_network: []\n")

    (complaint,) = said(site)

    assert complaint.endswith(
        "postfix_relay_network: nothing reads it; did you mean postfix_relay_networks?"
    )


def test_a_name_like_no_other_is_still_said(site):
    """Where nothing is near, the remedy says where to look."""
    write(site, "mail/appliance.yml", "colour: green\n")

    assert "see the roles' READMEs" in said(site)[0]


def test_data_in_group_vars_all_is_refused(site):
    """There the playbooks' own variables would win without a word."""
    write(site, "all/mine.yml", "common_hostname: mail.example.org\n")

    assert "move it to group_vars/mail" in said(site)[0]


def test_every_problem_is_said_at_once(site):
    """Nobody wants to run it five times."""
    write(site, "mail/appliance.yml", "postfix_rely: {}\ncommon_hostnam: x\n")
    write(site, "all/mine.yml", "colour: green\n")

    assert len(said(site)) == 3


def test_people_secrets_and_ansible_are_left_to_others(site):
    """Their names are checked elsewhere, or are free."""
    write(site, "mail/people.yml", "mail_userz: {}\nvault_relay: x\nansible_port: 22\n")

    assert said(site) == []


def test_a_vaulted_value_is_no_hindrance(site):
    """The name is read, the secret is not."""
    text = "common_hostname: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n"
    write(site, "mail/vault.yml", text)

    assert said(site) == []


def test_a_file_that_is_vaulted_as_a_whole_is_passed_over(site):
    """Its names can't be read, so nothing is said of them."""
    write(site, "mail/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n6162\n")

    assert said(site) == []
