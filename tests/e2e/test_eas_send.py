"""What is written on a phone goes out once, in the right name, with copies where they belong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clients.directory import PASSWORD
from clients.eas import phones
from clients.mail import compose, shown, token
from clients.synced import TEXT, answer_of, append, arrives, draft, item, newcomers, synced, told
from clients.waiting import wait_for

from fermoposta.activesync.client import StatusError, UnreachableError, folders, send, sync
from fermoposta.activesync.client.operations import Add, Change
from fermoposta.activesync.client.send import Source
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.wbxml import Element
from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from clients.directory import Directory
    from clients.eas import Phone, Phones
    from clients.mail import Mail
    from clients.outside import Outside
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

STRANGER = "stranger@outside.test"
FRIEND = "amico@outside.test"
VERSIONS = ["12.1", "14.1", "16.1"]
DELEGATION, SEND_AS, NEITHER = "delegation", "send-as", "neither"


@pytest.fixture
def phone_of(appliance: Appliance) -> Iterator[Phones]:
    """Make phones; the host forgets them with their owners."""
    with phones(appliance) as make:
        yield make


@pytest.fixture
def bobs_phone(appliance: Appliance, shell: Shell) -> Iterator[Phones]:
    """Make phones for somebody who stays; the host forgets them at the end of the test."""
    with phones(appliance, shell) as make:
        yield make


@pytest.fixture(scope="module")
def nobody_yet(directory: Directory) -> Iterator[Iterator[Account]]:
    with newcomers(directory, 60) as found:
        yield found


@pytest.fixture
def nuova(nobody_yet: Iterator[Account]) -> Account:
    """Return somebody whose mailbox nobody has ever opened."""
    return next(nobody_yet)


@pytest.fixture
def lettrice(nobody_yet: Iterator[Account]) -> Account:
    """Return who is written to."""
    return next(nobody_yet)


def octets(message: EmailMessage) -> bytes:
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def in_sent(mail: Mail, account: Account, subject: str) -> list[EmailMessage]:
    return mail.find(account, subject, mail.special(account, b"\\Sent"))


def passed(mail: Mail, sender: Account, reader: Account) -> None:
    """Wait until a mail that is sent after all others has arrived."""
    mail.send(sender, reader.address, mark := token())
    mail.wait_for(reader, mark)


# --- SendMail


@pytest.mark.feature("F012", "F024")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_mail_goes_out_once_with_one_copy(
    mail: Mail, outside: Outside, phone_of: Phones, nuova: Account, lettrice: Account, version: str
) -> None:
    """To us and to others, with the hidden recipient hidden; the copy is read and complete."""
    subject = token()
    message = compose(nuova.address, lettrice.address, subject, "Perché no?\n")
    message["Cc"], message["Bcc"] = FRIEND, "hidden@outside.test"
    phone = phone_of(nuova, version)

    send.send_mail(phone.client, octets(message))

    received = mail.wait_for(lettrice, subject)
    wait_for("two outside", lambda: len({*everybody(outside, subject)}) == 2)
    passed(mail, nuova, lettrice)
    (copy,) = wait_for("the copy", lambda: in_sent(mail, nuova, subject))
    assert len(mail.find(lettrice, subject)) == 1
    assert sorted(everybody(outside, subject)) == [FRIEND, "hidden@outside.test"]
    assert received["Bcc"] is None
    assert received.get_content().strip() == copy.get_content().strip() == "Perché no?"
    assert str(received["Message-ID"]) == str(copy["Message-ID"]) == str(message["Message-ID"])
    with mail.imap(nuova) as client:
        client.select_folder(mail.special(nuova, b"\\Sent"), readonly=True)
        assert len(client.search(["SEEN", "SUBJECT", subject])) == 1
    sent = synced(phone, folders.SENT, options=TEXT)
    assert told(phone, sent.folder) == [subject]


def everybody(outside: Outside, subject: str) -> list[str]:
    """Return to whom outside a mail went, as often as it did."""
    return [each for sent in outside.find(subject) for each in sent.recipients]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_copy_is_kept_where_it_is_wanted(
    mail: Mail, phone_of: Phones, nuova: Account, lettrice: Account, version: str
) -> None:
    """A phone that does not ask for one has none."""
    subject = token()
    message = compose(nuova.address, lettrice.address, subject)
    phone = phone_of(nuova, version)

    send.send_mail(phone.client, octets(message), save=False)

    mail.wait_for(lettrice, subject)
    assert in_sent(mail, nuova, subject) == []


@pytest.mark.parametrize("version", ["14.1", "16.1"])
def test_a_mail_whose_answer_got_lost_goes_out_once(
    mail: Mail, phone_of: Phones, nuova: Account, lettrice: Account, version: str
) -> None:
    """Sent again under the same name, it gets the status that says so."""
    subject = token()
    message = octets(compose(nuova.address, lettrice.address, subject))
    phone = phone_of(nuova, version)
    name = send.send_mail(phone.client, message)

    with pytest.raises(StatusError) as refused:
        send.send_mail(phone.client, message, client_id=name)

    assert refused.value.status == 118
    mail.wait_for(lettrice, subject)
    passed(mail, nuova, lettrice)
    assert len(mail.find(lettrice, subject)) == 1
    assert len(in_sent(mail, nuova, subject)) == 1


# --- In somebody else's name


@pytest.fixture(scope="module")
def bosses(directory: Directory) -> Iterator[dict[str, Account]]:
    """Three mailboxes; Bob may write on behalf of the first, and as the second."""
    addresses = {row: f"tel-{row}@example.org" for row in (DELEGATION, SEND_AS, NEITHER)}
    users = {
        address: {"name": f"Capo {row}", "language": "en", "password": PASSWORD}
        for row, address in addresses.items()
    }
    bob = "bob@example.org"
    with directory.changed(
        users=users,
        delegations={addresses[DELEGATION]: {bob: {"inbox": "read_only"}}},
        send_as={addresses[SEND_AS]: {"senders": [bob]}},
    ):
        yield {row: Account(address, PASSWORD, "user") for row, address in addresses.items()}


@pytest.mark.feature("F102", "F103", "F106")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("row", [DELEGATION, SEND_AS])
def test_a_delegates_mail_says_so_and_is_in_both_sent_folders(
    mail: Mail,
    outside: Outside,
    bobs_phone: Phones,
    bosses: dict[str, Account],
    bob: Account,
    lettrice: Account,
    row: str,
    version: str,
) -> None:
    """From is the represented, Sender is Bob by delegation alone; both copies say Bob."""
    subject, boss = token(), bosses[row]
    message = compose(boss.address, lettrice.address, subject)
    message["Cc"] = FRIEND
    phone = bobs_phone(bob, version)

    send.send_mail(phone.client, octets(message))

    received = [mail.wait_for(lettrice, subject), outside.wait_for(subject).message]
    for each in received:
        assert boss.address in str(each["From"])
        if row == DELEGATION:
            assert bob.address in str(each["Sender"])
        else:
            assert b"bob" not in shown(each)

    def copies() -> list[EmailMessage] | None:
        found = [in_sent(mail, account, subject) for account in (boss, bob)]
        good = all(len(each) == 1 and each[0]["Sender"] for each in found)
        return [each[0] for each in found] if good else None

    for copy in wait_for("one copy in each Sent folder", copies, seconds=60):
        assert boss.address in str(copy["From"])
        assert bob.address in str(copy["Sender"])
    passed(mail, bob, lettrice)
    assert len(in_sent(mail, bob, subject)) == len(in_sent(mail, boss, subject)) == 1


@pytest.mark.feature("F102", "F106")
@pytest.mark.parametrize("version", VERSIONS)
def test_without_the_right_nothing_goes_out(
    mail: Mail,
    bobs_phone: Phones,
    bosses: dict[str, Account],
    bob: Account,
    lettrice: Account,
    version: str,
) -> None:
    """The phone is told, nobody gets anything, and no copy is kept."""
    subject = token()
    message = compose(bosses[NEITHER].address, lettrice.address, subject)
    phone = bobs_phone(bob, version)

    with pytest.raises(StatusError.__base__) as refused:
        send.send_mail(phone.client, octets(message))

    if isinstance(refused.value, StatusError):
        assert refused.value.status in {120, 166}
    else:
        assert version == "12.1"
        assert not isinstance(refused.value, UnreachableError)
    passed(mail, bob, lettrice)
    assert mail.find(lettrice, subject) == []
    assert in_sent(mail, bob, subject) == []
    assert in_sent(mail, bosses[NEITHER], subject) == []


# --- SmartReply and SmartForward


def with_attachment(to: str, subject: str) -> EmailMessage:
    message = compose(STRANGER, to, subject, "What do you think?\n")
    message.add_attachment(bytes(range(256)), "application", "octet-stream", filename="è.bin")
    return message


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("command", ["reply", "forward"])
def test_an_answer_has_what_it_answers(
    mail: Mail,
    phone_of: Phones,
    nuova: Account,
    lettrice: Account,
    command: str,
    version: str,
) -> None:
    """The text is added; what hung on it goes along when forwarded; the mail itself is marked."""
    subject = token()
    append(mail, nuova, "INBOX", octets(with_attachment(nuova.address, subject)))
    phone = phone_of(nuova, version)
    inbox = synced(phone, folders.INBOX, options=TEXT)
    source = Source(inbox.folder, item(phone, inbox.folder, subject))
    answer = compose(nuova.address, lettrice.address, f"Re: {subject}", "Sure.\n")
    act = {"reply": send.smart_reply, "forward": send.smart_forward}[command]

    act(phone.client, octets(answer), source)

    received = mail.wait_for(lettrice, subject)
    text = received.get_body(("plain", "html"))
    assert text is not None
    assert "Sure." in text.get_content()
    assert "What do you think?" in text.get_content()
    hung = [each.get_content() for each in received.iter_attachments()]
    assert hung == ([bytes(range(256))] if command == "forward" else [])
    (copy,) = wait_for("the copy", lambda: in_sent(mail, nuova, subject))
    assert "What do you think?" in copy.as_string()
    mark = r"\Answered" if command == "reply" else "$Forwarded"
    with mail.imap(nuova) as client:
        client.select_folder("INBOX", readonly=True)
        (uid,) = client.search()
        assert mark.encode().lower() in {each.lower() for each in client.get_flags([uid])[uid]}


def test_an_answer_to_nothing_is_not_sent(
    mail: Mail, phone_of: Phones, nuova: Account, lettrice: Account
) -> None:
    """What is answered must be there."""
    subject = token()
    phone = phone_of(nuova)
    inbox = synced(phone, folders.INBOX, options=TEXT)
    answer = octets(compose(nuova.address, lettrice.address, subject))

    with pytest.raises(StatusError) as refused:
        send.smart_reply(phone.client, answer, Source(inbox.folder, "4711"))

    assert refused.value.status == 150
    passed(mail, nuova, lettrice)
    assert mail.find(lettrice, subject) == []


# --- Drafts


@pytest.mark.parametrize("version", ["16.0", "16.1"])
def test_a_draft_is_kept_changed_and_sent(
    mail: Mail, phone_of: Phones, nuova: Account, lettrice: Account, version: str
) -> None:
    """One message with an attachment in Drafts all along; sent, it is in Sent, and nowhere else."""
    subject = token()
    box = mail.special(nuova, b"\\Drafts")
    attached = Element(
        "AirSyncBase:Attachments",
        [
            Element(
                "AirSyncBase:Add",
                [
                    Element("AirSyncBase:ClientId", "a1"),
                    Element("AirSyncBase:Content", bytes(range(256))),
                    Element("AirSyncBase:DisplayName", "all.bin"),
                ],
            )
        ],
    )
    phone = phone_of(nuova, version)
    drafts = synced(phone, folders.DRAFTS, options=TEXT)
    new = Add(phone.device.client_id(), draft(lettrice.address, subject, "first", attached))

    came = act(phone, drafts, new)
    (kept,) = mail.find(nuova, subject, box)
    with mail.imap(nuova) as client:
        client.select_folder(box, readonly=True)
        assert len(client.search(["DRAFT"])) == 1
    change = draft(lettrice.address, subject, "second")
    act(phone, drafts, Change(came.made[new.client_id], change))
    phone.fetch(drafts)
    (changed,) = mail.find(nuova, subject, box)
    text = changed.get_body(("plain", "html"))
    assert text is not None

    assert "second" in text.get_content()
    for each in (kept, changed):
        assert [a.get_content() for a in each.iter_attachments()] == [bytes(range(256))]
    assert mail.find(lettrice, subject) == []

    act(phone, drafts, Change(item(phone, drafts.folder, subject), None, send=True))
    phone.fetch(drafts)

    received = mail.wait_for(lettrice, subject)
    assert [a.get_content() for a in received.iter_attachments()] == [bytes(range(256))]
    assert mail.find(nuova, subject, box) == []
    assert len(wait_for("the copy", lambda: in_sent(mail, nuova, subject))) == 1
    assert told(phone, drafts.folder) == []
    phone.assert_sound()


def act(phone: Phone, wanted: Wanted, operation: Add | Change) -> sync.Synced:
    """Have the host do an operation."""
    asked = Wanted(folder=wanted.folder, options=wanted.options, operations=(operation,))
    came = sync.sync(phone.client, asked)[wanted.folder]
    assert came.failed == []
    return came


@pytest.mark.parametrize("version", ["16.0", "16.1"])
def test_a_draft_that_goes_out_at_once_goes_out_once(
    mail: Mail, phone_of: Phones, nuova: Account, lettrice: Account, version: str
) -> None:
    """Though its answers got lost, and the phone sends it again."""
    subject = token()
    phone = phone_of(nuova, version)
    drafts = synced(phone, folders.DRAFTS, options=TEXT)
    new = Add(phone.device.client_id(), draft(lettrice.address, subject), send=True)
    wanted = Wanted(folder=drafts.folder, options=TEXT, operations=(new,))

    answer_of(phone, wanted)
    answer_of(phone, wanted)
    act(phone, drafts, new)
    phone.fetch(drafts)

    mail.wait_for(lettrice, subject)
    passed(mail, nuova, lettrice)
    assert len(mail.find(lettrice, subject)) == 1
    assert len(in_sent(mail, nuova, subject)) == 1
    assert mail.find(nuova, subject, mail.special(nuova, b"\\Drafts")) == []
    assert told(phone, drafts.folder) == []


@pytest.mark.feature("F102")
def test_a_draft_in_a_name_that_one_may_not_use_stays(
    mail: Mail, bobs_phone: Phones, bosses: dict[str, Account], bob: Account, lettrice: Account
) -> None:
    """It is not sent, and not lost."""
    subject = token()
    box = mail.special(bob, b"\\Drafts")
    written = compose(bosses[NEITHER].address, lettrice.address, subject)
    append(mail, bob, box, octets(written), flags=(r"\Draft",))
    phone = bobs_phone(bob, "16.1")
    drafts = synced(phone, folders.DRAFTS, options=TEXT)
    going = Change(item(phone, drafts.folder, subject), None, send=True)

    came = sync.sync(phone.client, Wanted(folder=drafts.folder, options=TEXT, operations=(going,)))[
        drafts.folder
    ]

    assert len(came.failed) == 1
    passed(mail, bob, lettrice)
    assert mail.find(lettrice, subject) == []
    assert in_sent(mail, bob, subject) == []
    assert len(mail.find(bob, subject, box)) == 1
    with mail.imap(bob) as client:
        client.select_folder(box)
        client.delete_messages(client.search(["SUBJECT", subject]))
        client.expunge()


# --- Rules


@pytest.mark.feature("F056")
@pytest.mark.parametrize("waits", [False, True], ids=["phone off", "phone on"])
def test_the_hosts_rules_decide(
    mail: Mail,
    outside: Outside,
    directory: Directory,
    phone_of: Phones,
    nuova: Account,
    waits: bool,
) -> None:
    """Mail is filed and forwarded by them, once, whatever the phone is, or isn't, doing with it."""
    filed, sent_on = token(), token()
    rules = {
        "forwards": {
            "conditions": [{"field": "subject", "contains": sent_on}],
            "actions": {"forward": [FRIEND]},
        },
        "files": {
            "conditions": [{"field": "subject", "contains": filed}],
            "actions": {"move": "INBOX/Progetti"},
        },
    }
    with directory.changed(rules={nuova.address: rules}):
        phone = phone_of(nuova)
        inbox = synced(phone, folders.INBOX, options=TEXT)
        if not waits:
            phone.client.connection.close()

        for subject in (filed, sent_on):
            mail.deliver(STRANGER, [nuova.address], compose(STRANGER, nuova.address, subject))

        mail.wait_for(nuova, filed, "INBOX/Progetti")
        abroad = outside.wait_for(sent_on, seconds=90)
        assert nuova.address in str(abroad.message["From"])
        assert abroad.recipients == [FRIEND]
        if waits:
            # The phone's own rule sends it on too, as if it were new: it is a mail of its own.
            arrives(phone, inbox, sent_on)
            assert filed not in told(phone, inbox.folder)
            folders.folder_sync(phone.client)
            there = Wanted(folder=phone.device.folder_named("Progetti").id, options=TEXT)
            arrives(phone, there, filed)
        assert mail.find(nuova, filed) == []
        passed(mail, nuova, nuova)
        assert everybody(outside, sent_on) == [FRIEND]
        assert everybody(outside, filed) == []
