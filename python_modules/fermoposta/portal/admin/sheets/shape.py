"""What a page is made of: sections, fields, and the parts of a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from fermoposta.portal.i18n import marked as _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fermoposta.directory.model import Kind


class Control(StrEnum):
    """How a field is asked for."""

    LINE = "line"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    LINES = "lines"
    HIDDEN = "hidden"
    ROLE = "role"
    SENDERS = "senders"
    TEXT = "text"
    COMPANY = "company"
    """One of the companies that are administered, or none."""
    PAIRS = "pairs"
    """A mapping, a line an entry: ``iphone: allow``."""
    RIGHTS = "rights"
    """A profile of rights, or some single ones."""
    FOLDERS = "folders"
    """A profile for each of the folders of a delegation."""


class Menu(StrEnum):
    """Under which heading of the menu a page is."""

    MAIL = "mail"
    MAILBOXES = "mailboxes"
    DEVICES = "devices"
    SETTINGS = "settings"


class Key(StrEnum):
    """How the name of a new record is asked for."""

    MAILBOX = "mailbox"
    """A local part, and one of the domains that are administered."""
    ADDRESS = "address"
    DOMAIN = "domain"
    JUNK = "junk"
    """A sender, and one of the domains; the sender may be changed later."""
    PERSON = "person"
    """A mailbox, and somebody who acts for it."""
    FOLDER = "folder"
    """A mailbox, somebody, and a folder."""
    RULE = "rule"
    """A mailbox, and a name; such a record is not made here."""
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Part:
    """A control of a name: for one of the *domains*, for an address, or for text."""

    name: str
    label: str
    control: str = "text"


_ADDRESS = Part("key.address", "", "email")
PARTS: Mapping[Key, tuple[Part, ...]] = {
    Key.MAILBOX: (
        Part("key.local", _("Before the @")),
        Part("key.domain", _("Domain"), "domain"),
    ),
    Key.ADDRESS: (_ADDRESS,),
    Key.DOMAIN: (Part("key.domain", "", "domain"),),
    Key.JUNK: (Part("key.sender", ""), Part("key.domain", _("For mail to"), "domain")),
    Key.PERSON: (_ADDRESS, Part("key.other", _("Who"), "email")),
    Key.FOLDER: (
        _ADDRESS,
        Part("key.other", _("Who"), "email"),
        Part("key.folder", _("Folder")),
    ),
    Key.RULE: (),
    Key.NAME: (Part("key.name", ""),),
}
"""What is asked for; where no label stands, it is the sheet's for the key."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field, by the name that an inventory gives it."""

    name: str
    label: str
    control: Control = Control.LINE
    hint: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    advised: bool = False
    """Whether it is marked as the recommended choice (F136)."""
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that stand together."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The pages of one kind."""

    kind: Kind
    slug: str
    title: str
    add: str
    lead: str
    key: Key
    key_label: str
    sections: tuple[Section, ...]
    columns: tuple[str, ...]
    """Fields that the list shows beside the key."""
    bulk: tuple[str, ...] = ()
    """Fields that can be set for many at once."""
    key_hint: str = ""
    menu: Menu = Menu.MAIL

    @property
    def made(self) -> bool:
        """Whether such records are made and changed here, or only shown and taken away."""
        return bool(self.parts)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The controls of the name of a new record."""
        return PARTS[self.key]

    def titled(self, key: str) -> str:
        """Return *key* as people read it."""
        match self.key:
            case Key.JUNK | Key.PERSON:
                return " → ".join(reversed(key.split(" ", 1)))
            case Key.FOLDER:
                mailbox, who, folder = key.split(" ", 2)
                return f"{who} → {mailbox}: {folder}"
            case Key.RULE:
                return key.replace(" ", ": ", 1)
            case _:
                return key

    @property
    def fields(self) -> Iterator[Field]:
        """All fields, in the order of the page."""
        for section in self.sections:
            yield from section.fields

    def field(self, name: str) -> Field:
        """Return the field of *name*; raises KeyError."""
        for each in self.fields:
            if each.name == name:
                return each
        raise KeyError(name)
