"""ResolveRecipients: who a name means, and their certificates, times and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync.client.elements import check, make, needed, number, root, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.activesync.client.client import Client
    from fermoposta.activesync.client.search import Pictures
    from fermoposta.activesync.wbxml import Element

COMMAND = "ResolveRecipients"
_STATUS = "ResolveRecipients:Status"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody whom a name may mean; *element* has certificates and pictures as they came."""

    name: str
    address: str
    element: Element
    availability_status: int | None
    free_busy: str | None
    """A digit for each half hour: 0 free, 1 tentative, 2 busy, 3 away, 4 unknown."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What became of one name; a *status* of 1 says that it means one."""

    to: str
    status: int
    recipients: tuple[Recipient, ...]


def resolve(
    client: Client,
    names: Sequence[str],
    *,
    certificates: int | None = None,
    most_certificates: int | None = None,
    most_ambiguous: int | None = None,
    between: tuple[str, str] | None = None,
    pictures: Pictures | None = None,
) -> list[Resolved]:
    """
    Return whom *names* mean (MS-ASCMD, section 2.2.1.15).

    *certificates*: 1 none, 2 whole ones, 3 only what identifies them. *between* two moments, as in
    ``2026-11-26T08:00:00.000Z``, asks who is busy, from 14.0 on.
    """
    options = [
        value("ResolveRecipients:CertificateRetrieval", certificates),
        value("ResolveRecipients:MaxCertificates", most_certificates),
        value("ResolveRecipients:MaxAmbiguousRecipients", most_ambiguous),
        make(
            "ResolveRecipients:Availability",
            value("ResolveRecipients:StartTime", between[0]),
            value("ResolveRecipients:EndTime", between[1]),
        )
        if between
        else None,
        pictures.element("ResolveRecipients") if pictures else None,
    ]
    document = make(
        "ResolveRecipients:ResolveRecipients",
        *(value("ResolveRecipients:To", name) for name in names),
        make("ResolveRecipients:Options", *options) if any(options) else None,
    )
    answer = root(COMMAND, client.ask(COMMAND, document), "ResolveRecipients:ResolveRecipients")
    check(COMMAND, answer, answer, _STATUS)
    return [
        Resolved(
            needed(COMMAND, each, "ResolveRecipients:To"),
            number(COMMAND, each, _STATUS) or 0,
            tuple(map(_recipient, each.find_all("ResolveRecipients:Recipient"))),
        )
        for each in answer.find_all("ResolveRecipients:Response")
    ]


def _recipient(element: Element) -> Recipient:
    times = "ResolveRecipients:Availability"
    return Recipient(
        needed(COMMAND, element, "ResolveRecipients:DisplayName"),
        needed(COMMAND, element, "ResolveRecipients:EmailAddress"),
        element,
        number(COMMAND, element, times, _STATUS),
        element.text_of(times, "ResolveRecipients:MergedFreeBusy"),
    )
