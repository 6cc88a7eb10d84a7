"""
A disk out of an archive of its root: GPT, started by a BIOS or by UEFI, without a loop device.

GRUB's core is put where a BIOS finds it by the addresses that grub-bios-setup would write into its
first two sectors; for UEFI it is a file.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from fermoposta_demo.podman import environment, limits
from fermoposta_demo.progress import CommandError
from fermoposta_image.root import BUILDER

if TYPE_CHECKING:
    from pathlib import Path

SECTOR = 512
MIB = 1024 * 1024
_BIOS, _ESP, _ROOT = (1, 1), (2, 63), (65, 0)
"""Where a partition begins and how large it is, in MiB; the last takes the rest."""
_MODULES = (
    "part_gpt", "ext2", "fat", "search", "search_fs_uuid", "normal", "configfile", "linux", "echo",
    "gzio", "serial", "terminal", "test", "all_video", "reboot", "halt",
)  # fmt: skip
_TOOLS = """\
set -e
export SOURCE_DATE_EPOCH={epoch} LC_ALL=C.UTF-8
cd /work
printf 'search --no-floppy --fs-uuid --set=root {root}\\nset prefix=($root)/boot/grub\\n' >early.cfg
echo 'configfile /boot/grub/grub.cfg' >>early.cfg
grub-mkimage -O i386-pc -o core.img -c early.cfg -p /boot/grub biosdisk {modules}
grub-mkimage -O x86_64-efi -o bootx64.efi -c early.cfg -p /boot/grub {modules}
cp /usr/lib/grub/i386-pc/boot.img boot.img
rm -f root.img esp.img
truncate -s {root_size} root.img
mke2fs -q -t ext4 -L fermoposta -U {root} -E hash_seed={root},lazy_itable_init=0 -m 1 \
    -d root.tar root.img
truncate -s {esp_size} esp.img
mkfs.vfat --invariant -n ESP -i {esp} esp.img >/dev/null
mmd -i esp.img ::/EFI ::/EFI/BOOT
mcopy -i esp.img bootx64.efi ::/EFI/BOOT/BOOTX64.EFI
truncate -s {size} disk.raw
sfdisk --quiet disk.raw <table
"""
_TABLE = """\
label: gpt
label-id: {disk}
first-lba: 34
start={bios_start}, size={bios_size}, type=21686148-6449-6E6F-744E-656564454649, name=bios
start={esp_start}, size={esp_size}, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=esp
start={root_start}, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name=root
"""


def assemble(work: Path, *, root_uuid: str, esp_id: str, gib: int, epoch: int) -> Path:
    """Make `disk.raw` of *gib* GiB in *work*, where `root.tar` is; return its path."""
    size = gib * 1024 * MIB
    # What is at the end of a GPT is its copy.
    root_size = size - _ROOT[0] * MIB - MIB
    (work / "table").write_text(
        _TABLE.format(
            disk=root_uuid,
            bios_start=_BIOS[0] * MIB // SECTOR,
            bios_size=_BIOS[1] * MIB // SECTOR,
            esp_start=_ESP[0] * MIB // SECTOR,
            esp_size=_ESP[1] * MIB // SECTOR,
            root_start=_ROOT[0] * MIB // SECTOR,
        )
    )
    script = _TOOLS.format(
        epoch=epoch,
        root=root_uuid,
        esp=esp_id.replace("-", ""),
        modules=" ".join(_MODULES),
        root_size=root_size,
        esp_size=_ESP[1] * MIB,
        size=size,
    )
    _in_builder(work, script)
    disk = work / "disk.raw"
    _put(work / "esp.img", disk, _ESP[0] * MIB)
    _put(work / "root.img", disk, _ROOT[0] * MIB)
    _make_bootable(disk, work / "boot.img", work / "core.img")
    return disk


def _in_builder(work: Path, script: str) -> None:
    """Run *script* with Debian's tools as they are in the image, on the files in *work*."""
    image = f"{BUILDER}-tools"
    commit = ["podman", "commit", "--quiet", BUILDER, image]
    run = [
        *("podman", "run", "--rm", *limits(), f"--volume={work}:/work", "--network=none"),
        *(image, "sh", "-c", script),
    ]
    for command in (commit, run, ["podman", "rmi", "--force", image]):
        done = subprocess.run(command, capture_output=True, env=environment(), check=False)
        if done.returncode:
            raise CommandError(" ".join(command[:2]), done.stderr.decode(errors="replace"))


def _put(part: Path, disk: Path, at: int) -> None:
    """Copy *part* into *disk*, leaving holes where there is nothing."""
    done = subprocess.run(
        [
            *("dd", f"if={part}", f"of={disk}", "bs=1M", "conv=notrunc,sparse"),
            *(f"seek={at // MIB}", "status=none"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError("dd", done.stderr)


def _make_bootable(disk: Path, boot: Path, core: Path) -> None:
    """Write GRUB's first sector and its core, each with the address of what comes after it."""
    start = _BIOS[0] * MIB // SECTOR
    first = bytearray(boot.read_bytes()[:440])
    first[0x5C:0x64] = start.to_bytes(8, "little")
    # A BIOS that says it is a floppy's is not believed, as grub-bios-setup has it.
    first[0x66:0x68] = b"\x90\x90"
    rest = bytearray(core.read_bytes())
    if len(rest) > _BIOS[1] * MIB:
        raise CommandError("GRUB's core", "it is larger than its partition")
    sectors = (len(rest) + SECTOR - 1) // SECTOR
    rest[0x1F4:0x1FC] = (start + 1).to_bytes(8, "little")
    rest[0x1FC:0x1FE] = (sectors - 1).to_bytes(2, "little")
    with disk.open("r+b") as file:
        file.write(first)
        file.seek(start * SECTOR)
        file.write(rest)
