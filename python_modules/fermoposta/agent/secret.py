"""
Make the secret by which our services open mailboxes: ``python -m fermoposta.agent.secret``.

The secret stays what it is where there is one; Dovecot gets a salted hash of it. A quick hash will
do: nobody guesses 256 random bits. Prints what it wrote, so that a second run prints nothing.
"""

import base64
import hashlib
import os
import secrets
import stat
import sys
from pathlib import Path

from fermoposta.mailstore.imap import MASTER

SCHEME = "{SSHA512}"
FIELDS = "allow_nets=127.0.0.0/8 userdb_acl_ignore=yes userdb_quota_enforce=no"
"""
From this host only; folder rights and quotas are for people: what the agent puts into a full
mailbox is part of work that is done already.
"""


def entry(secret: str, *, salt: bytes) -> str:
    """Return the line of Dovecot's passwd-file."""
    digest = hashlib.sha512(secret.encode() + salt).digest()
    return f"{MASTER}:{SCHEME}{base64.b64encode(digest + salt).decode()}::::::{FIELDS}\n"


def fits(line: str, secret: str) -> bool:
    """Tell whether *line* is an entry for *secret*, and says all that it should."""
    hashed = line.removeprefix(f"{MASTER}:{SCHEME}").partition(":")[0]
    try:
        salt = base64.b64decode(hashed, validate=True)[hashlib.sha512().digest_size :]
    except ValueError:
        return False
    return line == entry(secret, salt=salt)


def write(path: Path, text: str) -> None:
    """Write *path* at once or not at all; who may read it stays, at first it is nobody else."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        if path.exists():
            before = path.stat()
            os.fchown(file.fileno(), before.st_uid, before.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(before.st_mode))
        file.write(text)
    new.rename(path)


def main(arguments: list[str]) -> None:
    """Make the secret in the first file, its hash in those that follow, where there is none."""
    kept, *hashes = map(Path, arguments)
    if not kept.exists() or not kept.read_text().strip():
        write(kept, secrets.token_urlsafe(32) + "\n")
        sys.stdout.write(f"{kept}\n")
    secret = kept.read_text().strip()
    for hashed in hashes:
        if not hashed.exists() or not fits(hashed.read_text(), secret):
            write(hashed, entry(secret, salt=secrets.token_bytes(8)))
            sys.stdout.write(f"{hashed}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
