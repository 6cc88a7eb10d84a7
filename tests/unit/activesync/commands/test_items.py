from email.message import EmailMessage

import pytest
from phone import mail_of

from fermoposta.activesync.client import estimate, folders, items, sync
from fermoposta.activesync.client.errors import ClientError
from fermoposta.activesync.client.options import Body
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.wbxml import Element


def ready(host, version="14.1", *, also=()):
    phone = host.phone(version)
    folders.folder_sync(phone)
    inbox = phone.device.folder_of_type(2).id
    for each in (inbox, *(phone.device.folder_named(name).id for name in also)):
        sync.sync_all(phone, Wanted(folder=each))
    return phone, inbox


def with_attachment(content=b"\x00\xff" * 1000):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "bob@example.org",
        "ada@example.org",
        "file",
    )
    message.set_content("see there")
    message.add_attachment(
        content, maintype="application", subtype="octet-stream", filename="a.bin"
    )
    return message.as_bytes()


def reference_in(phone, inbox):
    (item,) = phone.device.collection(inbox).items.values()
    return item.text_of(
        "AirSyncBase:Attachments", "AirSyncBase:Attachment", "AirSyncBase:FileReference"
    )


@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.0", "16.1"])
def test_an_item_is_fetched(host, version):
    """With its body as it is wanted, and without where it is gone."""
    uid = host.deliver(mail_of("one", "the whole of it"))
    phone, inbox = ready(host, version)
    (item,) = phone.device.collection(inbox).items

    found = items.fetch_item(phone, inbox, item, bodies=[Body(type=1)])

    body = found.properties.find("AirSyncBase:Body")
    assert body.text_of("AirSyncBase:Data") == "the whole of it\r\n"
    host.run(host.mailbox().expunge("INBOX", [uid]))
    with pytest.raises(ClientError, match=r"\b6\b"):
        items.fetch_item(phone, inbox, item)


@pytest.mark.parametrize("parts", [False, True])
def test_an_attachment_comes_as_it_is(host, parts):
    """Inside of the document in base64, or beside it, byte for byte."""
    content = bytes(range(256)) * 9000
    host.deliver(with_attachment(content))
    phone, inbox = ready(host)

    found = items.fetch_attachment(phone, reference_in(phone, inbox), parts=parts)

    assert found.content == content


@pytest.mark.parametrize("parts", [False, True])
def test_a_range_of_an_attachment_says_how_long_the_whole_is(host, parts):
    """Bytes from the first to the last that was asked for, both included."""
    content = bytes(range(256)) * 20
    host.deliver(with_attachment(content))
    phone, inbox = ready(host)

    found = items.fetch_attachment(
        phone, reference_in(phone, inbox), byte_range=(100, 199), parts=parts
    )

    assert found.content == content[100:200]
    assert found.total == len(content)
    with pytest.raises(ClientError, match=r"\b8\b"):
        items.fetch_attachment(phone, reference_in(phone, inbox), byte_range=(5120, 6000))


def test_get_attachment_gives_the_content_at_12_1(host):
    """The command of 12.1 has no document around it."""
    host.deliver(with_attachment(b"abc"))
    phone, inbox = ready(host, "12.1")

    content, kind = items.get_attachment(phone, reference_in(phone, inbox))

    assert (content, kind) == (b"abc", "application/octet-stream")


@pytest.mark.parametrize("reference", ["", "1", "999:1:1", "x:y:z", "../../etc/passwd"])
def test_an_attachment_that_is_none_is_told_by_its_status(host, reference):
    """Whatever stands there, it is 15 and nothing else."""
    phone, _ = ready(host)

    with pytest.raises(ClientError, match=r"\b15\b"):
        items.fetch_attachment(phone, reference)


def test_emptying_a_folder_leaves_what_is_below_it(host):
    """Without DeleteSubFolders the folders in the trash stay, with their mail."""
    mailbox = host.mailbox()
    host.run(mailbox.create("Trash/Keep"))
    host.deliver(mail_of("gone"), "Trash")
    host.deliver(mail_of("kept"), "Trash/Keep")
    phone, _ = ready(host)
    trash = phone.device.folder_of_type(4).id

    items.empty_folder(phone, trash)

    assert not host.run(mailbox.snapshot("Trash")).present
    assert len(host.run(mailbox.snapshot("Trash/Keep")).present) == 1
    items.empty_folder(phone, trash, sub_folders=True)
    assert "Trash/Keep" not in {each.name for each in host.run(mailbox.folders())}


def test_moving_a_conversation_empties_no_folder(host):
    """Its mails are in the other folder, all others where they were."""
    host.run(host.mailbox().create("Work"))
    host.deliver(mail_of("Plan"))
    host.deliver(mail_of("Re: Plan", References="<Plan@example.org>"))
    host.deliver(mail_of("other"))
    phone, inbox = ready(host, also=["Work"])
    found = next(
        each
        for each in phone.device.collection(inbox).items.values()
        if each.text_of("Email:Subject") == "Plan"
    )

    items.move_conversation(
        phone, found.find("Email2:ConversationId").data, phone.device.folder_named("Work").id
    )

    assert len(host.run(host.mailbox().snapshot("INBOX")).present) == 1
    assert len(host.run(host.mailbox().snapshot("Work")).present) == 2


def test_moves_of_one_request_follow_each_other(host):
    """A conversation that is moved on is where the last move put it, all of it."""
    for name in ("Other", "Work"):
        host.run(host.mailbox().create(name))
    host.deliver(mail_of("Plan"))
    host.deliver(mail_of("Re: Plan", References="<Plan@example.org>"), "Other")
    phone, inbox = ready(host)
    (item,) = phone.device.collection(inbox).items.values()
    name = item.find("Email2:ConversationId").data

    def moved_to(folder):
        target = Element("ItemOperations:DstFldId", phone.device.folder_named(folder).id)
        return Element(
            "ItemOperations:Move", [Element("ItemOperations:ConversationId", name), target]
        )

    moves = [moved_to(folder) for folder in ("Work", "Other", "Work", "Other")]
    phone.ask("ItemOperations", Element("ItemOperations:ItemOperations", moves))

    sizes = {
        folder: len(host.run(host.mailbox().snapshot(folder)).present)
        for folder in ("INBOX", "Work", "Other")
    }
    assert sizes == {"INBOX": 0, "Work": 0, "Other": 2}


def test_a_moved_mail_is_told_of_once(host):
    """The phone has it under its new id; Sync tells neither that it left nor that it came."""
    host.run(host.mailbox().create("Work"))
    host.deliver(mail_of("one"))
    phone, inbox = ready(host, also=["Work"])
    work = phone.device.folder_named("Work").id
    (item,) = phone.device.collection(inbox).items

    (moved,) = items.move_items(phone, [(item, inbox, work)])

    assert moved.done
    assert list(phone.device.collection(work).items) == [moved.new_id]
    assert sync.sync(phone, Wanted(folder=inbox), Wanted(folder=work)) == {}
    assert phone.device.anomalies == ()


def test_a_move_whose_answer_got_lost_is_answered_again(host):
    """The repeated move names where the mail went."""
    host.run(host.mailbox().create("Work"))
    host.deliver(mail_of("one"))
    phone, inbox = ready(host, also=["Work"])
    work = phone.device.folder_named("Work").id
    (item,) = phone.device.collection(inbox).items
    host.lose = 1
    with pytest.raises(ClientError):
        items.move_items(phone, [(item, inbox, work)])

    (moved,) = items.move_items(phone, [(item, inbox, work)])

    assert moved.done
    assert len(host.run(host.mailbox().snapshot("Work")).present) == 1


@pytest.mark.parametrize(
    ("source", "target", "status"), [("999", None, 1), (None, "999", 2), (None, "same", 4)]
)
def test_a_move_that_can_not_be_is_told_by_its_status(host, source, target, status):
    """A wrong source is 1, a wrong target 2, the same folder 4; the mail stays."""
    host.deliver(mail_of("one"))
    phone, inbox = ready(host)
    (item,) = phone.device.collection(inbox).items
    trash = phone.device.folder_of_type(4).id
    to = inbox if target == "same" else target or trash

    (moved,) = items.move_items(phone, [(item, source or inbox, to)])

    assert moved.status == status
    assert len(host.run(host.mailbox().snapshot("INBOX")).present) == 1


def test_an_estimate_counts_what_sync_would_tell(host):
    """New mail and changed mail, by the filter of the phone."""
    for number in range(3):
        host.deliver(mail_of(f"mail {number}"))
    phone, inbox = ready(host)
    assert estimate.estimate(phone, inbox) == 0
    host.deliver(mail_of("new"))

    assert estimate.estimate(phone, inbox) == 1
