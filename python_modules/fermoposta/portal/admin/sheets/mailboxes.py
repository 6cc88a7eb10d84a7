"""What people set for their own mailboxes too: who acts for them, rights, rules, absence."""

from __future__ import annotations

from fermoposta.directory.model import Kind
from fermoposta.portal.admin.sheets.shape import Control, Field, Key, Menu, Section, Sheet
from fermoposta.portal.i18n import marked as _

AUDIENCES = {
    "everybody": _("Everybody"),
    "company": _("Only people of the company"),
}

DELEGATIONS = Sheet(
    Kind.DELEGATIONS,
    "delegations",
    _("Delegates"),
    _("Add a delegate"),
    _("Who may send on behalf of a mailbox, which recipients see, and has rights on its folders."),
    Key.PERSON,
    _("Mailbox"),
    (Section(_("Rights"), (Field("folders", _("Rights"), Control.FOLDERS),)),),
    ("folders",),
    key_hint=_("Delegates are users of the same company."),
    menu=Menu.MAILBOXES,
)

GRANTS = Sheet(
    Kind.GRANTS,
    "grants",
    _("Sharing"),
    _("Share a folder"),
    _("Who may do what in which folder of somebody else."),
    Key.FOLDER,
    _("Mailbox"),
    (Section(_("Rights"), (Field("rights", _("Rights"), Control.RIGHTS, required=True),)),),
    ("rights",),
    key_hint=_(
        "Who is a user or a group. Folders are calendar, contacts, tasks, notes and journal, the"
        " names of mail folders like INBOX, and / for the whole mailbox."
    ),
    menu=Menu.MAILBOXES,
)

MESSAGE_RULES = Sheet(
    Kind.MESSAGE_RULES,
    "message-rules",
    _("Message rules"),
    "",
    _("The rules that people have made for their own mail. They are shown here, and taken away."),
    Key.RULE,
    _("Rule"),
    (
        Section(
            _("Rule"),
            (
                Field("enabled", _("Applied"), Control.SWITCH),
                Field("position", _("Position"), Control.NUMBER),
            ),
        ),
    ),
    ("enabled", "position"),
    menu=Menu.MAILBOXES,
)

OUT_OF_OFFICE = Sheet(
    Kind.OUT_OF_OFFICE,
    "out-of-office",
    _("Out of office"),
    _("Add an absence"),
    _("What a mailbox answers while its owner is away."),
    Key.ADDRESS,
    _("Mailbox"),
    (
        Section(
            _("Answer"),
            (
                Field("enabled", _("Answer mail"), Control.SWITCH),
                Field("subject", _("Subject"), hint=_("Empty: that of the mail, after a word.")),
                Field("text", _("Text"), Control.TEXT, required=True),
                Field(
                    "external",
                    _("Another text for everybody outside the company"),
                    Control.TEXT,
                ),
                Field(
                    "audience",
                    _("Who is answered"),
                    Control.CHOICE,
                    options=AUDIENCES,
                ),
            ),
        ),
        Section(
            _("When"),
            (
                Field("from", _("From"), hint=_("A day like 2026-08-01. Empty: at once.")),
                Field("until", _("Until"), hint=_("The last day. Empty: for good.")),
                Field(
                    "days",
                    _("Days until the same sender is answered again"),
                    Control.NUMBER,
                ),
            ),
        ),
    ),
    ("enabled", "from", "until"),
    menu=Menu.MAILBOXES,
)
