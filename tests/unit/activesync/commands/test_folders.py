import pytest
from phone import ADA, BOB, mail_of

from fermoposta.activesync.client import folders, sync
from fermoposta.activesync.client.errors import ClientError
from fermoposta.activesync.client.operations import Delete
from fermoposta.activesync.client.sync import Wanted


def names(phone):
    return {each.name for each in phone.device.folders.values()}


def test_every_user_has_what_phones_look_for(host):
    """Inbox, drafts, deleted and sent mail, calendar, tasks, contacts and notes are there."""
    phone = host.phone()

    folders.folder_sync(phone)

    assert {2, 3, 4, 5, 7, 8, 9, 10} <= {each.type for each in phone.device.folders.values()}
    assert phone.device.folder_of_type(2).parent == "0"


def test_a_phone_of_12_1_is_told_of_no_notes(host):
    """Notes came with 14.0."""
    phone = host.phone("12.1")

    folders.folder_sync(phone)

    assert 10 not in {each.type for each in phone.device.folders.values()}


def test_the_oldest_phones_ask_for_the_mail_folders_at_once(host):
    """GetHierarchy of 12.1 lists them without a key; later versions have no such command."""
    phone = host.phone("12.1")

    answered = phone.ask("GetHierarchy", None)

    types = {each.text_of("FolderHierarchy:Type") for each in answered.elements}
    assert types == {"2", "3", "4", "5", "12"}
    with pytest.raises(ClientError, match="501"):
        host.phone("14.1").ask("GetHierarchy", None)


def test_folders_are_made_renamed_moved_and_deleted(host):
    """What the phone does to the tree is done in the mailbox; the id stays when a name changes."""
    phone = host.phone()
    folders.folder_sync(phone)

    made = folders.create(phone, "Work")
    below = folders.create(phone, "Plans", parent=made.id)
    renamed = folders.update(phone, below, name="Old plans")

    there = {each.name for each in host.run(host.mailbox().folders())}
    assert {"Work", "Work/Old plans"} <= there
    assert renamed.id == below.id
    folders.delete(phone, made.id)
    assert not {each.name for each in host.run(host.mailbox().folders())} & {
        "Work",
        "Work/Old plans",
    }
    folders.folder_sync(phone)
    assert "Old plans" not in names(phone)


def test_calendars_are_made_and_deleted(host):
    """A second calendar is a folder too."""
    phone = host.phone()
    folders.folder_sync(phone)

    made = folders.create(phone, "Holidays", kind=13)
    folders.folder_sync(phone)
    assert phone.device.folders[made.id].type == 13

    folders.delete(phone, made.id)
    collections = host.run(host.calendars().collections())
    assert "Holidays" not in {each.name for each in collections}


@pytest.mark.parametrize(
    ("act", "status"),
    [
        (lambda phone: folders.create(phone, "Inbox"), None),
        (lambda phone: folders.create(phone, "Trash"), 2),
        (lambda phone: folders.create(phone, "a", parent="999"), 5),
        (lambda phone: folders.create(phone, "a/b"), 10),
        (lambda phone: folders.create(phone, "a", kind=4), 10),
        (lambda phone: folders.delete(phone, phone.device.folder_of_type(2).id), 3),
        (lambda phone: folders.delete(phone, "999"), 4),
        (lambda phone: folders.update(phone, phone.device.folder_of_type(3), name="x"), 2),
    ],
)
def test_what_can_not_be_done_is_told_by_its_status(host, act, status):
    """The statuses of MS-ASCMD; what everybody has stays as it is."""
    phone = host.phone()
    folders.folder_sync(phone)
    before = {each.name for each in host.run(host.mailbox().folders())}

    if status is None:
        act(phone)
        return
    with pytest.raises(ClientError, match=rf"\b{status}\b"):
        act(phone)

    assert {each.name for each in host.run(host.mailbox().folders())} == before


def test_a_folder_whose_answer_got_lost_is_made_once(host):
    """The repeated request is answered with the id of the folder that is there."""
    phone = host.phone()
    folders.folder_sync(phone)
    host.lose = 1
    with pytest.raises(ClientError):
        folders.create(phone, "Work")

    made = folders.create(phone, "Work")

    folders.folder_sync(phone)
    assert [each.id for each in phone.device.folders.values() if each.name == "Work"] == [made.id]


def test_a_wrong_key_is_told_by_status_9(host):
    """Never by an error of HTTP."""
    phone = host.phone()
    folders.folder_sync(phone)
    phone.device.folder_key = "{deadbeef}77"

    with pytest.raises(ClientError, match=r"\b9\b"):
        folders.folder_sync(phone)


def test_an_id_stays_when_another_program_renames_the_folder(host):
    """Renamed by IMAP it is the same folder; the phone keeps what it has of it."""
    host.run(host.mailbox().create("Work"))
    host.deliver(mail_of("one"), "Work")
    phone = host.phone()
    folders.folder_sync(phone)
    work = phone.device.folder_named("Work").id
    sync.sync_all(phone, Wanted(folder=work))

    host.run(host.mailbox().rename("Work", "Job"))
    folders.folder_sync(phone)

    assert phone.device.folder_named("Job").id == work
    assert sync.sync(phone, Wanted(folder=work)) == {}


def test_a_shared_folder_stands_below_its_owner_and_rights_hold(host):
    """Who may read gets the mail, and can delete nothing."""
    host.mail.make(BOB, "Team")
    host.mail.share(BOB, "Team", ADA, "lrs")
    host.deliver(mail_of("shared"), "Team", BOB)
    phone = host.phone()
    folders.folder_sync(phone)
    team = phone.device.folder_named("Team")
    assert phone.device.folders[team.parent].name == BOB
    sync.sync_all(phone, Wanted(folder=team.id))
    (item,) = phone.device.collection(team.id).items

    answered = sync.sync(phone, Wanted(folder=team.id, operations=(Delete(item),)))

    assert [each.status for each in answered[team.id].failed] == [6]
    with pytest.raises(ClientError, match=r"\b3\b"):
        folders.delete(phone, team.id)
    assert len(host.run(host.mailbox(BOB).snapshot("Team")).present) == 1
