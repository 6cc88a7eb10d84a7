"""
The versions of the protocol, and which commands each has (MS-ASCMD, section 2.2.1).

What a version has is not what we answer: a client is told of a command when it works.
"""

from dataclasses import dataclass

VERSIONS = ("12.1", "14.0", "14.1", "16.0", "16.1")
"""Oldest first. 2.5 and 12.0 are not spoken: devices that know no other are gone."""

_FROM_12_1 = VERSIONS
_ONLY_12_1 = VERSIONS[:1]
_ONLY_16_1 = VERSIONS[-1:]


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and the versions that have it."""

    name: str
    code: int | None
    """Its number in a base64 query (MS-ASHTTP, section 2.2.1.1.1.1.2)."""
    versions: tuple[str, ...]


COMMANDS = (
    Command("Sync", 0, _FROM_12_1),
    Command("SendMail", 1, _FROM_12_1),
    Command("SmartForward", 2, _FROM_12_1),
    Command("SmartReply", 3, _FROM_12_1),
    Command("GetAttachment", 4, _ONLY_12_1),
    # MS-ASHTTP gives these four no number any more; MS-ASCMD describes only the first.
    Command("GetHierarchy", None, _ONLY_12_1),
    Command("CreateCollection", None, _ONLY_12_1),
    Command("DeleteCollection", None, _ONLY_12_1),
    Command("MoveCollection", None, _ONLY_12_1),
    Command("FolderSync", 9, _FROM_12_1),
    Command("FolderCreate", 10, _FROM_12_1),
    Command("FolderDelete", 11, _FROM_12_1),
    Command("FolderUpdate", 12, _FROM_12_1),
    Command("MoveItems", 13, _FROM_12_1),
    Command("GetItemEstimate", 14, _FROM_12_1),
    Command("MeetingResponse", 15, _FROM_12_1),
    Command("Search", 16, _FROM_12_1),
    Command("Settings", 17, _FROM_12_1),
    Command("Ping", 18, _FROM_12_1),
    Command("ItemOperations", 19, _FROM_12_1),
    Command("Provision", 20, _FROM_12_1),
    Command("ResolveRecipients", 21, _FROM_12_1),
    Command("ValidateCert", 22, _FROM_12_1),
    Command("Find", 23, _ONLY_16_1),
)
"""Autodiscover is not among them: it has a path of its own instead of a ``Cmd``."""

_BY_NAME = {command.name.lower(): command for command in COMMANDS}
_BY_CODE = {command.code: command for command in COMMANDS if command.code is not None}


def command_named(name: str) -> Command | None:
    """Return the command that a plain query calls *name*, in capitals or not."""
    return _BY_NAME.get(name.lower())


def command_numbered(code: int) -> Command | None:
    """Return the command that a base64 query calls *code*."""
    return _BY_CODE.get(code)


def commands_of(version: str) -> tuple[str, ...]:
    """Return the names of the commands that *version* has."""
    return tuple(command.name for command in COMMANDS if version in command.versions)
