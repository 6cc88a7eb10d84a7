"""Who asks, and what they may look after: what every page and call of the API goes through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from fermoposta.directory.model import Company, DeviceAccess, DevicePolicy
from fermoposta.directory.model.records import ADMINISTRATOR
from fermoposta.portal import signin
from fermoposta.portal.i18n import marked as _
from fermoposta.portal.web import SESSION_COOKIE, client_of, portal_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from fermoposta.directory.model import Record, Role, State
    from fermoposta.portal.store import Person


class SignInNeededError(Exception):
    """Nobody is signed in; *target* is where they wanted to go."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.target = target

    @property
    def location(self) -> str:
        """Return where to sign in, and go on from there."""
        return f"/login?next={quote(self.target, safe='')}"


@dataclass(frozen=True, slots=True)
class Scope:
    """The domains and companies that somebody administers, as of one state of the directory."""

    domains: frozenset[str] = frozenset()
    companies: frozenset[str] = frozenset()

    @classmethod
    def of(cls, state: State, role: Role | None) -> Scope:
        """Return what *role* reaches: the domains it names, and those of the companies it names."""
        if role is None:
            return cls()
        companies = frozenset(role.companies) & state.companies.keys()
        named = frozenset(role.domains) & state.domains.keys()
        below = {each.name for each in state.domains.values() if each.company in companies}
        return cls(named | below, companies)

    def covers(self, name: str) -> bool:
        """Tell whether *name*, an address or a domain, is within."""
        return name.rpartition("@")[2] in self.domains

    def holds(self, record: Record) -> bool:
        """Tell whether *record* is of what is within; its values are another matter."""
        if isinstance(record, Company):
            return record.key in self.companies
        if isinstance(record, DevicePolicy):
            return record.company in self.companies or (
                record.company is None and all(map(self.covers, record.applies_to))
            )
        if isinstance(record, DeviceAccess) and record.scope in self.companies:
            return True
        return self.covers(record.key.partition(" ")[0])

    def __bool__(self) -> bool:
        """Tell whether there is anything to administer."""
        return bool(self.domains or self.companies)


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who administers, and what."""

    person: Person
    role: Role
    scope: Scope
    state: State
    """The directory as it was when they asked."""

    @property
    def names_administrators(self) -> bool:
        """Whether they may give roles to others."""
        return self.role.name == ADMINISTRATOR


async def reader(request: Request) -> Person | None:
    """Return who is signed in, None where nobody is."""
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    portal = portal_of(request)
    session = await run_in_threadpool(signin.whose, portal.store, token, portal.clock())
    return await run_in_threadpool(portal.store.person, session.address) if session else None


async def signed_in(request: Request) -> Person:
    """Return who is signed in; raises SignInNeededError."""
    person = await reader(request)
    if person is None:
        query = f"?{request.url.query}" if request.url.query else ""
        raise SignInNeededError(request.url.path + query if request.method == "GET" else "/home")
    return person


async def not_current(request: Request, address: str, password: str) -> str:
    """Say why *password* does not let somebody change things; empty where it does."""
    portal = portal_of(request)
    try:
        await run_in_threadpool(
            signin.verify, portal.store, address, password, client_of(request), portal.clock()
        )
    except signin.RefusedError:
        return _("This is not your password.")
    except signin.TooManyError:
        return _("Too many attempts. Please try again in a quarter of an hour.")
    return ""


async def administrator(request: Request) -> Administrator:
    """Return who is signed in and administers; raises SignInNeededError, and 403 for others."""
    person = await signed_in(request)
    state = await run_in_threadpool(portal_of(request).book.state)
    user = state.users.get(person.address)
    role = None if user is None else user.role
    scope = Scope.of(state, role)
    if role is None or not scope:
        raise HTTPException(403)
    return Administrator(person, role, scope, state)
