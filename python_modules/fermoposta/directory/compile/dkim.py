"""
Make a key for each domain, with which the filter signs what leaves (RFC 6376), and name it.

A key is made once and never overwritten or removed: its public half stands in the DNS.
"""

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from fermoposta.directory.compile.files import Change, write, write_once
from fermoposta.directory.model import Domain

BITS = 2048
"""RFC 8301 asks for 1024 at least and recommends 2048; more does not fit into many DNS answers."""


SELECTORS = "selectors.map"
"""Which selector each domain signs with, as the filter reads it: a domain and a selector a line."""


class KeyGenerationError(OSError):
    """openssl made no key; the message says why."""


def key_path(domain: Domain, root: Path) -> Path:
    """Return where the key of *domain* is."""
    return root / f"{domain.name}.{domain.dkim_selector}.key"


def compile_keys(domains: Iterable[Domain], root: Path) -> Iterator[Change]:
    """Make the keys that are missing below *root*, then name each domain's present one."""
    lines = []
    for domain in domains:
        lines.append(f"{domain.name} {domain.dkim_selector}\n")
        path = key_path(domain, root)
        if path.exists():
            continue
        # The group comes from the folder, which is set so that the filter's group may read.
        if change := write_once(path, _new_key(), mode=0o640):
            yield change
    # After the keys: a domain never signs with one that is not there yet.
    if change := write(root / SELECTORS, "".join(sorted(lines)).encode(), mode=0o640):
        yield change


def _new_key() -> bytes:
    """Return a new RSA key in PEM (PKCS #8); it never touches a disk or a command line."""
    command = ["openssl", "genpkey", "-quiet", "-algorithm", "RSA"]
    command += ["-pkeyopt", f"rsa_keygen_bits:{BITS}"]
    made = subprocess.run(command, capture_output=True, check=False, timeout=120)
    if made.returncode or not made.stdout.startswith(b"-----BEGIN PRIVATE KEY-----"):
        raise KeyGenerationError(f"openssl made no key: {made.stderr.decode(errors='replace')}")
    return made.stdout
