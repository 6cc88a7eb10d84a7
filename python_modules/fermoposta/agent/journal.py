"""
What the host's journal says of a mail, or of somebody's log-ins.

`read` asks journalctl for lines that hold some text; the rest of this module makes sense of what
Postfix, Dovecot, Rspamd and our own services write.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SECONDS = 25
"""How long a look into the journal may take."""
MOST_LINES = 4000
"""Lines that are read at once, the latest."""
MAIL_UNITS = ("postfix.service", "dovecot.service", "rspamd.service")
LOGIN_UNITS = (
    "postfix.service",
    "dovecot.service",
    "fermoposta-portal.service",
    "fermoposta-gateway@*.service",
)


class JournalError(Exception):
    """The journal can't be read now."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, of the program that calls itself *who*, in *unit*."""

    at: datetime
    who: str
    text: str
    unit: str = ""


async def read(
    units: Sequence[str], texts: Iterable[str], *, since: datetime, until: datetime
) -> list[Line]:
    """Return lines that hold any of *texts*, the latest if they are many; raises JournalError."""
    command = [
        "journalctl",
        "--output=json",
        "--output-fields=MESSAGE,SYSLOG_IDENTIFIER,_SYSTEMD_UNIT",
        "--no-pager",
        "--quiet",
        f"--since=@{since.timestamp():.0f}",
        f"--until=@{until.timestamp() + 1:.0f}",
        f"--lines={MOST_LINES}",
        "--case-sensitive=no",
        f"--grep={'|'.join(map(re.escape, texts))}",
        *(f"--unit={unit}" for unit in units),
    ]
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError as error:
        raise JournalError(str(error)) from error
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        message = f"journalctl needs more than {SECONDS} s"
        raise JournalError(message) from error
    # 1 with nothing said: no line holds that.
    if process.returncode not in {0, 1}:
        message = f"journalctl ended with {process.returncode}"
        raise JournalError(message)
    return sorted(filter(None, map(_line, said.splitlines())), key=lambda line: line.at)


def _line(said: bytes) -> Line | None:
    try:
        entry = json.loads(said)
        text, who = entry["MESSAGE"], entry.get("SYSLOG_IDENTIFIER") or ""
        at = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
    except (ValueError, KeyError, TypeError):
        return None
    # What is no UTF-8 comes as a list of bytes.
    if isinstance(text, list):
        text = bytes(text).decode(errors="replace")
    return Line(at, str(who), str(text), str(entry.get("_SYSTEMD_UNIT") or ""))


# --- Mails

_QUEUED = re.compile(r"(?P<queue>[0-9A-Za-z]{6,20}): (?P<rest>.*)", re.DOTALL)
_CAME = re.compile(r"client=(?P<client>\S+?\[[^\]]*\])(?:.*?sasl_username=(?P<login>\S+))?")
_MESSAGE_ID = re.compile(r"message-id=(?P<id>.*)")
_FROM = re.compile(r"from=<(?P<sender>[^>]*)>, size=(?P<size>\d+)")
_TO = re.compile(
    r"to=<(?P<to>[^>]*)>,(?: orig_to=<(?P<first>[^>]*)>,)? relay=(?P<relay>.*?), .*?"
    r"dsn=(?P<dsn>[\d.]+), status=(?P<status>\w+)(?: \((?P<said>.*)\))?$",
    re.DOTALL,
)
_REFUSED = re.compile(
    r"(?:milter-)?reject: \S+(?: \S+)? from (?P<client>\S+?\[[^\]]*\])(?::\d+)?: (?P<said>.*?);"
    r"(?: from=<(?P<sender>.*?)>)?(?: to=<(?P<to>.*?)>)? proto=",
    re.DOTALL,
)
_STORED = re.compile(r"lmtp\((?P<to>[^)]+)\).*?: sieve: msgid=(?P<id>\S+): (?P<did>.*)", re.DOTALL)
_FOLDER = re.compile(r"stored mail into mailbox '(?P<folder>.*)'$")
_ELSEWHERE = re.compile(r"redirect action: forwarded to <(?P<elsewhere>[^>]*)>")
_JUDGED = re.compile(
    r"id: <(?P<id>[^>]*)>, qid: <(?P<queue>[^>]*)>.*?\(default: \S \((?P<action>[^)]*)\): "
    r"\[(?P<score>-?[\d.]+)/(?P<limit>-?[\d.]+)\] \[(?P<symbols>.*)\]",
    re.DOTALL,
)
_SYMBOL = re.compile(r"(?P<name>[A-Z][A-Z0-9_]+)\((?P<score>-?[\d.]+)\)")


@dataclass(slots=True)
class Step:
    """
    Something that happened to a mail.

    *kind* is came, judged, sent, deferred, bounced, expired, stored, forwarded or refused; *of* is
    the recipient, where it is about one.
    """

    at: datetime
    kind: str
    of: str = ""
    where: str = ""
    """The client it came from, the server it went to, the folder or the address it lies at."""
    said: str = ""


@dataclass(slots=True)
class Traced:
    """A mail, by its Message-ID, and what happened to it on this host; or one that was refused."""

    id: str = ""
    sender: str = ""
    login: str = ""
    size: int = 0
    recipients: set[str] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)


def queues_in(lines: Iterable[Line]) -> set[str]:
    """Return the queue IDs that *lines* begin with, or that a message was judged under."""
    found = set()
    for line in lines:
        queued, judged = _QUEUED.match(line.text), _JUDGED.search(line.text)
        if line.who.startswith("postfix/") and queued and queued["queue"] != "NOQUEUE":
            found.add(queued["queue"])
        elif judged:
            found.add(judged["queue"])
    return found


def ids_in(lines: Iterable[Line]) -> set[str]:
    """Return the Message-IDs, without their brackets, of which *lines* tell."""
    found = set()
    for line in lines:
        for pattern in (_MESSAGE_ID, _STORED, _JUDGED):
            match = pattern.search(line.text)
            if match:
                found.add(match["id"].strip("<> "))
    return found - {"", "unspecified"}


def trace(lines: Iterable[Line]) -> list[Traced]:
    """Return the mails that *lines* tell of, the latest first. What is sent on is the same mail."""
    by_queue: dict[str, Traced] = defaultdict(Traced)
    by_id: dict[str, Traced] = defaultdict(Traced)
    refused: list[Traced] = []
    for line in lines:
        if line.who.startswith("postfix/"):
            _read_postfix(line, by_queue, refused)
        elif found := _STORED.search(line.text):
            _read_stored(line, found, by_id[found["id"].strip("<>")])
        elif found := _JUDGED.search(line.text):
            _read_judged(line, found, by_queue[found["queue"]])
    for part in by_queue.values():
        _merge(by_id[part.id] if part.id else _new(refused), part)
    mails = [*by_id.values(), *refused]
    for mail in mails:
        mail.steps.sort(key=lambda step: step.at)
    return sorted((each for each in mails if each.steps), key=_began, reverse=True)


def _began(mail: Traced) -> datetime:
    return mail.steps[0].at


def _new(mails: list[Traced]) -> Traced:
    mails.append(Traced())
    return mails[-1]


def _merge(mail: Traced, part: Traced) -> None:
    mail.id = mail.id or part.id
    mail.sender = mail.sender or part.sender
    mail.login = mail.login or part.login
    mail.size = mail.size or part.size
    mail.recipients |= part.recipients
    mail.steps += part.steps


def _read_postfix(line: Line, by_queue: dict[str, Traced], refused: list[Traced]) -> None:
    queued = _QUEUED.match(line.text)
    if queued is None:
        return
    rest = queued["rest"]
    if found := _REFUSED.match(rest):
        known = queued["queue"] != "NOQUEUE"
        mail = by_queue[queued["queue"]] if known else _new(refused)
        mail.sender = mail.sender or found["sender"] or ""
        to = found["to"] or ""
        if to:
            mail.recipients.add(to)
        mail.steps.append(Step(line.at, "refused", to, found["client"], found["said"]))
        return
    mail = by_queue[queued["queue"]]
    if found := _CAME.match(rest):
        mail.login = found["login"] or ""
        if "[127.0.0.1]" not in found["client"] or mail.login:
            mail.steps.append(Step(line.at, "came", "", found["client"], mail.login))
    elif found := _MESSAGE_ID.match(rest):
        mail.id = found["id"].strip("<> ")
    elif found := _FROM.match(rest):
        mail.sender, mail.size = found["sender"], int(found["size"])
    elif found := _TO.match(rest):
        to = found["to"]
        mail.recipients |= {each for each in (to, found["first"]) if each}
        said = f"{found['dsn']} {found['said'] or ''}".strip()
        mail.steps.append(Step(line.at, found["status"], to, found["relay"], said))


def _read_stored(line: Line, found: re.Match[str], mail: Traced) -> None:
    mail.id = found["id"].strip("<>")
    mail.recipients.add(found["to"])
    if folder := _FOLDER.search(found["did"]):
        mail.steps.append(Step(line.at, "stored", found["to"], folder["folder"]))
    elif elsewhere := _ELSEWHERE.search(found["did"]):
        mail.steps.append(Step(line.at, "forwarded", found["to"], elsewhere["elsewhere"]))


def _read_judged(line: Line, found: re.Match[str], mail: Traced) -> None:
    mail.id = mail.id or found["id"]
    symbols = _SYMBOL.finditer(found["symbols"])
    weighty = [each for each in symbols if abs(float(each["score"])) >= 1]
    because = ", ".join(f"{each['name']} {each['score']}" for each in weighty[:8])
    said = f"{found['score']} / {found['limit']}" + (f": {because}" if because else "")
    mail.steps.append(Step(line.at, "judged", "", found["action"], said))


# --- Log-ins

_DOVECOT = re.compile(
    r"(?P<protocol>imap|pop3|managesieve)-login: (?P<what>Logged in|Login aborted|Disconnected)"
    r".*?user=<(?P<login>[^>]*)>.*?rip=(?P<client>[^,\s]+)"
)
_SENT_BY = re.compile(
    r"[0-9A-Za-z]+: client=\S*?\[(?P<client>[^\]]*)\].*sasl_username=(?P<login>\S+)"
)
_SEND_FAILED = re.compile(
    r"warning: \S*?\[(?P<client>[^\]]*)\]\S*: SASL \S+ authentication failed"
    r".*sasl_username=(?P<login>\S+)"
)
_OURS = re.compile(
    r"login (?P<what>accepted|refused|limited)\b.*?address=\"?(?P<login>[^\s\"]+)\"?"
    r".*?client=(?P<client>\S+)"
)


@dataclass(frozen=True, slots=True)
class Login:
    """
    Log-ins of somebody's that are alike: by one protocol, from one address, with one outcome.

    *protocol* is imap, pop3, managesieve, smtp, portal or phone.
    """

    protocol: str
    client: str
    good: bool
    times: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Filed:
    """How many mails were put into the folder of a mailbox, and when the last of them."""

    mailbox: str
    times: int
    last: datetime


def filed(lines: Iterable[Line], folder: str) -> list[Filed]:
    """Return whose mail *lines* put into *folder*, the latest first."""
    found: dict[str, Filed] = {}
    for line in lines:
        stored = _STORED.match(line.text)
        where = _FOLDER.search(stored["did"]) if stored else None
        if stored is None or where is None or where["folder"] != folder:
            continue
        known = found.get(stored["to"])
        times, last = (known.times, known.last) if known else (0, line.at)
        found[stored["to"]] = Filed(stored["to"], times + 1, max(last, line.at))
    return sorted(found.values(), key=lambda each: (each.last, each.mailbox), reverse=True)


def logins(lines: Iterable[Line], address: str) -> list[Login]:
    """Return the log-ins of *address* that come from elsewhere than this host, the latest first."""
    found: dict[tuple[str, str, bool], tuple[int, datetime]] = {}
    for line in lines:
        known = _login(line)
        if known is None:
            continue
        protocol, login, client, good = known
        if login.lower() != address or client in {"127.0.0.1", "::1"}:
            continue
        times, last = found.get((protocol, client, good), (0, line.at))
        found[protocol, client, good] = (times + 1, max(last, line.at))
    made = [Login(*key, *value) for key, value in found.items()]
    return sorted(made, key=lambda each: each.last, reverse=True)


def _login(line: Line) -> tuple[str, str, str, bool] | None:
    """Return protocol, who, from where, and whether it went well."""
    text = line.text
    if found := _DOVECOT.match(text):
        good = found["what"] == "Logged in"
        told = good or "auth failed" in text
        return (found["protocol"], found["login"], found["client"], good) if told else None
    if found := _SENT_BY.match(text):
        return "smtp", found["login"], found["client"], True
    if found := _SEND_FAILED.match(text):
        return "smtp", found["login"], found["client"], False
    if found := _OURS.search(text):
        protocol = "phone" if line.unit.startswith("fermoposta-gateway@") else "portal"
        return protocol, found["login"], found["client"], found["what"] == "accepted"
    return None
