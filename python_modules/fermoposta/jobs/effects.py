"""What a stretch of the change feed means for daemons that remember people. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from fermoposta.directory.model import Kind, State
from fermoposta.directory.store import Change


@dataclass(frozen=True, slots=True)
class Effects:
    """Addresses of which Dovecot shall forget what it knows, and whose sessions shall end."""

    forget: tuple[str, ...] = ()
    kick: tuple[str, ...] = ()


def effects_of(changes: Iterable[Change], state: State) -> Effects:
    """Return what follows from *changes* now that the directory is *state*.

    Who is gone by now loses the sessions; who came back in the meantime keeps them.
    """
    touched = sorted({c.key for c in changes if c.kind in (Kind.USERS, Kind.RESOURCES)})
    gone = [key for key in touched if key not in state.users and key not in state.resources]
    return Effects(forget=tuple(touched), kick=tuple(gone))
