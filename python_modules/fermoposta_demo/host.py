"""A Debian host in a container: systemd as process 1, ports published on loopback."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

from fermoposta_demo import outside
from fermoposta_demo.images import apt_cache
from fermoposta_demo.podman import exists, limits, podman
from fermoposta_demo.progress import CommandError

ADDRESS = "127.0.0.1"
HOSTNAME = "mail.example.org"
# service: (port in the container, port that we would like on loopback)
PORTS = {
    "smtp": (25, 10025),
    "submission": (587, 10587),
    "submissions": (465, 10465),
    "imap": (143, 10143),
    "imaps": (993, 10993),
    "imaps_alt": (9993, 19993),
    "pop3": (110, 10110),
    "pop3s": (995, 10995),
    "sieve": (4190, 14190),
    "http": (80, 10080),
    "https": (443, 10443),
    "mapi": (237, 10237),
}


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
    return True


def reserved_ports() -> set[int]:
    """Return the ports that any container publishes, those that no longer run included.

    One that was killed leaves its packet filter's rules behind: nobody listens on its ports any
    more, but what is sent there goes to its address and not to who publishes them next.
    """
    containers = json.loads(podman("ps", "--all", "--format=json"))
    return {
        int(port["host_port"]) + offset
        for container in containers
        for port in container.get("Ports") or ()
        for offset in range(int(port.get("range", 1)))
    }


def choose_ports() -> dict[str, int]:
    """Return a free loopback port for each service: the usual one, or the next that is free."""
    reserved = reserved_ports()
    chosen: dict[str, int] = {}
    for service, (_, port) in PORTS.items():
        while port in reserved or port in chosen.values() or not is_free(port):
            port += 1  # noqa: PLW2901 - the next candidate
        chosen[service] = port
    return chosen


def start(name: str, image: str) -> None:
    """Start a host from an image and wait until systemd has booted it.

    Raises CommandError when it does not come up.
    """
    published = [
        f"--publish={ADDRESS}:{port}:{PORTS[service][0]}"
        for service, port in choose_ports().items()
    ]
    podman(
        "run",
        "--detach",
        f"--name={name}",
        f"--hostname={HOSTNAME}",
        "--systemd=always",
        "--privileged",
        "--shm-size=256m",
        *limits(),
        *published,
        *apt_cache(name),
        image,
        "/lib/systemd/systemd",
    )
    wait_until_booted(name)
    start_outside(name)


def start_outside(name: str) -> None:
    """Give the host a world to send mail to: one that keeps it."""
    unit = outside.UNIT.format(script=outside.SCRIPT, folder=outside.FOLDER)
    script = Path(outside.__file__).read_bytes()
    put(name, outside.SCRIPT, script)
    put(name, f"/etc/systemd/system/{outside.NAME}.service", unit.encode())
    podman("exec", name, "systemctl", "daemon-reload")
    podman("exec", name, "systemctl", "enable", "--quiet", "--now", outside.NAME)


def put(name: str, path: str, content: bytes) -> None:
    """Write a file on the host."""
    podman("exec", "--interactive", name, "sh", "-c", 'cat >"$1"', "sh", path, stdin=content)


def wait_until_booted(name: str, seconds: float = 60) -> None:
    """Wait until systemd has started everything, well or not: what is not well, check.yml says."""
    deadline = time.monotonic() + seconds
    state = ""
    while time.monotonic() < deadline:
        try:
            state = podman("exec", name, "sh", "-c", "systemctl is-system-running; exit 0").strip()
        except CommandError as error:
            state = error.tail
        if state in {"running", "degraded"}:
            return
        time.sleep(0.5)
    raise CommandError(f"start of {name}", f"systemd did not come up within {seconds} s: {state}")


def published_ports(name: str) -> dict[str, int]:
    """Return the loopback port of each service of a running host."""
    bindings = json.loads(podman("inspect", name))[0]["NetworkSettings"]["Ports"]
    return {
        service: int(bindings[f"{inside}/tcp"][0]["HostPort"])
        for service, (inside, _) in PORTS.items()
    }


def is_running(name: str) -> bool:
    """Tell whether a host of this name runs; one that stopped is started again."""
    if not exists("container", name):
        return False
    if podman("inspect", "--format", "{{.State.Running}}", name).strip() != "true":
        podman("start", name)
        wait_until_booted(name)
    return True


def names() -> list[str]:
    """Return the names of all hosts that were started here, stopped ones too."""
    return podman("ps", "--all", "--format={{.Names}}", "--filter=name=^fermoposta-").split()


def remove(name: str) -> None:
    """Remove a host and its data."""
    command = ("rm", "--force", "--ignore", "--time", "2", "--volumes", name)
    try:
        podman(*command)
    except CommandError:
        # Podman finds out only now that a host was killed, and knows it the second time.
        podman(*command)
