#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Pack the checkout's Python distribution and all that it needs into one archive
version_added: 0.1.0
author: Fermoposta
description:
  - Builds a wheel of the checkout, downloads the locked wheels for the target's Python,
    and packs them with the lock.
  - Runs on the controller. The target then installs from the archive alone, without a network.
  - The archive is named by a digest of the sources, the lock and the target, and made once.
options:
  checkout:
    description: Folder of the checkout.
    type: path
    required: true
  cache:
    description: Folder that keeps what was downloaded and packed.
    type: path
    required: true
  python_version:
    description: The target's Python, as C(3.13).
    type: str
    required: true
  architecture:
    description: The target's processor, as C(x86_64) or C(aarch64).
    type: str
    required: true
attributes:
  check_mode:
    description: Says the digest, and packs nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
requirements:
  - pip, setuptools and wheel, in the Python that runs this module
"""

EXAMPLES = r"""
- name: Pack the release
  fermoposta.mail.release:
    checkout: "{{ playbook_dir | dirname }}"
    cache: "{{ playbook_dir | dirname }}/.cache/release"
    python_version: "3.13"
    architecture: x86_64
  delegate_to: localhost
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""

RETURN = r"""
digest:
  description: What the release is called.
  type: str
  returned: always
archive:
  description: The archive on the controller, C(requirements.txt) and the wheels at its top.
  type: str
  returned: always
"""

import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

PACKAGE = "python_modules/fermoposta"
LOCK = "requirements/runtime.txt"
BESIDE = ("pyproject.toml", "README.md", "LICENSE", "requirements/runtime.in")

# Oldest first: pip takes any of them, and the lock's hashes say which file it may be (PEP 600).
PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34")


def sources(checkout: Path) -> list[Path]:
    """Return every file that goes into the wheel, in an order that does not change."""
    package = [
        path
        for path in (checkout / PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    return sorted([*package, *(path for name in BESIDE if (path := checkout / name).is_file())])


def digest_of(checkout: Path, *target: str) -> str:
    """Return a name for what the sources, the lock and the *target* make together."""
    total = hashlib.sha256("\0".join(target).encode())
    for path in [*sources(checkout), checkout / LOCK]:
        total.update(f"\0{path.relative_to(checkout)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def build_wheel(module: AnsibleModule, checkout: Path, into: Path) -> Path:
    """Return the wheel of a copy of the sources: building leaves litter beside them."""
    with tempfile.TemporaryDirectory() as copy:
        for path in sources(checkout):
            target = Path(copy) / path.relative_to(checkout)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        pip(module, "wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={into}", copy)
    return next(into.glob("fermoposta-*.whl"))


def download(module: AnsibleModule, lock: Path, cache: Path) -> Path:
    """Return the folder with the wheels that the lock names for the target."""
    version, architecture = module.params["python_version"], module.params["architecture"]
    name = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    folder = cache / "wheels" / f"{name}-{version}-{architecture}"
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=cache) as new:
            pip(
                module,
                "download",
                "--no-deps",
                "--require-hashes",
                "--only-binary=:all:",
                f"--python-version={version}",
                *(f"--platform={platform}_{architecture}" for platform in PLATFORMS),
                f"--dest={new}/wheels",
                f"--requirement={lock}",
            )
            folder.parent.mkdir(exist_ok=True)
            # Whoever came first made the same.
            if not folder.is_dir():
                (Path(new) / "wheels").rename(folder)
    return folder


def pip(module: AnsibleModule, *arguments: str) -> None:
    """Run pip; end the module with pip's own words where it fails."""
    module.run_command(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments],
        check_rc=True,
    )


def pack(module: AnsibleModule, checkout: Path, cache: Path, archive: Path) -> None:
    """Write the archive; it appears at once or not at all."""
    cache.mkdir(parents=True, exist_ok=True)
    lock = checkout / LOCK
    wheels = download(module, lock, cache)
    with tempfile.TemporaryDirectory(dir=cache) as new:
        ours = build_wheel(module, checkout, Path(new))
        version = ours.name.split("-")[1]
        fingerprint = hashlib.sha256(ours.read_bytes()).hexdigest()
        requirements = Path(new) / "requirements.txt"
        requirements.write_text(
            f"{lock.read_text()}fermoposta=={version} --hash=sha256:{fingerprint}\n"
        )
        with tarfile.open(Path(new) / "archive", "w") as tar:
            for path in [requirements, ours, *sorted(wheels.iterdir())]:
                tar.add(path, arcname=path.name)
        (Path(new) / "archive").rename(archive)


def main() -> None:
    """Pack the release where it is not packed yet."""
    module = AnsibleModule(
        argument_spec={
            "checkout": {"type": "path", "required": True},
            "cache": {"type": "path", "required": True},
            "python_version": {"type": "str", "required": True},
            "architecture": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    os.environ["SOURCE_DATE_EPOCH"] = "315532800"  # the first day that a wheel can say
    checkout, cache = Path(module.params["checkout"]), Path(module.params["cache"])
    target = (module.params["python_version"], module.params["architecture"])
    digest = digest_of(checkout, *target)
    archive = cache / f"{digest}.tar"
    missing = not archive.exists()
    if missing and not module.check_mode:
        pack(module, checkout, cache, archive)
    # The host does not change by it: what counts is whether the release is installed there.
    module.exit_json(changed=False, digest=digest, archive=str(archive))


if __name__ == "__main__":
    main()
