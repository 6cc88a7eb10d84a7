"""
What a page shows of each kind: its words, its columns, and the controls of its fields.

A test holds the fields to those that an inventory has, so that none is forgotten here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from fermoposta.directory.model import Kind
from fermoposta.portal.i18n import marked as _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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


class Key(StrEnum):
    """How the name of a new record is asked for."""

    MAILBOX = "mailbox"
    """A local part, and one of the domains that are administered."""
    ADDRESS = "address"
    DOMAIN = "domain"
    JUNK = "junk"
    """A sender, and one of the domains; the sender may be changed later."""


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


NOT_SHOWN: Mapping[tuple[Kind, str], str] = {
    (Kind.USERS, "password_hash"): "the form asks for a password, and hashes it",
    (Kind.USERS, "security_questions"): "only the user knows the answers",
}
"""Fields that no page asks for, and why."""

LANGUAGES = {"it": "Italiano", "en": "English"}
ON_OFF = {"on": _("On"), "off": _("Off")}
RESOURCE_KINDS = {"location": _("Place"), "thing": _("Car or tool"), "group": _("Group of people")}
ROLES = {
    "administrator": _("Administrator"),
    "mail_administrator": _("Mail administrator"),
}
SENDERS = {
    "anyone": _("Anybody"),
    "company": _("Only people of the company"),
    "members": _("Only its members"),
    "": _("Only these addresses:"),
}

_LANGUAGE = Field("language", _("Language"), Control.CHOICE, options=LANGUAGES)
_QUOTA = Field(
    "quota_mb",
    _("Space"),
    Control.NUMBER,
    _("In MB: from 100 to 25600 (25 GB). Above 10240 (10 GB) programs become slow."),
    least=100,
    most=25600,
)

USERS = Sheet(
    Kind.USERS,
    "users",
    _("Users"),
    _("Add a user"),
    _("Each user has a mailbox, and signs in with it here too."),
    Key.MAILBOX,
    _("E-mail address"),
    (
        Section(
            _("Person"),
            (
                Field("name", _("Name"), hint=_("As others see it."), required=True),
                Field("given_name", _("Given name")),
                Field("family_name", _("Family name")),
                _LANGUAGE,
            ),
        ),
        Section(
            _("Sign-in"),
            (
                Field(
                    "password",
                    _("Password"),
                    Control.HIDDEN,
                    _("At least 8 characters, with a digit, a capital and a small letter."),
                ),
                Field(
                    "self_service_reset",
                    _("May recover a lost password without an administrator"),
                    Control.SWITCH,
                ),
                Field("mobile", _("Mobile number"), hint=_("Like +393331234567.")),
                Field("recovery_address", _("Recovery address")),
            ),
        ),
        Section(
            _("Mailbox"),
            (
                _QUOTA,
                Field(
                    "antivirus",
                    _("Antivirus: infected mail goes to Quarantena"),
                    Control.SWITCH,
                    advised=True,
                ),
                Field(
                    "antispam",
                    _("Antispam: spam goes to Quarantena"),
                    Control.SWITCH,
                    advised=True,
                ),
                Field(
                    "local_delivery",
                    _("Local delivery: mail is kept in the mailbox"),
                    Control.SWITCH,
                    _("Without it there must be an address to redirect to."),
                ),
                Field(
                    "redirect_to",
                    _("Redirect to"),
                    Control.LINES,
                    _("All mail is redirected there, unchanged. One address a line."),
                ),
            ),
        ),
        Section(
            _("Who they may write to"),
            (
                Field(
                    "restrict_sending",
                    _("May send to the own domain and to allowed domains only"),
                    Control.SWITCH,
                ),
                Field(
                    "restrict_receiving",
                    _("Receives from the own domain and from allowed domains only"),
                    Control.SWITCH,
                ),
                Field(
                    "recipients_per_hour",
                    _("Recipients per hour"),
                    Control.NUMBER,
                    _("Empty: the limit of the server."),
                    least=1,
                    most=1_000_000,
                ),
            ),
        ),
        Section(
            _("Role"),
            (
                Field(
                    "role",
                    _("Role"),
                    Control.ROLE,
                    _(
                        "A mail administrator looks after addresses; an administrator gives roles"
                        " too."
                    ),
                    options=ROLES,
                ),
            ),
        ),
    ),
    ("name", "quota_mb", "role"),
    bulk=(
        "quota_mb",
        "antivirus",
        "antispam",
        "restrict_sending",
        "restrict_receiving",
        "self_service_reset",
        "language",
    ),
)

ALIASES = Sheet(
    Kind.ALIASES,
    "aliases",
    _("Aliases"),
    _("Add an alias"),
    _("Mail to an alias reaches every destination. Aliases stand in no address book."),
    Key.MAILBOX,
    _("Alias"),
    (
        Section(
            _("Where mail goes"),
            (
                Field(
                    "destinations",
                    _("Destinations"),
                    Control.LINES,
                    _("One address a line."),
                    required=True,
                ),
            ),
        ),
    ),
    ("destinations",),
)

GROUPS = Sheet(
    Kind.GROUPS,
    "groups",
    _("Groups"),
    _("Add a group"),
    _("Mail to a group reaches all members. Groups stand in the company's address book."),
    Key.MAILBOX,
    _("E-mail address"),
    (
        Section(
            _("Group"),
            (
                Field("name", _("Name"), hint=_("As others see it."), required=True),
                Field("members", _("Members"), Control.LINES, _("One address a line.")),
                Field(
                    "senders",
                    _("Who may write to it"),
                    Control.SENDERS,
                    options=SENDERS,
                ),
            ),
        ),
    ),
    ("name", "members"),
)

RESOURCES = Sheet(
    Kind.RESOURCES,
    "resources",
    _("Resources"),
    _("Add a resource"),
    _("Rooms, cars and other tools. They answer invitations by themselves."),
    Key.MAILBOX,
    _("E-mail address"),
    (
        Section(
            _("Resource"),
            (
                Field("name", _("Name"), hint=_("As the address book shows it."), required=True),
                Field("kind", _("Kind"), Control.CHOICE, options=RESOURCE_KINDS),
                Field(
                    "multiple_bookings",
                    _("Bookings at the same time"),
                    Control.NUMBER,
                    _("0: as many as there come."),
                    least=0,
                    most=1000,
                ),
                _QUOTA,
                _LANGUAGE,
            ),
        ),
    ),
    ("name", "kind"),
)

SEND_AS = Sheet(
    Kind.SEND_AS,
    "send-as",
    _("Send as"),
    _("Add a rule"),
    _("Who may send in the name of an address. Recipients don't see who it was; the copies do."),
    Key.ADDRESS,
    _("On behalf of"),
    (
        Section(
            _("Senders"),
            (
                Field(
                    "senders",
                    _("From"),
                    Control.LINES,
                    _("Users of the same company, one address a line."),
                    required=True,
                ),
            ),
        ),
    ),
    ("senders",),
    key_hint=_("An address of your domains."),
)

ALLOWED_DOMAINS = Sheet(
    Kind.ALLOWED_DOMAINS,
    "allowed-domains",
    _("Allowed domains"),
    _("Add a list"),
    _(
        "With whom users may exchange mail whose sending or receiving is restricted. Mail inside"
        " of the domain is always allowed."
    ),
    Key.DOMAIN,
    _("Domain"),
    (
        Section(
            _("List"),
            (
                Field(
                    "allowed",
                    _("Allowed domains"),
                    Control.LINES,
                    _("Separated by blanks."),
                ),
            ),
        ),
    ),
    ("allowed",),
)

JUNK_RULES = Sheet(
    Kind.JUNK_RULES,
    "junk-rules",
    _("Junk mail"),
    _("Add a rule"),
    _("What counts for everybody of a domain. The rules that users make themselves come first."),
    Key.JUNK,
    _("Sender"),
    (
        Section(
            _("Rule"),
            (
                Field(
                    "action",
                    _("Action"),
                    Control.CHOICE,
                    options={"allow": _("Allow"), "block": _("Block")},
                    required=True,
                ),
            ),
        ),
    ),
    ("action",),
    key_hint=_(
        "An address, or @domain for everybody of a domain. It is the envelope's sender that counts;"
        " newsletters have another one each time, and are best met by their domain."
    ),
)

SHEETS: tuple[Sheet, ...] = (
    USERS,
    ALIASES,
    GROUPS,
    RESOURCES,
    SEND_AS,
    ALLOWED_DOMAINS,
    JUNK_RULES,
)
