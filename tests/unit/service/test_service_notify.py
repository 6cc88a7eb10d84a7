"""Readiness, as systemd hears it."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from fermoposta.service.lifetime import settings_or_exit, stop_event
from fermoposta.service.notify import keep_watchdog_quiet, notify, watchdog_seconds


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield receiver


def test_readiness_is_a_datagram(systemd: socket.socket) -> None:
    """The unit is started when the service says so, not before."""
    notify("READY=1")

    assert systemd.recv(100) == b"READY=1"


def test_nobody_is_told_outside_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer can start a service by hand."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    notify("READY=1")


def test_the_watchdog_hears_us_twice_as_often_as_it_asks(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop that hangs is restarted; one that runs is not."""
    monkeypatch.setenv("WATCHDOG_USEC", "40000")

    async def for_a_while() -> None:
        async with asyncio.timeout(5):
            task = asyncio.create_task(keep_watchdog_quiet())
            while len(heard) < 2:
                heard.append(await asyncio.to_thread(systemd.recv, 100))
            task.cancel()

    heard: list[bytes] = []
    asyncio.run(for_a_while())

    assert watchdog_seconds() == pytest.approx(0.04)
    assert heard == [b"WATCHDOG=1", b"WATCHDOG=1"]


def test_without_a_watchdog_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The task ends at once."""
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)

    asyncio.run(asyncio.wait_for(keep_watchdog_quiet(), 5))


def test_sigterm_is_a_request_to_stop() -> None:
    """The service finishes what it does, and is not cut off."""

    async def stopped() -> bool:
        stop = stop_event()
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(5):
            return await stop.wait()

    assert asyncio.run(stopped())


def test_a_wrong_configuration_ends_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 78, and every problem on its own line."""
    path = tmp_path / "fermoposta.yml"
    path.write_text("language: de\n")

    with pytest.raises(SystemExit) as raised:
        settings_or_exit([str(path)])

    assert raised.value.code == 78
    assert len(capsys.readouterr().err.splitlines()) == 3
