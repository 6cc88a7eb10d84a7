"""How long it takes from a bare Debian host to one that is provisioned and checked."""

from __future__ import annotations

import time

from fermoposta_demo import host, images, up
from fermoposta_demo.paths import BUILD
from fermoposta_demo.progress import CommandError
from tests.bench import Result, result

CONTAINER = "fermoposta-bench"


def run() -> list[Result]:
    """Provision a fresh host twice; it stays for the benchmarks that come after."""
    image = images.base_image()
    host.remove(CONTAINER)
    host.start(CONTAINER, image)

    started = time.monotonic()
    up.converge(CONTAINER, "site", BUILD / "bench-provision.log")
    up.check(CONTAINER)
    first = time.monotonic() - started

    started = time.monotonic()
    changed = up.converge(CONTAINER, "site", BUILD / "bench-again.log")
    again = time.monotonic() - started
    if changed:
        raise CommandError("the second run", f"it changed {changed} things")

    return [result("provision_s", first, "s"), result("provision_again_s", again, "s")]
