"""
What becomes of one message: who gets it, as whom it goes, which headers it may keep.

Pure: what Postfix told goes in, what Postfix shall do comes out.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from fermoposta.directory.represent import NotAllowed, Represented, represent
from fermoposta.directory.route import (
    INTERNAL,
    Refusal,
    Router,
    Routes,
    Sender,
    Why,
    base_of,
    domain_of,
)
from fermoposta.policy.authors import AuthorError, authors_of
from fermoposta.policy.origin import Site, plain, sender_of, understood

AGENT_DOMAIN = f"agent.{INTERNAL}"
BY_ID, BY_ADDRESS = frozenset({"forward", "invitation"}), frozenset({"spam", "ham"})
"""What Sieve asks of the agent for a mailbox: its id, or its address, stands behind the ``+``."""
REFUSED_DOMAIN = f"refused.{INTERNAL}"
"""Postfix bounces what is sent there, in words of its own for each kind of refusal."""
OURS = "x-fermoposta-"
"""How headers begin that nobody but this host writes."""
ORIGIN = "X-Fermoposta-Origin"
"""Says ``internal`` of mail by a trusted sender, for when Sieve sends it on."""
ENVELOPE = "X-Fermoposta-Envelope-From"
"""Tells the spam filter the new envelope sender; it takes the header away."""
REDIRECTED = "x-sieve-redirected-from"
_UNSAFE = re.compile(rb"[^A-Za-z0-9@._-]")
HEADERS_MAX = 2_000
"""A message with more headers is refused: nobody writes one, and each costs memory."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient as SMTP gave it, and its options (RFC 3461)."""

    written: str
    options: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Return the address in lower case."""
        return plain(self.written)


@dataclass(slots=True)
class Letter:
    """A message as Postfix tells it: envelope and headers. *host*: this host itself made it."""

    host: bool = False
    client: str = ""
    login: str = ""
    queue_id: str = ""
    envelope: str = ""
    recipients: list[Recipient] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        """Return the values of all headers with *name*, in lower case, the topmost first."""
        return [value.strip() for key, value in self.headers if key.lower() == name]


@dataclass(frozen=True, slots=True)
class Submission:
    """Somebody sent as somebody else; the mailbox agent files copies of it."""

    id: str
    login: str
    represented: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message is refused, for good where *code* begins with 5."""

    code: str
    text: str


@dataclass(slots=True)
class Changes:
    """What is done to a message before it is queued."""

    deleted_recipients: list[str] = field(default_factory=list)
    added_recipients: list[Recipient] = field(default_factory=list)
    envelope: str | None = None
    deleted_headers: list[tuple[str, int]] = field(default_factory=list)
    added_headers: list[tuple[str, str]] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    refusals: list[tuple[str, Refusal]] = field(default_factory=list)
    """What is not reached, by the address written; for the log."""


def treat(
    letter: Letter, router: Router, site: Site, new_id: Callable[[], uuid.UUID] = uuid.uuid4
) -> Changes | Rejected:
    """Say what becomes of *letter*."""
    sender, redirected = _sender(letter, router, site)
    if problem := _unreadable(letter, sender):
        return problem
    changes = Changes()
    if redirected and (problem := _foreign_work(letter, router, sender)):
        return problem
    if not redirected and (problem := _automatic_work(letter, sender)):
        return problem
    if letter.login:
        shown = _shown(letter, router, sender)
        if isinstance(shown, Rejected):
            return shown
        _show(letter, sender, shown, changes, new_id)
    elif not sender.trusted:
        _unmask(letter, router, changes)
    if problem := _recipients(letter, router, sender, changes, told=not redirected):
        return problem
    _headers(letter, sender, changes, redirected=redirected)
    return changes


def _unreadable(letter: Letter, sender: Sender) -> Rejected | None:
    """Refuse what Postfix could understand in another way than we do, and what is far too much."""
    if len(letter.headers) > HEADERS_MAX:
        return Rejected("550 5.6.0", f"The message has more than {HEADERS_MAX} headers")
    written = [recipient.written for recipient in letter.recipients]
    if sender.trusted and sender.address:
        written.append(letter.envelope)
    for path in written:
        if not understood(path):
            return Rejected("550 5.1.3", f"Write {path} as plain name@domain")
    return None


def _sender(letter: Letter, router: Router, site: Site) -> tuple[Sender, bool]:
    """Return whose mail it is, and whether a Sieve script sends it on."""
    if not letter.host:
        return sender_of(
            router, site, client=letter.client, login=letter.login, envelope=letter.envelope
        ), False
    address = plain(letter.envelope)
    if redirecting := letter.values(REDIRECTED):
        # Who sends it on answers for where it goes, and who wrote it for whom it reaches.
        internal = "internal" in letter.values(ORIGIN.lower())
        return Sender(address, login=base_of(plain(redirecting[0])), trusted=internal), True
    return Sender(address, trusted=True), False


def _foreign_work(letter: Letter, router: Router, sender: Sender) -> Rejected | None:
    """Refuse that a script of somebody's own gives the agent work for another mailbox."""
    state, address = router.state, sender.login or ""
    mailbox = state.users.get(address) or state.resources.get(address)
    own_id = mailbox.mailbox_id if mailbox else None
    for recipient in letter.recipients:
        local, _, domain = recipient.address.rpartition("@")
        if domain == AGENT_DOMAIN:
            word, _, argument = local.partition("+")
            by_id = word in BY_ID and own_id and argument.partition(".")[0] == own_id
            named = argument.partition("+")[0].rpartition("=")
            by_address = word in BY_ADDRESS and f"{named[0]}@{named[2]}" == address
            if not (by_id or by_address):
                return Rejected("550 5.7.1", "This is not work for your own mailbox")
    return None


def _automatic_work(letter: Letter, sender: Sender) -> Rejected | None:
    """Refuse that an answer of this host, to whoever made up an address, becomes work."""
    automatic = letter.host and sender.address and letter.values("auto-submitted")
    if automatic and any(domain_of(each.address) == AGENT_DOMAIN for each in letter.recipients):
        return Rejected("550 5.7.1", "Nobody is answered there")
    return None


# --- As whom


def _shown(letter: Letter, router: Router, sender: Sender) -> Represented | Rejected:
    try:
        authors = authors_of([value for name, value in letter.headers if name.lower() == "from"])
    except AuthorError as error:
        return Rejected("550 5.6.0", str(error))
    login = sender.login or ""
    found = represent(router.state, login, authors or (login,), sender.address)
    if isinstance(found, NotAllowed):
        return Rejected("550 5.7.1", f"You may not send as {found.address}")
    return found


def _show(
    letter: Letter,
    sender: Sender,
    shown: Represented,
    changes: Changes,
    new_id: Callable[[], uuid.UUID],
) -> None:
    """Let the message say who sent it, or not, and have copies filed."""
    login = sender.login or ""
    if not letter.values("from"):
        changes.added_headers.append(("From", f"<{login}>"))
    changes.deleted_headers += _every(letter, lambda name: name == "sender")
    if shown.sender is not None:
        changes.added_headers.append(("Sender", f"<{shown.sender}>"))
    if shown.envelope != sender.address:
        changes.envelope = shown.envelope
        changes.added_headers.append((ENVELOPE, f"<{shown.envelope}>"))
    message_id = "".join(letter.values("message-id")[:1]).encode("ascii", "replace").decode()
    for other in shown.others:
        made = Submission(str(new_id()), login, other, message_id)
        changes.submissions.append(made)
        copy = Recipient(f"sent+{made.id}@{AGENT_DOMAIN}", ("NOTIFY=NEVER",))
        changes.added_recipients.append(copy)


def _unmask(letter: Letter, router: Router, changes: Changes) -> None:
    """
    Take away a Sender by which somebody outside claims to be one of us.

    So is one that can't be understood: some client may find the claim in it.
    """
    for value in letter.values("sender"):
        try:
            ours = any(router.hosted(_in_ascii(address)) for address in authors_of([value]))
        except AuthorError:
            ours = True
        if ours:
            changes.deleted_headers += _every(letter, lambda name: name == "sender")
            return


def _in_ascii(address: str) -> str:
    """Return *address* with its domain as the directory has it (RFC 5891, A-labels)."""
    local, at, domain = plain(address).rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return f"{local}{at}{domain}"


# --- To whom


def _recipients(
    letter: Letter, router: Router, sender: Sender, changes: Changes, *, told: bool
) -> Rejected | None:
    """Put in the place of each recipient what it leads to; say why where nothing is left."""
    written = [each for each in letter.recipients if domain_of(each.address) != AGENT_DOMAIN]
    routes = [(each, router.route(sender, each.address)) for each in written]
    for each, found in routes:
        changes.refusals += [(each.address, refusal) for refusal in found.refusals]
        if not found.deliveries and found.refusals[0].code.startswith("4"):
            return Rejected(found.refusals[0].code, found.refusals[0].text)
    if routes and not any(found.deliveries for _, found in routes):
        first = routes[0][1].refusals[0]
        if len(written) == len(letter.recipients):
            return Rejected(first.code, first.text)
    _replace(routes, changes)
    if told and sender.trusted and sender.address:
        changes.added_recipients += [
            Recipient(_bounce(each.address, found.lost), (_original(each.address),))
            for each, found in routes
            if found.lost
        ]
    return None


def _replace(routes: list[tuple[Recipient, Routes]], changes: Changes) -> None:
    """Delete what leads elsewhere, and add where it leads: each address once."""
    reached = {delivery.address for _, found in routes for delivery in found.deliveries}
    there = {each.address for each, _ in routes if each.address in reached}
    for each, found in routes:
        # Deleted and added again, Postfix would take it for a duplicate.
        if each.address not in reached:
            changes.deleted_recipients.append(each.written)
        for delivery in found.deliveries:
            if delivery.address not in there:
                there.add(delivery.address)
                options = _passed_on(each)
                changes.added_recipients.append(Recipient(delivery.address, options))


def _passed_on(written: Recipient) -> tuple[str, ...]:
    """Return the options for what *written* leads to, so that reports name what was written."""
    kept = [option for option in written.options if option.upper().startswith("NOTIFY=")]
    return (*kept, _original(written.address))


def _original(address: str) -> str:
    """Return *address* as the option that names it (RFC 3461, section 4.2)."""
    octets = address.encode("utf-8", "surrogateescape")
    quoted = _UNSAFE.sub(lambda found: b"+%02X" % found[0][0], octets)
    return f"ORCPT=rfc822;{quoted.decode()}"


def _bounce(written: str, why: Why) -> str:
    """Return the address for which Postfix tells the sender that *written* was not reached."""
    return f"{written}.{why.value}.{REFUSED_DOMAIN}"


# --- Headers


def _headers(letter: Letter, sender: Sender, changes: Changes, *, redirected: bool) -> None:
    """Take away what others wrote that looks like ours, and say of trusted mail that it is."""
    if not letter.host:
        changes.deleted_headers += _every(letter, lambda name: name.startswith(OURS))
    if sender.trusted and not redirected:
        changes.added_headers.append((ORIGIN, "internal"))


def _every(letter: Letter, wanted: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
    """Name the headers that are *wanted*, the last one first, since numbers move up."""
    seen: dict[str, int] = {}
    found = []
    for name, _ in letter.headers:
        key = name.lower()
        seen[key] = seen.get(key, 0) + 1
        if wanted(key):
            found.append((name, seen[key]))
    yield from reversed(found)
