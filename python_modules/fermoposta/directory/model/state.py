"""Everything that is declared, or everything that is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from fermoposta.directory.model.kinds import ADDRESS_KINDS, ALL_KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fermoposta.directory.model.devices import DeviceAccess, DevicePolicy
    from fermoposta.directory.model.mail_rules import MessageRule, OutOfOffice
    from fermoposta.directory.model.portraits import Certificate, Picture
    from fermoposta.directory.model.records import (
        Alias,
        AllowedDomains,
        ClosedMailbox,
        Company,
        Delegation,
        Domain,
        Grant,
        Group,
        JunkRule,
        Record,
        Resource,
        SendAs,
        User,
    )


@dataclass(slots=True)
class State:
    """
    The records of each kind by their key.

    *closed* and *revision* are known of a stored state only: the mailboxes still kept of who is
    gone, by mailbox id, and the number that every write raises.
    """

    companies: dict[str, Company] = field(default_factory=dict)
    domains: dict[str, Domain] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    send_as: dict[str, SendAs] = field(default_factory=dict)
    delegations: dict[str, Delegation] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    allowed_domains: dict[str, AllowedDomains] = field(default_factory=dict)
    junk_rules: dict[str, JunkRule] = field(default_factory=dict)
    rules: dict[str, MessageRule] = field(default_factory=dict)
    out_of_office: dict[str, OutOfOffice] = field(default_factory=dict)
    device_policies: dict[str, DevicePolicy] = field(default_factory=dict)
    device_access: dict[str, DeviceAccess] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    closed: dict[str, ClosedMailbox] = field(default_factory=dict)
    revision: int = 0

    @classmethod
    def of_records(cls, records: Iterable[Record]) -> State:
        """Make a state of *records*, whatever their order."""
        state = cls()
        for record in records:
            state.put(record)
        return state

    def of(self, kind: Kind) -> dict[str, Record]:
        """Return the records of *kind* by their key."""
        return cast("dict[str, Record]", getattr(self, kind.value))

    def put(self, record: Record) -> None:
        """Take in *record*, in the place of the one with its key."""
        self.of(record.kind)[record.key] = record

    def records(self, kinds: Iterable[Kind] = ALL_KINDS) -> Iterator[Record]:
        """Go through the records of *kinds*, in the order in which they can be made."""
        for kind in kinds:
            yield from self.of(kind).values()

    def kind_of(self, address: str) -> Kind | None:
        """Return which kind of thing has *address*, None where nothing has."""
        for kind in ADDRESS_KINDS:
            if address in self.of(kind):
                return kind
        return None

    def copy(self) -> State:
        """Return a state that can be changed without changing this one."""
        made = State(closed=dict(self.closed), revision=self.revision)
        for kind in ALL_KINDS:
            made.of(kind).update(self.of(kind))
        return made

    def with_kinds(self, kinds: Iterable[Kind], other: State) -> State:
        """Return this state with the *kinds* of *other* in the place of its own."""
        made = self.copy()
        for kind in kinds:
            setattr(made, kind.value, dict(other.of(kind)))
        return made

    def company_of(self, address: str) -> str | None:
        """Return the key of the company that *address* belongs to, None outside our domains."""
        domain = self.domains.get(address.rpartition("@")[2])
        return domain.company if domain else None


def counts(state: State) -> Mapping[Kind, int]:
    """Say how many records of each kind there are."""
    return {kind: len(state.of(kind)) for kind in ALL_KINDS}
