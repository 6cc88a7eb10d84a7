"""`make image` and `make boot`: build the appliance's disk, and see that it boots."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING

from fermoposta_demo.paths import BUILD, ROOT
from fermoposta_demo.progress import CommandError, give_up, say
from fermoposta_image import boot, contents, disk, ova, root

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = BUILD / "image"
GIB = 8
_NAMESPACE = uuid.UUID("7f6f0c55-5d0e-4a0b-9f0e-3c8f3f0c6a10")


def main() -> int:
    """Run one verb and return its exit code."""
    parser = argparse.ArgumentParser(prog="fermoposta_image", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("build", help="build the disk in all its formats")
    booted = verbs.add_parser("boot", help="boot it in QEMU, and log in by IMAP")
    booted.add_argument("--firmware", choices=["bios", "uefi"], default="bios")
    booted.add_argument("--accelerator", choices=["kvm", "tcg"], help="the best there is")
    chosen = parser.parse_args()
    try:
        if chosen.verb == "build":
            build(IMAGE)
        else:
            boot.boot(IMAGE / "fermoposta.qcow2", chosen.firmware, chosen.accelerator)
    except CommandError as error:
        return give_up(error)
    return 0


def build(to: Path) -> None:
    """Build everything into the folder *to*."""
    started = time.monotonic()
    epoch = contents.commit_time(ROOT)
    # The same inputs give the same names.
    root_uuid = str(uuid.uuid5(_NAMESPACE, f"root {epoch}"))
    esp_id = f"{epoch & 0xFFFFFFFF:08X}"
    work = to / "work"
    shutil.rmtree(to, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        root.build(root_uuid, f"{esp_id[:4]}-{esp_id[4:]}")
        say("Listing what is in it")
        root.archive(work / "root.tar", epoch)
        lines = contents.files_of(work / "root.tar")
        (to / "fermoposta.files").write_text("".join(f"{line}\n" for line in lines))
        bill = json.dumps(contents.bill_of_materials(), indent=1)
        (to / "fermoposta.cdx.json").write_text(f"{bill}\n")
        say("Making a disk of it")
        raw = disk.assemble(work, root_uuid=root_uuid, esp_id=esp_id, gib=GIB, epoch=epoch)
        raw.rename(to / "fermoposta.raw")
    finally:
        root.remove()
        shutil.rmtree(work, ignore_errors=True)
    _convert(to / "fermoposta.raw", to / "fermoposta.qcow2", "qcow2", "-c")
    ova.write(to / "fermoposta.raw", to / "fermoposta.ova", epoch)
    for path in sorted(to.iterdir()):
        say(f"  {path.relative_to(ROOT)}: {path.stat().st_blocks * 512 / 1e6:.0f} MB")
    say(f"The image is there, after {time.monotonic() - started:.0f} s. To see it boot: make boot")


def _convert(raw: Path, to: Path, form: str, *options: str) -> None:
    done = subprocess.run(
        ["qemu-img", "convert", "-f", "raw", "-O", form, *options, str(raw), str(to)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError("qemu-img", done.stderr)


if __name__ == "__main__":
    sys.exit(main())
