"""
Tell owners and administrators, once for each finding, what is beyond the limits of a mailbox.

What was told is kept in the mailbox itself (METADATA, RFC 5464), so that it goes where the mailbox
goes. What is no longer so is forgotten, and told anew should it come back.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
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
    """Look at every mailbox, one after the other; tell what was not told before."""
    state = tools.directory
    by_domain: defaultdict[str, list[tuple[str, Finding]]] = defaultdict(list)
    for address in sorted(state.users):
        try:
            new = await asyncio.to_thread(_new, tools, address)
            if new:
                await _send(tools, address, [(address, each) for each in new])
                await asyncio.to_thread(_remember, tools, address)
        except (MailboxError, OSError, Later, Refuse) as error:
            _log.warning("limits not looked at", address=address, error=str(error))
            continue
        if new:
            by_domain[address.rpartition("@")[2]] += [(address, each) for each in new]
    for domain, found in sorted(by_domain.items()):
        for administrator in administrators(state, domain):
            try:
                await _send(tools, administrator, found)
            except (Later, Refuse) as error:
                _log.warning("limits not told", address=administrator, error=str(error))
    _log.info("limits looked at", mailboxes=len(state.users))


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


def _found(tools: Tools, session: Session) -> list[Finding]:
    bounds = _limits(tools)
    return judge(measure(session.client, bounds), bounds)[:_MOST]


def _new(tools: Tools, address: str) -> list[Finding]:
    with tools.imap(address) as session:
        found, told = _found(tools, session), _told(session)
        if told - {each.key for each in found}:
            _note(session, told & {each.key for each in found})
        return [each for each in found if each.key not in told]


def _remember(tools: Tools, address: str) -> None:
    with tools.imap(address) as session:
        _note(session, {each.key for each in _found(tools, session)})


def _told(session: Session) -> set[str]:
    imap = session.client._imap  # noqa: SLF001 - the library has no METADATA
    imap.untagged_responses.pop("METADATA", None)
    imap.xatom("GETMETADATA", "INBOX", f"({ENTRY})")
    _, answer = imap.response("METADATA")
    return set(re.findall(r"\b[0-9a-f]{12}\b", repr(answer)))


def _note(session: Session, keys: set[str]) -> None:
    value = f'"{" ".join(sorted(keys))}"' if keys else "NIL"
    imap = session.client._imap  # noqa: SLF001 - the library has no METADATA
    kind, data = imap.xatom("SETMETADATA", "INBOX", f"({ENTRY} {value})")
    if kind != "OK":
        raise MailboxError(f"what was told can't be remembered: {data!r}")


async def _send(tools: Tools, to: str, found: Sequence[tuple[str, Finding]]) -> None:
    message = notice(tools.directory, to, found)
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
