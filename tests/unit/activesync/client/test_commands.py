"""The commands beside Sync and folders: what they ask, and what they make of the answer."""

import base64

import httpx
import pytest
from tests.unit.activesync.fake_server import Server, tree

from fermoposta.activesync import multipart
from fermoposta.activesync.client import (
    AnswerError,
    StatusError,
    estimate,
    items,
    meeting,
    ping,
    provision,
    resolve,
    search,
    send,
    settings,
    validatecert,
)
from fermoposta.activesync.client.options import Body, Options
from fermoposta.activesync.wbxml import Element, encode

MESSAGE = b"Subject: Ciao\r\n\r\nPi\xc3\xb9\r\n"


# Provision


def policy(*children, **texts):
    return tree(
        "Provision:Provision",
        tree("Provision:Policies", tree("Provision:Policy", *children, **texts)),
        Status=1,
    )


def policies():
    rule = tree("Provision:EASProvisionDoc", DevicePasswordEnabled=1)
    return policy(tree("Provision:Data", rule), Status=1, PolicyKey=11)


def test_policies_are_taken_and_acknowledged():
    """The temporary key acknowledges; the final one goes with all that follows."""
    server = Server([policies(), policy(Status=1, PolicyKey=12), tree("Ping:Ping", Status=1)])
    client = server.client()

    offer = provision.provision(client)
    ping.ping(client, None, 60)

    assert offer.policies.text_of("Provision:DevicePasswordEnabled") == "1"
    assert [each.policy_key for each in server.requests] == [0, 11, 12]
    said = server.bodies[1].find("Provision:Policies", "Provision:Policy")
    assert said.text_of("Provision:PolicyKey") == "11"
    assert said.text_of("Provision:Status") == "1"


@pytest.mark.parametrize(("version", "described"), [("12.1", False), ("14.1", True)])
def test_a_device_describes_itself_from_14_1_on(version, described):
    """Before, Provision has no place for it."""
    server = Server([policy(Status=2)])

    offer = provision.ask(server.client(version))

    found = server.bodies[0].find("Settings:DeviceInformation", "Settings:Set", "Settings:Model")
    assert (found is not None) is described
    assert (offer.key, offer.policies, offer.wipe) == (None, None, None)


@pytest.mark.parametrize("wipe", list(provision.Wipe))
def test_a_wipe_is_seen_and_not_taken_for_policies(wipe):
    """Nothing is acknowledged until the caller says that all is deleted."""
    asked = tree("Provision:Provision", Element(wipe.value), Status=1)
    server = Server([asked, tree("Provision:Provision", Status=1)])
    client = server.client("16.1")

    assert provision.provision(client).wipe is wipe
    assert len(server.bodies) == 1

    provision.acknowledge_wipe(client, wipe)
    assert server.bodies[1].text_of(wipe.value, "Provision:Status") == "1"


def test_policies_that_are_refused_are_an_error():
    """The server may say that the device is not the one it was."""
    server = Server([tree("Provision:Provision", Status=165)])

    with pytest.raises(StatusError, match="describe itself"):
        provision.provision(server.client())


# Ping


def test_a_ping_tells_which_folders_changed():
    """None in good time is an empty answer of status 1."""
    changed = tree("Ping:Ping", tree("Ping:Folders", Element("Ping:Folder", "5")), Status=2)
    server = Server([changed, tree("Ping:Ping", Status=1)])
    client = server.client()

    assert ping.ping(client, [("5", "Email"), ("7", "Calendar")], 60) == ("5",)
    assert ping.ping(client, None, None, waiting=60) == ()

    assert server.bodies[0].text_of("Ping:HeartbeatInterval") == "60"
    classes = [each.text_of("Ping:Class") for each in server.bodies[0].elements[1].elements]
    assert classes == ["Email", "Calendar"]
    assert server.bodies[1] == b""


@pytest.mark.parametrize(
    ("answer", "bound"),
    [
        (tree("Ping:Ping", Status=5, HeartbeatInterval=3540), 3540),
        (tree("Ping:Ping", Status=6, MaxFolders=300), 300),
        (tree("Ping:Ping", Status=3), None),
    ],
)
def test_a_ping_that_is_refused_comes_with_its_bound(answer, bound):
    """So the device knows what to ask for instead."""
    with pytest.raises(StatusError) as caught:
        ping.ping(Server([answer]).client(), [("5", "Email")], 5)

    assert ping.bound(caught.value) == bound


def test_a_ping_that_contradicts_itself_is_refused():
    """A change without a folder helps nobody."""
    with pytest.raises(AnswerError, match="status 2 with 0 folders"):
        ping.ping(Server([tree("Ping:Ping", Status=2)]).client(), [("5", "Email")], 60)


# SendMail and its kin


def test_at_12_1_the_message_is_the_body():
    """What it is a reply to stands in the query."""
    server = Server([None, None])
    client = server.client("12.1")

    send.send_mail(client, MESSAGE, save=False)
    send.smart_reply(client, MESSAGE, send.Source("5", "5:1"))

    assert server.bodies == [MESSAGE, MESSAGE]
    assert [each.headers["Content-Type"] for each in server.raw] == ["message/rfc822"] * 2
    assert [each.save_in_sent for each in server.requests] == [False, True]
    assert (server.requests[1].collection_id, server.requests[1].item_id) == ("5", "5:1")


@pytest.mark.parametrize("version", ["14.0", "16.1"])
def test_from_14_0_on_the_message_is_in_a_document(version):
    """As opaque bytes, which nobody re-encodes."""
    server = Server([None])

    send.smart_forward(
        server.client(version),
        MESSAGE,
        send.Source("5", "5:1"),
        client_id="c1",
        replace_mime=True,
        forwardees=[("Bob", "bob@example.org")],
    )

    document = server.bodies[0]
    assert document.tag == "ComposeMail:SmartForward"
    assert document.find("ComposeMail:Mime").children == (MESSAGE,)
    assert document.text_of("ComposeMail:ClientId") == "c1"
    assert document.text_of("ComposeMail:Source", "ComposeMail:ItemId") == "5:1"
    assert document.find("ComposeMail:ReplaceMime") is not None
    people = document.find("ComposeMail:Forwardees", "ComposeMail:Forwardee")
    assert people.text_of("ComposeMail:ForwardeeEmail") == "bob@example.org"


def test_a_message_that_is_not_sent_is_an_error():
    """A good answer is empty; a document tells what is wrong."""
    server = Server([tree("ComposeMail:SendMail", Status=120)])

    with pytest.raises(StatusError, match="handed over"):
        send.send_mail(server.client(), MESSAGE)


# Items


def test_what_was_moved_is_in_the_other_folder():
    """Under its new id; what was not moved stays where it was."""
    server = Server(
        [
            tree(
                "Move:MoveItems",
                tree("Move:Response", SrcMsgId="5:1", Status=3, DstMsgId="6:9"),
                tree("Move:Response", SrcMsgId="5:2", Status=1),
            )
        ]
    )
    client = server.client()
    data = Element("AirSync:ApplicationData", [Element("Email:Subject", "uno")])
    client.device.collection("5").items.update({"5:1": data, "5:2": data})
    client.device.collection("6")

    moved = items.move_items(client, [("5:1", "5", "6"), ("5:2", "5", "6")])

    assert [(each.done, each.new_id) for each in moved] == [(True, "6:9"), (False, None)]
    assert client.device.collection("5").items == {"5:2": data}
    assert client.device.collection("6").items == {"6:9": data}


def fetched(*properties, status=1):
    return tree(
        "ItemOperations:ItemOperations",
        tree(
            "ItemOperations:Response",
            tree(
                "ItemOperations:Fetch",
                Element("ItemOperations:Properties", properties),
                Status=status,
            ),
        ),
        Status=1,
    )


def test_an_attachment_is_fetched_as_base64_or_as_a_part():
    """The same bytes either way; a range says how large the whole is."""
    data = Element("ItemOperations:Data", base64.b64encode(b"\0\xff").decode())
    total = Element("ItemOperations:Total", "9")
    inside = encode(fetched(Element("ItemOperations:Part", "1")))
    parted = httpx.Response(
        200,
        content=multipart.encode([inside, b"\0\xff"]),
        headers={"Content-Type": multipart.CONTENT_TYPE},
    )
    server = Server([fetched(data, total), parted])
    client = server.client()

    first = items.fetch_attachment(client, "ref", byte_range=(0, 1))
    second = items.fetch_attachment(client, "ref", parts=True)

    assert (first.content, first.total, second.content) == (b"\0\xff", 9, b"\0\xff")
    options = ("ItemOperations:Fetch", "ItemOperations:Options", "ItemOperations:Range")
    assert server.bodies[0].text_of(*options) == "0-1"
    assert [each.accept_multipart for each in server.requests] == [False, True]


def test_a_part_that_is_not_there_is_refused():
    """The answer names parts by number."""
    server = Server([fetched(Element("ItemOperations:Part", "1"))])

    with pytest.raises(AnswerError, match="part 1 of 0"):
        items.fetch_attachment(server.client(), "ref")


def test_an_item_is_fetched_with_the_body_that_is_liked():
    """Its text is the content."""
    body = Element("AirSyncBase:Body", [Element("AirSyncBase:Data", "Ciao")])
    server = Server([fetched(body), fetched(status=6)])
    client = server.client()

    assert items.fetch_item(client, "5", "5:1", bodies=[Body(type=1)]).content == b"Ciao"
    asked = server.bodies[0].find("ItemOperations:Fetch")
    assert asked.text_of("AirSync:ServerId") == "5:1"
    liked = ("ItemOperations:Options", "AirSyncBase:BodyPreference", "AirSyncBase:Type")
    assert asked.text_of(*liked) == "1"
    with pytest.raises(StatusError, match="not there"):
        items.fetch_item(client, "5", "5:9")


def operated(name, status=1):
    return tree(
        "ItemOperations:ItemOperations",
        tree("ItemOperations:Response", tree(f"ItemOperations:{name}", Status=status)),
        Status=1,
    )


def test_a_folder_is_emptied_and_its_folders_only_where_that_is_said():
    """What is not asked for must not stand in the request."""
    server = Server([operated("EmptyFolderContents"), operated("EmptyFolderContents")])
    client = server.client()

    items.empty_folder(client, "4")
    items.empty_folder(client, "4", sub_folders=True)

    path = ("ItemOperations:EmptyFolderContents", "ItemOperations:Options")
    assert [body.find(*path) is not None for body in server.bodies] == [False, True]


def test_a_conversation_is_moved():
    """Its id is bytes."""
    server = Server([operated("Move"), operated("Move", status=156)])
    client = server.client()

    items.move_conversation(client, b"\x01\x02", "6", always=True)
    moved = server.bodies[0].find("ItemOperations:Move")
    assert moved.find("ItemOperations:ConversationId").children == (b"\x01\x02",)
    assert moved.find("ItemOperations:Options", "ItemOperations:MoveAlways") is not None
    with pytest.raises(StatusError, match="can't be moved to"):
        items.move_conversation(client, b"\x01\x02", "7")


# Search and Find


def test_people_are_found():
    """An empty Result says that nobody was."""
    ada = tree("Search:Result", tree("Search:Properties", Element("GAL:DisplayName", "Ada")))
    nobody = Element("Search:Result")

    def answer(result):
        store = tree("Search:Store", result, Status=1, Range="0-0", Total=1)
        return tree("Search:Search", tree("Search:Response", store), Status=1)

    server = Server([answer(ada), answer(nobody)])
    client = server.client()

    found = search.search_people(client, "ada", pictures=search.Pictures(1000, 3))
    assert [hit.properties.text_of("GAL:DisplayName") for hit in found.hits] == ["Ada"]
    assert (found.range, found.total) == ("0-0", 1)
    assert search.search_people(client, "eve").hits == ()
    wanted = ("Search:Store", "Search:Options", "Search:Picture", "Search:MaxSize")
    assert server.bodies[0].text_of(*wanted) == "1000"


def test_mail_is_found_by_search_and_by_find():
    """The first gives a LongId, the second a ServerId."""
    subject = Element("Email:Subject", "Ciao")
    by_search = tree("Search:Result", tree("Search:Properties", subject), LongId="L1")
    by_find = Element(
        "Find:Result",
        [
            Element("AirSync:ServerId", "5:1"),
            Element("AirSync:CollectionId", "5"),
            Element("Find:Properties", [subject]),
        ],
    )
    store = tree("Search:Store", by_search, Status=1)
    server = Server(
        [
            tree("Search:Search", tree("Search:Response", store), Status=1),
            tree("Find:Find", tree("Find:Response", by_find, Status=1), Status=1),
        ]
    )
    client = server.client("16.1")

    assert search.search_mail(client, "ciao", folder="5", deep=True).hits[0].long_id == "L1"
    hit = search.find_mail(client, "ciao", folder="5").hits[0]

    assert (hit.folder, hit.item) == ("5", "5:1")
    criteria = server.bodies[0].find("Search:Store", "Search:Query", "Search:And")
    assert criteria.text_of("Search:FreeText") == "ciao"
    assert server.bodies[1].text_of("Find:SearchId")


def test_a_search_that_is_refused_says_why():
    """The status may stand on top, or in the store."""
    store = tree("Search:Store", Status=12)
    server = Server([tree("Search:Search", tree("Search:Response", store), Status=1)])

    with pytest.raises(StatusError, match="beyond the end"):
        search.search_mail(server.client(), "ciao")


# The others


def test_recipients_come_with_their_free_and_busy_times():
    """A name may mean nobody, which is no error of the request."""
    ada = tree(
        "ResolveRecipients:Recipient",
        tree("ResolveRecipients:Availability", Status=1, MergedFreeBusy="00220000"),
        DisplayName="Ada",
        EmailAddress="ada@example.org",
    )
    server = Server(
        [
            tree(
                "ResolveRecipients:ResolveRecipients",
                tree("ResolveRecipients:Response", ada, To="ada", Status=1),
                tree("ResolveRecipients:Response", To="eve", Status=4),
                Status=1,
            )
        ]
    )

    found = resolve.resolve(server.client(), ["ada", "eve"], between=("S", "E"), certificates=2)

    assert [(each.to, each.status, len(each.recipients)) for each in found] == [
        ("ada", 1, 1),
        ("eve", 4, 0),
    ]
    assert found[0].recipients[0].free_busy == "00220000"


def test_out_of_office_is_set_and_read_back():
    """Each audience has its own text."""
    message = tree(
        "Settings:OofMessage",
        Element("Settings:AppliesToInternal"),
        Enabled=1,
        ReplyMessage="Gone & back <soon>",
        BodyType="Text",
    )
    get = tree("Settings:Get", message, OofState=2, StartTime="S", EndTime="E")
    server = Server(
        [
            tree("Settings:Settings", tree("Settings:Oof", Status=1), Status=1),
            tree("Settings:Settings", tree("Settings:Oof", get, Status=1), Status=1),
        ]
    )
    client = server.client()
    reply = settings.Reply(True, "Gone & back <soon>")
    wanted = settings.Oof(settings.OofState.BETWEEN, "S", "E", {settings.Audience.INTERNAL: reply})

    settings.set_oof(client, wanted)
    assert settings.oof(client) == wanted

    sent = server.bodies[0].find("Settings:Oof", "Settings:Set")
    assert [each.name for each in sent.elements] == [
        "OofState",
        "StartTime",
        "EndTime",
        "OofMessage",
    ]


def test_a_setting_that_is_refused_says_why():
    """Its status is not the one of the whole answer."""
    refused = tree("Settings:Settings", tree("Settings:Oof", Status=6), Status=1)

    with pytest.raises(StatusError, match="contradict"):
        settings.set_oof(Server([refused]).client(), settings.Oof(settings.OofState.BETWEEN))


@pytest.mark.parametrize("with_account", [False, True])
def test_the_user_has_addresses(with_account):
    """From 14.1 on they are those of accounts."""
    addresses = tree("Settings:EmailAddresses", SMTPAddress="ada@example.org")
    if with_account:
        addresses = tree("Settings:Accounts", tree("Settings:Account", addresses))
    information = tree("Settings:UserInformation", tree("Settings:Get", addresses), Status=1)
    server = Server([tree("Settings:Settings", information, Status=1)])

    assert settings.user_information(server.client()).addresses == ("ada@example.org",)


def test_an_invitation_is_answered_with_another_time():
    """The answer names the appointment."""
    result = tree("MeetingResponse:Result", RequestId="5:1", Status=1, CalendarId="7:4")
    failed = tree("MeetingResponse:Result", RequestId="5:1", Status=2)
    server = Server([tree(meeting.ROOT, result), tree(meeting.ROOT, failed)])
    client = server.client("16.1")
    proposal = meeting.SendResponse("Later?", ("S", "E"))

    made = meeting.respond(client, meeting.Answer.TENTATIVE, folder="5", item="5:1", send=proposal)
    assert made == "7:4"
    sent = server.bodies[0].find("MeetingResponse:Request", "MeetingResponse:SendResponse")
    assert sent.text_of("MeetingResponse:ProposedStartTime") == "S"
    assert sent.text_of("AirSyncBase:Body", "AirSyncBase:Data") == "Later?"
    with pytest.raises(StatusError, match="no invitation"):
        meeting.respond(client, meeting.Answer.ACCEPT, folder="5", item="5:2")


def test_certificates_are_judged_one_by_one():
    """A bad one is an answer, not an error."""
    entries = [tree("ValidateCert:Certificate", Status=each) for each in (1, 7)]
    server = Server([tree(validatecert.ROOT, *entries, Status=1)])

    assert validatecert.validate(server.client(), [b"a", b"b"], check_revoked=True) == [1, 7]
    assert server.bodies[0].text_of("ValidateCert:CheckCRL") == "1"


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ("12.1", ["CollectionId", "FilterType", "SyncKey"]),
        ("14.1", ["SyncKey", "CollectionId", "Options"]),
    ],
)
def test_an_estimate_is_asked_in_the_order_of_the_version(version, names):
    """12.1 has no Options there."""
    counted = tree("GetItemEstimate:Collection", CollectionId="5", Estimate=3)
    response = tree("GetItemEstimate:Response", counted, Status=1)
    server = Server(
        [tree(estimate.ROOT, response), tree(estimate.ROOT, tree(response.tag, Status=4))]
    )
    client = server.client(version)

    assert estimate.estimate(client, "5", Options(filter=2)) == 3
    asked = server.bodies[0].find("GetItemEstimate:Collections", "GetItemEstimate:Collection")
    assert [each.name for each in asked.elements] == names
    with pytest.raises(StatusError, match="start again from 0"):
        estimate.estimate(client, "5")
