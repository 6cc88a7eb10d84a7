"""How long a service waits before it tries again what failed."""

LONGEST_PAUSE = 60
"""Seconds between two tries, however often they failed."""


def pause_after(failures: int) -> float:
    """Return how many seconds to wait after so many *failures* in a row."""
    return float(min(LONGEST_PAUSE, 2 ** min(failures - 1, 10)))
