"""Threads of messages over the last year, made from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from fermoposta_demo.content import attachments
from fermoposta_demo.content.topics import ENGLISH, ITALIAN, Topic, Tongue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_THREADS_PER_PERSON = 28
_LATEST = timedelta(days=1)
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes and is written to."""

    name: str
    address: str

    @property
    def first_name(self) -> str:
        """Return how friends call them."""
        return self.name.split()[0]

    def __str__(self) -> str:
        """Return the form of a From field."""
        return f"{self.name} <{self.address}>"


@dataclass(frozen=True, slots=True)
class Filed:
    """A message in a folder of its owner, as it shall lie there."""

    folder: str
    flags: tuple[str, ...]
    at: datetime
    message: EmailMessage


def mailbox(
    owner: Person, others: Sequence[Person], *, now: datetime, seed: str = "fermoposta"
) -> list[Filed]:
    """Return the messages of one mailbox, oldest first; the same for the same day, owner and seed."""
    rng = random.Random(f"{seed}/{owner.address}")  # noqa: S311 - chosen to be repeatable
    filed = [
        entry
        for number in range(_THREADS_PER_PERSON)
        for entry in _thread(rng, owner, rng.choice(others), number, now)
    ]
    return sorted(filed, key=lambda entry: entry.at)


def _thread(
    rng: random.Random, owner: Person, other: Person, number: int, now: datetime
) -> Iterator[Filed]:
    tongue = rng.choice((ITALIAN, ENGLISH))
    topic = rng.choice(tongue.topics)
    count = rng.randint(1, 1 + len(topic.answers))
    when = now - _LATEST - rng.random() ** 2 * _YEAR  # more of it is recent, as in life
    speakers = [owner, other] if rng.random() < 0.4 else [other, owner]
    previous: EmailMessage | None = None
    for turn in range(count):
        writer, reader = speakers[turn % 2], speakers[(turn + 1) % 2]
        message = _message(tongue, topic, turn, writer, reader, when, previous, number)
        yield Filed(*_place(rng, owner, writer, when, now, turn, count), when, message)
        previous = message
        when = min(when + timedelta(hours=rng.randint(1, 30)), now - timedelta(minutes=5))


def _place(
    rng: random.Random,
    owner: Person,
    writer: Person,
    when: datetime,
    now: datetime,
    turn: int,
    count: int,
) -> tuple[str, tuple[str, ...]]:
    """Return folder and flags: what is recent is partly unread, some is flagged, what was answered says so."""
    if writer == owner:
        return "\\Sent", ("\\Seen",)
    flags = [] if now - when < timedelta(days=10) and rng.random() < 0.6 else ["\\Seen"]
    if rng.random() < 0.1:
        flags.append("\\Flagged")
    if turn + 1 < count:
        flags.append("\\Answered")
    return "INBOX", tuple(flags)


def _message(
    tongue: Tongue,
    topic: Topic,
    turn: int,
    writer: Person,
    reader: Person,
    when: datetime,
    previous: EmailMessage | None,
    number: int,
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = str(writer)
    message["To"] = str(reader)
    message["Date"] = format_datetime(when)
    subject = topic.subject.format(n=100 + number)
    message["Subject"] = f"Re: {subject}" if turn else subject
    key = f"{number}.{turn}.{writer.address.replace('@', '.')}.{reader.address.replace('@', '.')}"
    message["Message-ID"] = f"<{key}@demo.example.org>"
    text = topic.answers[turn - 1] if turn else topic.opening
    parts = [
        tongue.greeting.format(name=reader.first_name),
        text[0].upper() + text[1:] if turn else text,
        tongue.closing.format(name=writer.first_name),
    ]
    if previous is not None:
        message["In-Reply-To"] = str(previous["Message-ID"])
        message["References"] = f"{previous.get('References', '')} {previous['Message-ID']}".strip()
        date = when.astimezone(UTC).strftime("%d/%m/%Y")
        parts.append(tongue.quoted.format(date=date, name=reader.name) + "\n" + _quote(previous))
    message.set_content("\n\n".join(parts) + "\n")
    if not turn:
        _attach(message, topic, 100 + number)
    return message


def _quote(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    text: str = body.get_content() if isinstance(body, EmailMessage) else ""
    return "\n".join(f"> {line}" for line in text.splitlines())


def _attach(message: EmailMessage, topic: Topic, n: int) -> None:
    name = topic.file.format(n=n)
    lines = [topic.subject.format(n=n), *topic.opening.split(". ")]
    match topic.attachment:
        case "pdf":
            file = attachments.pdf(name, lines)
        case "docx":
            file = attachments.docx(name, lines)
        case "xlsx":
            table = [("Nord-Est", 1200 + n), ("Nord-Ovest", 980 + n), ("Centro", 640), ("Sud", 715)]
            file = attachments.xlsx(name, [("Regione", "EUR"), *table])
        case "png":
            file = attachments.png(name, 320, 200, (250 - n % 90, 120, 60 + n % 120))
        case "none":
            return
    message.add_attachment(
        file.content, maintype=file.maintype, subtype=file.subtype, filename=file.name
    )
