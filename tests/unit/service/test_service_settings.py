"""The configuration file of the services."""

from pathlib import Path

import pytest

from fermoposta.service.settings import SettingsError, load


def written(folder: Path, text: str) -> Path:
    path = folder / "fermoposta.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_two_names_are_enough(tmp_path: Path) -> None:
    """Everything but the host's and the portal's name has a good default."""
    path = written(tmp_path, "host: mail.example.org\nportal_host: portal.example.org\n")

    settings = load(path)

    assert settings.host == "mail.example.org"
    assert settings.state_dir == Path("/var/lib/fermoposta")
    assert settings.imaps_alternate_port == 9993


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """Who corrects the file does so once."""
    path = written(
        tmp_path,
        "hots: mail.example.org\nportal_host: 7\nlanguage: de\npop3: 'yes'\nstate_dir: var\n"
        "compile_interval: 0\nimaps_alternate_port: true\neas_moved: {example.org: 1}\n",
    )

    with pytest.raises(SettingsError) as raised:
        load(path)

    assert set(raised.value.problems) == {
        "hots: no such setting; did you mean host?",
        "host: is required",
        "portal_host: must be a text that is not empty",
        "language: must be one of it, en",
        "pop3: must be true or false",
        "state_dir: must be an absolute path",
        "compile_interval: must be a whole number above 0",
        "imaps_alternate_port: must be a whole number above 0",
        "eas_moved: must be a mapping of texts to texts",
    }


@pytest.mark.parametrize("text", ["- host", "host: [", "", "\x00"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    """A file that is no YAML, or no mapping, is named as such."""
    with pytest.raises(SettingsError) as raised:
        load(written(tmp_path, text))

    assert len(raised.value.problems) == 1


def test_a_missing_file_is_a_problem_like_any_other(tmp_path: Path) -> None:
    """No file, no traceback."""
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "nowhere.yml")


def test_the_second_port_can_be_switched_off(tmp_path: Path) -> None:
    """Nothing stands for no second port."""
    text = "host: a.example.org\nportal_host: b.example.org\nimaps_alternate_port: null\n"

    assert load(written(tmp_path, text)).imaps_alternate_port is None


def test_no_address_of_the_database_holds_a_password(tmp_path: Path) -> None:
    """Peer authentication: the role is named, and that is all."""
    settings = load(written(tmp_path, "host: a.example.org\nportal_host: b.example.org\n"))

    assert settings.database_url("fermoposta_portal") == (
        "postgresql+psycopg://fermoposta_portal@/fermoposta?host=/run/postgresql"
    )
    assert settings.database_conninfo("fermoposta_jobs") == (
        "host=/run/postgresql dbname=fermoposta user=fermoposta_jobs"
    )
