"""Who there is, from a directory in memory, by the rules that the views of the database have."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fermoposta.activesync import away
from fermoposta.activesync.finding import line_of, matches, words_of
from fermoposta.activesync.people import (
    BEGINNINGS,
    DevicePolicy,
    Me,
    OutOfOffice,
    Person,
    RefusedError,
)
from fermoposta.directory.device_policies import access_for, elements, policy_for
from fermoposta.directory.model import Group, Resource, User
from fermoposta.directory.personal import put
from fermoposta.directory.steps import PlanError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from fermoposta.activesync.store.model import Access
    from fermoposta.directory.model import OutOfOffice as Record
    from fermoposta.directory.model import State
    from fermoposta.directory.store import Store
    from fermoposta.mailstore.groupware import Busy


class MemoryPeople:
    """People of *directory*, whose answers while away are written there too."""

    def __init__(self, directory: Store, *, timezone: str = "Europe/Rome") -> None:
        self._directory = directory
        self._timezone = timezone
        self._zone = ZoneInfo(timezone)

    async def me(self, user: str) -> Me | None:
        """Return the record of *user*; None where there is no open one."""
        state = self._directory.state()
        found = state.users.get(user)
        if found is None:
            return None
        return Me(
            address=user,
            name=found.name,
            language=found.language,
            timezone=self._timezone,
            addresses=_addresses(state, user),
        )

    async def search(self, user: str, words: str, *, most: int, start: int = 0) -> list[Person]:
        """Return whom *user* finds by the beginnings of *words* in name or address, by name."""
        wanted = words_of(words)
        if not wanted:
            return []
        found = [each for each in await self.everybody(user) if matches(wanted, _line(each))]
        return found[start : start + most]

    async def everybody(self, user: str) -> list[Person]:
        """Return all that *user*'s address book shows, without pictures and certificates."""
        state = self._directory.state()
        company = state.company_of(user) if user in state.users else None
        records: list[User | Group | Resource] = [
            *state.users.values(),
            *state.groups.values(),
            *state.resources.values(),
        ]
        shown = [
            _person(state, record)
            for record in records
            if company is not None and state.company_of(record.address) == company
        ]
        return sorted(shown, key=lambda each: (_line(each), each.address))

    async def named(self, user: str, addresses: Sequence[str]) -> dict[str, Person]:
        """Return those of *addresses* whom *user* may know, as they were asked for."""
        known = {each.address: each for each in await self.everybody(user)}
        asked = {address: known.get(address.strip().lower()) for address in addresses}
        return {name: person for name, person in asked.items() if person is not None}

    async def members(self, user: str, group: str) -> list[Person]:
        """Return who is in *group*, where *user* may know it."""
        state = self._directory.state()
        known = {each.address: each for each in await self.everybody(user)}
        found = state.groups.get(group.strip().lower())
        if found is None or found.address not in known:
            return []
        return [
            known.get(address) or Person(address=address, name=address)
            for address in found.members
            if address in known or state.company_of(address) is None
        ]

    async def busy(
        self, user: str, addresses: Collection[str], start: datetime, end: datetime
    ) -> dict[str, list[Busy]]:
        """Return nobody's times: a directory has no calendars."""
        del user, addresses, start, end
        return {}

    async def out_of_office(self, user: str) -> OutOfOffice:
        """Return what the user has said."""
        return away.shown(self._record(user), self._zone)

    async def set_out_of_office(self, user: str, said: OutOfOffice) -> None:
        """Keep the answer, by the directory's rules."""
        record = away.kept(user, said, self._record(user), self._zone)
        if record is None:
            return
        try:
            self._directory.apply(put(self._directory.state(), record), actor=f"activesync:{user}")
        except PlanError as error:
            raise RefusedError("; ".join(map(str, error.problems))) from error

    async def device_policy(self, user: str) -> DevicePolicy | None:
        """Return what the user's devices must do; None where nothing is demanded."""
        found = policy_for(self._directory.state(), user)
        if found is None:
            return None
        return DevicePolicy(
            elements(found),
            refresh_hours=found.refresh_hours,
            allow_non_provisionable=found.allow_non_provisionable,
        )

    async def newcomer(self, user: str, type_: str, model: str = "") -> Access | None:
        """Return how a device of *user* begins that was never seen: by its model, else its type."""
        state = self._directory.state()
        said = state.device_access.keys() & {user, state.company_of(user)}
        if user not in state.users or not said:
            return None
        return BEGINNINGS[access_for(state, user, type_, model)]

    def _record(self, user: str) -> Record | None:
        return self._directory.state().out_of_office.get(user)


def _addresses(state: State, user: str) -> tuple[str, ...]:
    found, new = {user}, {user}
    while new:
        new = {
            alias.address
            for alias in state.aliases.values()
            if alias.address not in found and new & set(alias.destinations)
        }
        found |= new
    return (user, *sorted(found - {user}))


def _person(state: State, record: User | Group | Resource) -> Person:
    company = state.companies[state.company_of(record.address) or ""].name
    if isinstance(record, User):
        first, _, rest = record.name.partition(" ")
        named = bool(record.given_name or record.family_name)
        return Person(
            address=record.address,
            name=record.name,
            company=company,
            given_name=record.given_name if named else first,
            surname=record.family_name if named else rest.lstrip(),
        )
    group = isinstance(record, Group)
    return Person(
        address=record.address,
        name=record.name,
        kind="group" if group else "resource",
        company=company,
        surname=record.name,
        members=len(record.members) if isinstance(record, Group) else 0,
    )


def _line(person: Person) -> str:
    return line_of(person.name, person.given_name, person.surname, person.address)
