"""A duty that ends is begun again: the operator reads why, and the others go on."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import psycopg
import pytest
from structlog.testing import capture_logs

from fermoposta.agent import service
from fermoposta.agent.service import Agent
from fermoposta.service.settings import Settings

SETTINGS = Settings(host="mail.example.org", portal_host="portal.example.org")


def told(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> list[dict[str, object]]:
    """Run a duty that fails once, and return what was logged."""
    monkeypatch.setattr(service, "pause_after", lambda failures: 0)
    begun_again = asyncio.Event()
    runs = []

    async def duty(_tools: object, _changes: object) -> None:
        runs.append(1)
        if len(runs) == 1:
            raise error
        begun_again.set()
        await asyncio.Event().wait()

    async def both() -> None:
        follower = SimpleNamespace(state=None, changes=list)
        task = asyncio.create_task(Agent(SETTINGS, follower).fulfil("sharing", duty))  # type: ignore[arg-type]
        async with asyncio.timeout(10):
            await begun_again.wait()
        task.cancel()

    with capture_logs() as logs:
        asyncio.run(both())
    return logs


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("server closed the\nconnection"),
        ExceptionGroup("two", [ExceptionGroup("one", [psycopg.OperationalError("gone")])]),
        TimeoutError(),
    ],
)
def test_a_database_that_is_away_is_a_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """It passes by itself."""
    [line] = told(monkeypatch, error)

    assert line["event"] == "duty put off"
    assert line["log_level"] == "warning"
    assert "\n" not in str(line["reason"])


def test_what_we_did_not_expect_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that is needed to mend it; the duty goes on."""
    [line] = told(monkeypatch, ExceptionGroup("one", [KeyError("ada@example.org")]))

    assert line["event"] == "duty failed"
    assert line["log_level"] == "error"
