"""
A person of the company's address book: as an entry that was found, and as a contact.

An entry has the elements of the GAL namespace (MS-ASCMD, section 2.2.3.139), in the order of their
tokens; the schema has no other. A contact is for those who have the address book as a folder
(MS-ASCNTC, section 2.2.2). Neither has an element for what isn't known.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from fermoposta.activesync.map.content import leaf, number
from fermoposta.activesync.wbxml.element import Element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.activesync.people import Person

LARGEST_PICTURE = 102_400
"""Bytes of a picture in an answer (MaxSize, MS-ASCMD, section 2.2.3.105)."""
_MOST = 999_999_999
_CONTACT_PICTURE = 48 * 1024
"""Characters of base64 (MS-ASCNTC, section 2.2.2.57); a larger one is not shown."""


class PictureStatus(IntEnum):
    """How a picture was got (MS-ASCMD, section 2.2.3.177.13)."""

    SENT = 1
    NONE = 173
    TOO_LARGE = 174
    ENOUGH = 175
    """There is one, but as many as were asked for are sent already."""


@dataclass(slots=True)
class Pictures:
    """How many pictures a device still wants, and how large."""

    max_size: int = LARGEST_PICTURE
    """Bytes; a device may ask for no more than LARGEST_PICTURE."""
    left: int | None = None
    """None is without end."""

    @classmethod
    def asked(cls, options: Element | None, namespace: str) -> Pictures | None:
        """
        Return what ``Picture`` in *options* asks for; None where it isn't there.

        Raises MalformedError.
        """
        wanted = None if options is None else options.find(f"{namespace}:Picture")
        if wanted is None:
            return None
        size = number(wanted, f"{namespace}:MaxSize", 0, _MOST)
        return cls(
            LARGEST_PICTURE if size is None else size,
            number(wanted, f"{namespace}:MaxPictures", 0, _MOST),
        )

    def take(self, picture: bytes | None) -> tuple[PictureStatus, bytes]:
        """Return how *picture* goes, and what is sent of it."""
        if not picture:
            return PictureStatus.NONE, b""
        if len(picture) > min(self.max_size, LARGEST_PICTURE):
            return PictureStatus.TOO_LARGE, b""
        if self.left == 0:
            return PictureStatus.ENOUGH, b""
        if self.left is not None:
            self.left -= 1
        return PictureStatus.SENT, picture

    def element(self, namespace: str, picture: bytes | None) -> Element:
        """Return *picture* as an element of *namespace*, ``GAL`` or ``ResolveRecipients``."""
        status, data = self.take(picture)
        found = [leaf(f"{namespace}:Status", status)]
        if data:
            found.append(Element(f"{namespace}:Data", data))
        return Element(f"{namespace}:Picture", found)


def gal(person: Person, pictures: Pictures | None = None) -> list[Element]:
    """Return *person* as an entry; with *pictures* it has one, or says why it has none."""
    texts = {
        "DisplayName": shown_name(person),
        "Phone": person.phone,
        "Office": person.office,
        "Title": person.title,
        "Company": person.company,
        "Alias": person.address.partition("@")[0],
        "FirstName": person.given_name,
        "LastName": person.surname,
        "MobilePhone": person.mobile,
        "EmailAddress": person.address,
    }
    found = [leaf(f"GAL:{name}", text) for name, text in texts.items() if text.strip()]
    if pictures is not None:
        found.append(pictures.element("GAL", person.picture))
    return found


def contact(person: Person) -> Element:
    """Return *person* as ApplicationData of a contact; each version has these elements."""
    return Element("AirSync:ApplicationData", _contact(person))


def shown_name(person: Person) -> str:
    """Return what *person* is called: by the address where there is no name."""
    return person.name.strip() or person.address


def _contact(person: Person) -> Iterator[Element]:
    texts = {
        "CompanyName": person.company,
        "Email1Address": person.address,
        "FileAs": shown_name(person),
        "FirstName": person.given_name,
        "LastName": person.surname,
        "BusinessPhoneNumber": person.phone,
        "JobTitle": person.title,
        "MobilePhoneNumber": person.mobile,
        "OfficeLocation": person.office,
    }
    if not person.given_name.strip() and not person.surname.strip():
        # A phone shows the parts of a name: a group or a room has just one.
        texts["LastName"] = shown_name(person)
    for name, text in texts.items():
        if text.strip():
            yield leaf(f"Contacts:{name}", text)
    if person.picture:
        picture = base64.b64encode(person.picture).decode()
        if len(picture) <= _CONTACT_PICTURE:
            yield leaf("Contacts:Picture", picture)
