"""The image boots in QEMU, sets itself up as cloud-init says, and lets somebody log in by IMAP."""

from __future__ import annotations

import imaplib
import os
import socket
import ssl
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import yaml

from fermoposta_demo.paths import BUILD
from fermoposta_demo.progress import CommandError, say

ADDRESS, PASSWORD = "ada@example.org", "Engine1843"
ANSWERS = {
    "common_hostname": "mail.example.org",
    "portal_hostname": "portal.example.org",
    "application_organisation": "Acme S.p.A.",
    "tls_source": "own_ca",
    "clamav_freshclam": False,
    "rspamd_network_checks": False,
    "common_unattended_upgrades": False,
    "firewall_ignore_networks": ["127.0.0.0/8", "::1/128", "10.0.0.0/8"],
    "mail_companies": {"acme": {"name": "Acme S.p.A."}},
    "mail_domains": {"example.org": {"company": "acme"}},
    "mail_users": {ADDRESS: {"name": "Ada Lovelace", "password": PASSWORD}},
    "administrator": "postmaster@example.org",
}
SECONDS = {"kvm": 900, "tcg": 5400}
PROBE_SECONDS = 15
FIRMWARE = Path("/usr/share/OVMF/OVMF_CODE.fd"), Path("/usr/share/OVMF/OVMF_CODE_4M.fd")


def boot(image: Path, firmware: str, accelerator: str | None) -> float:
    """Boot a copy of *image*, and return after how many seconds a log-in succeeded."""
    if not image.exists():
        raise CommandError("the boot", f"there is no {image}: make image")
    port = _free_port()
    console = BUILD / "image" / f"console-{firmware}.log"
    with tempfile.TemporaryDirectory(dir=image.parent) as folder:
        work = Path(folder)
        seed(work / "seed.img")
        _run("qemu-img", "create", "-q", "-f", "qcow2", "-b", str(image), "-F", "qcow2",
             str(work / "disk.qcow2"), "20G")  # fmt: skip
        accelerator = accelerator or _best(work)
        say(f"Booting it by {firmware.upper()} under {accelerator}; console: {console.name}")
        started = time.monotonic()
        with console.open("wb") as log:
            machine = subprocess.Popen(
                command(work, firmware, accelerator, port), stdout=log, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
            try:
                seconds = _wait(machine, port, started, SECONDS[accelerator], console)
            finally:
                machine.terminate()
                machine.wait()
    say(f"{ADDRESS} logged in by IMAP {seconds:.0f} s after power on ({firmware}, {accelerator})")
    return seconds


def seed(path: Path) -> None:
    """Write a disk that cloud-init reads (NoCloud): the answers, and nothing else."""
    user_data = "#cloud-config\n" + yaml.safe_dump(
        {
            "write_files": [
                {
                    "path": "/etc/fermoposta-appliance/answers.yml",
                    "permissions": "0600",
                    "content": yaml.safe_dump(ANSWERS),
                }
            ]
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        files = {"user-data": user_data, "meta-data": "instance-id: boot-test\n"}
        for name, content in files.items():
            (Path(folder) / name).write_text(content)
        with path.open("wb") as file:
            file.truncate(2 * 1024 * 1024)
        _run("mformat", "-i", str(path), "-v", "CIDATA", "::")
        for name in files:
            _run("mcopy", "-i", str(path), str(Path(folder) / name), "::")


def command(work: Path, firmware: str, accelerator: str, port: int) -> list[str]:
    """Return the words that start QEMU; nothing from the machine gets out of it."""
    found = [
        *("qemu-system-x86_64", "-nodefaults", "-display", "none", "-serial", "stdio"),
        *("-machine", f"q35,accel={accelerator}", "-smp", "2", "-m", "4096", "-no-reboot"),
        *("-cpu", "host,-arch-capabilities" if accelerator == "kvm" else "max"),
        *("-drive", f"file={work / 'disk.qcow2'},if=virtio,format=qcow2,cache=unsafe"),
        *("-drive", f"file={work / 'seed.img'},if=virtio,format=raw,readonly=on"),
        *("-device", "virtio-rng-pci", "-device", "virtio-net-pci,netdev=net"),
        *("-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:993"),
    ]
    if firmware == "uefi":
        code = next((path for path in FIRMWARE if path.exists()), None)
        if code is None:
            raise CommandError("the boot", "there is no firmware: apt-get install ovmf")
        found += ["-drive", f"if=pflash,format=raw,readonly=on,file={code}"]
    return found


def _best(work: Path) -> str:
    """Return ``kvm`` where a machine says anything under it: where KVM is nested it may be dumb."""
    if not os.access("/dev/kvm", os.W_OK):
        return "tcg"
    said = work / "probe.log"
    with said.open("wb") as log:
        machine = subprocess.Popen(
            command(work, "bios", "kvm", _free_port()), stdout=log, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            for _ in range(PROBE_SECONDS * 10):
                if said.stat().st_size or machine.poll() is not None:
                    break
                time.sleep(0.1)
            works = machine.poll() is None and said.stat().st_size > 0
        finally:
            machine.kill()
            machine.wait()
    if not works:
        say("KVM is there and runs no machine: emulating instead, which takes many times as long")
    return "kvm" if works else "tcg"


def _wait(
    machine: subprocess.Popen[bytes], port: int, started: float, most: float, console: Path
) -> float:
    while (passed := time.monotonic() - started) < most:
        if machine.poll() is not None:
            break
        with suppress(OSError, imaplib.IMAP4.error):
            _log_in(port)
            return time.monotonic() - started
        time.sleep(1)
    tail = console.read_text(errors="replace")[-3000:]
    raise CommandError(f"the boot, after {passed:.0f} s,", tail)


def _log_in(port: int) -> None:
    # The certificate is of an authority that this machine has made a moment ago.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=context, timeout=10)
    client.login(ADDRESS, PASSWORD)
    if client.select("INBOX")[0] != "OK":
        raise imaplib.IMAP4.error("the inbox can't be opened")
    client.logout()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandError(words[0], done.stderr)
