"""What the directory is made of: records, their kinds, rights on folders, the whole state."""

from fermoposta.directory.model.devices import DeviceAccess, DevicePolicy
from fermoposta.directory.model.kinds import (
    ADDRESS_KINDS,
    ALL_KINDS,
    MAILBOX_KINDS,
    Kind,
    Owner,
)
from fermoposta.directory.model.mail_rules import Actions, Condition, MessageRule, OutOfOffice
from fermoposta.directory.model.portraits import Certificate, Picture
from fermoposta.directory.model.records import (
    Alias,
    AllowedDomains,
    ClosedMailbox,
    Company,
    Delegation,
    Domain,
    Grant,
    Group,
    JunkRule,
    Record,
    Resource,
    Role,
    SecurityQuestion,
    SendAs,
    User,
)
from fermoposta.directory.model.rights import PROFILES, RIGHTS, names_of, profile_of
from fermoposta.directory.model.secret import Opaque, Secret
from fermoposta.directory.model.state import State, counts

__all__ = [
    "ADDRESS_KINDS",
    "ALL_KINDS",
    "MAILBOX_KINDS",
    "PROFILES",
    "RIGHTS",
    "Actions",
    "Alias",
    "AllowedDomains",
    "Certificate",
    "ClosedMailbox",
    "Company",
    "Condition",
    "Delegation",
    "DeviceAccess",
    "DevicePolicy",
    "Domain",
    "Grant",
    "Group",
    "JunkRule",
    "Kind",
    "MessageRule",
    "Opaque",
    "OutOfOffice",
    "Owner",
    "Picture",
    "Record",
    "Resource",
    "Role",
    "Secret",
    "SecurityQuestion",
    "SendAs",
    "State",
    "User",
    "counts",
    "names_of",
    "profile_of",
]
