"""What is in an image: every file with its hash, and the parts that it is made of (CycloneDX)."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any

from fermoposta_demo.podman import podman
from fermoposta_image.root import BUILDER, HOME

if TYPE_CHECKING:
    from pathlib import Path


def files_of(archive: Path) -> list[str]:
    """Return a line for each file of *archive*: hash or target, mode, owner, name."""
    lines = []
    with tarfile.open(archive, "r|") as tar:
        for member in tar:
            if member.isfile():
                file = tar.extractfile(member)
                what = hashlib.file_digest(file, "sha256").hexdigest() if file else "-"  # type: ignore[arg-type]
            else:
                what = f"-> {member.linkname}" if member.linkname else "-"
            lines.append(f"{what} {member.mode:o} {member.uid}:{member.gid} {member.name}")
    return lines


def bill_of_materials() -> dict[str, Any]:
    """Return the SBOM of the root that was built: Debian's packages and Python's distributions."""
    form = "${Package}\\t${Version}\\t${Architecture}\\n"
    debian = podman("exec", BUILDER, "dpkg-query", "--show", f"--showformat={form}")
    listed = podman("exec", BUILDER, f"{HOME}/venv/bin/pip", "list", "--format=json")
    components = [_debian(*line.split("\t")) for line in sorted(debian.splitlines())]
    runtime = [
        tuple(line.split(" ")[0].split("=="))
        for line in podman(
            "exec", BUILDER, "cat", f"{HOME}/checkout/requirements/runtime.txt"
        ).splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    ]
    python = {(each["name"].lower(), each["version"]) for each in json.loads(listed)}
    components += [_python(*each) for each in sorted(python | set(runtime))]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "operating-system", "name": "fermoposta"}},
        "components": components,
    }


def _debian(name: str, version: str, architecture: str) -> dict[str, str]:
    purl = f"pkg:deb/debian/{name}@{version}?arch={architecture}&distro=trixie"
    return {"type": "library", "name": name, "version": version, "purl": purl}


def _python(name: str, version: str) -> dict[str, str]:
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
    }


def commit_time(root: Path) -> int:
    """Return when the checkout's last change was made, in seconds: no file is later than that."""
    told = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=root, capture_output=True, text=True, check=True
    )
    return int(told.stdout)
