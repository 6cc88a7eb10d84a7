"""
How a command is answered by a status alone (MS-ASCMD, section 2.2.2).

From 14.0 on what is wrong with a request as a whole is told by a ``Status`` in the command's root;
12.1 has HTTP's statuses for it, and knows none above 100.
"""

from __future__ import annotations

from enum import IntEnum

from fermoposta.activesync.session import Answer
from fermoposta.activesync.wbxml import Element

ROOTS = {
    "Sync": "AirSync:Sync",
    "SendMail": "ComposeMail:SendMail",
    "SmartForward": "ComposeMail:SmartForward",
    "SmartReply": "ComposeMail:SmartReply",
    "FolderSync": "FolderHierarchy:FolderSync",
    "FolderCreate": "FolderHierarchy:FolderCreate",
    "FolderDelete": "FolderHierarchy:FolderDelete",
    "FolderUpdate": "FolderHierarchy:FolderUpdate",
    "MoveItems": "Move:MoveItems",
    "GetItemEstimate": "GetItemEstimate:GetItemEstimate",
    "MeetingResponse": "MeetingResponse:MeetingResponse",
    "Search": "Search:Search",
    "Settings": "Settings:Settings",
    "Ping": "Ping:Ping",
    "ItemOperations": "ItemOperations:ItemOperations",
    "Provision": "Provision:Provision",
    "ResolveRecipients": "ResolveRecipients:ResolveRecipients",
    "ValidateCert": "ValidateCert:ValidateCert",
    "Find": "Find:Find",
}
"""Command to the root of its documents. Those that only 12.1 has are without any."""


class Common(IntEnum):
    """The statuses of section 2.2.2 that are given here; commands have others of their own."""

    INVALID_CONTENT = 101
    INVALID_WBXML = 102
    INVALID_XML = 103
    SERVER_ERROR = 110
    RETRY_LATER = 111
    MAILBOX_FULL = 113
    DEVICE_BLOCKED = 129
    ACCESS_DENIED = 130
    COMMAND_NOT_SUPPORTED = 137
    WIPE_REQUESTED = 140
    NOT_PROVISIONED = 142
    POLICY_REFRESH = 143
    INVALID_POLICY_KEY = 144


_HTTP = {
    Common.INVALID_CONTENT: 400,
    Common.INVALID_WBXML: 400,
    Common.INVALID_XML: 400,
    Common.SERVER_ERROR: 500,
    Common.RETRY_LATER: 503,
    Common.DEVICE_BLOCKED: 403,
    Common.ACCESS_DENIED: 403,
    Common.MAILBOX_FULL: 507,
    Common.COMMAND_NOT_SUPPORTED: 501,
    # No 403, although the section has it for a wipe: only 449 makes a device ask for Provision.
    Common.WIPE_REQUESTED: 449,
    Common.NOT_PROVISIONED: 449,
    Common.POLICY_REFRESH: 449,
    Common.INVALID_POLICY_KEY: 449,
}
FIRST_COMMON = 100
"""Statuses above it mean the same in every command."""


def status_only(command: str, version: str, status: int) -> Answer:
    """Return what tells a device of *version* that its *command* ends with *status*."""
    root = ROOTS.get(command)
    if root is None or (version == "12.1" and status > FIRST_COMMON):
        return Answer(status=_http(status))
    namespace = root.partition(":")[0]
    return Answer(Element(root, [Element(f"{namespace}:Status", str(int(status)))]))


def _http(status: int) -> int:
    """Return HTTP's status for *status*; where the section names none, the request is at fault."""
    return _HTTP.get(Common(status), 400) if status in set(Common) else 400
