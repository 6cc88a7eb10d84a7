import pytest
from tests.unit.activesync.fake_server import Server, tree

from fermoposta.activesync.client import AnswerError, StatusError, sync
from fermoposta.activesync.client.operations import Add, Change, Delete, Fetch, application_data
from fermoposta.activesync.client.options import Body, Options
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.client.sync_answer import take_in
from fermoposta.activesync.wbxml import Element

INBOX = Wanted(folder="5")


def mail(subject, read=0):
    return application_data([Element("Email:Subject", subject), Element("Email:Read", str(read))])


def command(kind, server_id, data=None):
    return tree(f"AirSync:{kind}", *([data] if data else []), ServerId=server_id)


def collection(key, *commands, responses=(), status=1, folder="5", more=False):
    parts = []
    if more:
        parts.append(Element("AirSync:MoreAvailable"))
    if commands:
        parts.append(Element("AirSync:Commands", commands))
    if responses:
        parts.append(Element("AirSync:Responses", responses))
    return tree("AirSync:Collection", *parts, SyncKey=key, CollectionId=folder, Status=status)


def answer(*collections):
    return Element("AirSync:Sync", [Element("AirSync:Collections", collections)])


def begun(*answers, version="14.1"):
    """A server, and a device that has message 5:1 at key 2."""
    server = Server(
        [answer(collection("1")), answer(collection("2", command("Add", "5:1", mail("uno"))))]
    )
    client = server.client(version)
    sync.sync_all(client, INBOX)
    server.answers.extend(answers)
    return server, client


def subjects(client):
    items = client.device.collection("5").items
    return {name: data.text_of("Email:Subject") for name, data in items.items()}


def keys(server):
    path = ("AirSync:Collections", "AirSync:Collection", "AirSync:SyncKey")
    return [body.text_of(*path) for body in server.bodies]


def test_a_folder_is_fetched_until_there_is_no_more():
    """First the key, then page by page, each with the key of the one before."""
    server = Server(
        [
            answer(collection("1")),
            answer(collection("2", command("Add", "5:1", mail("uno")), more=True)),
            answer(collection("3", command("Add", "5:2", mail("due")))),
        ]
    )
    client = server.client()

    rounds = sync.sync_all(client, INBOX)

    assert [each.added for each in rounds] == [["5:1"], ["5:2"]]
    assert subjects(client) == {"5:1": "uno", "5:2": "due"}
    assert keys(server) == ["0", "1", "2"]
    assert client.device.anomalies == ()


def test_what_happens_on_the_server_happens_here():
    """Changes are merged; what is gone, or too old, goes."""
    _, client = begun(
        answer(
            collection(
                "3",
                command("Change", "5:1", application_data([Element("Email:Read", "1")])),
                command("Add", "5:2", mail("due")),
                command("Add", "5:3", mail("tre")),
            )
        ),
        answer(collection("4", command("Delete", "5:2"), command("SoftDelete", "5:3"))),
    )

    sync.sync(client, INBOX)
    assert client.device.collection("5").items["5:1"].text_of("Email:Read") == "1"
    came = sync.sync(client, INBOX)["5"]

    assert subjects(client) == {"5:1": "uno"}
    assert (came.deleted, came.soft_deleted) == (["5:2"], ["5:3"])
    assert client.device.anomalies == ()


@pytest.mark.parametrize(
    "odd",
    [
        command("Add", "5:1", mail("again")),
        command("Change", "5:9", mail("never came")),
        command("Delete", "5:9"),
        command("SoftDelete", "5:9"),
    ],
)
def test_doubles_and_strangers_are_written_down(odd):
    """An item that comes twice, and one that changes or goes without having come."""
    _, client = begun(answer(collection("3", odd)))

    sync.sync(client, INBOX)

    assert len(client.device.anomalies) == 1
    assert client.device.collection("5").items.keys() == {"5:1"}


def test_an_empty_answer_says_that_nothing_is_new():
    """The key stays."""
    _, client = begun(None)

    assert sync.sync(client, INBOX) == {}
    assert client.device.collection("5").sync_key == "2"
    assert client.device.anomalies == ()


def test_own_operations_take_effect_where_the_server_took_them():
    """It speaks of additions and of failures; silence is success."""
    made = tree("AirSync:Add", ClientId="c1", ServerId="5:7", Status=1)
    failed = tree("AirSync:Delete", ServerId="5:2", Status=8)
    server, client = begun(
        answer(collection("3", command("Add", "5:2", mail("due")))),
        answer(collection("4", responses=[made, failed])),
    )
    sync.sync(client, INBOX)
    wanted = Wanted(
        folder="5",
        operations=(
            Add("c1", mail("mio")),
            Change("5:1", application_data([Element("Email:Read", "1")])),
            Delete("5:2"),
        ),
    )

    came = sync.sync(client, wanted)["5"]

    assert came.made == {"c1": "5:7"}
    assert [str(each) for each in came.failed] == [
        "Delete 5:2: status 8, the item, or its folder, is not there"
    ]
    assert subjects(client) == {"5:1": "uno", "5:2": "due", "5:7": "mio"}
    assert client.device.collection("5").items["5:1"].text_of("Email:Read") == "1"
    assert client.device.collection("5").pending == {}
    sent = server.bodies[-1].find("AirSync:Collections", "AirSync:Collection", "AirSync:Commands")
    assert [each.name for each in sent.elements] == ["Add", "Change", "Delete"]


def test_a_draft_that_goes_out_at_once_need_not_stay():
    """What is only saved has an id; what is sent may have none."""
    response = tree("AirSync:Add", ClientId="c1", Status=1)
    same = answer(collection("3", responses=[response]))
    server, client = begun(same, same, version="16.1")

    came = sync.sync(client, Wanted(folder="5", operations=(Add("c1", mail("x"), send=True),)))
    assert (came["5"].made, came["5"].failed) == ({}, [])
    assert client.device.collection("5").pending == {}
    sent = ("AirSync:Collections", "AirSync:Collection", "AirSync:Commands", "AirSync:Add")
    assert server.bodies[-1].find(*sent, "Email2:Send") is not None

    with pytest.raises(AnswerError, match="ServerId is missing"):
        sync.sync(client, Wanted(folder="5", operations=(Add("c1", mail("x")),)))


def test_a_change_that_failed_changes_nothing_here():
    """The server's version wins, and comes by itself."""
    failed = tree("AirSync:Change", ServerId="5:1", Status=7)
    _, client = begun(answer(collection("3", responses=[failed])))
    change = Change("5:1", application_data([Element("Email:Read", "1")]))

    sync.sync(client, Wanted(folder="5", operations=(change,)))

    assert client.device.collection("5").items["5:1"].text_of("Email:Read") == "0"


def test_a_delete_of_what_the_device_deleted_itself_is_an_echo():
    """It is an anomaly: the server should know who did it."""
    _, client = begun(answer(collection("3", command("Delete", "5:1"))))

    sync.sync(client, Wanted(folder="5", operations=(Delete("5:1"),)))

    assert len(client.device.anomalies) == 1


def test_a_lost_answer_can_be_asked_for_again():
    """The same key, the same ClientId; it waits until it is answered, and is there once."""
    made = tree("AirSync:Add", ClientId="c1", ServerId="5:7", Status=1)
    same = answer(collection("3", command("Add", "5:2", mail("due")), responses=[made]))
    server, client = begun(same, same)
    wanted = [Wanted(folder="5", operations=(Add("c1", mail("mio")),))]

    client.ask("Sync", sync.document(client, wanted))  # the answer is lost
    assert client.device.collection("5").pending.keys() == {"c1"}
    take_in(client, wanted, client.ask("Sync", sync.document(client, wanted)))

    assert server.bodies[-1] == server.bodies[-2]
    assert subjects(client) == {"5:1": "uno", "5:2": "due", "5:7": "mio"}
    assert client.device.anomalies == ()


def test_operations_that_nobody_answers_are_written_down():
    """An empty answer is none to a request that did something."""
    _, client = begun(None)

    sync.sync(client, Wanted(folder="5", operations=(Delete("5:1"),)))

    assert "without an answer" in client.device.anomalies[0]


def test_a_key_that_is_not_valid_empties_the_folder_only():
    """Other folders in the same answer are taken in before the error is raised."""
    bad = collection("0", status=3)
    good = collection("1", command("Add", "6:1", mail("altro")), folder="6")
    _, client = begun(answer(bad, good))

    with pytest.raises(StatusError, match="status 3"):
        sync.sync(client, INBOX, Wanted(folder="6"))

    assert (subjects(client), client.device.collection("5").sync_key) == ({}, "0")
    assert client.device.collection("6").items.keys() == {"6:1"}
    assert client.device.collection("6").sync_key == "1"


def test_a_status_on_top_is_raised_with_the_bound():
    """A wait that is out of range comes with the longest one."""
    _, client = begun(tree("AirSync:Sync", Status=14, Limit=59))

    with pytest.raises(StatusError, match="out of range") as caught:
        sync.sync(client, INBOX, wait=100)

    assert caught.value.answer.text_of("AirSync:Limit") == "59"


def test_all_that_can_be_asked_stands_in_the_order_of_the_schema():
    """MS-ASCMD, section 6.40."""
    server, client = begun(answer(collection("3")))
    wanted = Wanted(
        folder="5",
        window=10,
        get_changes=True,
        deletes_as_moves=False,
        conversations=True,
        options=(
            Options(
                filter=2,
                conflict=1,
                mime_support=2,
                mime_truncation=8,
                bodies=(Body(type=2, truncation=500, preview=100),),
                body_part=Body(type=2),
            ),
        ),
        operations=(Fetch("5:1"),),
    )

    sync.sync(client, wanted, heartbeat=60, window=20, partial=True)

    root = server.bodies[-1]
    assert [each.name for each in root.elements] == [
        "Collections",
        "HeartbeatInterval",
        "WindowSize",
        "Partial",
    ]
    asked = root.find("AirSync:Collections", "AirSync:Collection")
    assert [(each.name, each.text) for each in asked.elements] == [
        ("SyncKey", "2"),
        ("CollectionId", "5"),
        ("DeletesAsMoves", "0"),
        ("GetChanges", "1"),
        ("WindowSize", "10"),
        ("ConversationMode", "1"),
        ("Options", ""),
        ("Commands", ""),
    ]
    assert {each.tag: each.text for each in asked.find("AirSync:Options").elements} == {
        "AirSync:FilterType": "2",
        "AirSyncBase:BodyPreference": "",
        "AirSyncBase:BodyPartPreference": "",
        "AirSync:Conflict": "1",
        "AirSync:MIMESupport": "2",
        "AirSync:MIMETruncation": "8",
    }


def test_what_is_supported_is_told_with_the_first_key_only():
    """And is remembered for what changes leave out."""
    server = Server([answer(collection("1")), answer(collection("2"))])
    client = server.client()
    wanted = Wanted(folder="5", supported=("Contacts:LastName",))

    sync.sync(client, wanted)
    sync.sync(client, wanted)

    path = ("AirSync:Collections", "AirSync:Collection", "AirSync:Supported")
    assert [body.find(*path) is not None for body in server.bodies] == [True, False]
    assert client.device.collection("5").supported == {"Contacts:LastName"}


def test_a_repeated_request_is_empty():
    """The server knows what was asked before."""
    server, client = begun(answer(collection("3", command("Add", "5:2", mail("due")))))

    sync.again(client, INBOX)

    assert server.bodies[-1] == b""
    assert subjects(client) == {"5:1": "uno", "5:2": "due"}
