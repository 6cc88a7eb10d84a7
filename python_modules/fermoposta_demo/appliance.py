"""What a script needs to know of a running appliance, as `.demo/demo.json` tells it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Role = Literal["admin", "user", "resource"]


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who can receive mail; a resource has no password and does not log in."""

    address: str
    password: str | None
    role: Role

    def __repr__(self) -> str:
        """Show who it is, never the password."""
        return f"Account({self.address!r}, role={self.role!r})"


@dataclass(frozen=True, slots=True)
class Appliance:
    """Where to reach a host, and as whom."""

    host: str
    ports: dict[str, int]
    urls: dict[str, str]
    ca_file: str
    container: str
    domains: list[str]
    accounts: list[Account]

    @classmethod
    def load(cls, file: Path) -> Appliance:
        """Read it from JSON."""
        data = json.loads(file.read_text())
        data["accounts"] = [Account(**account) for account in data["accounts"]]
        return cls(**data)

    def save(self, file: Path) -> None:
        """Write it as JSON for its owner only: it holds the demo's passwords."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(json.dumps(asdict(self), indent=2) + "\n")

    def account(self, address: str) -> Account:
        """Return the account of an address; KeyError when there is none."""
        for account in self.accounts:
            if account.address == address:
                return account
        raise KeyError(address)
