"""Secrets that somebody types: letters and digits in groups."""

import secrets

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without what is taken for something else when it is typed: l and 1, o and 0. Five bits each."""


def in_groups(groups: int, letters: int) -> str:
    """Return a new secret of *groups* of so many *letters*, with hyphens between them."""
    made = ("".join(secrets.choice(ALPHABET) for _ in range(letters)) for _ in range(groups))
    return "-".join(made)
