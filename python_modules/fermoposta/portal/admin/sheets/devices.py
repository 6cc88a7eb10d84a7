"""What phones and tablets must do, and which may synchronise at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.directory.model import Kind
from fermoposta.directory.model.devices import CALENDAR_AGES, MAIL_AGES
from fermoposta.portal.admin.sheets.shape import Control, Field, Key, Menu, Section, Sheet
from fermoposta.portal.i18n import marked as _

if TYPE_CHECKING:
    from collections.abc import Iterable

ACCESS_WORDS = {
    "allow": _("Allow"),
    "quarantine": _("Have it wait"),
    "block": _("Block"),
}
BLUETOOTH = {
    "allowed": _("Allowed"),
    "hands_free": _("For hands-free sets only"),
    "forbidden": _("Forbidden"),
}
AGES = {
    "all": _("All"),
    "1_day": _("One day"),
    "3_days": _("Three days"),
    "1_week": _("One week"),
    "2_weeks": _("Two weeks"),
    "1_month": _("One month"),
    "3_months": _("Three months"),
    "6_months": _("Six months"),
}
NEGOTIATIONS = {
    "any": _("Any other"),
    "strong": _("Only a strong one"),
    "none": _("None"),
}
_MAIL_AGES = {
    name: AGES[name] for name in ("all", "1_day", "3_days", "1_week", "2_weeks", "1_month")
}
_CALENDAR_AGES = {
    name: AGES[name] for name in ("all", "2_weeks", "1_month", "3_months", "6_months")
}


def _ages(known: Iterable[str]) -> dict[str, str]:
    return {name: AGES[name] for name in known}


def _may(name: str, label: str) -> Field:
    return Field(name, label, Control.SWITCH)


def _count(name: str, label: str) -> Field:
    return Field(name, label, Control.NUMBER, _("Empty: nothing is demanded."))


POLICIES = Sheet(
    Kind.DEVICE_POLICIES,
    "device-policies",
    _("Device policies"),
    _("Add a policy"),
    _("What phones and tablets must do before they may synchronise."),
    Key.NAME,
    _("Name"),
    (
        Section(
            _("For whom"),
            (
                Field(
                    "company",
                    _("Company"),
                    Control.COMPANY,
                    _("For all of its users for whom no other policy is."),
                ),
                Field(
                    "applies_to",
                    _("Users and groups"),
                    Control.LINES,
                    _("One address a line."),
                ),
                Field(
                    "position",
                    _("Position"),
                    Control.NUMBER,
                    _("Of two for the same user the lower one counts."),
                ),
                _may("allow_non_provisionable", _("Devices that obey no policy may come too")),
                _count("refresh_hours", _("Ask for it anew after hours")),
            ),
        ),
        Section(
            _("Password of the device"),
            (
                _may("password_required", _("It must have one")),
                _may("password_simple", _("Simple ones like 1234 are allowed")),
                _may("password_alphanumeric", _("Letters and digits are needed")),
                _count("password_minimum_length", _("Characters, at least")),
                _count("password_complex_characters", _("Kinds of characters, at least")),
                _count("password_failed_attempts", _("Wrong entries after which it is erased")),
                _count("password_expires_days", _("Days until there must be another")),
                _count("password_history", _("Former ones that may not come again")),
                _may("password_recovery", _("It may be kept on the server, for recovery")),
                _count("lock_after_seconds", _("Seconds without use until it locks")),
            ),
        ),
        Section(
            _("Device"),
            (
                _may("device_encryption", _("It must be encrypted")),
                _may("storage_card", _("Memory cards are allowed")),
                _may("storage_card_encryption", _("Memory cards must be encrypted")),
                _may("camera", _("The camera is allowed")),
                _may("wifi", _("Wi-Fi is allowed")),
                Field("bluetooth", _("Bluetooth"), Control.CHOICE, options=BLUETOOTH),
                _may("infrared", _("Infrared is allowed")),
                _may("internet_sharing", _("Sharing its connection is allowed")),
                _may("remote_desktop", _("Remote desktops are allowed")),
                _may("desktop_sync", _("Synchronising with a computer is allowed")),
                _may("text_messaging", _("Text messages are allowed")),
            ),
        ),
        Section(
            _("Programs"),
            (
                _may("browser", _("The browser is allowed")),
                _may("consumer_mail", _("Private mail services are allowed")),
                _may("other_mail", _("POP3 and IMAP mail is allowed")),
                _may("unsigned_applications", _("Unsigned programs are allowed")),
                _may("unsigned_installers", _("Unsigned installers are allowed")),
            ),
        ),
        Section(
            _("Mail and calendar"),
            (
                _may("html_mail", _("Mail in HTML is allowed")),
                _may("attachments_allowed", _("Attachments are allowed")),
                _count("max_attachment_bytes", _("Largest attachment, in bytes")),
                Field("mail_age", _("Mail as old as"), Control.CHOICE, options=_ages(MAIL_AGES)),
                Field(
                    "calendar_age",
                    _("Appointments as old as"),
                    Control.CHOICE,
                    options=_ages(CALENDAR_AGES),
                ),
                _count("max_text_kb", _("Longest text of a mail, in KB")),
                _count("max_html_kb", _("Longest HTML of a mail, in KB")),
                _may("manual_sync_when_roaming", _("Abroad only on demand")),
            ),
        ),
        Section(
            _("Signed and encrypted mail"),
            (
                _may("smime_signed", _("Mail must be signed")),
                _may("smime_encrypted", _("Mail must be encrypted")),
                _may("smime_soft_certificates", _("Certificates without a card are allowed")),
                Field(
                    "smime_negotiation",
                    _("If the recipient can't do the algorithm"),
                    Control.CHOICE,
                    options=NEGOTIATIONS,
                ),
            ),
        ),
    ),
    ("company", "applies_to"),
    menu=Menu.DEVICES,
)

ACCESS = Sheet(
    Kind.DEVICE_ACCESS,
    "device-access",
    _("New devices"),
    _("Add a rule for new devices"),
    _("What happens to a phone or tablet that comes for the first time."),
    Key.NAME,
    _("Company or user"),
    (
        Section(
            _("Rule"),
            (
                Field("unknown", _("All others"), Control.CHOICE, options=ACCESS_WORDS),
                Field(
                    "types",
                    _("By type"),
                    Control.PAIRS,
                    _("A line like iphone: allow. There are allow, quarantine and block."),
                ),
                Field(
                    "models",
                    _("By model"),
                    Control.PAIRS,
                    _("A line like iphone: allow. There are allow, quarantine and block."),
                ),
            ),
        ),
    ),
    ("unknown", "types"),
    key_hint=_("The key of a company, or the address of a user, for whom it counts instead."),
    menu=Menu.DEVICES,
)
