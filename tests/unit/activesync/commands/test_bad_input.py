"""What wrong requests and foreign items have broken once, a case for each kind."""

import pytest
from phone import ADA, BOB, mail_of
from tests.unit.activesync.people.office import el

from fermoposta.activesync.client import folders, items, sync
from fermoposta.activesync.client.errors import ClientError, HttpError
from fermoposta.activesync.client.operations import Fetch
from fermoposta.activesync.client.options import Body
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.wbxml import Element, encode
from fermoposta.mailstore.memory_message import Content


def ready(host, version="14.1"):
    phone = host.phone(version)
    folders.folder_sync(phone)
    inbox = phone.device.folder_of_type(2).id
    sync.sync_all(phone, Wanted(folder=inbox))
    return phone, inbox


def statuses(answer):
    return [each.text for each in answer.walk() if each.name == "Status"]


@pytest.mark.parametrize("wrong", ["a\x11b", "a\0b", "\N{REPLACEMENT CHARACTER}"])
def test_an_id_with_what_no_xml_holds_is_nobodys(host, wrong):
    """As opaque data it gets as far as the answer, which must be one all the same."""
    phone, inbox = ready(host)
    data = wrong.encode()

    moved = phone.ask(
        "MoveItems",
        el(
            "Move",
            ("MoveItems", [("Move", [("SrcMsgId", data), ("SrcFldId", inbox), ("DstFldId", "9")])]),
        ),
    )
    fetched = phone.ask(
        "ItemOperations",
        el(
            "ItemOperations",
            (
                "ItemOperations",
                [("Fetch", [("Store", "Mailbox"), ("AirSyncBase:FileReference", data)])],
            ),
        ),
    )
    synced = phone.ask(
        "Sync",
        el(
            "AirSync",
            (
                "Sync",
                [("Collections", [("Collection", [("SyncKey", "0"), ("CollectionId", data)])])],
            ),
        ),
    )

    assert statuses(moved) == ["2"]
    assert statuses(fetched) == ["1", "15"]
    assert statuses(synced) == ["8"]


@pytest.mark.parametrize("version", ["14.1", "16.1"])
def test_what_stands_within_an_id_does_not_come_back(host, version):
    """A tag that there is none of is understood by nobody, and could not be spelt."""
    phone, _ = ready(host, version)
    named = Element("ItemOperations:ConversationId", [b"1234", Element("Ping:Id", "1")])
    asked = Element("ItemOperations:Move", [named, Element("ItemOperations:DstFldId", "999")])
    body = encode(Element("ItemOperations:ItemOperations", [asked]))
    wrong = body.replace(b"\x00\x0d\x4b", b"\x00\x0d\x7b")  # token 3b of that page
    assert wrong != body

    answer = phone.connection.ask(phone.request("ItemOperations"), wrong).document

    assert statuses(answer) == ["1", "6"]
    assert answer.find(
        "ItemOperations:Response", "ItemOperations:Move", "ItemOperations:ConversationId"
    ).children == (b"1234",)


def test_a_body_can_come_as_a_part(host):
    """In place of its data stands the number of the part (MS-ASCMD, section 2.2.3.130)."""
    host.deliver(mail_of("one", "the whole of it"))
    phone, inbox = ready(host)
    (item,) = phone.device.collection(inbox).items

    found = items.fetch_item(phone, inbox, item, bodies=[Body(type=1)], parts=True)

    assert found.content == b"the whole of it\r\n"
    body = found.properties.find("AirSyncBase:Body")
    assert body.text_of("ItemOperations:Part") == "1"
    assert body.find("AirSyncBase:Data") is None


def test_a_folder_that_has_just_gone_is_no_error(host):
    """The gateway finds out while it moves a conversation, and looks again."""
    host.run(host.mailbox().create("Gone"))
    host.run(host.mailbox().create("Work"))
    host.deliver(mail_of("Plan"))
    phone, inbox = ready(host)
    (item,) = phone.device.collection(inbox).items.values()
    host.run(host.mailbox().delete("Gone"))

    items.move_conversation(
        phone, item.find("Email2:ConversationId").data, phone.device.folder_named("Work").id
    )

    assert len(host.run(host.mailbox().snapshot("Work")).present) == 1


@pytest.mark.parametrize("version", ["12.1", "14.1", "16.1"])
def test_a_right_that_was_taken_away_is_no_error(host, version):
    """Sync asks for FolderSync, in which the folder is gone; a fetch finds nothing."""
    host.mail.make(BOB, "Team")
    host.mail.share(BOB, "Team", ADA, "lr")
    host.deliver(mail_of("one"), "Team", BOB)
    phone, _ = ready(host, version)
    team = phone.device.folder_named("Team").id
    sync.sync_all(phone, Wanted(folder=team))
    (item,) = phone.device.collection(team).items
    host.mail.share(BOB, "Team", ADA, "l")

    with pytest.raises(ClientError, match=r"\b6\b"):
        items.fetch_item(phone, team, item)
    with pytest.raises(ClientError, match=r"\b12\b"):
        sync.sync(phone, Wanted(folder=team, operations=(Fetch(item),)))
    folders.folder_sync(phone)
    assert team not in phone.device.folders


@pytest.mark.parametrize(("version", "told"), [("12.1", "HTTP 403"), ("16.1", r"\b130\b")])
def test_a_right_that_lacks_is_told_as_such(host, version, told):
    """Where a command has no status of its own for it: 130, and HTTP 403 at 12.1."""
    phone, inbox = ready(host, version)
    handlers = host.dispatcher.handlers

    async def forbidden(session, asked):
        del asked
        await session.mail.snapshot("Condivise/bob@example.org/Team")

    host.mail.make(BOB, "Team")
    host.mail.share(BOB, "Team", ADA, "l")
    host.dispatcher = type(host.dispatcher)({**handlers, "Ping": forbidden}, 10_000)
    asked = el("Ping", ("Ping", [("HeartbeatInterval", "60")]))

    try:
        answer = " ".join(statuses(phone.ask("Ping", asked)))
    except HttpError as error:
        answer = f"HTTP {error.status}"

    assert answer == told.strip("\\b")
    assert inbox in phone.device.folders


@pytest.mark.parametrize("charset", ["x-none", "utf-7", "punycode", '"ut\udcff"', "undefined", ""])
def test_a_mail_in_an_odd_charset_is_shown(host, charset):
    """The double keeps its octets, and a phone gets what can be read of them."""
    head = f"Subject: odd\r\nContent-Type: text/plain; charset={charset}\r\n\r\n"
    raw = head.encode("ascii", "surrogateescape") + b"caf\xe9 \xff\r\n"

    host.deliver(raw)
    phone, inbox = ready(host)
    (item,) = phone.device.collection(inbox).items

    assert Content(raw).section("1", undo=False) == b"caf\xe9 \xff\r\n"
    shown = items.fetch_item(phone, inbox, item, bodies=[Body(type=1)]).properties
    assert shown.text_of("AirSyncBase:Body", "AirSyncBase:Data").startswith("caf")
