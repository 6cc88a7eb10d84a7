"""`make up`: from nothing to a demo host that is provisioned, filled, checked and explained."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fermoposta_demo import content, host, images, inventory, screen
from fermoposta_demo.paths import BUILD, DEMO
from fermoposta_demo.podman import podman
from fermoposta_demo.progress import run_playbook, say

if TYPE_CHECKING:
    from pathlib import Path

    from fermoposta_demo.appliance import Appliance

CONTAINER = "fermoposta-demo"
CA_ON_HOST = "/etc/fermoposta/tls/ca.pem"


def up() -> None:
    """Bring the demo host to the state that the inventory declares, and say how to reach it.

    Raises CommandError naming the step that failed.
    """
    started = time.monotonic()
    fresh = not host.is_running(CONTAINER)
    if fresh:
        image = images.base_image()
        say("Starting a bare Debian host in a container")
        host.start(CONTAINER, image)
    changed = converge(CONTAINER, "site", BUILD / "up.log")
    declared = inventory.variables(CONTAINER)
    appliance = describe(CONTAINER, DEMO, declared)
    say("Loading demo content")
    loaded = content.load(
        appliance, {address: user["name"] for address, user in declared["mail_users"].items()}
    )
    check(CONTAINER)
    page = screen.render(appliance, seconds=time.monotonic() - started)
    (DEMO / "screen.txt").write_text(f"{page}\n")
    print(f"\n{page}")
    if not (fresh or changed or loaded):
        print("\nEverything was in place already: nothing was changed.")


def converge(container: str, name: str, log: Path) -> int:
    """Run a playbook on a host; return how many tasks changed something."""
    say(f"Running playbooks/{name}.yml (all it says is in {log.relative_to(log.parents[1])})")
    changed = run_playbook(
        inventory.playbook(name), log=log, env=inventory.ansible_environment(container)
    )
    say(f"  changed={changed}")
    return changed


def check(container: str) -> None:
    """Run playbooks/check.yml, which changes nothing; CommandError for what is not well."""
    converge(container, "check", BUILD / "check.log")


def describe(container: str, folder: Path, declared: dict[str, Any] | None = None) -> Appliance:
    """Write demo.json and ca.pem for scripts; return what they say."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_file = folder / "ca.pem"
    ca_file.write_text(podman("exec", container, "cat", CA_ON_HOST))
    appliance = inventory.appliance(
        inventory.variables(container) if declared is None else declared,
        container,
        host.published_ports(container),
        ca_file,
    )
    appliance.save(folder / "demo.json")
    return appliance
