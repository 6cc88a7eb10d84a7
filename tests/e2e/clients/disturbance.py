"""When the tests disturb the host on purpose: errors in the journal are then its due."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.shell import Shell

AFTERMATH = 20  # seconds in which a client of a daemon may still notice that it was away
_TIMES: list[tuple[float, float]] = []


def _now(shell: Shell) -> float:
    return float(shell.run("date", "+%s.%N"))


@contextmanager
def disturbed(shell: Shell) -> Iterator[None]:
    """Note that the host is disturbed until the block ends."""
    started = _now(shell)
    try:
        yield
    finally:
        _TIMES.append((started, _now(shell) + AFTERMATH))


def was_disturbed(at: float) -> bool:
    """Tell whether the host was disturbed at a time, in seconds of its own clock."""
    return any(start <= at <= end for start, end in _TIMES)
