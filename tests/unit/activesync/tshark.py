"""Wireshark's tshark (Debian's package of that name): a table and a parser by yet others."""

import shutil
import struct
import subprocess
from xml.etree import ElementTree as ET

from fermoposta.activesync.wbxml import Element
from fermoposta.activesync.wbxml.codepages import PAGES, TAGS

LATER = set(TAGS[25].values()) | {
    "Calendar:ClientUid",
    "MeetingResponse:ProposedEndTime",
    "MeetingResponse:ProposedStartTime",
    "MeetingResponse:SendResponse",
    "Provision:AccountOnlyRemoteWipe",
    *(tag for token, tag in TAGS[17].items() if token >= 0x1C),
    *(tag for token, tag in TAGS[21].items() if token >= 0x15),
    *(tag for token, tag in TAGS[22].items() if token >= 0x15),
}
"""The tags of protocols 16.0 and 16.1, which it doesn't know."""

RULES = ["Type", "Until", "Occurrences", "Interval", "DayOfWeek", "DayOfMonth", "WeekOfMonth"]
RULES += ["MonthOfYear"]
OLDER_NAMES = {
    "Calendar:Attendee_Email": "Calendar:Email",
    "Calendar:Attendee_Name": "Calendar:Name",
    "Calendar:Attendee_Status": "Calendar:AttendeeStatus",
    "Calendar:Attendee_Type": "Calendar:AttendeeType",
    "Calendar:Exception_Deleted": "Calendar:Deleted",
    "Calendar:Exception_StartTime": "Calendar:ExceptionStartTime",
    "Calendar:Organizer_Email": "Calendar:OrganizerEmail",
    "Calendar:Organizer_Name": "Calendar:OrganizerName",
    "Contacts:AssistantTelephoneNumber": "Contacts:AssistantPhoneNumber",
    "Email:FlagStatus": "Email:Status",
    "Provision:DeviceEncryptionEnabled": "Provision:RequireStorageCardEncryption",
    "RightsManagement:RMOwner": "RightsManagement:Owner",
    "RightsManagement:RemoveRightsManagementDistribution": (
        "RightsManagement:RemoveRightsManagementProtection"
    ),
    "Tasks:Recurrence_DeadOccur": "Tasks:DeadOccur",
    "Tasks:Recurrence_Regenerate": "Tasks:Regenerate",
    "Tasks:Recurrence_Start": "Tasks:Start",
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
"""Names of the oldest versions, to those of the specification."""

MISSPELT = {
    "AirSyncBase:BodyPartReference": "AirSyncBase:BodyPartPreference",
    "Calendar:AllDAyEvent": "Calendar:AllDayEvent",
    "Calendar:DTStamp": "Calendar:DtStamp",
    "Calendar:TimeZone": "Calendar:Timezone",
    "ComposeMail:MIME": "ComposeMail:Mime",
    "Contacts:Webpage": "Contacts:WebPage",
    "Email:CC": "Email:Cc",
    "Email:DTStamp": "Email:DtStamp",
    "Email:ResponseRequest": "Email:ResponseRequested",
    "RightsManagement:TemplateId": "RightsManagement:TemplateID",
    "Settings:SmtpAddress": "Settings:SMTPAddress",
    "Tasks:UTCStartDate": "Tasks:UtcStartDate",
}
"""Names in which it differs by a letter or two, at the right place."""

ONE_TOO_HIGH = {
    "Contacts:0x28": "Contacts:JobTitle",
    "Contacts:JobTitle": "Contacts:LastName",
    "DocumentLibrary:0x08": "DocumentLibrary:CreationDate",
    "DocumentLibrary:CreationDate": "DocumentLibrary:LastModifiedDate",
    "DocumentLibrary:LastModifiedDate": "DocumentLibrary:IsHidden",
    "Tasks:0x0C": "Tasks:DueDate",
    "Tasks:DueDate": "Tasks:UtcDueDate",
}
"""
Where its table leaves a row empty, and has the next names too late and the last of them nowhere.

MS-ASWBXML (sections 2.1.2.1.2, 2.1.2.1.10 and 2.1.2.1.20) and libwbxml have them as we do.
"""

LEFT_OUT = {
    "FolderHierarchy:0x05": "FolderHierarchy:Folders",
    "FolderHierarchy:0x06": "FolderHierarchy:Folder",
}
"""Rows that its table lacks: those of GetHierarchy's answer, which ends with 12.1."""

CALLED = OLDER_NAMES | MISSPELT | ONE_TOO_HIGH | LEFT_OUT

CONTENT = 0x40
"""The bit of a tag's token that says that something is in it (WAP-192, section 5.8.2)."""

SEGMENT = 60_000
"""Bytes of a document's request in one packet, which has at most 65,535."""

CAPTURE = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)
"""The head of a file of packets, which are bare IP (LINKTYPE_RAW)."""


def packet(port, position, data):
    """A packet of a TCP connection from a port to that of HTTP; nobody looks at checksums."""
    tcp = struct.pack(">HHIIBBHHH", port, 80, 1 + position, 1, 5 << 4, 0x18, 65_535, 0, 0) + data
    there, here = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
    size = 20 + len(tcp)
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 64, 6, 0, here, there)
    return struct.pack("<IIII", 0, 0, size, size) + ip + tcp


def capture(documents):
    """A file of packets in which each document is posted over a connection of its own."""
    packets = [CAPTURE]
    for port, wbxml in enumerate(documents, 1024):
        head = (
            "POST / HTTP/1.1\r\nHost: mail.example.org\r\n"
            "Content-Type: application/vnd.ms-sync.wbxml\r\n"
            f"Content-Length: {len(wbxml)}\r\n\r\n"
        )
        request = head.encode() + wbxml
        packets += [
            packet(port, start, request[start : start + SEGMENT])
            for start in range(0, len(request), SEGMENT)
        ]
    return b"".join(packets)


def shown(documents):
    """What it shows of each document: a list of its fields, in the order of the bytes."""
    assert shutil.which("tshark"), "There is no tshark: run 'scripts/bootstrap test' as root"
    done = subprocess.run(
        ["tshark", "-n", "-r", "-", "-Y", "wbxml", "-T", "pdml", "-J", "wbxml"],
        input=capture(documents),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    packets = ET.fromstring(done.stdout).iterfind("packet")  # noqa: S314 - it wrote that
    return [list(each.iterfind("proto[@name='wbxml']//field")) for each in packets]


def named(name, page, token):
    """The tag that it means: by the number where its table has no name."""
    if name.startswith("(Requested token"):
        name = f"0x{token & ~CONTENT:02X}"
    return f"{PAGES[page].namespace}:{name}"


def opaque(field):
    """The data in a field of opaque data, behind the token and the length."""
    length = next(place for place, byte in enumerate(field[1:], 1) if byte < 0x80)
    return field[length + 1 :]


def as_shown(fields):
    """
    A document as an element, with its own names of tags.

    From names and bytes of the fields: the lines meant for people are indented one step more with
    each sibling, and soon cut off at the right.
    """
    page = 0
    tags, inside = [], [[]]
    for field in fields:
        kind, name = field.get("name").removeprefix("wbxml."), field.get("show")
        value = bytes.fromhex(field.get("value", ""))
        if kind == "switch_page":
            page = int(name)
        elif kind == "known_tag" and value[0] & CONTENT:
            tags.append((named(name, page, value[0]), name))
            inside.append([])
        elif kind == "known_tag":
            inside[-1].append(Element(named(name, page, value[0])))
        elif kind == "end_known_tag":
            (tag, opened), children = tags.pop(), inside.pop()
            assert name == opened
            inside[-1].append(Element(tag, children))
        elif kind == "str_i":
            inside[-1].append(value[1:-1].decode())
        elif kind == "opaque_data":
            inside[-1].append(opaque(value))
        else:
            assert kind in {"", "version", "public_id.known", "charset"}, kind
    ((root,),) = inside
    return root


def renamed(element):
    """An element with the specification's names."""
    tag = CALLED.get(element.tag, element.tag)
    return Element(
        tag, [renamed(each) if isinstance(each, Element) else each for each in element.children]
    )


def gave_up(fields):
    """Whether it stopped within a document: siblings count as levels for it, and it has 255."""
    return any(field.get("name") == "wbxml.too_much_recursion" for field in fields)


def read(documents):
    """
    Documents as elements of ours, read by it alone: all at once, as it is slow to start.

    None stands for one that it gave up.
    """
    found = shown(documents)
    assert len(found) == len(documents)
    return [None if gave_up(fields) else renamed(as_shown(fields)) for fields in found]
