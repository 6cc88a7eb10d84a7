"""What an image asks on its console, and what becomes of the answers."""

from __future__ import annotations

import io
import stat
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from fermoposta.inventory import load, parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

SCRIPT = Path(__file__).parents[3] / "image/files/usr/local/sbin/fermoposta-setup"


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with all that it writes below a folder, and a host that takes every command."""
    loader = SourceFileLoader("fermoposta_setup", str(SCRIPT))
    spec = spec_from_loader(loader.name, loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "HOME", tmp_path / "home")
    monkeypatch.setattr(module, "ANSWERS", tmp_path / "home/answers.yml")
    monkeypatch.setattr(module, "DONE", tmp_path / "home/done")
    monkeypatch.setattr(module, "LOG", tmp_path / "log")
    monkeypatch.setattr(module, "set_name", lambda _: None)
    monkeypatch.setattr(module.sys, "argv", ["fermoposta-setup"])
    return module


@pytest.fixture
def typed(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda text: monkeypatch.setattr(setup.sys, "stdin", io.StringIO(text))


def inventory(setup: ModuleType) -> dict[str, Any]:
    path = setup.HOME / "inventory/group_vars/mail/appliance.yml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def test_a_person_needs_to_type_little(
    setup: ModuleType, typed: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The domain, and Enter to the rest; what is no answer is asked for again."""
    typed("not a domain\nexample.org\n" + "\n" * 8)
    asked: list[str] = []
    monkeypatch.setattr(setup, "provision", lambda: 0)
    monkeypatch.setattr(setup, "greet", lambda _, administrator: asked.append(administrator))

    assert setup.main() == 0

    found = inventory(setup)
    assert found["common_hostname"] == "mail.example.org"
    assert found["tls_source"] == "own_ca"
    assert asked == ["postmaster@example.org"]
    assert setup.DONE.exists()
    directory = {name: value for name, value in found.items() if name.startswith("mail_")}
    assert [*parse(load(directory)).domains] == ["example.org"]


def test_cloud_init_is_believed_and_nobody_asked(
    setup: ModuleType, typed: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any variable of an inventory may be among the answers."""
    typed("")
    setup.HOME.mkdir()
    setup.ANSWERS.write_text("common_hostname: a.example.org\nrspamd_network_checks: false\n")
    monkeypatch.setattr(setup, "provision", lambda: 0)
    monkeypatch.setattr(setup, "greet", lambda *_: None)

    assert setup.main() == 0
    assert inventory(setup)["rspamd_network_checks"] is False
    hosts = yaml.safe_load((setup.HOME / "inventory/hosts.yml").read_text())
    assert hosts["mail"]["hosts"] == {"a.example.org": {"ansible_connection": "local"}}


def test_what_fails_can_be_done_again(
    setup: ModuleType,
    typed: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What went wrong is on the console; it counts as set up only when it is."""
    typed("example.org\n" + "\n" * 8)

    def provision() -> int:
        setup.LOG.write_text("fatal: no room\n")
        return 4

    monkeypatch.setattr(setup, "provision", provision)

    assert setup.main() == 1
    assert "fatal: no room" in capsys.readouterr().out
    assert not setup.DONE.exists()


def test_nobody_at_the_console_is_no_answer(
    setup: ModuleType, typed: Callable[[str], None]
) -> None:
    """And no host of some name is made."""
    typed("")

    with pytest.raises(SystemExit, match="nobody is at the console"):
        setup.main()
    assert not (setup.HOME / "inventory").exists()


@pytest.mark.parametrize(
    ("users", "words"),
    [
        ({}, ["fermoposta", "invite", "--administrator", "ada@example.org"]),
        ({"ada@example.org": {"name": "Ada"}}, ["fermoposta", "invite", "ada@example.org"]),
    ],
)
def test_the_first_administrator_gets_a_link(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, users: dict[str, object], words: list[str]
) -> None:
    """Who is declared has the role that the inventory says; anybody else is made one."""
    called = []

    def run(command: list[str], **_: object) -> object:
        called.append(command)
        return type("Done", (), {"stdout": "https://portal/reset?token=x\n", "stderr": ""})

    monkeypatch.setattr(setup.subprocess, "run", run)
    setup.HOME.mkdir()
    answers = {"portal_hostname": "p", "common_hostname": "m", "mail_users": users}

    setup.greet(answers, "ada@example.org")

    assert called == [words]
    welcome = setup.HOME / "welcome.txt"
    assert "https://portal/reset?token=x" in welcome.read_text()
    assert stat.S_IMODE(welcome.stat().st_mode) == 0o600
