"""
What users say of the filter's verdicts: spam that was let through, good mail that was not.

A report is a message that was moved into the quarantine or out of it (`spam+`, `ham+`, queued by
Sieve), or mail to the site's report addresses with messages attached (F183). Each sample trains the
filter, and reaches the operator (F226).
"""

import email
import email.policy
from collections.abc import Iterator
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.utils import formatdate, make_msgid

import structlog

from fermoposta.agent.compose import enclosing, header_text
from fermoposta.agent.errors import Refuse
from fermoposta.agent.learning import Verdict, learn
from fermoposta.agent.mail import Mail
from fermoposta.agent.tools import Tools

MARK = "X-Junk-Report"
"""Tells the filter that a message of our own carries a sample: it shall not judge it for that."""
ADDED = frozenset({
    "envelope-from", "x-virus", "x-spam", "x-spam-status", "x-sieve-redirected-from",
    "x-fermoposta-decision", "x-fermoposta-unfiltered", "delivered-to",
})  # fmt: skip
"""What delivery wrote into a sample; the filter shall not learn its own verdict."""
_AS_IT_IS = email.policy.compat32.clone(linesep="\r\n")
_log = structlog.get_logger()


async def handle(mail: Mail, tools: Tools) -> None:
    """Train the filter with each sample in *mail*, and show it to the operator."""
    verdict: Verdict = "ham" if mail.word.removeprefix("report-") == "ham" else "spam"
    by_mail = mail.word.startswith("report-")
    reporter = mail.sender.lower() if by_mail else reporter_of(mail.argument)
    if tools.directory.kind_of(reporter) is None:
        # Nobody else gets here by port 25; an answer would go to whoever was made up.
        _log.warning("report ignored", verdict=verdict, reporter=reporter, reason="no user of ours")
        return
    parsed = email.message_from_bytes(mail.content)
    samples = list(attached(parsed)) if by_mail else [mail.content]
    if not samples:
        raise Refuse(
            "no message is attached; forward the message as an attachment, or move it into"
            " the folder Quarantena"
        )
    for sample in map(cleaned, samples):
        said = await learn(tools.settings.rspamd_socket, sample, verdict)
        _log.info("report", verdict=verdict, reporter=reporter, filter=said)
        await _show_operator(sample, verdict, reporter, said, tools)


async def _show_operator(
    sample: bytes, verdict: Verdict, reporter: str, said: str, tools: Tools
) -> None:
    operator = tools.settings.operator
    told = for_operator(
        sample, verdict, reporter=reporter, said=said, operator=operator, host=tools.settings.host
    )
    try:
        await tools.submit(told, sender="", recipients=[operator])
    except Refuse as refusal:
        # The user did all right; that nobody reads the operator's mail is not theirs to hear.
        _log.error("operator unreachable", operator=operator, reason=str(refusal))


def reporter_of(argument: str) -> str:
    """Return the mailbox in *argument*, as the Sieve scripts write it: ``ada=example.org+…``."""
    local, _, domain = argument.partition("+")[0].rpartition("=")
    return f"{local}@{domain}".lower()


def attached(message: Message) -> Iterator[bytes]:
    """Yield the messages that are attached to *message*, and not what is attached to those."""
    for part in _inside(message):
        if part.get_content_type() == "message/rfc822":
            for inner in _inside(part):
                try:
                    yield inner.as_bytes(policy=_AS_IT_IS)
                except UnicodeError:  # parts are promised, and there is text instead
                    _log.info("sample passed over", reason="it can't be taken out as it was")
        elif (part.get_filename() or "").lower().endswith(".eml"):
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                yield content
        else:
            yield from attached(part)


def _inside(message: Message) -> list[Message]:
    parts = message.get_payload() if message.is_multipart() else []
    return [part for part in parts if isinstance(part, Message)]


def cleaned(sample: bytes) -> bytes:
    """Return *sample* without the headers that delivery added, byte by byte otherwise."""
    head, separator, body = sample.partition(b"\r\n\r\n")
    if not separator:
        head, separator, body = sample.partition(b"\n\n")
    kept, keep = [], True
    for line in head.splitlines(keepends=True):
        if line[:1] not in b" \t":
            name = line.partition(b":")[0].strip().lower()
            keep = name.decode("ascii", "replace") not in ADDED
        if keep:
            kept.append(line)
    return b"".join(kept).rstrip(b"\r\n") + separator + body


def for_operator(
    sample: bytes, verdict: Verdict, *, reporter: str, said: str, operator: str, host: str
) -> bytes:
    """Return a message to the *operator* with *sample* attached."""
    parsed = BytesParser(policy=email.policy.SMTP).parsebytes(sample, headersonly=True)
    what = "Spam" if verdict == "spam" else "Not spam"
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = Address(addr_spec=reporter)
    message["To"] = operator
    message["Subject"] = f"{what}, says {reporter}: {_plain(header_text(parsed, 'Subject'))}"[:200]
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=host)
    message["Auto-Submitted"] = "auto-generated"
    message[MARK] = verdict
    message.set_content(f"Reporter: {reporter}\nVerdict: {verdict}\nSpam filter: {said}\n")
    return enclosing(message, sample, "sample.eml")


def _plain(text: str) -> str:
    """Return a header's value as one line that can stand in another header."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
