"""What a mailbox does by itself with mail that comes: message rules, out-of-office answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2s
from typing import ClassVar

from fermoposta.directory.model.kinds import Kind, Owner

RULE_MATCHES = ("all", "any")
CONDITION_FIELDS = ("from", "to", "subject", "header", "size", "has_attachment")
ANSWER_DAYS_MAX = 30
AUDIENCES = ("everybody", "company")


@dataclass(frozen=True, slots=True)
class Condition:
    """
    One thing that a message must be: *test* says how *field* is compared with *value*.

    *test* is ``contains`` or ``is`` for texts, ``over`` or ``under`` for a size in bytes, ``is``
    for an attachment, which is there or not. *name* is the header's where *field* is ``header``.
    """

    field: str
    test: str
    value: str | int | bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Actions:
    """
    What a rule does with a message, in this order, each at most once.

    Forwarding makes a new message of the mailbox's own (F055), redirecting passes on what came.
    Folders are paths; *mark* holds ``read``, ``flagged`` or keywords of IMAP's; *discard* is into
    the trash. After *stop* no further rule is tried.
    """

    forward: tuple[str, ...] = ()
    redirect: tuple[str, ...] = ()
    mark: tuple[str, ...] = ()
    copy: str | None = None
    move: str | None = None
    discard: bool = False
    stop: bool = False


@dataclass(frozen=True, slots=True)
class MessageRule:
    """
    A rule of a mailbox (F050 to F054); rules are tried by *position*, then by name.

    One that is not *enabled* is kept and does nothing (F051). Without conditions it is for every
    message. *match* says whether all conditions must hold, or any.
    """

    kind: ClassVar[Kind] = Kind.MESSAGE_RULES

    mailbox: str
    name: str
    conditions: tuple[Condition, ...] = ()
    actions: Actions = Actions()
    match: str = "all"
    position: int = 0
    enabled: bool = True
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return f"{self.mailbox} {self.name}"

    @property
    def id(self) -> str:
        """Return what names the rule among its mailbox's where only letters and digits may be."""
        return blake2s(self.name.encode(errors="replace"), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class OutOfOffice:
    """
    What a mailbox answers while its owner is away, from *starts* until *ends*.

    Either may be a day, by the host's clock, of which the last one counts whole; or a moment in
    UTC, of which the last one counts no more. Each sender is answered once in *days* days.
    *audience* says who is answered at all: everybody, or only senders in the domains of the
    mailbox's company. Everybody else is told *external*, and the same *text* where it is empty.
    """

    kind: ClassVar[Kind] = Kind.OUT_OF_OFFICE

    mailbox: str
    text: str
    subject: str = ""
    starts: date | None = None
    ends: date | None = None
    days: int = 7
    audience: str = "everybody"
    enabled: bool = True
    external: str = ""
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return self.mailbox

    @property
    def parted(self) -> bool:
        """Tell whether senders of the company are answered otherwise than everybody else."""
        return self.audience == "company" or self.external not in ("", self.text)

    @property
    def never(self) -> bool:
        """Tell whether it ends before it begins."""
        if self.starts is None or self.ends is None:
            return False
        if isinstance(self.starts, datetime) and isinstance(self.ends, datetime):
            return self.ends <= self.starts
        # Where a day begins is the host's matter: beside a moment it is good for either side.
        mixed = isinstance(self.starts, datetime) or isinstance(self.ends, datetime)
        return _day(self.ends) + timedelta(days=int(mixed)) < _day(self.starts)


def _day(when: date) -> date:
    return when.date() if isinstance(when, datetime) else when
