"""Podman, as this machine lets it run.

On cgroup v1 or hybrid hosts crun refuses to start a container with systemd, and some hosts refuse
to raise resource limits; both are found out here and not assumed.
"""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

from fermoposta_demo.paths import CACHE
from fermoposta_demo.progress import CommandError


def needs_runc(cgroups: Path = Path("/sys/fs/cgroup")) -> bool:
    """Tell whether the machine lacks the unified cgroup hierarchy (v2) that crun wants."""
    return not (cgroups / "cgroup.controllers").exists()


def environment(cache: Path = CACHE, cgroups: Path = Path("/sys/fs/cgroup")) -> dict[str, str]:
    """Return the environment for Podman and for all that calls it, as molecule does."""
    env = dict(os.environ)
    if needs_runc(cgroups):
        conf = cache / "containers.conf"
        conf.parent.mkdir(parents=True, exist_ok=True)
        conf.write_text('[engine]\nruntime = "runc"\n')
        env["CONTAINERS_CONF"] = str(conf)
    return env


def limits() -> list[str]:
    """Return options that keep to the limits of this machine: raising them may be refused."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = 524288 if files in (-1, resource.RLIM_INFINITY) else min(files, 524288)
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    processes = 4096 if processes in (-1, resource.RLIM_INFINITY) else min(processes, 4096)
    return [
        f"--ulimit=nofile={min(1024, files)}:{files}",
        f"--ulimit=nproc={processes}:{processes}",
        "--pids-limit=0",
    ]


def podman(*arguments: str, stdin: bytes | None = None) -> str:
    """Run a Podman command and return what it printed.

    Raises CommandError with what it said.
    """
    done = subprocess.run(
        ["podman", *arguments], input=stdin, capture_output=True, env=environment(), check=False
    )
    if done.returncode:
        raise CommandError(f"podman {arguments[0]}", done.stderr.decode(errors="replace"))
    return done.stdout.decode(errors="replace")


def exists(kind: str, name: str) -> bool:
    """Tell whether an image or a container of this name exists."""
    command = ["podman", kind, "exists", name]
    return subprocess.run(command, env=environment(), check=False).returncode == 0
