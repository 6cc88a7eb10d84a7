"""
Wrong requests at the ActiveSync gateway, over doubles: how many, and how many did harm.

By itself it takes how many, and from which seed on: ``python -m tests.bench.eas_fuzz 20000 0``.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

from fermoposta_demo.paths import BUILD
from tests.bench import result
from tests.unit.activesync.commands import mutate
from tests.unit.activesync.commands.corpus import corpus, furnish
from tests.unit.activesync.commands.fuzz import Site

if TYPE_CHECKING:
    from tests.bench import Result

REQUESTS = 100_000
AFRESH = 5_000
"""Requests after which the gateway is another one, so that nothing is left of the ones before."""


def run(requests: int = REQUESTS, first: int = 0) -> list[Result]:
    """Ask *requests* wrong things, by the seeds from *first* on, and say what did harm."""
    failures: list[mutate.Failure] = []
    begun = time.perf_counter()
    for at in range(first, first + requests, AFRESH):
        site = Site()
        try:
            furnish(site)
            seeds = range(at, min(at + AFRESH, first + requests))
            failures += mutate.run(site, corpus(site), seeds)
        finally:
            site.close()
    seconds = time.perf_counter() - begun
    for failure in failures:
        print(f"  {failure.seed} {failure.command} {failure.version}: {'; '.join(failure.found)}")
    return [
        result("eas_fuzz_requests", requests, ""),
        result("eas_fuzz_failures", len(failures), ""),
        result("eas_fuzz_per_s", requests / seconds, "/s"),
    ]


def main() -> int:
    """Measure, and put the numbers among those of the other benchmarks."""
    results = run(*map(int, sys.argv[1:]))
    file = BUILD / "bench.json"
    there = json.loads(file.read_text()) if file.exists() else []
    names = {each["name"] for each in results}
    kept = [each for each in there if each["name"] not in names]
    BUILD.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([*kept, *results], indent=2) + "\n")
    print(*(f"  {each['name']} {each['value']:g} {each['unit']}" for each in results), sep="\n")
    failed = next(each["value"] for each in results if each["name"] == "eas_fuzz_failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
