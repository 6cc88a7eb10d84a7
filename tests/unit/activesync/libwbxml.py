"""libwbxml (Debian's libwbxml2-utils): it was written by others, from the same tables as ours."""

import subprocess
from base64 import b64decode
from xml.etree import ElementTree as ET

from fermoposta.activesync.wbxml import Element
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


def xml_of(wbxml):
    """A document as it writes it in XML."""
    return run("wbxml2xml", "-l", "ACTIVESYNC", "-m", "0", "-k", given=wbxml)


def read(wbxml):
    """A document as an element of ours, read by it alone."""
    return element(ET.fromstring(xml_of(wbxml)))  # noqa: S314 - it wrote that
