"""The images that test hosts start from, in layers, each named by a digest of what it is made of.

`base` is bare Debian 13 with systemd; `packages` has all the packages that the roles install,
unconfigured. The second saves downloads only: nothing may depend on it, and continuous integration
starts from `base`.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml

from fermoposta_demo.paths import CACHE, ROOT
from fermoposta_demo.podman import exists, limits, podman
from fermoposta_demo.progress import CommandError, say

SUITE = "trixie"
# What a server has after Debian's installer, as far as a container can use it. What a role needs,
# it installs.
BARE = ("systemd", "systemd-sysv", "dbus", "python3", "python3-apt")
# No service starts while the packages are installed, nor when the image boots: a role must start
# it. On a bare host a package's service starts when the role has said how, and not before.
_INSTALL = """\
set -e
enabled() { systemctl list-unit-files --state=enabled --type=service --no-legend | cut -d" " -f1; }
before=$(enabled)
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends "$@"
rm /usr/sbin/policy-rc.d
new=$(enabled | grep -vxF "$before")
systemctl disable --quiet $new
"""
_RECIPE = 4  # raise it when the commands below change what an image holds


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def role_packages(roles: Path = ROOT / "roles") -> list[str]:
    """Return all Debian packages that the roles install, as their `__<role>_packages` say."""
    found: set[str] = set()
    for file in sorted(roles.glob("*/vars/main.yml")):
        values: dict[str, Any] = yaml.safe_load(file.read_text()) or {}
        packages = values.get(f"__{file.parts[-3]}_packages", [])
        if isinstance(packages, list):  # a template depends on the site: the role will install it
            found.update(packages)
    return sorted(found)


def base_image() -> str:
    """Return the name of the bare image; build it when it is not there yet."""
    name = f"localhost/fermoposta-base:{_digest(_RECIPE, SUITE, BARE)}"
    if exists("image", name):
        return name
    say(f"Building a bare Debian image ({SUITE}), about a minute")
    with tempfile.TemporaryDirectory(dir=_cache()) as folder:
        archive = Path(folder) / "base.tar"
        # A container shares the kernel of its host: there are no modules to load.
        mask = 'ln -s /dev/null "$1/etc/systemd/system/systemd-modules-load.service"'
        command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(BARE)}"]
        done = subprocess.run(
            [*command, f"--customize-hook={mask}", SUITE, str(archive)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandError("mmdebstrap", done.stderr)
        podman("import", "--quiet", str(archive), name)
    return name


def packages_image(packages: list[str] | None = None) -> str:
    """Return the name of the image with all packages; build it when it is not there yet."""
    base = base_image()
    wanted = role_packages() if packages is None else packages
    name = f"localhost/fermoposta-packages:{_digest(_RECIPE, base, wanted)}"
    if exists("image", name):
        return name
    say(f"Installing {len(wanted)} packages into an image, about two minutes")
    builder = "fermoposta-packages"
    podman("rm", "--force", "--ignore", builder)
    try:
        options = [f"--name={builder}", *limits(), *apt_cache(builder)]
        podman("run", "--detach", *options, base, "sleep", "infinity")
        podman("exec", builder, "sh", "-c", _INSTALL, "sh", *wanted)
        podman("commit", "--quiet", builder, name)
    finally:
        podman("rm", "--force", "--ignore", "--time", "0", builder)
    return name


def remove_images() -> None:
    """Remove every image that was built here."""
    for kind in ("base", "packages"):
        for name in podman("images", "--quiet", f"localhost/fermoposta-{kind}").split():
            podman("rmi", "--force", name)


def apt_cache(container: str) -> list[str]:
    """Return options that keep downloads; a folder for each container, since apt locks it."""
    folder = _cache() / "apt" / container
    folder.mkdir(parents=True, exist_ok=True)
    return [f"--volume={folder}:/var/cache/apt/archives"]


def _cache() -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    return CACHE
