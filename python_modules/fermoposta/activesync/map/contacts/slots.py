"""Which line of a card, and which part of it, stands for which element of a contact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fermoposta.activesync.map.vcard import Line


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of one text: an element, and the property that is made for it."""

    tag: str
    name: str
    part: int | None = None
    """Which text of a structured value; None where the value is one text."""
    types: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """Properties that other programs have for the same."""


_NAMES = ("LastName", "FirstName", "MiddleName", "Title", "Suffix")
_ORGANISATION = ("CompanyName", "Department")
_ADDRESS = {2: "Street", 3: "City", 4: "State", 5: "PostalCode", 6: "Country"}
_PLACES = {"Business": "WORK", "Home": "HOME", "Other": "OTHER"}
PARTS = {"N": 5, "ORG": 2, "ADR": 7}
"""Texts of a structured value (RFC 6350, sections 6.2.2, 6.3.1 and 6.6.4)."""

PHONES = (
    Slot("Contacts:PagerNumber", "TEL", types=("PAGER",)),
    Slot("Contacts:CarPhoneNumber", "TEL", types=("CAR",)),
    Slot("Contacts:RadioPhoneNumber", "TEL", types=("X-RADIO",)),
    Slot("Contacts:AssistantPhoneNumber", "TEL", types=("X-ASSISTANT",)),
    Slot("Contacts2:CompanyMainPhone", "TEL", types=("X-COMPANY",)),
    Slot("Contacts:HomeFaxNumber", "TEL", types=("HOME", "FAX")),
    Slot("Contacts:BusinessFaxNumber", "TEL", types=("WORK", "FAX")),
    Slot("Contacts:MobilePhoneNumber", "TEL", types=("CELL",)),
    Slot("Contacts:BusinessPhoneNumber", "TEL", types=("WORK",)),
    Slot("Contacts:Business2PhoneNumber", "TEL", types=("WORK",)),
    Slot("Contacts:HomePhoneNumber", "TEL", types=("HOME",)),
    Slot("Contacts:Home2PhoneNumber", "TEL", types=("HOME",)),
)
"""Where a number has several types, the first here is its place."""
_LEFT_OVER = ("Contacts:MobilePhoneNumber", "Contacts:HomePhoneNumber")
"""Where a number goes that has no type that is known, if it is free."""
EMAILS = tuple(Slot(f"Contacts:Email{number}Address", "EMAIL") for number in (1, 2, 3))
CHATS = (
    Slot("Contacts2:IMAddress", "IMPP"),
    Slot("Contacts2:IMAddress2", "IMPP"),
    Slot("Contacts2:IMAddress3", "IMPP"),
)
CHAT_NAMES = frozenset(
    {
        "IMPP",
        "X-AIM",
        "X-GADUGADU",
        "X-GROUPWISE",
        "X-ICQ",
        "X-JABBER",
        "X-MSN",
        "X-SKYPE",
        "X-YAHOO",
    }
)
STRUCTURED = (
    *(Slot(f"Contacts:{tag}", "N", part) for part, tag in enumerate(_NAMES)),
    *(Slot(f"Contacts:{tag}", "ORG", part) for part, tag in enumerate(_ORGANISATION)),
)
ADDRESSES = tuple(
    Slot(f"Contacts:{place}Address{tag}", "ADR", part, (kind,))
    for place, kind in _PLACES.items()
    for part, tag in _ADDRESS.items()
)
SINGLE = (
    Slot("Contacts:FileAs", "X-EVOLUTION-FILE-AS"),
    Slot("Contacts:JobTitle", "TITLE"),
    Slot("Contacts:WebPage", "URL"),
    Slot("Contacts2:NickName", "NICKNAME"),
    Slot("Contacts:OfficeLocation", "X-EVOLUTION-OFFICE"),
    Slot("Contacts:AssistantName", "X-EVOLUTION-ASSISTANT", others=("X-ASSISTANT",)),
    Slot("Contacts2:ManagerName", "X-EVOLUTION-MANAGER", others=("X-MANAGER",)),
    Slot("Contacts:Spouse", "X-EVOLUTION-SPOUSE", others=("X-SPOUSE",)),
    Slot("Contacts:YomiFirstName", "X-PHONETIC-FIRST-NAME"),
    Slot("Contacts:YomiLastName", "X-PHONETIC-LAST-NAME"),
    Slot("Contacts:YomiCompanyName", "X-PHONETIC-ORG"),
    Slot("Contacts2:CustomerId", "X-EAS-CUSTOMER-ID"),
    Slot("Contacts2:GovernmentId", "X-EAS-GOVERNMENT-ID"),
    Slot("Contacts2:AccountName", "X-EAS-ACCOUNT-NAME"),
    Slot("Contacts2:MMS", "X-EAS-MMS"),
)
ALL = (*STRUCTURED, *EMAILS, *PHONES, *ADDRESSES, *CHATS, *SINGLE)


def assign(lines: list[Line]) -> dict[str, int]:
    """Return which of *lines* has which place, by the element's tag."""
    found: dict[str, int] = {}
    for slot in (*STRUCTURED, *SINGLE):
        names = (slot.name, *slot.others)
        if (at := next(_where(lines, lambda line: line.name in names), None)) is not None:  # noqa: B023
            found[slot.tag] = at
    preferred = sorted(_where(lines, lambda line: line.name == "EMAIL"), key=_rank(lines))
    chats = _where(lines, lambda line: line.name in CHAT_NAMES)
    for several, places in ((EMAILS, preferred), (CHATS, list(chats))):
        found |= {slot.tag: at for slot, at in zip(several, places, strict=False)}
    return found | _phones(lines) | _addresses(lines)


def _where(lines: list[Line], wanted: Callable[[Line], bool]) -> Iterator[int]:
    return (at for at, line in enumerate(lines) if wanted(line) and line.value.strip(" ;"))


def _rank(lines: list[Line]) -> Callable[[int], int]:
    """Return how a line is preferred: by PREF of 4.0, or the type of 3.0; else as it stands."""

    def rank(at: int) -> int:
        said = next(iter(lines[at].values("PREF")), "")
        if said.isascii() and said.isdigit():
            return int(said[:3])
        return 1 if "PREF" in lines[at].types else 101

    return rank


def _phones(lines: list[Line]) -> dict[str, int]:
    found: dict[str, int] = {}
    left: list[int] = []
    for at in _where(lines, lambda line: line.name == "TEL"):
        types = lines[at].types
        fitting = [slot.tag for slot in PHONES if types >= set(slot.types)]
        if "FAX" in types:
            fitting = [tag for tag in fitting if "Fax" in tag] or ["Contacts:BusinessFaxNumber"]
        free = [tag for tag in fitting if tag not in found]
        if fitting and free and _kind(free[0]) == _kind(fitting[0]):
            found[free[0]] = at
        elif not fitting:
            left.append(at)
    for at in left:
        if free := [tag for tag in _LEFT_OVER if tag not in found]:
            found[free[0]] = at
    return found


def _kind(tag: str) -> tuple[str, ...]:
    return next(slot.types for slot in PHONES if slot.tag == tag)


def _addresses(lines: list[Line]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at in _where(lines, lambda line: line.name == "ADR"):
        kind = next((kind for kind in ("WORK", "HOME") if kind in lines[at].types), "OTHER")
        for slot in ADDRESSES:
            if slot.types == (kind,):
                found.setdefault(slot.tag, at)
    return found
