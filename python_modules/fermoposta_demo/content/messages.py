"""Threads of messages over the last year, made from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from fermoposta_demo.content import attachments
from fermoposta_demo.content.topics import ENGLISH, ITALIAN, Tongue, Topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_THREADS_PER_PERSON = 28
_LATEST = timedelta(days=1)
_RECENT = timedelta(days=30)
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
    """Return the messages of a mailbox, oldest first; day, owner and seed decide them."""
    rng = random.Random(f"{seed}/{owner.address}")  # noqa: S311 - chosen to be repeatable
    filed = [
        entry
        for number in range(_THREADS_PER_PERSON)
        for entry in _thread(rng, owner, rng.choice(others), number, now)
    ]
    return sorted(filed, key=lambda entry: entry.at)


@dataclass(frozen=True, slots=True)
class _Thread:
    """What the messages of one thread share."""

    number: int
    tongue: Tongue
    topic: Topic
    speakers: tuple[Person, Person]

    @property
    def subject(self) -> str:
        return self.topic.subject.format(n=100 + self.number)

    def message(self, turn: int, when: datetime, previous: EmailMessage | None) -> EmailMessage:
        """Return the message of a turn; `previous` is the one that it answers."""
        writer, reader = self.speakers[turn % 2], self.speakers[(turn + 1) % 2]
        message = EmailMessage()
        message["From"] = str(writer)
        message["To"] = str(reader)
        message["Date"] = format_datetime(when)
        message["Subject"] = f"Re: {self.subject}" if turn else self.subject
        key = f"{self.number}.{turn}.{writer.address}.{reader.address}".replace("@", ".")
        message["Message-ID"] = f"<{key}@demo.example.org>"
        text = self.topic.answers[turn - 1] if turn else self.topic.opening
        parts = [
            self.tongue.greeting.format(name=reader.first_name),
            text,
            self.tongue.closing.format(name=writer.first_name),
        ]
        if previous is not None:
            answered = str(previous["Message-ID"])
            message["In-Reply-To"] = answered
            message["References"] = f"{previous.get('References', '')} {answered}".strip()
            head = self.tongue.quoted.format(date=f"{when:%d/%m/%Y}", name=reader.name)
            parts.append(f"{head}\n{_quote(previous)}")
        message.set_content("\n\n".join(parts) + "\n")
        if not turn:
            _attach(message, self.topic, 100 + self.number)
        return message


def _thread(
    rng: random.Random, owner: Person, other: Person, number: int, now: datetime
) -> Iterator[Filed]:
    tongue = rng.choice((ITALIAN, ENGLISH))
    topic = rng.choice(tongue.topics)
    speakers = (owner, other) if rng.random() < 0.4 else (other, owner)
    thread = _Thread(number, tongue, topic, speakers)
    count = rng.randint(1, 1 + len(topic.answers))
    when = now - _LATEST - rng.random() ** 2 * _YEAR  # more of it is recent, as in life
    message: EmailMessage | None = None
    for turn in range(count):
        message = thread.message(turn, when, message)
        if speakers[turn % 2] == owner:
            yield Filed("\\Sent", ("\\Seen",), when, message)
        else:
            flags = _flags(rng, recent=now - when < _RECENT, answered=turn + 1 < count)
            yield Filed("INBOX", flags, when, message)
        when = min(when + timedelta(hours=rng.randint(1, 30)), now - timedelta(minutes=5))


def _flags(rng: random.Random, *, recent: bool, answered: bool) -> tuple[str, ...]:
    """Return the flags of a received message: some recent mail is unread, some is flagged."""
    flags = [] if recent and not answered and rng.random() < 0.6 else ["\\Seen"]
    if rng.random() < 0.1:
        flags.append("\\Flagged")
    if answered:
        flags.append("\\Answered")
    return tuple(flags)


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
