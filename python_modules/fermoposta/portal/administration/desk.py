"""
What administrators do in the portal and by the API: one way for both, by the planner's.

Whoever asks sees and changes what is within their scope, and nothing tells them what else there
is. What belongs to the inventory is shown and not changed; docs/decisions/0034 says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.directory import personal
from fermoposta.directory.check import path_of as place_of
from fermoposta.directory.model import DevicePolicy, Kind, Owner, User
from fermoposta.directory.model.records import ADMINISTRATOR
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.portal.access import Administrator, Scope
from fermoposta.portal.administration import entries
from fermoposta.portal.administration.entries import (
    REMOVABLE,
    WRITABLE,
    Entry,
    Page,
    Query,
    administered,
    entry_of,
    etag_of,
)
from fermoposta.portal.administration.errors import ConflictError, ForbiddenError, NotThereError
from fermoposta.portal.administration.forms import (
    KEY,
    SHAPES,
    fields_of,
    key_of,
    merged,
    path_of,
    placed,
    read,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from fermoposta.directory.model import Record, Role, State
    from fermoposta.directory.steps import Plan, Step
    from fermoposta.portal.book import Book

ANY = "*"
"""As an ETag: whatever is there, but something (RFC 9110, section 13.1.1)."""
NONE = ""
"""As an ETag: nothing must be there yet."""
_SECRETS = ("password", "password_hash", "security_questions")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, or would be: the record as it is then, None where it is gone; the steps."""

    entry: Entry | None
    steps: tuple[Step, ...]
    """Those within the scope: what follows elsewhere, nobody here need know."""


@dataclass(frozen=True, slots=True)
class Desk:
    """
    Where *actor* administers *scope* in *role*. Blocks on the directory; any thread may use it.

    *via* is noted in the audit beside the actor: by which token they came.
    """

    book: Book
    actor: str
    role: Role
    scope: Scope
    via: str = ""

    @classmethod
    def of(cls, book: Book, administrator: Administrator) -> Desk:
        """Return the desk of who is signed in."""
        return cls(book, administrator.person.address, administrator.role, administrator.scope)

    @property
    def names_administrators(self) -> bool:
        """Whether roles may be given here (F122)."""
        return self.role.name == ADMINISTRATOR

    def find(self, kind: Kind, query: Query | None = None) -> Page:
        """List what there is of *kind*; raises NotThereError, ProblemsError."""
        return entries.find(self.book.state(), self.scope, kind, query or Query())

    def get(self, kind: Kind, key: str) -> Entry:
        """Return one entry; raises NotThereError."""
        return entry_of(self._there(self.book.state(), kind, key))

    def put(
        self,
        kind: Kind,
        key: str,
        fields: Mapping[str, object],
        *,
        etag: str | None = None,
        instead_of: str | None = None,
        dry_run: bool = False,
    ) -> Outcome:
        """
        Make the record of *key*, or replace it; passwords and recovery data not given stay.

        *etag* is that of the entry which it shall replace, or `ANY` or `NONE`. A junk rule for
        another sender is put *instead_of* the old one, which *etag* is about then. Raises
        NotThereError for a key outside of the scope, ForbiddenError, ConflictError, ProblemsError.
        """
        record = self._read(kind, key, fields)
        if kind is not Kind.JUNK_RULES or instead_of == record.key:
            instead_of = None

        def make(state: State) -> Plan:
            if instead_of is None:
                self._agree(state.of(kind).get(record.key), etag)
                return self._put_plan(state, [record], _with_secret(fields))
            self._agree(self._there(state, kind, instead_of), etag)
            if record.key in state.of(kind):
                raise ProblemsError([Problem(KEY, "is there already", "change that one")])
            return self._put_plan(state, [record], secret=False, instead_of=(kind, instead_of))

        return self._write(make, record.kind, record.key, dry_run=dry_run)

    def patch(
        self,
        kind: Kind,
        key: str,
        patch: Mapping[str, object],
        *,
        etag: str | None = None,
        dry_run: bool = False,
    ) -> Outcome:
        """Merge *patch* into the fields of what is there (RFC 7396); raises as `put`."""
        self._refuse_shown(kind, WRITABLE)
        there = self._there(self.book.state(), kind, key).key

        def make(state: State) -> Plan:
            old = self._there(state, kind, there)
            self._agree(old, etag)
            new = read(kind, there, merged(fields_of(old), patch))
            return self._put_plan(state, [new], _with_secret(patch))

        return self._write(make, kind, there, dry_run=dry_run)

    def merge_many(
        self, kind: Kind, patches: Mapping[str, Mapping[str, object]], *, dry_run: bool = False
    ) -> Outcome:
        """
        Merge into each record what *patches* has for its key, all or none; raises as `put_many`.

        A key that is not there is made.
        """
        state = self.book.state()
        whole: dict[str, Mapping[str, object]] = {}
        for key, patch in patches.items():
            try:
                whole[key] = merged(fields_of(self._there(state, kind, key)), patch)
            except NotThereError:
                whole[key] = patch
        return self.put_many(kind, whole, dry_run=dry_run)

    def put_many(
        self, kind: Kind, records: Mapping[str, Mapping[str, object]], *, dry_run: bool = False
    ) -> Outcome:
        """
        Make or replace *records*, all of them or none; raises as `put`.

        The paths of problems begin with the key: ``ada@example.org.quota_mb``.
        """
        made: dict[str, Record] = {}
        problems: list[Problem] = []
        for key, fields in records.items():
            try:
                record = self._read(kind, key, fields)
            except ProblemsError as error:
                problems.extend(_below(key, each) for each in error.problems)
                continue
            except NotThereError:
                what = "is nothing that you administer"
                problems.append(Problem(key, what, "take it out, or mend the spelling"))
                continue
            if record.key in made:
                what = f"is {record.key} again, in another spelling"
                problems.append(Problem(key, what, "keep one of the two"))
            made[record.key] = record
        if problems:
            raise ProblemsError(problems)
        secret = any(map(_with_secret, records.values()))
        return self._write(
            lambda state: self._put_plan(state, list(made.values()), secret, by_key=True),
            kind,
            None,
            dry_run=dry_run,
        )

    def remove(
        self,
        named: Iterable[tuple[Kind, str]],
        *,
        etag: str | None = None,
        dry_run: bool = False,
    ) -> Outcome:
        """
        Take away the records that are *named*, all or none, and what refers to them with them.

        *etag* must be that of each. Raises NotThereError, ForbiddenError, ConflictError,
        ProblemsError where the inventory refers to one of them.
        """
        wanted = list(dict.fromkeys(named))

        def make(state: State) -> Plan:
            gone, above = [], self._above(state)
            for kind, key in wanted:
                self._refuse_shown(kind, REMOVABLE)
                record = self._there(state, kind, key)
                self._agree(record, etag)
                self._refuse_above(record, above)
                if isinstance(record, User) and record.key == self.actor:
                    raise ForbiddenError("somebody else must close your own mailbox")
                gone.append((kind, record.key))
            plan = self._planned(state, gone, lambda: personal.take(state, *dict.fromkeys(gone)))
            self._refuse_declared(plan, gone)
            return plan

        return self._write(make, None, None, dry_run=dry_run)

    def _read(self, kind: Kind, key: str, fields: Mapping[str, object]) -> Record:
        """Return the record that is given, which must be within by its own key."""
        if kind not in SHAPES:
            raise NotThereError(kind)
        stored = key_of(kind, key)
        # Whether there is such a record elsewhere nobody learns by what is wrong with the fields.
        named = kind in (Kind.COMPANIES, Kind.DEVICE_POLICIES, Kind.DEVICE_ACCESS)
        if not named and not self.scope.covers(stored.partition(" ")[0]):
            raise NotThereError(key)
        self._refuse_shown(kind, WRITABLE)
        record = read(kind, stored, fields)
        if self.scope.holds(record):
            return record
        if isinstance(record, DevicePolicy):
            field = "applies_to" if record.company is None else "company"
            what = "is not, or not only, what you administer"
            raise ProblemsError([Problem(field, what, "name what you administer")])
        raise NotThereError(key)

    def _there(self, state: State, kind: Kind, key: str) -> Record:
        """Return the record of *key*, if it is within."""
        if kind not in SHAPES:
            raise NotThereError(kind)
        record = state.of(kind).get(key)
        if record is None:
            try:
                record = state.of(kind).get(key_of(kind, key))
            except ProblemsError:
                record = None
        if record is None or not administered(record) or not self.scope.holds(record):
            raise NotThereError(key)
        return record

    def _put_plan(
        self,
        state: State,
        records: list[Record],
        secret: bool,
        *,
        by_key: bool = False,
        instead_of: tuple[Kind, str] | None = None,
    ) -> Plan:
        above = self._above(state)
        for record in records:
            self._refuse(state, record, above, by_key=by_key)
        return self._planned(
            state,
            [(each.kind, each.key) for each in records],
            lambda: personal.put(
                state,
                *records,
                update_password="always" if secret else "on_create",
                instead_of=instead_of,
            ),
            by_key=by_key,
        )

    def _refuse(
        self, state: State, record: Record, above: AbstractSet[str], *, by_key: bool
    ) -> None:
        """Raise what keeps *record* from being stored, but for what the planner says."""
        old = state.of(record.kind).get(record.key)
        if old is not None and not self.scope.holds(old):
            # Only what has a name of its own can be there and be somebody else's.
            problem = Problem(KEY, "is taken", "choose another name")
            raise ProblemsError([_below(record.key, problem) if by_key else problem])
        self._refuse_above(record, above)
        if not isinstance(record, User):
            return
        had = old.role if isinstance(old, User) else None
        if record.role == had:
            return
        if not self.names_administrators:
            raise ForbiddenError("a mail administrator gives no roles and takes none")
        if record.key == self.actor:
            raise ForbiddenError("somebody else must change your own role")
        if record.role is not None and not self._reaches(state, record.role):
            raise ForbiddenError("nobody gives a role that reaches beyond their own")

    def look_after(self, address: str) -> User:
        """
        Return the user *address*, if this desk may change how they sign in.

        Raises NotThereError, and ForbiddenError for who administers more.
        """
        state = self.book.state()
        user = state.users.get(address)
        if user is None or not self.scope.holds(user):
            raise NotThereError
        self._refuse_above(user, self._above(state))
        return user

    def _refuse_above(self, record: Record, above: AbstractSet[str]) -> None:
        """Raise ForbiddenError where *record* is about a mailbox of *above*."""
        if record.key.partition(" ")[0] in above:
            what = "it is the mailbox of somebody who administers more than you"
            raise ForbiddenError(f"{what}, or their mail goes there")

    def _above(self, state: State) -> frozenset[str]:
        """
        Return the mailboxes of all who administer more than this desk does.

        Those are among them that get their mail, or new passwords: who reads that becomes them.
        """
        found: set[str] = set()
        for user in state.users.values():
            if user.role is not None and not self._reaches(state, user.role):
                found.update((user.address, *user.redirect_to))
                if user.recovery_address:
                    found.add(user.recovery_address)
        return frozenset(found)

    def _reaches(self, state: State, role: Role) -> bool:
        """Tell whether *role* is no more than this one."""
        theirs = Scope.of(state, role)
        return (
            theirs.domains <= self.scope.domains
            and theirs.companies <= self.scope.companies
            and (self.names_administrators or role.name != ADMINISTRATOR)
        )

    def _refuse_shown(self, kind: Kind, allowed: frozenset[Kind]) -> None:
        if kind not in SHAPES:
            raise NotThereError(kind)
        if kind not in allowed:
            raise ForbiddenError(f"{kind} are not made or changed here")

    def _refuse_declared(self, plan: Plan, gone: list[tuple[Kind, str]]) -> None:
        """Raise ProblemsError where something of the inventory's would have to change too."""
        declared = [step.record for step in plan if step.record.managed_by is Owner.INVENTORY]
        if not declared:
            return
        mine = sorted(place_of(each.kind, each.key) for each in declared if self.scope.holds(each))
        by = f"{mine[0]} in the inventory" if mine else "the inventory"
        key = gone[0][1] if len(gone) > 1 else KEY
        raise ProblemsError(
            [Problem(key, f"is referred to by {by}", "take it out there, and apply")]
        )

    def _agree(self, there: Record | None, etag: str | None) -> None:
        if etag is None:
            return
        if etag == NONE:
            agreed = there is None
        else:
            agreed = there is not None and etag in (ANY, etag_of(there))
        # Somebody who may not see it learns no more than that the name is taken.
        if not agreed:
            raise ConflictError("somebody else changed it in the meantime")

    def _write(
        self,
        make: Callable[[State], Plan],
        kind: Kind | None,
        key: str | None,
        *,
        dry_run: bool,
    ) -> Outcome:
        actor = f"{self.actor} ({self.via})" if self.via else self.actor
        plan = self.book.change(make, actor=actor, dry_run=dry_run)
        steps = tuple(step for step in plan if self.scope.holds(step.record))
        if kind is None or key is None:
            return Outcome(None, steps)
        planned = [step.after for step in plan if (step.kind, step.key) == (kind, key)]
        there = planned[0] if dry_run and planned else self.book.state().of(kind).get(key)
        return Outcome(None if there is None else entry_of(there), steps)

    def _planned(
        self,
        state: State,
        named: list[tuple[Kind, str]],
        make: Callable[[], Plan],
        *,
        by_key: bool = False,
    ) -> Plan:
        """Return what *make* makes; raises its problems by field."""
        try:
            return make()
        except ProblemsError as error:
            problems = {self._placed(state, named, each, by_key) for each in error.problems}
            raise ProblemsError(problems) from None

    def _placed(
        self, state: State, named: list[tuple[Kind, str]], problem: Problem, by_key: bool
    ) -> Problem:
        for kind, key in named:
            for at_key in (path_of(kind, key), place_of(kind, *key.split(" ", 1))):
                found = placed(problem, at_key, SHAPES[kind], strict=True)
                if found is not problem:
                    return _below(key, found) if by_key else found
        if self._hides(state, problem):
            what = "is in use where you do not administer"
            return Problem(KEY, what, "ask whoever administers there")
        return problem

    def _hides(self, state: State, problem: Problem) -> bool:
        """Tell whether *problem* is with a record that is somebody else's."""
        top, _, path = problem.path.partition(".")
        kind = next((kind for kind in Kind if top == f"mail_{kind}"), None)
        if kind is None:
            return False
        return not any(
            self.scope.holds(record)
            for record in state.of(kind).values()
            if f"{path}.".startswith(f"{record.key.replace(' ', '.')}.")
        )


def _below(key: str, problem: Problem) -> Problem:
    path = key if problem.path == KEY else f"{key}.{problem.path}"
    return Problem(path, problem.message, problem.remedy)


def _with_secret(fields: Mapping[str, object]) -> bool:
    return any(fields.get(name) is not None for name in _SECRETS)
