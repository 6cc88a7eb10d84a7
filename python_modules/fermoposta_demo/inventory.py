"""What the demo inventory declares, as far as the demo host's visitors must know it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from fermoposta_demo.appliance import Account, Appliance
from fermoposta_demo.host import ADDRESS, HOSTNAME
from fermoposta_demo.paths import BIN, ROOT
from fermoposta_demo.podman import environment
from fermoposta_demo.progress import CommandError

if TYPE_CHECKING:
    from pathlib import Path

DEMO_INVENTORY = ROOT / "inventories" / "demo"
_VARIABLES = ("mail_domains", "mail_users", "mail_resources")


def ansible_environment(container: str) -> dict[str, str]:
    """Return the environment for Ansible: this checkout's configuration, Podman as it runs here.

    What a caller set for an Ansible of its own, as molecule does with colours, does not reach ours.
    """
    inherited = {
        name: value for name, value in environment().items() if not name.startswith("ANSIBLE_")
    }
    return inherited | {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PATH": f"{BIN}:{inherited['PATH']}",
        "FERMOPOSTA_CONTAINER": container,
    }


def playbook(name: str, *options: str) -> list[str]:
    """Return the command that runs one of our playbooks on a container."""
    return [
        str(BIN / "ansible-playbook"),
        f"--inventory={DEMO_INVENTORY}",
        *options,
        str(ROOT / "playbooks" / f"{name}.yml"),
    ]


def variables(container: str) -> dict[str, Any]:
    """Return the people of the inventory as Ansible sees them, templates resolved."""
    wanted = (
        "{{ dict(" + ", ".join(f"{name}={name} | default({{}})" for name in _VARIABLES) + ") }}"
    )
    done = subprocess.run(
        [
            str(BIN / "ansible"),
            "mail[0]",
            f"--inventory={DEMO_INVENTORY}",
            "--module-name=ansible.builtin.debug",
            f"--args={json.dumps({'msg': wanted})}",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=ansible_environment(container) | {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
        check=False,
    )
    if done.returncode:
        raise CommandError("reading the inventory", done.stdout + done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout.partition("=>")[2])["msg"]
    return answer


def appliance(
    declared: dict[str, Any], container: str, ports: dict[str, int], ca_file: Path
) -> Appliance:
    """Describe for scripts a host on which `declared` holds."""
    web = f"https://{HOSTNAME}:{ports['https']}"
    users = [
        Account(address, user.get("password"), "admin" if user.get("role") else "user")
        for address, user in declared["mail_users"].items()
    ]
    resources = [Account(address, None, "resource") for address in declared["mail_resources"]]
    return Appliance(
        host=ADDRESS,
        ports=ports,
        urls={
            "webmail": f"{web}/SOGo/",
            "portal": f"https://portal.example.org:{ports['https']}/",
            "dav": f"{web}/SOGo/dav/",
            "activesync": f"{web}/Microsoft-Server-ActiveSync",
        },
        ca_file=str(ca_file),
        container=container,
        domains=list(declared["mail_domains"]),
        accounts=users + resources,
    )
