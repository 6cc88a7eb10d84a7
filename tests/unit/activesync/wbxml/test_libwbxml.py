"""Beside libwbxml (Debian's libwbxml2-utils), which was written by others from the same tables."""

import subprocess
from base64 import b64decode
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.activesync.wbxml import Element, decode, encode
from fermoposta.activesync.wbxml.codepages import TAGS

LATER = set(TAGS[25].values()) | {
    "MeetingResponse:ProposedStartTime",
    "MeetingResponse:ProposedEndTime",
    "Provision:AccountOnlyRemoteWipe",
}
"""The tags of protocol 16.1, which it doesn't know."""

BINARY = {
    "AirSyncBase:Content",
    "ComposeMail:Mime",
    "Email2:ConversationId",
    "Email2:ConversationIndex",
    "GAL:Data",
    "ItemOperations:ConversationId",
    "ResolveRecipients:Data",
    "Search:ConversationId",
}
"""Tags of which it takes the content for bytes, and shows it in base64."""

RULES = ["Type", "Until", "Occurrences", "Interval", "DayOfWeek", "DayOfMonth", "WeekOfMonth"]
RULES += ["MonthOfYear", "Start", "Regenerate", "DeadOccur"]
CALLED = {
    "Calendar:Attendee_Email": "Calendar:Email",
    "Calendar:Attendee_Name": "Calendar:Name",
    "Calendar:Attendee_Status": "Calendar:AttendeeStatus",
    "Calendar:Attendee_Type": "Calendar:AttendeeType",
    "Calendar:DTStamp": "Calendar:DtStamp",
    "Calendar:Exception_Deleted": "Calendar:Deleted",
    "Calendar:Exception_StartTime": "Calendar:ExceptionStartTime",
    "Calendar:Organizer_Email": "Calendar:OrganizerEmail",
    "Calendar:Organizer_Name": "Calendar:OrganizerName",
    "Calendar:TimeZone": "Calendar:Timezone",
    "ComposeMail:MIME": "ComposeMail:Mime",
    "Contacts:AssistantTelephoneNumber": "Contacts:AssistantPhoneNumber",
    "Email:DTStamp": "Email:DtStamp",
    "Email:FlagStatus": "Email:Status",
    "Email:Reply-To": "Email:ReplyTo",
    "Provision:DeviceEncryptionEnabled": "Provision:RequireStorageCardEncryption",
    "RightsManagement:RMOwner": "RightsManagement:Owner",
    "RightsManagement:RemoveRightsManagementDistribution": (
        "RightsManagement:RemoveRightsManagementProtection"
    ),
    "Settings:SmtpAddress": "Settings:SMTPAddress",
    "Settings:ihsManagementInformation": "Settings:RightsManagementInformation",
    "Tasks:UTCDueDate": "Tasks:UtcDueDate",
    "Tasks:UTCStartDate": "Tasks:UtcStartDate",
    **{
        f"Contacts:{place}{part}": f"Contacts:{place}Address{part}"
        for place in ("Business", "Home", "Other")
        for part in ("City", "Country", "PostalCode", "State", "Street")
    },
    **{
        f"{page}:Recurrence_{part}": f"{page}:{part}"
        for page in ("Email", "Calendar", "Tasks")
        for part in RULES
    },
}
"""Its own names, mostly those of the oldest versions, to those of the specification."""

EVERY_PAGE = [
    Element(
        "AirSync:Sync",
        [Element(tag, b"7" if tag in BINARY else "7") for tag in tags.values() if tag not in LATER],
    )
    for page, tags in TAGS.items()
    if page != 25
]


def run(*command, given):
    """What *command* makes of bytes on its standard input."""
    done = subprocess.run(
        [*command, "-o", "-", "-"], input=given, capture_output=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def element(node):
    """An element of ours from one of XML's."""
    namespace, _, name = node.tag[1:].rpartition("}")
    theirs = f"{namespace.rstrip(':')}:{name}".replace("Gal:", "GAL:")
    tag = CALLED.get(theirs, theirs)
    text = node.text or ""
    return Element(tag, [b64decode(text) if tag in BINARY else text, *map(element, node)])


def test_it_reads_every_tag_as_we_write_it():
    """All 561 tags up to 16.0, page by page."""
    for written in EVERY_PAGE:
        xml = run("wbxml2xml", "-l", "ACTIVESYNC", "-m", "0", "-k", given=encode(written))

        assert element(ET.fromstring(xml)) == written  # noqa: S314 - we wrote it


def test_we_read_every_tag_as_it_writes_it():
    """From XML by its encoder, back by our decoder."""
    for wanted in EVERY_PAGE:
        xml = run("wbxml2xml", "-l", "ACTIVESYNC", "-m", "0", "-k", given=encode(wanted))

        written = run("xml2wbxml", "-a", "-n", "-k", "-v", "1.3", given=xml)

        assert decode(written) == wanted


def test_tags_of_16_1_are_the_ones_it_lacks():
    """So that the list above is not where differences hide."""
    sync = Element("AirSync:Sync", [Element(tag, "7") for tag in sorted(LATER)])

    xml = run("wbxml2xml", "-l", "ACTIVESYNC", "-m", "0", "-k", given=encode(sync))

    assert len(LATER) == 25
    assert {node.tag.rpartition("}")[2] for node in ET.fromstring(xml)} == {"unknown"}  # noqa: S314


texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1)


@settings(max_examples=15, deadline=None)
@given(st.lists(texts, min_size=1, max_size=8))
def test_it_reads_our_texts(found):
    """Of all scripts, with what XML has to quote."""
    written = Element("AirSync:Sync", [Element("Email:Subject", text) for text in found])

    xml = run("wbxml2xml", "-l", "ACTIVESYNC", "-m", "0", "-k", given=encode(written))

    assert element(ET.fromstring(xml)) == written  # noqa: S314


def test_it_reads_our_opaque_data():
    """Byte for byte."""
    written = Element("AirSync:Sync", [Element("Email2:ConversationId", bytes(range(256)) * 9)])

    xml = run("wbxml2xml", "-l", "ACTIVESYNC", "-m", "0", "-k", given=encode(written))

    assert element(ET.fromstring(xml)) == written  # noqa: S314
