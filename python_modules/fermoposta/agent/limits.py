"""
Tell owners and administrators, once for each finding, what is beyond the limits of a mailbox.

What was told is kept in the mailbox itself (METADATA, RFC 5464), with the day of the last look, so
that it goes where the mailbox goes. What is no longer so is forgotten, and told anew should it come
back. Messages are read only when they are new, or a site's every mail would be read every day.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import structlog

from fermoposta.agent.errors import Later, Refuse
from fermoposta.agent.tools import Tools
from fermoposta.directory.model import State
from fermoposta.directory.store import Change
from fermoposta.mailstore.imap import MailboxError, Session
from fermoposta.mailstore.limits import Finding, Limit, Limits, judge, measure

ENTRY = "/private/vendor/fermoposta/limits"
_MOST = 200
"""Findings of one mailbox that are told and remembered; a line can't be longer."""
_log = structlog.get_logger()

SUBJECTS = {
    "it": "La casella supera i limiti consigliati",
    "en": "Your mailbox is beyond the recommended limits",
}
LEADS = {
    "it": "Per questi motivi la sincronizzazione di {address} può rallentare o fermarsi:",
    "en": "For these reasons, synchronising {address} may be slow or stop:",
}
LINES = {
    "it": {
        Limit.MAILBOX: "- la casella occupa {amount} byte, il limite consigliato è {allowed}",
        Limit.FOLDERS: "- ci sono {amount} cartelle, il limite consigliato è {allowed}",
        Limit.ITEM: "- un messaggio in «{folder}» occupa {amount} byte, oltre {allowed}",
        Limit.MALFORMED: "- un messaggio nella cartella «{folder}» non è leggibile ({reason})",
    },
    "en": {
        Limit.MAILBOX: "- the mailbox has {amount} bytes, the recommended limit is {allowed}",
        Limit.FOLDERS: "- there are {amount} folders, the recommended limit is {allowed}",
        Limit.ITEM: "- a message in the folder “{folder}” has {amount} bytes, more than {allowed}",
        Limit.MALFORMED: "- a message in the folder “{folder}” can't be understood ({reason})",
    },
}


async def run(tools: Tools, changes: AsyncIterator[Sequence[Change]]) -> None:
    """Look at every mailbox once in `limits_interval` seconds."""
    loop, last = asyncio.get_running_loop(), None
    async for some in changes:
        due = last is None or loop.time() - last >= tools.settings.limits_interval
        if not some and due:
            last = loop.time()
            await look(tools)


async def look(tools: Tools) -> None:
    """Look at every mailbox, domain by domain; tell what was not told before."""
    state = tools.directory
    by_domain: defaultdict[str, list[str]] = defaultdict(list)
    for address in sorted(state.users):
        by_domain[address.rpartition("@")[2]].append(address)
    for domain, addresses in sorted(by_domain.items()):
        await _look_at(tools, state, domain, addresses)
    _log.info("limits looked at", mailboxes=len(state.users))


async def _look_at(tools: Tools, state: State, domain: str, addresses: Sequence[str]) -> None:
    """Tell the owners, then the domain's administrators; only then it counts as told."""
    today = datetime.now(UTC).date()
    found: list[tuple[str, Finding]] = []
    told: dict[str, set[str]] = {}
    for address in addresses:
        with _noted(address):
            new, keys = await asyncio.to_thread(_new, tools, address, today)
            if new:
                await _send(tools, state, address, [(address, each) for each in new])
                found += [(address, each) for each in new]
                told[address] = keys
    for administrator in administrators(state, domain) if found else ():
        with _noted(administrator):
            await _send(tools, state, administrator, found)
    for address, keys in told.items():
        with _noted(address):
            await asyncio.to_thread(_remember, tools, address, keys, today)


@contextmanager
def _noted(address: str) -> Iterator[None]:
    """Go on where one mailbox can't be looked at, or one person can't be told."""
    try:
        yield
    except (MailboxError, OSError, Later, Refuse) as error:
        _log.warning("limits not looked at", address=address, error=str(error))


def administrators(state: State, domain: str) -> list[str]:
    """Return who administers *domain*, by itself or with its company."""
    company = state.domains[domain].company
    return sorted(
        user.address
        for user in state.users.values()
        if user.role and (domain in user.role.domains or company in user.role.companies)
    )


def _limits(tools: Tools) -> Limits:
    site = tools.settings
    return Limits(site.limit_mailbox_bytes, site.limit_folders, site.limit_item_bytes)


def _new(tools: Tools, address: str, today: date) -> tuple[list[Finding], set[str]]:
    """Return what was not told yet, and the keys of all that was found."""
    bounds = _limits(tools)
    with tools.imap(address) as session:
        told, since = _told(session)
        found = judge(measure(session.client, bounds, since=since), bounds)[:_MOST]
        keys = {each.key for each in found}
        new = [each for each in found if each.key not in told]
        if not new and (keys, today) != (told, since):
            _note(session, keys, today)
        return new, keys


def _remember(tools: Tools, address: str, keys: set[str], today: date) -> None:
    with tools.imap(address) as session:
        _note(session, keys, today)


def _told(session: Session) -> tuple[set[str], date | None]:
    """Return the keys of what was told, and the day of the last look, None before the first."""
    imap = session.client._imap  # noqa: SLF001 - the library has no METADATA
    imap.untagged_responses.pop("METADATA", None)
    imap.xatom("GETMETADATA", "INBOX", f"({ENTRY})")
    _, answer = imap.response("METADATA")
    said = repr(answer)
    day = re.search(r"\b\d{4}-\d\d-\d\d\b", said)
    keys = set(re.findall(r"\b[0-9a-f]{12}\b", said))
    return keys, date.fromisoformat(day[0]) if day else None


def _note(session: Session, keys: set[str], today: date) -> None:
    value = f'"{" ".join([today.isoformat(), *sorted(keys)])}"'
    imap = session.client._imap  # noqa: SLF001 - the library has no METADATA
    kind, data = imap.xatom("SETMETADATA", "INBOX", f"({ENTRY} {value})")
    if kind != "OK":
        raise MailboxError(f"what was told can't be remembered: {data!r}")


async def _send(tools: Tools, state: State, to: str, found: Sequence[tuple[str, Finding]]) -> None:
    message = notice(state, to, found)
    await tools.submit(bytes(message), sender="", recipients=[to])
    _log.info("limits told", address=to, findings=len(found))


def notice(state: State, to: str, found: Sequence[tuple[str, Finding]]) -> EmailMessage:
    """Write to *to*, in their language, what was *found* in which mailboxes."""
    language = state.users[to].language if state.users[to].language in LINES else "en"
    domain, lines = to.rpartition("@")[2], []
    for address in sorted({address for address, _ in found}):
        lines.append(LEADS[language].format(address=address))
        for _, each in (pair for pair in found if pair[0] == address):
            lines.append(
                LINES[language][each.limit].format(
                    amount=each.amount, allowed=each.allowed, folder=each.folder, reason=each.reason
                )
            )
        lines.append("")
    message = EmailMessage()
    message["From"] = f"postmaster@{domain}"
    message["To"] = to
    message["Subject"] = SUBJECTS[language]
    message["Date"] = formatdate(datetime.now(UTC).timestamp())
    message["Message-ID"] = make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5
    message.set_content("\n".join(lines))
    return message
