"""
What somebody sets for themselves in the directory: junk rules, absence, and who may do what.

Every record is of the mailbox of who is signed in: its key begins with their address, always.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fermoposta.directory import personal
from fermoposta.directory.model import Delegation, Grant, JunkRule, Kind, MessageRule, Owner
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.inventory import values
from fermoposta.portal.administration.forms import KEY, SHAPES, path_of, placed, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fermoposta.directory.model import OutOfOffice, Record, State
    from fermoposta.directory.steps import Plan
    from fermoposta.portal.book import Book


MOST_PEOPLE = 100
"""How many of an address book are shown at once; a search finds the others."""


@dataclass(frozen=True, slots=True)
class Own:
    """What *address* sets. Blocks on the directory; any thread may use it."""

    book: Book
    address: str

    def grants(self) -> list[Grant]:
        """List who has which rights in which folder."""
        return [each for each in self._of(Kind.GRANTS) if isinstance(each, Grant)]

    def delegations(self) -> list[Delegation]:
        """List who acts for them."""
        return [each for each in self._of(Kind.DELEGATIONS) if isinstance(each, Delegation)]

    def junk_rules(self) -> list[JunkRule]:
        """List whose mail is let in, and whose is not."""
        return [each for each in self._of(Kind.JUNK_RULES) if isinstance(each, JunkRule)]

    def message_rules(self) -> list[MessageRule]:
        """List what is done with mail that comes."""
        return [each for each in self._of(Kind.MESSAGE_RULES) if isinstance(each, MessageRule)]

    def out_of_office(self) -> OutOfOffice | None:
        """Return what is answered while they are away, None where nothing was ever set."""
        return self.book.state().out_of_office.get(self.address)

    def _of(self, kind: Kind) -> list[Record]:
        there = self.book.state().of(kind)
        start = f"{self.address} "
        return [record for key, record in sorted(there.items()) if key.startswith(start)]

    def put(self, kind: Kind, rest: str, fields: Mapping[str, object]) -> None:
        """Store the record whose key is the address and *rest*; raises ProblemsError, by field."""
        key = f"{self.address} {rest}" if rest else self.address
        self._store(kind, [read(kind, key, fields)])

    def put_grants(self, folder: str, grantees: Iterable[str], rights: object) -> None:
        """Give all *grantees* the same *rights* on *folder*, or none of them any."""
        kind, problems = Kind.GRANTS, list[Problem]()
        made = []
        for given in grantees:
            grantee = values.address(given, "grantee", problems)
            if not isinstance(grantee, str):
                continue
            try:
                made.append(read(kind, f"{self.address} {grantee} {folder}", {"rights": rights}))
            except ProblemsError as error:
                problems.extend(error.problems)
        if problems:
            raise ProblemsError(problems)
        self._store(kind, made)

    def put_junk(self, sender: str, action: str) -> None:
        """Have mail of *sender*, an address or @domain, delivered or put to Quarantena."""
        problems: list[Problem] = []
        read_sender = values.sender(sender.strip(), "sender", problems)
        read_action = values.choice(("allow", "block"))(action, "action", problems)
        if problems:
            raise ProblemsError(problems)
        self._store(Kind.JUNK_RULES, [JunkRule(self.address, str(read_sender), str(read_action))])

    def put_rules(self, rules: Iterable[MessageRule]) -> None:
        """Store *rules* of their own, all or none; raises ProblemsError."""
        self._store(Kind.MESSAGE_RULES, [replace(each, mailbox=self.address) for each in rules])

    def take(self, kind: Kind, rest: str) -> None:
        """Take the record away whose key is the address and *rest*; raises ProblemsError."""
        key = f"{self.address} {rest}" if rest else self.address
        self._change(lambda state: personal.take(state, (kind, key)), kind, [key])

    def colleagues(self, text: str, *, groups: bool = True) -> list[tuple[str, str]]:
        """Search the company's address book; return the first addresses, with names (F088)."""
        state = self.book.state()
        company = state.company_of(self.address)
        wanted = text.casefold().strip()
        kinds = (state.users, state.groups) if groups else (state.users,)
        found = sorted(
            (address, record.name)
            for records in kinds
            for address, record in records.items()
            if address != self.address
            and (wanted in address or wanted in record.name.casefold())
            and state.company_of(address) == company
        )
        return found[:MOST_PEOPLE]

    def _store(self, kind: Kind, records: list[Record]) -> None:
        keys = [each.key for each in records]
        self._change(lambda state: personal.put(state, *records), kind, keys)

    def _change(self, make: Callable[[State], Plan], kind: Kind, keys: list[str]) -> None:
        try:
            self.book.change(make, actor=self.address)
        except ProblemsError as error:
            raise ProblemsError(
                self._placed(kind, keys, problem) for problem in error.problems
            ) from None

    def _placed(self, kind: Kind, keys: list[str], problem: Problem) -> Problem:
        """Return *problem* by field; what is about somebody else's record is about the whole."""
        for key in keys:
            at = placed(problem, path_of(kind, key), SHAPES[kind])
            if at is not problem:
                return at
        return Problem(KEY, problem.message, problem.remedy)


def fixed(record: Record) -> bool:
    """Tell whether *record* is the inventory's, to be changed there only."""
    return record.managed_by is Owner.INVENTORY
