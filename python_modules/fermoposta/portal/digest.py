"""What is kept of secrets that are long and random."""

import hashlib


def digest_of(secret: str) -> bytes:
    """Return the SHA-256 of *secret*, which is long and random, or a password hash."""
    return hashlib.sha256(secret.encode()).digest()
