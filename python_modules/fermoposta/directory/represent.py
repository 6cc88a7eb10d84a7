"""
Say as whom a log-in may send, and how the mail must show it.

On behalf of somebody (delegation) the mail names who sent it, in Sender (RFC 5322, section 3.6.2);
sent as somebody it names nobody else. Where both are allowed, delegation wins (F107).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fermoposta.directory.route import base_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.directory.model import State


class Right(StrEnum):
    """By what right somebody sends as an address."""

    OWN = "own"
    DELEGATION = "delegation"
    SEND_AS = "send-as"


@dataclass(frozen=True, slots=True)
class Represented:
    """
    How a mail must look.

    *sender* is what Sender must say, None for no such field; *envelope* the envelope sender;
    *others* are those in From who are not the log-in, each of whom gets a copy.
    """

    envelope: str
    sender: str | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """The log-in has no right to send as *address*."""

    address: str


def right_of(state: State, login: str, address: str) -> Right | None:
    """Return by what right *login* sends as *address*, None where it has none."""
    login, address = base_of(login.lower()), base_of(address.lower())
    if address == login:
        return Right.OWN
    if f"{address} {login}" in state.delegations:
        return Right.DELEGATION
    rule = state.send_as.get(address)
    return Right.SEND_AS if rule is not None and login in rule.senders else None


def represent(
    state: State, login: str, authors: Sequence[str], envelope: str
) -> Represented | NotAllowed:
    """
    Say how a mail of *login* must look whose From holds the addresses *authors*.

    An empty *envelope* (a receipt, RFC 8098) stays empty.
    """
    rights = {author: right_of(state, login, author) for author in authors}
    claimed = [*authors, envelope] if envelope else list(authors)
    for address in claimed:
        if right_of(state, login, address) is None:
            return NotAllowed(address)
    others = tuple(
        dict.fromkeys(base_of(a.lower()) for a, right in rights.items() if right is not Right.OWN)
    )
    if Right.DELEGATION in rights.values() or (others and Right.OWN in rights.values()):
        return Represented(envelope, base_of(login.lower()), others)
    if not others:
        return Represented(envelope)
    shown = {base_of(author.lower()) for author in authors}
    hidden = envelope and base_of(envelope.lower()) not in shown
    # Several authors need a Sender: the first of them, which says nothing new.
    return Represented(
        others[0] if hidden else envelope, others[0] if len(others) > 1 else None, others
    )
