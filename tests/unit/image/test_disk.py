"""What is written into a disk so that it starts, and what is told of it."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from fermoposta_demo.progress import CommandError
from fermoposta_image import boot, contents, disk, ova

if TYPE_CHECKING:
    from pathlib import Path

SECTOR = 512


def test_a_bios_finds_the_core_where_it_is(tmp_path: Path) -> None:
    """The first sector has the core's, and the core's first has where the rest is and how much."""
    raw, first, core = tmp_path / "disk", tmp_path / "boot.img", tmp_path / "core.img"
    raw.write_bytes(b"\xff" * (3 * disk.MIB))
    first.write_bytes(b"B" * SECTOR)
    core.write_bytes(b"C" * (5 * SECTOR + 7))

    disk._make_bootable(raw, first, core)

    written = raw.read_bytes()
    at = disk.MIB
    assert int.from_bytes(written[0x5C:0x64], "little") * SECTOR == at
    assert written[440:SECTOR] == b"\xff" * 72, "the table of partitions stays"
    assert int.from_bytes(written[at + 0x1F4 : at + 0x1FC], "little") * SECTOR == at + SECTOR
    assert int.from_bytes(written[at + 0x1FC : at + 0x1FE], "little") == 5
    assert written[at + SECTOR : at + 5 * SECTOR + 7] == b"C" * (4 * SECTOR + 7)


def test_a_core_that_does_not_fit_is_not_written(tmp_path: Path) -> None:
    """It would lie over the next partition."""
    for name, size in (("disk", 3 * disk.MIB), ("boot", SECTOR), ("core", disk.MIB + 1)):
        (tmp_path / name).write_bytes(bytes(size))

    with pytest.raises(CommandError, match="core"):
        disk._make_bootable(tmp_path / "disk", tmp_path / "boot", tmp_path / "core")
    assert (tmp_path / "disk").read_bytes() == bytes(3 * disk.MIB)


def test_every_file_is_listed_with_what_it_is(tmp_path: Path) -> None:
    """Files by hash, links by where they lead."""
    archive = tmp_path / "root.tar"
    with tarfile.open(archive, "w") as tar:
        file = tarfile.TarInfo("./etc/hostname")
        file.size, file.mode, file.uid = 3, 0o640, 7
        tar.addfile(file, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("./bin")
        link.type, link.linkname, link.mode = tarfile.SYMTYPE, "usr/bin", 0o777
        tar.addfile(link)

    assert contents.files_of(archive) == [
        f"{hashlib.sha256(b'abc').hexdigest()} 640 7:0 ./etc/hostname",
        "-> usr/bin 777 0:0 ./bin",
    ]


def test_an_ova_names_its_disk_and_the_sums_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Description first, as whoever imports it reads it."""

    class Done:
        returncode = 0
        stderr = ""

    def convert(command: list[str], **_: object) -> Done:
        with open(command[-1], "wb") as file:  # noqa: PTH123 - a word of the command
            file.write(b"disk")
        return Done()

    monkeypatch.setattr(ova.subprocess, "run", convert)
    raw = tmp_path / "raw"
    raw.write_bytes(bytes(1000))

    ova.write(raw, tmp_path / "x.ova", 1_700_000_000)

    with tarfile.open(tmp_path / "x.ova") as tar:
        names = tar.getnames()
        parts = {name: tar.extractfile(name).read() for name in names}  # type: ignore[union-attr]
        assert {each.mtime for each in tar} == {1_700_000_000}
    assert names == ["fermoposta.ovf", "fermoposta.mf", "fermoposta.vmdk"]
    for name in ("fermoposta.ovf", "fermoposta.vmdk"):
        line = f"SHA256({name})= {hashlib.sha256(parts[name]).hexdigest()}\n"
        assert line in parts["fermoposta.mf"].decode()
    root = ET.fromstring(parts["fermoposta.ovf"])  # noqa: S314 - our own
    (file,) = root.iter("{http://schemas.dmtf.org/ovf/envelope/1}File")
    assert file.get("{http://schemas.dmtf.org/ovf/envelope/1}size") == "4"


def test_nothing_gets_out_of_the_machine_that_is_tried(tmp_path: Path) -> None:
    """Its network has one way in, to IMAP, from this machine alone."""
    words = boot.command(tmp_path, "bios", "tcg", 4711)

    network = next(word for word in words if word.startswith("user,"))
    assert network == "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:4711-:993"
