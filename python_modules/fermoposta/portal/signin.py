"""
Sign people in, if this is the mailbox's password and the client has not tried too often.

An unknown address, a wrong password and a closed user are told the same, after the same work. The
limits count attempts whether or not the address exists.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from fermoposta.clientconfig.facts import normalised_address
from fermoposta.directory import passwords
from fermoposta.portal.digest import digest_of
from fermoposta.portal.store import Attempts, PortalStore, Session
from fermoposta.service.client_address import network_of

WINDOW = timedelta(minutes=15)
"""How long an attempt counts."""
LIMITS = Attempts(by_pair=6, by_client=30, by_address=100)
"""Attempts that are answered within the window."""

CODE_LIMITS = Attempts(by_pair=6, by_client=30, by_address=20)
"""Codes of a second factor that are looked at within the window."""

# Nobody must cost as much time as somebody.
_DECOY = passwords.hash_password(secrets.token_urlsafe(16))
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The session, and the token that goes into the browser's cookie and nowhere else."""

    session: Session
    token: str


class RefusedError(Exception):
    """These are not credentials of ours. Says no more, on purpose."""


class TooManyError(Exception):
    """Too many attempts; whether the last one was right is not looked at."""


def sign_in(
    store: PortalStore, address: str, password: str, client: str, *, now: datetime, hours: int
) -> SignedIn:
    """Return a session of *hours* for *address*; raise RefusedError or TooManyError."""
    known_form, stored = verify(store, address, password, client, now)
    return open_session(store, known_form, digest_of(stored), client, now=now, hours=hours)


def open_session(
    store: PortalStore, address: str, credential: bytes, client: str, *, now: datetime, hours: int
) -> SignedIn:
    """Return a session of *hours* for *address*, who has shown all that is asked for."""
    token = secrets.token_urlsafe(32)
    session = Session(
        digest=digest_of(token),
        address=address,
        credential=credential,
        expires_at=now + timedelta(hours=hours),
    )
    store.add_session(session)
    _log.info("login accepted", address=address, client=client)
    return SignedIn(session, token)


def count_code(store: PortalStore, address: str, client: str, now: datetime) -> None:
    """
    Count a try at the second factor of *address*; raises TooManyError.

    They are counted by themselves: the right password, which whoever tries has, forgives none.
    """
    tried = store.note_attempt(f"code {address}", network_of(client), now, now - WINDOW)
    if exceeds(tried, CODE_LIMITS):
        _log.warning("login limited", address=address, client=client)
        raise TooManyError


def count_client(store: PortalStore, client: str, now: datetime) -> None:
    """Count a try of *client* by which nobody is named; raises TooManyError."""
    tried = store.note_attempt("", network_of(client), now, now - WINDOW)
    if tried.by_client > LIMITS.by_client:
        _log.warning("login limited", client=client)
        raise TooManyError


def verify(
    store: PortalStore, address: str, password: str, client: str, now: datetime
) -> tuple[str, str]:
    """
    Return the usual form of *address* and the hash, if *password* is right for it.

    Raises RefusedError or TooManyError; every call counts.
    """
    network = network_of(client)
    known_form = normalised_address(address) or ""
    tried = store.note_attempt(known_form, network, now, now - WINDOW)
    if exceeds(tried, LIMITS):
        _log.warning("login limited", address=known_form, client=client)
        raise TooManyError

    stored = store.credential(known_form) if known_form else None
    right = passwords.verify(password, stored or _DECOY)
    if stored is None or not right:
        _log.warning("login refused", address=known_form, client=client)
        raise RefusedError

    store.forgive(known_form, network)
    return known_form, stored


def whose(store: PortalStore, token: str, now: datetime) -> Session | None:
    """Return the session of *token* while it lasts: not expired, user open, password unchanged."""
    return lasting(store, digest_of(token), now)


def lasting(store: PortalStore, digest: bytes, now: datetime) -> Session | None:
    """Return the session of *digest* while it lasts."""
    session = store.session(digest, now)
    if session is None:
        return None
    stored = store.credential(session.address)
    if stored is None or not hmac.compare_digest(digest_of(stored), session.credential):
        store.drop_session(session.digest)
        return None
    return session


def exceeds(tried: Attempts, limits: Attempts) -> bool:
    """Tell whether any count is above its limit."""
    return (
        tried.by_pair > limits.by_pair
        or tried.by_client > limits.by_client
        or tried.by_address > limits.by_address
    )
