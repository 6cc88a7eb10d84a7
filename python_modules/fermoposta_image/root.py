"""
The file system of the image: Debian, a kernel, all packages that the roles install, the checkout.

Nothing of it is configured: the first boot runs the same playbooks as anywhere else, from the
checkout, without a network. So no secret is in an image.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.fermoposta.mail.plugins.modules import release as packing
from fermoposta_demo.images import apt_cache, packages_image
from fermoposta_demo.paths import BIN, CACHE, ROOT
from fermoposta_demo.podman import environment, limits, podman
from fermoposta_demo.progress import CommandError, say

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILDER = "fermoposta-image"
FILES = ROOT / "image/files"
HOME = "/opt/fermoposta/appliance"
PYTHON = "3.13"
"""Debian 13's."""
ARCHITECTURE = "x86_64"
PACKAGES = (
    "linux-image-amd64", "initramfs-tools", "grub2-common", "grub-pc-bin", "grub-efi-amd64-bin",
    "systemd-resolved", "systemd-repart", "systemd-timesyncd", "cloud-init", "openssh-server",
    "e2fsprogs", "less", "nano", "iproute2", "ca-certificates", "dosfstools", "mtools", "fdisk",
    "zstd",
)  # fmt: skip
UNITS = ("systemd-networkd", "systemd-resolved", "ssh", "mail-setup", "ssh-keys")
_PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34")
_COLLECTION = "community/postgresql"
"""The only one that the roles use beside Ansible's own and ours."""
_EMPTY = {"dev": 0o755, "proc": 0o555, "run": 0o755, "sys": 0o555, "tmp": 0o1777}
# In a container these are Podman's.
_PODMANS = {
    "hostname": "fermoposta\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
    "resolv.conf": "../run/systemd/resolve/stub-resolv.conf",
}
_INSTALL = """\
set -e
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive
# initramfs-tools asks for the file system of the root, which a container has not.
mkdir -p /etc/initramfs-tools/conf.d; echo 'MODULES=most' >/etc/initramfs-tools/conf.d/fermoposta
apt-get update -q; apt-get install -qy --no-install-recommends "$@"
rm /usr/sbin/policy-rc.d
"""
_SETTLE = """\
set -e
rm -f /etc/systemd/system/systemd-modules-load.service
python3 -m venv {home}/venv
{home}/venv/bin/pip -q install --no-index --require-hashes --find-links {home}/wheels \
    -r {home}/checkout/requirements/appliance.txt
rm -rf {home}/wheels
printf 'UUID=%s / ext4 errors=remount-ro,x-systemd.growfs 0 1\\n' {root} >/etc/fstab
printf 'UUID=%s /boot/efi vfat umask=0077,nofail 0 1\\n' {esp} >>/etc/fstab
mkdir -p /boot/efi /boot/grub /etc/fermoposta-appliance; chmod 700 /etc/fermoposta-appliance
systemctl enable -q {units}
systemctl set-default -q multi-user.target
update-initramfs -u -k all
kernel=$(basename /boot/vmlinuz-*); version=${{kernel#vmlinuz-}}
cat >/boot/grub/grub.cfg <<X
serial --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=2
search --no-floppy --fs-uuid --set=root {root}
menuentry Fermoposta {{
  linux /boot/$kernel root=UUID={root} ro console=tty0 console=ttyS0,115200
  initrd /boot/initrd.img-$version
}}
X
# What each host makes for itself.
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id /root/.bash_history
: >/etc/machine-id
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/*.log /var/log/apt /var/log/journal/* \
    /var/cache/ldconfig/aux-cache /tmp/* /run/* /var/tmp/*
find {home} /usr/lib/python3 -name __pycache__ -prune -exec rm -rf {{}} +
"""


def build(root_uuid: str, esp_uuid: str) -> None:
    """Build the root in the container `BUILDER`, which is left for whoever takes it from there."""
    packages = packages_image()
    release()
    podman("rm", "--force", "--ignore", "--time", "0", BUILDER)
    say("Installing a kernel and what boots it")
    options = [f"--name={BUILDER}", *limits(), *apt_cache(BUILDER)]
    podman("run", "--detach", *options, packages, "sleep", "infinity")
    podman("exec", BUILDER, "sh", "-c", _INSTALL, "sh", *PACKAGES)
    say("Putting the checkout into it")
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        staged = Path(folder) / "appliance"
        _stage(staged)
        podman("exec", BUILDER, "mkdir", "-p", HOME)
        podman("cp", f"{staged}/.", f"{BUILDER}:{HOME}")
        podman("cp", f"{FILES}/.", f"{BUILDER}:/")
    podman("exec", BUILDER, "chown", "-R", "root:root", HOME, "/etc/systemd", "/usr/local/sbin")
    say("Making it ready for its first boot")
    script = _SETTLE.format(home=HOME, root=root_uuid, esp=esp_uuid, units=" ".join(UNITS))
    podman("exec", BUILDER, "sh", "-c", script)


def remove() -> None:
    """Remove the container."""
    podman("rm", "--force", "--ignore", "--time", "0", BUILDER)


def archive(to: Path, epoch: int) -> None:
    """Write all files of the root to *to*, in the order of their names, none later than *epoch*."""
    command = [
        *("podman", "exec", BUILDER, "tar", "--create", "--sort=name", "--numeric-owner"),
        *("--xattrs", "--one-file-system", f"--mtime=@{epoch}", "--clamp-mtime"),
        *(f"--exclude=./{name}" for name in _EMPTY),
        *(f"--exclude=./etc/{name}" for name in _PODMANS),
        *("--exclude=./var/cache/apt/archives/*", "--exclude=./.dockerenv"),
        *("--directory=/", "."),
    ]
    with to.open("wb") as file:
        done = subprocess.run(
            command, stdout=file, stderr=subprocess.PIPE, env=environment(), check=False
        )
    if done.returncode:
        raise CommandError("tar", done.stderr.decode(errors="replace"))
    with tarfile.open(to, "a") as tar:
        for name, mode in _EMPTY.items():
            member = tarfile.TarInfo(f"./{name}")
            member.mtime, member.mode, member.type = epoch, mode, tarfile.DIRTYPE
            tar.addfile(member)
        for name, content in _PODMANS.items():
            member = tarfile.TarInfo(f"./etc/{name}")
            member.mtime, member.mode = epoch, 0o644
            if content.startswith("../"):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content.encode()))


def release() -> None:
    """Pack the release for the image, as a playbook does it on a controller."""
    module = "fermoposta.mail.release"
    arguments = (
        f"checkout={ROOT} cache={CACHE / 'release'} python_version={PYTHON}"
        f" architecture={ARCHITECTURE}"
    )
    done = subprocess.run(
        [
            *(str(BIN / "ansible"), "localhost", "-i", "localhost,", "-c", "local"),
            *("-m", module, "-a", arguments, "-e", f"ansible_python_interpreter={sys.executable}"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError("packing the release", done.stdout + done.stderr)


def _stage(to: Path) -> None:
    """Gather what stands below `HOME`: checkout, packed release, collection, Ansible's wheels."""
    checkout = to / "checkout"
    for path in _tracked():
        target = checkout / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target)
    kept = checkout / ".cache/release"
    kept.mkdir(parents=True)
    for packed in (CACHE / "release").glob("*.tar"):
        if packed.stem in _digests():
            shutil.copyfile(packed, kept / packed.name)
    (collection,) = ROOT.glob(f".venv/lib/python3*/site-packages/ansible_collections/{_COLLECTION}")
    shutil.copytree(collection, to / "collections/ansible_collections" / _COLLECTION)
    subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pip",
                "--quiet",
                "--quiet",
                "--disable-pip-version-check",
                "download",
            ),
            *("--no-deps", "--require-hashes", "--only-binary=:all:", f"--dest={to / 'wheels'}"),
            f"--python-version={PYTHON}",
            *(f"--platform={platform}_{ARCHITECTURE}" for platform in _PLATFORMS),
            f"--requirement={ROOT / 'requirements/appliance.txt'}",
        ],
        check=True,
    )


def _tracked() -> Iterator[str]:
    """Yield the files of the checkout that are in its history, but for tests and pictures."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for path in listed.stdout.split("\0"):
        if path and not path.startswith(("tests/", "docs/images/", "molecule/")):
            yield path


def _digests() -> set[str]:
    """Return the name of the release that this checkout makes."""
    return {packing.digest_of(ROOT, PYTHON, ARCHITECTURE)}
