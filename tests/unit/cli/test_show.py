import stat

import pytest
import yaml

from fermoposta.directory.store import MemoryStore


def test_show_counts(inhabited):
    """One sees at a glance how much there is."""
    assert inhabited.run("show", "--json").json["users"] == 2
    assert "users            2" in inhabited.run("show").text


def test_show_lists_a_kind(inhabited):
    """Every record of a kind is listed with its owner."""
    answer = inhabited.run("show", "users")

    assert "ada@example.org  Ada Lovelace   inventory" in answer.text


def test_show_an_address_whatever_it_is(inhabited):
    """Who asks for an address need not know whether it is a user or an alias."""
    user = inhabited.run("show", "--json", "Ada@example.org").json
    alias = inhabited.run("show", "--json", "aliases", "info@example.org").json

    assert (user["kind"], user["name"]) == ("users", "Ada Lovelace")
    assert alias["destinations"] == ["ada@example.org"]


def test_what_is_not_there_is_said(inhabited):
    """A mistyped address is no empty answer."""
    answer = inhabited.run("show", "eve@example.org")

    assert (answer.code, answer.text) == (3, "")
    assert "eve@example.org: is not there" in answer.errors


@pytest.mark.parametrize("options", [[], ["--hashes"]])
def test_what_was_exported_changes_nothing(inhabited, tmp_path, options):
    """The directory can become an inventory without anybody noticing."""
    folder = tmp_path / "export"

    answer = inhabited.run("export", *options, folder)

    assert answer.code == 0
    assert {path.name for path in folder.iterdir()} >= {"users.yml", "domains.yml"}
    again = inhabited.run("apply", "--json", "--update-password", "always", folder)
    assert again.json["changed"] is False
    assert inhabited.run("drift", folder).code == 0


def test_exported_files_are_for_their_owner_only(inhabited, tmp_path):
    """Hashes of passwords are nobody else's business."""
    inhabited.run("export", "--hashes", tmp_path / "export")

    mode = (tmp_path / "export/users.yml").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_export_has_no_passwords_unless_asked(inhabited):
    """What is shown around has no hashes in it."""
    declared = yaml.safe_load(inhabited.run("export").text)

    assert declared["mail_users"]["ada@example.org"] == {"name": "Ada Lovelace", "language": "en"}


def test_hashes_move_to_another_host(inhabited, tmp_path):
    """A user keeps the password when the directory moves."""
    inhabited.run("export", "--hashes", tmp_path / "export")

    moved = MemoryStore()
    inhabited.store, old = moved, inhabited.store
    assert inhabited.run("apply", tmp_path / "export").code == 0

    ada = "ada@example.org"
    assert moved.state().users[ada].password_hash == old.state().users[ada].password_hash
