"""What operators do to phones, what phones must do first, and what they set for their owner."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from clients.dav import Dav
from clients.eas import phones
from clients.mail import compose, token
from clients.waiting import wait_for
from clients.web import Web

from fermoposta.activesync.client import HttpError, StatusError, folders, provision, settings
from fermoposta.activesync.client.provision import Wipe
from fermoposta.activesync.client.settings import Audience, Oof, OofState, Reply
from fermoposta.activesync.client.sync import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clients.directory import Directory
    from clients.eas import Phone, Phones
    from clients.mail import Mail
    from clients.outside import Outside
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

OLGA = "olga@agency.test"
BLOCKED, WIPE, NO_KEY, WRONG_KEY = 129, 140, 142, 144
VERSIONS = ["12.1", "14.1", "16.1"]
DOOR = "https://mail.example.org/Microsoft-Server-ActiveSync"


@pytest.fixture(scope="module")
def owner(directory: Directory) -> Iterator[Account]:
    """Somebody who has no devices yet."""
    with directory.newcomer(f"ugo.{token()}@example.org", name="Ugo Neri") as account:
        yield account


@pytest.fixture
def eas_device(appliance: Appliance, shell: Shell) -> Iterator[Phones]:
    with phones(appliance, shell) as maker:
        yield maker


class Devices:
    """The command line, `fermoposta devices`."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def __call__(self, command: str, phone: Phone, *options: str) -> str:
        who = (phone.account.address, phone.device.id)
        return self.shell.run("fermoposta", "devices", command, *options, *who)

    def show(self, phone: Phone) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("show", phone, "--json"))
        return found

    def listed(self, account: Account) -> dict[str, dict[str, Any]]:
        """Return the devices of somebody by their ids."""
        text = self.shell.run("fermoposta", "devices", "list", "--json", account.address)
        return {each["device"]: each for each in json.loads(text)}


@pytest.fixture(scope="module")
def devices(shell: Shell) -> Devices:
    return Devices(shell)


def refused(call: Callable[[], object]) -> int:
    """Return the status, or HTTP's, with which a server refuses; it must."""
    with pytest.raises((StatusError, HttpError)) as raised:
        call()
    return raised.value.status


def syncs(phone: Phone) -> bool:
    try:
        folders.folder_sync(phone.client)
    except (StatusError, HttpError):
        return False
    return True


def expected(phone: Phone, status: int, http: int) -> int:
    """Return how a refusal is said at the phone's version; 12.1 has HTTP's statuses."""
    return http if phone.client.version == "12.1" else status


# --- What operators see and do


@pytest.mark.feature("F221", "F225")
def test_the_list_tells_how_a_device_is_doing(
    eas_device: Phones, devices: Devices, owner: Account
) -> None:
    """What it is, which version it speaks, when it last got something; not before it did."""
    before = datetime.now(UTC) - timedelta(minutes=1)
    phone = eas_device(owner, "16.1", set_up=False)
    provision.provision(phone.client)
    first = devices.listed(owner)[phone.device.id]
    assert first["last_synced"] is None
    assert first["information"]["Model"] == "Fermoposta"
    folders.folder_sync(phone.client)

    phone.fetch(Wanted(folder=phone.folder(folders.INBOX).id))

    shown = devices.listed(owner)[phone.device.id]
    assert (shown["version"], shown["type"], shown["access"]) == (
        "16.1",
        "FermopostaTest",
        "allowed",
    )
    assert shown["failures"] == 0
    assert shown["policies"] == "acknowledged"
    assert before < datetime.fromisoformat(shown["last_synced"]) < datetime.now(UTC)
    detail = devices.show(phone)
    assert detail["failures"] == []
    assert {each["kind"] for each in detail["folders"]} >= {"mail"}


@pytest.mark.feature("F225")
def test_an_item_that_no_phone_can_be_sent_is_named(
    eas_device: Phones, devices: Devices, appliance: Appliance, owner: Account
) -> None:
    """The folder goes on without it, and the operator reads which one and why."""
    title, dav = token(), Dav(Web(appliance), owner).visit()
    odd = "RRULE:FREQ=WEEKLY;BYDAY=MO\r\nRRULE:FREQ=DAILY;BYHOUR=9,15"
    event = "\r\n".join(
        (
            *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//client.test//EN", "BEGIN:VEVENT"),
            *("UID:{title}", "DTSTAMP:20260101T000000Z", "SUMMARY:{title}"),
            *("DTSTART:20310402T090000Z", "DTEND:20310402T100000Z", "{more}END:VEVENT"),
            *("END:VCALENDAR", ""),
        )
    )
    bad = dav.put(event.format(title=f"bad{title}", more=f"{odd}\r\n"))
    good = dav.put(event.format(title=f"good{title}", more=""))
    phone = eas_device(owner)
    calendar = phone.folder(folders.CALENDAR).id

    phone.fetch(Wanted(folder=calendar))

    items = phone.device.collection(calendar).items
    titles = {data.text_of("Calendar:Subject") for data in items.values()}
    assert f"good{title}" in titles
    assert f"bad{title}" not in titles
    [failure] = devices.show(phone)["failures"]
    assert "RRULE" in failure["reason"]
    assert devices.listed(owner)[phone.device.id]["failures"] == 1
    for name in (bad, good):
        dav.delete(name)


@pytest.mark.feature("F216")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_resync_empties_the_device_and_fills_it_again(
    eas_device: Phones, devices: Devices, mail: Mail, owner: Account, version: str
) -> None:
    """All of it; with a period only what is as young, and nothing is lost on the server."""
    old, new = token(), token()
    with mail.imap(owner) as client:
        for title, days in ((old, 60), (new, 1)):
            when = datetime.now(UTC) - timedelta(days=days)
            message = compose(OLGA, owner.address, title)
            client.append("INBOX", message.as_bytes(), msg_time=when)
    phone = eas_device(owner, version)
    inbox = phone.folder(folders.INBOX).id

    def download() -> set[str]:
        """Do what a phone does that is told to begin anew; return which of the two it has."""
        for _ in range(5):
            try:
                folders.folder_sync(phone.client)
                phone.fetch(Wanted(folder=phone.folder(folders.INBOX).id))
            except StatusError:  # a key of before; the device has dropped what it had
                continue
            break
        items = phone.device.collection(phone.folder(folders.INBOX).id).items
        return {old, new} & {data.text_of("Email:Subject") or "" for data in items.values()}

    assert download() == {old, new}
    devices("resync", phone, "--since=30d")
    assert refused(lambda: folders.folder_sync(phone.client)) == 9
    assert phone.device.folders == {}
    assert download() == {new}
    assert devices.show(phone)["resync_since"] is not None

    devices("resync", phone)
    assert refused(lambda: folders.folder_sync(phone.client)) == 9
    assert download() == {old, new}
    devices("resync", phone, f"--folder={inbox}")
    assert refused(lambda: phone.fetch(Wanted(folder=inbox))) == 3
    assert download() == {old, new}
    assert mail.find(owner, old)
    phone.assert_sound()


@pytest.mark.parametrize("version", VERSIONS)
def test_an_operator_blocks_and_allows(
    eas_device: Phones, devices: Devices, owner: Account, version: str
) -> None:
    """A blocked device gets nothing at once, its owner's other one goes on; then it may again."""
    phone, other = eas_device(owner, version), eas_device(owner, version)

    for command in ("block", "quarantine"):
        devices(command, phone)
        status = refused(lambda: folders.folder_sync(phone.client))
        assert status == expected(phone, BLOCKED, 403)
        assert syncs(other)
        devices("allow", phone)
        assert syncs(phone)

    devices("forget", phone, "--yes")
    assert phone.device.id not in devices.listed(owner)
    assert other.device.id in devices.listed(owner)


def test_the_inventory_says_which_new_devices_come_in(
    eas_device: Phones, devices: Devices, directory: Directory, appliance: Appliance, owner: Account
) -> None:
    """Frank's are blocked; another's wait where it says so, and are let in by an operator."""
    phone = eas_device(appliance.account("frank@example.com"), set_up=False)
    phone.client.device.policy_key = 0
    assert refused(lambda: provision.ask(phone.client)) == BLOCKED
    assert devices.show(phone)["access"] == "blocked"

    with directory.changed(device_access={owner.address: {"unknown": "quarantine"}}):
        waiting = eas_device(owner, set_up=False)
        provision.provision(waiting.client)
        assert refused(lambda: folders.folder_sync(waiting.client)) == BLOCKED
        assert devices.show(waiting)["access"] == "quarantined"
        assert devices.show(waiting)["information"]["Model"] == "Fermoposta"
        devices("allow", waiting)
        assert syncs(waiting)


# --- What a device must do first


@pytest.mark.parametrize("version", VERSIONS)
def test_a_device_keeps_the_policies_first(
    eas_device: Phones, appliance: Appliance, version: str
) -> None:
    """Giulia's must have a PIN: without the key that says so there is nothing, with it all."""
    phone = eas_device(appliance.account("giulia@example.com"), version, set_up=False)
    client = phone.client
    client.device.policy_key = 0
    assert refused(lambda: folders.folder_sync(client)) == expected(phone, NO_KEY, 449)

    offer = provision.ask(client)

    assert offer.policies is not None
    assert offer.key is not None
    assert offer.policies.text_of("Provision:DevicePasswordEnabled") == "1"
    assert offer.policies.text_of("Provision:MinDevicePasswordLength") == "4"
    assert offer.policies.text_of("Provision:MaxInactivityTimeDeviceLock") == "300"
    client.device.policy_key = offer.key  # offered is not acknowledged
    assert not syncs(phone)
    final = provision.acknowledge(client, offer.key)
    assert final != offer.key
    assert syncs(phone)
    client.device.policy_key = final % 0xFFFF_FFFF + 1
    assert refused(lambda: folders.folder_sync(client)) == expected(phone, WRONG_KEY, 449)


def test_nobody_else_has_to(eas_device: Phones, owner: Account) -> None:
    """Where nothing is demanded a device comes in as it is."""
    phone = eas_device(owner, set_up=False)
    assert syncs(phone)
    policies = provision.provision(phone.client).policies
    assert policies is not None
    assert policies.text_of("Provision:DevicePasswordEnabled") == "0"


@pytest.mark.parametrize(
    ("command", "version", "wipe"),
    [
        ("wipe", "12.1", Wipe.DEVICE),
        ("wipe", "14.1", Wipe.DEVICE),
        ("wipe", "16.1", Wipe.DEVICE),
        ("wipe-account", "16.1", Wipe.ACCOUNT),
    ],
)
def test_a_wipe_is_acknowledged_once(
    eas_device: Phones, devices: Devices, owner: Account, command: str, version: str, wipe: Wipe
) -> None:
    """The device hears it whatever it asks, says that it did it, and is blocked from then on."""
    phone, other = eas_device(owner, version), eas_device(owner, version)

    devices(command, phone, "--yes")

    assert refused(lambda: folders.folder_sync(phone.client)) == expected(phone, WIPE, 449)
    assert provision.ask(phone.client).wipe is wipe
    assert devices.show(phone)["wipe"] == "sent"
    provision.acknowledge_wipe(phone.client, wipe)
    shown = devices.show(phone)
    assert (shown["wipe"], shown["access"]) == ("done", "blocked")
    assert refused(lambda: folders.folder_sync(phone.client)) == expected(phone, BLOCKED, 403)
    assert refused(lambda: provision.acknowledge_wipe(phone.client, wipe))
    assert syncs(other)

    devices("allow", phone)
    provision.provision(phone.client)
    phone.device.reset_folders()
    assert syncs(phone)


def test_who_can_not_wipe_the_account_alone_keeps_the_photographs(
    eas_device: Phones, devices: Devices, shell: Shell, owner: Account
) -> None:
    """An operator is refused that wipe at 14.1, and nothing is asked of the device."""
    phone = eas_device(owner, "14.1")
    who = (owner.address, phone.device.id)

    done = shell.call("fermoposta", "devices", "wipe-account", "--yes", *who)

    assert done.returncode != 0
    assert devices.show(phone)["wipe"] == "none"
    assert syncs(phone)


# --- Whose it is


@pytest.mark.feature("F028")
def test_devices_and_accounts_have_a_state_each(
    eas_device: Phones, devices: Devices, mail: Mail, owner: Account, bob: Account
) -> None:
    """
    Two devices of one user each get a message once; and one device may have two accounts.

    What is done to it in the one is nothing to the other.
    """
    title = token()
    one, two = eas_device(owner), eas_device(owner, "16.1")
    same = eas_device(bob, device_id=one.device.id)
    mail.send(bob, owner.address, title)
    mail.wait_for(owner, title)

    def has(phone: Phone) -> int:
        inbox = phone.folder(folders.INBOX).id
        phone.fetch(Wanted(folder=inbox))
        items = phone.device.collection(inbox).items.values()
        return [data.text_of("Email:Subject") for data in items].count(title)

    assert (has(one), has(two), has(same)) == (1, 1, 0)
    assert (has(one), has(two)) == (1, 1)
    devices("block", same)
    assert not syncs(same)
    assert syncs(one)
    assert devices.show(one)["access"] == "allowed"
    for phone in (one, two):
        phone.assert_sound()


def test_nobody_reaches_anothers_device(
    eas_device: Phones, devices: Devices, appliance: Appliance, owner: Account, bob: Account
) -> None:
    """Neither by the name in the query, nor by the device's id, nor by acknowledging its wipe."""
    phone = eas_device(owner, "16.1")
    web = Web(appliance)
    query = f"Cmd=Provision&User={owner.address}&DeviceId={phone.device.id}&DeviceType=t"
    headers = {"MS-ASProtocolVersion": "16.1"}
    assert web.ask("POST", f"{DOOR}?{query}", account=bob, headers=headers).status == 403
    thief = eas_device(bob, "16.1", device_id=phone.device.id)
    devices("wipe", phone, "--yes")

    assert syncs(thief)  # the wipe is not for bob's account
    assert refused(lambda: provision.acknowledge_wipe(thief.client, Wipe.DEVICE))
    assert devices.show(phone)["wipe"] == "requested"
    devices("cancel-wipe", phone)
    thief.client.device.folder_key = phone.device.folder_key
    assert refused(lambda: folders.folder_sync(thief.client)) == 9
    assert syncs(phone)


# --- Out of office

TEXT = "Gone & back <soon>"


def moment(hours: float) -> str:
    when = datetime.now(UTC).replace(microsecond=0, second=0, minute=0) + timedelta(hours=hours)
    return f"{when:%Y-%m-%dT%H:%M:%S}.000Z"


def away(start: str, end: str, inside: str, outside: str) -> Oof:
    return Oof(
        OofState.BETWEEN,
        start,
        end,
        {
            Audience.INTERNAL: Reply(True, inside),
            Audience.KNOWN: Reply(True, outside),
            Audience.UNKNOWN: Reply(True, outside),
        },
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_out_of_office_returns_as_it_was_set(
    eas_device: Phones, owner: Account, version: str
) -> None:
    """Text, dates and audiences, character by character; and off is off."""
    phone = eas_device(owner, version)
    wanted = away(moment(100), moment(200), TEXT, f"{TEXT} outside")

    settings.set_oof(phone.client, wanted)

    assert settings.oof(phone.client) == wanted
    settings.set_oof(phone.client, Oof(OofState.OFF))
    assert settings.oof(phone.client).state is OofState.OFF


def test_out_of_office_answers_inside_its_window_only(
    eas_device: Phones,
    directory: Directory,
    mail: Mail,
    outside: Outside,
    ada: Account,
) -> None:
    """Colleagues get one text, people elsewhere another one, and before its time nobody any."""
    mark = token()
    with directory.newcomer(f"vera.{mark}@example.org") as account:
        phone = eas_device(account)
        inside, elsewhere = f"{TEXT} in{mark}", f"{TEXT} out{mark}"

        def write() -> None:
            title = token()
            mail.deliver(OLGA, [account.address], compose(OLGA, account.address, title))
            mail.wait_for(account, title)
            title = token()
            mail.send(ada, account.address, title)
            mail.wait_for(account, title)
            # What was answered has arrived by the time that this has.
            last = token()
            mail.send(account, ada.address, last)
            mail.send(account, OLGA, last)
            mail.wait_for(ada, last)
            outside.wait_for(last)

        settings.set_oof(phone.client, away(moment(5), moment(9), inside, elsewhere))
        write()
        assert outside.find(f"out{mark}") == []
        assert texts(mail, ada, account) == []

        settings.set_oof(phone.client, away(moment(-3), moment(9), inside, elsewhere))

        def answered() -> bool:
            write()
            return bool(outside.find(f"out{mark}"))

        wait_for("the answer", answered, seconds=120)
        [answer] = texts(mail, ada, account)
        assert inside in answer
        assert f"out{mark}" not in answer
        told = [str(each.message.get_content()) for each in outside.find(f"out{mark}")]  # type: ignore[attr-defined]
        assert len(told) == 1
        assert elsewhere in told[0]
        settings.set_oof(phone.client, Oof(OofState.OFF))


def texts(mail: Mail, reader: Account, sender: Account) -> list[str]:
    """Return what *reader* was answered in the name of *sender*."""
    with mail.imap(reader) as client:
        client.select_folder("INBOX", readonly=True)
        numbers = client.search(
            ["FROM", sender.address, "HEADER", "Auto-Submitted", "auto-replied"]
        )
        found = client.fetch(numbers, ["BODY.PEEK[TEXT]"]) if numbers else {}
    return [each[b"BODY[TEXT]"].decode() for each in found.values()]
