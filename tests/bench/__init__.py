"""Benchmarks: what the appliance costs, beside what the same work costs without it."""

from __future__ import annotations

from typing import TypedDict


class Result(TypedDict):
    """One number; `baseline` is the same work done the other way, in the same run."""

    name: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None


def result(name: str, value: float, unit: str, baseline: float | None = None) -> Result:
    """Return a number with its ratio to the baseline."""
    ratio = round(value / baseline, 3) if baseline else None
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "baseline": None if baseline is None else round(baseline, 3),
        "ratio": ratio,
    }
