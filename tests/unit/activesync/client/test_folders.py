import pytest
from tests.unit.activesync.fake_server import Server, tree

from fermoposta.activesync.client import AnswerError, StatusError, folders
from fermoposta.activesync.client.device import Folder


def entry(kind, **fields):
    return tree(f"FolderHierarchy:{kind}", **fields)


def added(name, parent="0", kind=12):
    return entry("Add", ServerId=name, ParentId=parent, DisplayName=name.title(), Type=kind)


def answer(key, *changes, count=None, command="FolderSync"):
    listed = tree("FolderHierarchy:Changes", *changes, Count=count or len(changes))
    return tree(f"FolderHierarchy:{command}", listed, Status=1, SyncKey=key)


def test_folders_come_change_and_go():
    """The device has what the server has, and asks with the last key."""
    server = Server(
        [
            answer("1", added("inbox", kind=2), added("a"), added("b", "a"), added("c", "b")),
            answer(
                "2",
                entry("Update", ServerId="a", ParentId="0", DisplayName="Alfa", Type=12),
                entry("Delete", ServerId="b"),
            ),
        ]
    )
    client = server.client()

    folders.folder_sync(client)
    assert folders.folder_sync(client) == ("a", "b")

    assert client.device.folders == {
        "inbox": Folder("inbox", "0", "Inbox", 2),
        "a": Folder("a", "0", "Alfa", 12),
    }
    keys = [body.text_of("FolderHierarchy:SyncKey") for body in server.bodies]
    assert keys == ["0", "1"]
    assert client.device.anomalies == ()


@pytest.mark.parametrize(
    ("second", "word"),
    [
        (answer("2", added("a")), "there already"),
        (answer("2", entry("Delete", ServerId="x")), "never added"),
        (answer("2", added("y", "nowhere")), "not there"),
        (answer("2", added("y"), count=2), "2 changes and has 1"),
        (
            answer("2", entry("Update", ServerId="x", ParentId="0", DisplayName="X", Type=12)),
            "never added",
        ),
    ],
)
def test_what_a_server_may_not_say_is_written_down(second, word):
    """The device goes on, and a test can see what was wrong."""
    client = Server([answer("1", added("a")), second]).client()

    folders.folder_sync(client)
    assert client.device.anomalies == ()
    folders.folder_sync(client)

    assert len(client.device.anomalies) == 1
    assert word in client.device.anomalies[0]


def test_folders_below_a_deleted_one_may_be_named_or_not():
    """Both are right: the device has dropped them already."""
    both = answer("2", entry("Delete", ServerId="a"), entry("Delete", ServerId="b"))
    client = Server([answer("1", added("a"), added("b", "a")), both]).client()

    folders.folder_sync(client)
    folders.folder_sync(client)

    assert (client.device.folders, client.device.anomalies) == ({}, ())


def test_a_key_that_is_not_valid_makes_the_device_start_again():
    """It forgets folders and items, and says why."""
    refused = tree("FolderHierarchy:FolderSync", Status=9)
    client = Server([answer("1", added("a")), refused]).client()
    folders.folder_sync(client)
    client.device.collection("a").sync_key = "7"

    with pytest.raises(StatusError, match=r"status 9 .*start again from 0") as caught:
        folders.folder_sync(client)

    assert (caught.value.status, caught.value.command) == (9, "FolderSync")
    assert (client.device.folder_key, client.device.folders) == ("0", {})
    assert client.device.collection("a").sync_key == "0"


def test_folders_are_made_renamed_and_deleted():
    """Each answer's key is the next request's, and the device follows without asking."""
    server = Server(
        [
            tree("FolderHierarchy:FolderCreate", Status=1, SyncKey="2", ServerId="n"),
            tree("FolderHierarchy:FolderUpdate", Status=1, SyncKey="3"),
            tree("FolderHierarchy:FolderDelete", Status=1, SyncKey="4"),
        ]
    )
    client = server.client()
    client.device.folder_key = "1"

    made = folders.create(client, "Nuova")
    renamed = folders.update(client, made, name="Vecchia")
    assert client.device.folders == {"n": renamed} == {"n": Folder("n", "0", "Vecchia", 12)}
    folders.delete(client, "n")

    assert client.device.folders == {}
    keys = [body.text_of("FolderHierarchy:SyncKey") for body in server.bodies]
    assert keys == ["1", "2", "3"]
    assert [each.command for each in server.requests] == [
        "FolderCreate",
        "FolderUpdate",
        "FolderDelete",
    ]


def test_an_answer_without_its_key_is_refused():
    """The device would not know how to go on."""
    client = Server([tree("FolderHierarchy:FolderSync", Status=1)]).client()

    with pytest.raises(AnswerError, match="SyncKey is missing"):
        folders.folder_sync(client)
