import pytest

from fermoposta.activesync.versions import (
    COMMANDS,
    VERSIONS,
    command_named,
    command_numbered,
    commands_of,
)

ALWAYS = {
    "Sync", "SendMail", "SmartForward", "SmartReply", "FolderSync", "FolderCreate", "FolderDelete",
    "FolderUpdate", "MoveItems", "GetItemEstimate", "MeetingResponse", "Search", "Settings", "Ping",
    "ItemOperations", "Provision", "ResolveRecipients", "ValidateCert",
}  # fmt: skip
OLD = {"GetAttachment", "GetHierarchy", "CreateCollection", "DeleteCollection", "MoveCollection"}


@pytest.mark.parametrize(
    ("version", "commands"),
    [
        ("12.1", ALWAYS | OLD),
        ("14.0", ALWAYS),
        ("14.1", ALWAYS),
        ("16.0", ALWAYS),
        ("16.1", ALWAYS | {"Find"}),
        ("2.5", set()),
    ],
)
def test_a_version_has_the_commands_of_the_specification(version, commands):
    """What came and what went between 12.1 and 16.1 (MS-ASCMD, section 2.2.1)."""
    assert set(commands_of(version)) == commands
    assert len(commands_of(version)) == len(commands)


def test_numbers_are_those_of_the_specification():
    """MS-ASHTTP, section 2.2.1.1.1.1.2; 5 to 8 are not given any more."""
    numbers = {command.name: command.code for command in COMMANDS if command.code is not None}

    assert sorted(numbers.values()) == [0, 1, 2, 3, 4, *range(9, 24)]
    assert (numbers["Sync"], numbers["GetAttachment"], numbers["FolderSync"]) == (0, 4, 9)
    assert (numbers["Ping"], numbers["ValidateCert"], numbers["Find"]) == (18, 22, 23)


def test_a_command_is_found_by_name_and_number():
    """Names in capitals or not; numbers that are none are nothing."""
    assert command_named("foldersync") == command_named("FolderSync") == command_numbered(9)
    assert command_named("Notify") is None
    assert command_numbered(5) is None
    assert command_named("GetHierarchy").code is None


def test_every_command_is_of_versions_that_we_know():
    """A typing error in the table would hide a command."""
    assert all(set(command.versions) <= set(VERSIONS) for command in COMMANDS)
    assert len({command.name for command in COMMANDS}) == len(COMMANDS) == 24
