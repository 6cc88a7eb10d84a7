"""Whose item it is that is mapped."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Owner:
    """The user of the mailbox: what tells the organiser of a meeting from a guest."""

    address: str
    zone: ZoneInfo
    """Where all-day appointments begin at midnight, and times without a zone are meant."""
    name: str = ""
    aliases: frozenset[str] = frozenset()
    """Other addresses, in lower case."""

    def is_at(self, address: str) -> bool:
        """Tell whether *address* is one of the user's."""
        return address.lower() in {self.address.lower(), *self.aliases}
