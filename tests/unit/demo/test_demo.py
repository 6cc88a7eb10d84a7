from __future__ import annotations

import asyncio
import json
import smtplib
import socket
import threading
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from fermoposta_demo import host, images, layers, podman, progress, screen
from fermoposta_demo.appliance import Account, Appliance
from fermoposta_demo.content.attachments import docx, pdf, png, xlsx
from fermoposta_demo.content.calendars import contacts, events
from fermoposta_demo.content.messages import Person, mailbox
from fermoposta_demo.outside import serve

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ADA = Person("Ada Lovelace", "ada@example.org")
BOB = Person("Bob Frankston", "bob@example.org")


@pytest.fixture
def appliance() -> Appliance:
    return Appliance(
        host="127.0.0.1",
        ports={service: port for service, (_, port) in host.PORTS.items()},
        urls={"webmail": "https://mail.example.org:10443/SOGo/"},
        ca_file=".demo/ca.pem",
        container="fermoposta-demo",
        domains=["example.org"],
        accounts=[
            Account("ada@example.org", "Engine1843", "admin"),
            Account("room@example.org", None, "resource"),
        ],
    )


def test_demo_json_is_read_as_it_was_written(appliance: Appliance, tmp_path: Path) -> None:
    """Scripts get from demo.json what `make up` knows, and only its owner can read it."""
    file = tmp_path / "demo.json"

    appliance.save(file)

    assert Appliance.load(file) == appliance
    assert file.stat().st_mode & 0o077 == 0
    assert set(json.loads(file.read_text())) == {
        "host", "ports", "urls", "ca_file", "container", "domains", "accounts",
    }  # fmt: skip


def test_an_account_does_not_show_its_password() -> None:
    """What a failing test prints holds no password."""
    assert "Engine1843" not in repr(Account("ada@example.org", "Engine1843", "user"))


def test_the_last_screen_has_everything(appliance: Appliance) -> None:
    """Ports, addresses, log-ins and the CA are on the screen, in 100 columns."""
    text = screen.render(appliance, seconds=200)

    for port in appliance.ports.values():
        assert str(port) in text
    for part in ("ada@example.org", "Engine1843", "ca.pem", "/SOGo/", "make down"):
        assert part in text
    assert max(len(line) for line in text.splitlines()) <= 130


def test_a_taken_port_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody listens already, the next free port is published."""
    monkeypatch.setattr(host, "is_free", lambda port: port != 10025)
    monkeypatch.setattr(host, "reserved_ports", set)

    chosen = host.choose_ports()

    assert chosen["smtp"] == 10026
    assert chosen["imaps"] == 10993
    assert len(set(chosen.values())) == len(host.PORTS)


def test_the_ports_of_a_dead_host_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that was killed and not removed still has what is sent to its ports."""
    ports = [{"host_port": 10025, "range": 2}, {"host_port": 10993, "range": 1}]
    listed = json.dumps([{"State": "exited", "Ports": ports}, {"State": "created", "Ports": None}])
    monkeypatch.setattr(host, "podman", lambda *_: listed)
    monkeypatch.setattr(host, "is_free", lambda _: True)

    chosen = host.choose_ports()

    assert (chosen["smtp"], chosen["imaps"]) == (10027, 10994)


def test_is_free_asks_the_machine() -> None:
    """A port on which somebody listens is not free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not host.is_free(server.getsockname()[1])


@pytest.mark.parametrize("unified", [True, False])
def test_runc_where_cgroups_are_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unified: bool
) -> None:
    """On cgroup v1 Podman is told to use runc; on v2 nothing is set."""
    monkeypatch.delenv("CONTAINERS_CONF", raising=False)
    if unified:
        (tmp_path / "cgroup.controllers").touch()

    env = podman.environment(tmp_path / "cache", tmp_path)

    assert ("CONTAINERS_CONF" in env) is not unified


def test_limits_are_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container gets no more files and processes than the machine allows."""
    monkeypatch.setattr(podman.resource, "getrlimit", lambda _: (512, 700))

    assert podman.limits()[:2] == ["--ulimit=nofile=700:700", "--ulimit=nproc=700:700"]


def test_packages_come_from_the_roles(tmp_path: Path) -> None:
    """The image with packages holds what the roles say that they install."""
    declared = {"postfix": ["postfix"], "nginx": ["nginx", "postfix"], "tls": "{{ a_template }}"}
    for role, packages in declared.items():
        folder = tmp_path / role / "vars"
        folder.mkdir(parents=True)
        (folder / "main.yml").write_text(json.dumps({f"__{role}_packages": packages}))

    assert images.role_packages(tmp_path) == ["nginx", "postfix"]


def test_continuous_integration_starts_from_bare_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forgotten package shows where CI is set, and where it is asked for."""
    monkeypatch.setattr(layers, "base_image", lambda: "base")
    monkeypatch.setattr(layers, "packages_image", lambda: "packages")
    monkeypatch.delenv("FERMOPOSTA_LAYER", raising=False)

    monkeypatch.delenv("CI", raising=False)
    assert layers.scenario_image() == "packages"
    monkeypatch.setenv("CI", "true")
    assert layers.scenario_image() == "base"
    monkeypatch.setenv("FERMOPOSTA_LAYER", "packages")
    assert layers.scenario_image() == "packages"


def test_junit_files_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file holds the cases of all layers, each under its layer's name."""
    monkeypatch.setattr(layers, "JUNIT", tmp_path)
    monkeypatch.setattr(layers, "BUILD", tmp_path)
    for name in ("unit", "e2e"):
        suite = f'<testsuite name="pytest"><testcase name="{name}"/></testsuite>'
        (tmp_path / f"{name}.xml").write_text(f"<testsuites>{suite}</testsuites>")

    layers.merge()

    text = (tmp_path / "junit.xml").read_text()
    assert 'testsuite name="unit"' in text
    assert 'testsuite name="e2e"' in text


def test_a_playbook_run_says_where_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each role is announced once, changes are added up, and all output is kept."""
    script = (
        "print('TASK [postfix : install | Get it] ***'); print('TASK [postfix : run | Go] ***');"
        "print('TASK [nginx : run | Go] ***'); print('demo : ok=3 changed=2 unreachable=0')"
    )
    log = tmp_path / "log"

    changed = progress.run_playbook(["/usr/bin/python3", "-c", script], log=log, env={})

    assert changed == 2
    assert capsys.readouterr().out.count("postfix") == 1
    assert "run | Go" in log.read_text()


def test_a_failed_playbook_raises(tmp_path: Path) -> None:
    """A failure carries the end of the output."""
    with pytest.raises(progress.CommandError) as failed:
        progress.run_playbook(
            ["/usr/bin/python3", "-c", "print('why'); raise SystemExit(2)"],
            log=tmp_path / "log",
            env={},
        )

    assert "why" in failed.value.tail


class TestContent:
    def test_the_same_every_time(self) -> None:
        """The same day gives the same mailbox."""
        first = mailbox(ADA, [BOB], now=NOW)
        second = mailbox(ADA, [BOB], now=NOW)

        assert [str(entry.message["Message-ID"]) for entry in first] == [
            str(entry.message["Message-ID"]) for entry in second
        ]
        assert [entry.at for entry in first] == [entry.at for entry in second]

    def test_as_in_life(self) -> None:
        """A mailbox has threads, attachments, unread and flagged mail, sent mail, and a year."""
        mail = mailbox(ADA, [BOB], now=NOW)

        assert len(mail) > 35
        assert any(entry.message["In-Reply-To"] for entry in mail)
        assert any(list(entry.message.iter_attachments()) for entry in mail)
        assert any(not entry.flags for entry in mail)
        assert any("\\Flagged" in entry.flags for entry in mail)
        assert {entry.folder for entry in mail} == {"INBOX", "\\Sent"}
        assert all(entry.at < NOW for entry in mail)
        assert (NOW - mail[0].at).days > 180

    def test_attachments_are_what_they_say(self) -> None:
        """PDF, PNG and office files start and unpack as such."""
        assert pdf("a.pdf", ["x (y)"]).content.startswith(b"%PDF-1.4")
        assert png("a.png", 4, 4, (1, 2, 3)).content.startswith(b"\x89PNG")
        for file in (docx("a.docx", ["x"]), xlsx("a.xlsx", [("x", 1)])):
            with zipfile.ZipFile(BytesIO(file.content)) as archive:
                assert "[Content_Types].xml" in archive.namelist()

    def test_calendars_and_contacts(self) -> None:
        """Events recur here and there; every entry has a name and a UID of its own."""
        found = list(events(ADA, now=NOW))

        assert any("RRULE" in text for _, text in found)
        assert len({name for name, _ in found}) == len(found) == 24
        assert all("UID:" in text and "\r\n" in text for _, text in [*found, *contacts(ADA)])


def test_the_outside_keeps_what_it_gets(tmp_path: Path) -> None:
    """The rest of the world takes a message whole, and refuses whom it shall refuse."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    loop = asyncio.new_event_loop()
    task = loop.create_task(serve(tmp_path, port))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with connect(port) as client:
            refused = client.sendmail(
                "a@example.org", ["b@outside.test", "refused@outside.test"], "Subject: x\n\n.dot\n"
            )
    finally:
        loop.call_soon_threadsafe(task.cancel)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()

    (file,) = tmp_path.glob("*.json")
    record = json.loads(file.read_text())
    assert record["sender"] == "a@example.org"
    assert record["recipients"] == ["b@outside.test"]
    assert record["message"] == "Subject: x\r\n\r\n.dot\r\n"
    assert refused["refused@outside.test"][0] == 550


def connect(port: int) -> smtplib.SMTP:
    """Return a client as soon as the server listens."""
    for _ in range(100):
        try:
            return smtplib.SMTP("127.0.0.1", port, timeout=10)
        except ConnectionRefusedError:
            threading.Event().wait(0.05)
    message = "the server did not start"
    raise AssertionError(message)


def test_the_end_of_a_run_names_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sees only the last lines of a long run still learns which test failed, and why."""
    monkeypatch.setattr(layers, "JUNIT", tmp_path)
    report = """<testsuites><testsuite>
        <testcase classname="tests.e2e.test_mail" name="test_good"/>
        <testcase classname="tests.e2e.test_mail" name="test_bad">
            <failure message="assert 1 == 2">traceback</failure></testcase>
        </testsuite></testsuites>"""
    (tmp_path / "e2e.xml").write_text(report)

    assert layers.failures() == ["FAILED: tests.e2e.test_mail::test_bad", "    assert 1 == 2"]
