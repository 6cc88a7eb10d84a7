"""Users, and the other addresses: what their pages ask for."""

from __future__ import annotations

from fermoposta.directory.model import Kind
from fermoposta.portal.admin.sheets.shape import Control, Field, Key, Menu, Section, Sheet
from fermoposta.portal.i18n import marked as _

LANGUAGES = {"it": "Italiano", "en": "English"}
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
                Field(
                    "require_app_passwords",
                    _("Programs and phones need passwords of their own"),
                    Control.SWITCH,
                    _("The mailbox's password then opens this area and the webmail only."),
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
        "require_app_passwords",
        "language",
    ),
    menu=Menu.SETTINGS,
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
