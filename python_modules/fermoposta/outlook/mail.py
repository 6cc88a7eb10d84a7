"""A message of Outlook's as RFC 5322 has it (MS-OXCMAIL): the same gives the same octets."""

from __future__ import annotations

import codecs
import re
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING

from striprtf.striprtf import rtf_to_text

from fermoposta.outlook.properties import (
    BODY,
    CODEPAGE,
    DELIVERED,
    FLAG_STATUS,
    HEADERS,
    HTML,
    IMPORTANCE,
    IN_REPLY_TO,
    LAST_VERB,
    MESSAGE_FLAGS,
    MESSAGE_ID,
    REFERENCES,
    RTF,
    SUBJECT,
    SUBMITTED,
    Attachment,
    Bag,
)

if TYPE_CHECKING:
    from email.message import MIMEPart

_POLICY = policy.SMTP.clone(cte_type="7bit")
_TO, _CC, _BCC = 1, 2, 3
_READ, _UNSENT = 0x1, 0x8
_MARKED = 2
_REPLIED, _REPLIED_TO_ALL, _FORWARDED = 102, 103, 104
_PRIORITIES = {0: "low", 2: "high"}
_CODEPAGES = {
    65001: "utf-8",
    20127: "ascii",
    28591: "latin-1",
    50220: "iso2022_jp",
    51949: "euc_kr",
}
_OF_THE_BODY = re.compile(r"(?i)^(content-|mime-version:)")
_SIGNED, _SECRET = "ipm.note.smime.multipartsigned", "ipm.note.smime"


def of_message(bag: Bag) -> bytes:
    """Return the message that *bag* is."""
    whole = _as_it_came(bag)
    body = whole if whole is not None else _body(bag)
    told = _headers(bag)
    if not told:
        message = EmailMessage(policy=_POLICY)
        _address(message, bag)
        told = message.as_bytes().rstrip(b"\r\n")
    return told + b"\r\nMIME-Version: 1.0\r\n" + body


def flags_of(bag: Bag) -> frozenset[str]:
    """Return the flags of IMAP that stand for what its owner did with it."""
    bits, verb = bag.number(MESSAGE_FLAGS), bag.number(LAST_VERB)
    found = {
        "\\Seen": bits & _READ,
        "\\Draft": bits & _UNSENT,
        "\\Flagged": bag.number(FLAG_STATUS) == _MARKED,
        "\\Answered": verb in {_REPLIED, _REPLIED_TO_ALL},
        "$Forwarded": verb == _FORWARDED,
    }
    return frozenset(flag for flag, is_set in found.items() if is_set)


def _headers(bag: Bag) -> bytes:
    """Return the headers with which it arrived, but for those of its body; empty if it didn't."""
    text = bag.text(HEADERS).replace("\r\n", "\n")
    fields = re.split(r"\n(?![ \t])", text.split("\n\n", 1)[0])
    kept = [each for each in fields if re.match(r"[!-9;-~]+:", each)]
    kept = [each for each in kept if not _OF_THE_BODY.match(each)]
    return "\r\n".join(each.replace("\n", "\r\n") for each in kept).encode(errors="replace")


def _address(message: EmailMessage, bag: Bag) -> None:
    """Make the headers of one that never was on its way."""
    sender = bag.text(0x5D02, 0x5D01, 0x0065, 0x0C1F)
    message["From"] = _mailbox(bag.text(0x0042, 0x0C1A), sender)
    for name, kind in (("To", _TO), ("Cc", _CC), ("Bcc", _BCC)):
        listed = [_mailbox(r.name, r.address) for r in bag.recipients if r.kind == kind]
        if listed:
            message[name] = ", ".join(listed)
    message["Subject"] = _line(bag.text(SUBJECT, 0x0070).lstrip("\x01\x02\x03\x04\x05"))
    if date := bag.moment(SUBMITTED, DELIVERED):
        message["Date"] = format_datetime(date)
    for name, key in (
        ("Message-ID", MESSAGE_ID), ("In-Reply-To", IN_REPLY_TO), ("References", REFERENCES),
    ):  # fmt: skip
        if text := bag.text(key):
            message[name] = _line(text)
    if found := _PRIORITIES.get(bag.number(IMPORTANCE, 1)):
        message["Importance"] = found


def _mailbox(name: str, address: str) -> str:
    # Within an organisation Exchange has names of directories in the place of addresses.
    plain = address if "@" in address and " " not in address else "unknown@outlook.import.invalid"
    try:
        plain.encode("ascii")
    except UnicodeEncodeError:
        plain = "unknown@outlook.import.invalid"
    return formataddr((_line(name or address), plain))


def _line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()


def _as_it_came(bag: Bag) -> bytes | None:
    """Return the body of a signed or encrypted message, which is kept whole; None of another."""
    if not bag.message_class.startswith(_SECRET) or len(bag.attachments) != 1:
        return None
    content = bag.attachments[0].content
    if bag.message_class == _SIGNED:
        return content if content[:13].lower() == b"content-type:" else None
    message = EmailMessage(policy=_POLICY)
    message.set_content(content, "application", "pkcs7-mime", filename="smime.p7m")
    return _without_version(message)


def _body(bag: Bag) -> bytes:
    message = EmailMessage(policy=_POLICY)
    text, html = bag.text(BODY), _html(bag)
    attachments = list(bag.attachments)
    rtf = bag.octets(RTF)
    if rtf and not html and not text:
        text = rtf_to_text(rtf.decode("latin-1"), errors="ignore")  # type: ignore[no-untyped-call]
        attachments.append(Attachment("body.rtf", "application/rtf", rtf))
    message.set_content(text.replace("\r\n", "\n") + "\n")
    if html:
        if text:
            message.add_alternative(html, subtype="html")
        else:
            message.set_content(html, subtype="html")
    for each in attachments:
        _attach(message, each, html)
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        if part.get_content_maintype() == "multipart":
            part.set_boundary(f"=_{bag.id}_{number}")
    return _without_version(message)


def _attach(message: EmailMessage, attachment: Attachment, html: str) -> None:
    if attachment.embedded is not None:
        inner = of_message(attachment.embedded)
        name = _line(attachment.name or "message") + ".eml"
        # As octets: what hangs on may be of any form, and must not be read and written anew.
        message.add_attachment(inner, "application", "octet-stream", filename=name)
        return
    kind, _, sub = attachment.mime.partition("/")
    if not re.fullmatch(r"[a-z0-9.+-]+/[a-z0-9.+-]+", attachment.mime) or kind == "multipart":
        kind, sub = "application", "octet-stream"
    if kind == "message":
        kind, sub = "application", "octet-stream"
    target: MIMEPart = message
    name = _line(attachment.name) or "attachment"
    cid = attachment.content_id.strip("<>")
    if cid and f"cid:{cid}" in html:
        found = message.get_body(("html",))
        if found is not None:
            found.add_related(
                attachment.content, kind, sub, cid=f"<{_line(cid)}>", filename=name,
                disposition="inline",
            )  # fmt: skip
            return
    target.add_attachment(attachment.content, kind, sub, filename=name)


def _html(bag: Bag) -> str:
    octets = bag.octets(HTML)
    if not octets:
        return bag.text(HTML)
    number = bag.number(CODEPAGE, 65001)
    name = _CODEPAGES.get(number, f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        name = "utf-8"
    return octets.decode(name, "replace").replace("\0", "").replace("\r\n", "\n")


def _without_version(message: EmailMessage) -> bytes:
    """Return headers and body of *message*, but for the version, which stands with the others."""
    del message["MIME-Version"]
    return message.as_bytes()
