from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from phone import ADA, mail_of

from fermoposta.activesync.client import folders, items, sync
from fermoposta.activesync.client.errors import ClientError
from fermoposta.activesync.client.operations import Add, Change
from fermoposta.activesync.client.options import Body, Options
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.wbxml import Element

TEXT = (Options(bodies=(Body(type=1),)),)


def ready(host, version="16.1"):
    phone = host.phone(version)
    folders.folder_sync(phone)
    drafts = phone.device.folder_of_type(3).id
    sync.sync_all(phone, Wanted(folder=drafts, options=TEXT))
    return phone, drafts


def written(subject="Draft", text="first words", *more, to="bob@example.org"):
    return Element(
        "AirSync:ApplicationData",
        [
            Element("Email:To", to),
            Element("Email:Subject", subject),
            Element(
                "AirSyncBase:Body",
                [Element("AirSyncBase:Type", "1"), Element("AirSyncBase:Data", text)],
            ),
            *more,
        ],
    )


def drafts_of(host):
    mailbox = host.mailbox()
    present = host.run(mailbox.snapshot("Drafts")).present
    return host.run(mailbox.summaries("Drafts", present))


def test_a_draft_is_kept_edited_and_sent(host):
    """There is one message all along; sent, it is in the Sent folder and no draft any more."""
    phone, drafts = ready(host)
    sync.sync(phone, Wanted(folder=drafts, operations=(Add("d1", written()),)))
    (kept,) = drafts_of(host).values()
    assert "\\Draft" in kept.flags
    (item,) = phone.device.collection(drafts).items

    text = Element(
        "AirSyncBase:Body",
        [Element("AirSyncBase:Type", "1"), Element("AirSyncBase:Data", "other words")],
    )
    change = Change(item, Element("AirSync:ApplicationData", [text]))
    sync.sync(phone, Wanted(folder=drafts, operations=(change,)))
    (item,) = phone.device.collection(drafts).items
    found = phone.device.collection(drafts).items[item]
    assert found.text_of("Email:Subject") == "Draft"
    assert "other words" in found.text_of("AirSyncBase:Body", "AirSyncBase:Data")
    assert len(drafts_of(host)) == 1

    sync.sync(phone, Wanted(folder=drafts, operations=(Change(item, None, send=True),)))

    ((sender, recipients, message),) = host.outbox.sent
    assert (sender, recipients) == (ADA, ("bob@example.org",))
    assert b"other words" in message
    assert drafts_of(host) == {}
    assert phone.device.collection(drafts).items == {}
    assert len(host.run(host.mailbox().snapshot("Sent")).present) == 1


@pytest.mark.parametrize("send", [False, True])
def test_a_draft_whose_answer_got_lost_is_there_once(host, send):
    """Repeated, it is neither kept nor sent twice."""
    phone, drafts = ready(host)
    wanted = Wanted(folder=drafts, operations=(Add("d1", written(), send=send),))
    host.lose = 1
    with pytest.raises(ClientError):
        sync.sync(phone, wanted)

    sync.sync(phone, wanted)

    assert len(host.outbox.sent) == (1 if send else 0)
    assert len(drafts_of(host)) == (0 if send else 1)


def test_a_draft_has_attachments(host):
    """What the phone has added it gets back under a name, as it was."""
    phone, drafts = ready(host)
    added = Element(
        "AirSyncBase:Attachments",
        [
            Element(
                "AirSyncBase:Add",
                [
                    Element("AirSyncBase:ClientId", "a1"),
                    Element("AirSyncBase:Content", b"\x00\x01\x02"),
                    Element("AirSyncBase:DisplayName", "three.bin"),
                ],
            )
        ],
    )

    answered = sync.sync(
        phone, Wanted(folder=drafts, operations=(Add("d1", written("Draft", "text", added)),))
    )

    (response,) = answered[drafts].responses
    reference = response.text_of(
        "AirSync:ApplicationData",
        "AirSyncBase:Attachments",
        "AirSyncBase:Attachment",
        "AirSyncBase:FileReference",
    )
    assert items.fetch_attachment(phone, reference).content == b"\x00\x01\x02"


def test_an_attachment_whose_name_got_lost_is_named_again(host):
    """A phone that repeats its Add is told how the file is called, and there is one."""
    phone, drafts = ready(host)
    leaves = {"ClientId": "a1", "Content": "abc", "DisplayName": "three.txt"}
    new = Element(
        "AirSyncBase:Add", [Element(f"AirSyncBase:{tag}", text) for tag, text in leaves.items()]
    )
    data = written("Draft", "text", Element("AirSyncBase:Attachments", [new]))
    wanted = Wanted(folder=drafts, operations=(Add("d1", data),))
    host.lose = 1
    with pytest.raises(ClientError):
        sync.sync(phone, wanted)

    (response,) = sync.sync(phone, wanted)[drafts].responses

    path = ("AirSync:ApplicationData", "AirSyncBase:Attachments", "AirSyncBase:Attachment")
    reference = response.text_of(*path, "AirSyncBase:FileReference")
    assert response.text_of(*path, "AirSyncBase:ClientId") == "a1"
    assert items.fetch_attachment(phone, reference).content == b"abc"
    assert len(drafts_of(host)) == 1


def test_before_16_no_draft_is_written(host):
    """An older phone's Add is refused, and nothing is kept."""
    phone, drafts = ready(host, "14.1")

    answered = sync.sync(phone, Wanted(folder=drafts, operations=(Add("d1", written()),)))

    assert [each.status for each in answered[drafts].failed] == [6]
    assert drafts_of(host) == {}


def test_a_draft_to_nobody_is_not_sent(host):
    """It is answered with a status, and stays where it was."""
    phone, drafts = ready(host)
    host.deliver(mail_of("mine", To=""), "Drafts", flags=["\\Draft"])
    sync.sync_all(phone, Wanted(folder=drafts, options=TEXT))
    (item,) = phone.device.collection(drafts).items

    answered = sync.sync(phone, Wanted(folder=drafts, operations=(Change(item, None, send=True),)))

    assert len(answered[drafts].failed) == 1
    assert host.outbox.sent == []
    assert len(drafts_of(host)) == 1


def test_a_draft_may_come_as_a_whole_message(host):
    """What its header says and what hangs on it is the draft's; what the phone says counts more."""
    phone, drafts = ready(host)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = ADA, "bob@example.org", "Whole"
    message.set_content("words\n")
    message.add_attachment(b"\x00\xff", "application", "octet-stream", filename="two.bin")
    body = [Element("AirSyncBase:Type", "4"), Element("AirSyncBase:Data", message.as_string())]
    told = [Element("Email:Importance", "2"), Element("AirSyncBase:Body", body)]
    new = Add("d1", Element("AirSync:ApplicationData", told))

    sync.sync(phone, Wanted(folder=drafts, operations=(new,)))
    (item,) = phone.device.collection(drafts).items
    sync.sync(phone, Wanted(folder=drafts, operations=(Change(item, None, send=True),)))

    ((_, recipients, sent),) = host.outbox.sent
    found = message_from_bytes(sent, policy=policy.default)
    assert recipients == ("bob@example.org",)
    assert (found["Subject"], found["Importance"]) == ("Whole", "high")
    assert "words" in found.get_body().get_content()
    assert [each.get_content() for each in found.iter_attachments()] == [b"\x00\xff"]


def test_a_draft_goes_out_in_the_name_it_was_written_in(host):
    """Begun elsewhere on behalf of somebody, it isn't made the phone's user's own on the way."""
    phone, drafts = ready(host)
    host.deliver(mail_of("theirs", From="Capo <capo@example.org>"), "Drafts", flags=["\\Draft"])
    sync.sync_all(phone, Wanted(folder=drafts, options=TEXT))
    (item,) = phone.device.collection(drafts).items

    sync.sync(phone, Wanted(folder=drafts, operations=(Change(item, None, send=True),)))

    ((_, _, sent),) = host.outbox.sent
    assert message_from_bytes(sent)["From"] == "Capo <capo@example.org>"
