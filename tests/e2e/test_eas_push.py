"""News reach a phone: at once where it waits, and when it asks where it doesn't."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import pytest
from clients.eas import phones
from clients.mail import compose, token
from clients.synced import (
    TEXT,
    Later,
    append,
    arrives,
    newcomers,
    put,
    status_of,
    synced,
    told,
)
from clients.waiting import wait_for
from clients.web import Web

from fermoposta.activesync.client import HttpError, StatusError, folders, ping, sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.eas import Phone, Phones
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta.activesync.client.sync import Wanted
    from fermoposta_demo.appliance import Account, Appliance

STRANGER = "stranger@outside.test"
VERSIONS = ["12.1", "14.1", "16.1"]
LONG = 900
"""Seconds of a heartbeat that no test waits for."""
SOON = 10
"""Seconds within which a phone that waits has an answer, on a machine that is busy."""
OTHERS = {
    "Calendar": (folders.CALENDAR, "Calendar", "Calendar:Subject"),
    "Contacts": (folders.CONTACTS, "Contacts", "Contacts:LastName"),
}


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


@pytest.fixture
def phone_of(appliance: Appliance) -> Iterator[Phones]:
    """Make phones; the host forgets them with their owners."""
    with phones(appliance) as make:
        yield make


@pytest.fixture(scope="module")
def nobody_yet(directory: Directory) -> Iterator[Iterator[Account]]:
    with newcomers(directory, 40) as found:
        yield found


@pytest.fixture
def nuova(nobody_yet: Iterator[Account]) -> Account:
    """Return somebody whose mailbox nobody has ever opened."""
    return next(nobody_yet)


def waiting(phone: Phone, *folders_: tuple[str, str], heartbeat: int = LONG) -> Later:
    """Have a phone wait for news, and return when it does."""
    later = Later(lambda: ping.ping(phone.client, folders_, heartbeat))
    assert later.waits(), later.result
    return later


def ready(phone: Phone) -> Wanted:
    """Return what a phone asks about its inbox, which it has got."""
    return synced(phone, folders.INBOX, options=TEXT)


# --- At once


@pytest.mark.feature("F044")
def test_new_mail_is_on_the_phone_at_once(mail: Mail, phone_of: Phones, nuova: Account) -> None:
    """Ten mails from outside: half of them within a second of when the host has taken them."""
    phone = phone_of(nuova)
    inbox = ready(phone)
    seconds = []
    for _ in range(10):
        asked = waiting(phone, (inbox.folder, "Email"))
        subject = token()
        mail.deliver(STRANGER, [nuova.address], compose(STRANGER, nuova.address, subject))
        taken = time.monotonic()
        assert asked.done(60) == (inbox.folder,)
        seconds.append(time.monotonic() - taken)
        arrives(phone, inbox, subject)

    assert statistics.median(seconds) < 1, seconds
    phone.assert_sound()


@pytest.mark.feature("F044")
@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_told(mail: Mail, phone_of: Phones, nuova: Account, version: str) -> None:
    """A phone that waits for its inbox, calendar and contacts is told which one has news."""
    phone = phone_of(nuova, version)
    inbox = ready(phone)
    calendar, contacts = synced(phone, folders.CALENDAR), synced(phone, folders.CONTACTS)
    kinds = (inbox.folder, "Email"), (calendar.folder, "Calendar"), (contacts.folder, "Contacts")
    asked = waiting(phone, *kinds)

    mail.deliver(STRANGER, [nuova.address], compose(STRANGER, nuova.address, token()))

    assert asked.done(60) == (inbox.folder,)


@pytest.mark.feature("F044")
@pytest.mark.parametrize("module", sorted(OTHERS))
def test_a_change_elsewhere_answers_at_once(
    web: Web, phone_of: Phones, nuova: Account, module: str
) -> None:
    """An appointment or contact that another program stores, changes or deletes is told of."""
    kind, name, tag = OTHERS[module]
    phone, title = phone_of(nuova), token()
    url = put(web, nuova, module, "before")
    wanted = synced(phone, kind)

    asked = waiting(phone, (wanted.folder, name))
    new = put(web, nuova, module, title)
    assert asked.done(5) == (wanted.folder,)
    arrives(phone, wanted, title, tag)

    asked = waiting(phone, (wanted.folder, name))
    for each in (new, url):
        assert web.ask("DELETE", each, account=nuova).status == 204
    assert asked.done(5) == (wanted.folder,)
    wait_for("the end of both", lambda: phone.fetch(wanted) and not told(phone, wanted.folder, tag))
    phone.assert_sound()


def test_a_mail_read_elsewhere_answers_too(mail: Mail, phone_of: Phones, nuova: Account) -> None:
    """What an IMAP client reads and deletes is news like what comes."""
    append(mail, nuova, "INBOX", compose(STRANGER, nuova.address, "x").as_bytes())
    phone = phone_of(nuova)
    inbox = ready(phone)

    asked = waiting(phone, (inbox.folder, "Email"))
    with mail.imap(nuova) as client:
        client.select_folder("INBOX")
        client.add_flags(client.search(), rb"\Seen")
        assert asked.done(SOON) == (inbox.folder,)
        (came, *_) = phone.fetch(inbox)
        assert len(came.changed) == 1

        asked = waiting(phone, (inbox.folder, "Email"))
        client.delete_messages(client.search())
        client.expunge()
    assert asked.done(SOON) == (inbox.folder,)
    phone.fetch(inbox)
    assert told(phone, inbox.folder) == []


def test_a_new_folder_asks_for_the_folders(mail: Mail, phone_of: Phones, nuova: Account) -> None:
    """A phone that asks to wait, but does not know all folders, gets status 7."""
    phone = phone_of(nuova)
    inbox = ready(phone)
    with mail.imap(nuova) as client:
        client.create_folder("Nuova")

    assert status_of(lambda: ping.ping(phone.client, [(inbox.folder, "Email")], LONG)) == 7

    folders.folder_sync(phone.client)
    assert phone.device.folder_named("Nuova")


# --- When the phone asks


@pytest.mark.feature("F045", "F046")
def test_a_phone_that_does_not_wait_gets_everything_when_it_asks(
    mail: Mail, web: Web, phone_of: Phones, nuova: Account
) -> None:
    """Now and then, or by hand: mail, calendar and contacts are complete; in between nothing is."""
    phone = phone_of(nuova)
    wanted = [
        (ready(phone), "Email:Subject"),
        (synced(phone, folders.CALENDAR), "Calendar:Subject"),
        (synced(phone, folders.CONTACTS), "Contacts:LastName"),
    ]
    titles: list[str] = []
    for _ in range(3):
        before = [told(phone, each.folder, tag) for each, tag in wanted]
        titles.append(title := token())
        mail.deliver(STRANGER, [nuova.address], compose(STRANGER, nuova.address, title))
        put(web, nuova, "Calendar", title)
        put(web, nuova, "Contacts", title)
        mail.wait_for(nuova, title)

        assert [told(phone, each.folder, tag) for each, tag in wanted] == before
        for each, _ in wanted:
            phone.fetch(each)

        for each, tag in wanted:
            assert told(phone, each.folder, tag) == sorted(titles)
    assert {each.command for each in phone.traffic} == {"Provision", "FolderSync", "Sync"}
    phone.assert_sound()


# --- The rules of waiting


def test_the_newest_ping_of_a_phone_counts(
    mail: Mail, appliance: Appliance, phone_of: Phones, nuova: Account
) -> None:
    """The older one is answered without news; another phone's goes on."""
    phone, other = phone_of(nuova), phone_of(nuova)
    inbox, theirs = ready(phone), ready(other)
    aside = waiting(other, (theirs.folder, "Email"))
    again = phone_of(nuova, device_id=phone.device.id, set_up=False)
    again.client.device = phone.device
    older = waiting(phone, (inbox.folder, "Email"))

    newer = waiting(again, (inbox.folder, "Email"))

    assert older.done(SOON) == ()
    assert newer.waits(0)
    assert aside.waits(0)
    mail.deliver(STRANGER, [nuova.address], compose(STRANGER, nuova.address, token()))
    assert newer.done(60) == aside.done(60) == (inbox.folder,)


@pytest.mark.parametrize(("heartbeat", "limit"), [(5, 60), (59, 60), (3541, 3540), (100_000, 3540)])
def test_a_heartbeat_out_of_range_is_told_the_limit(
    phone_of: Phones, nuova: Account, heartbeat: int, limit: int
) -> None:
    """Status 5, with the nearest one that is possible."""
    phone = phone_of(nuova)
    inbox = ready(phone)

    with pytest.raises(StatusError) as refused:
        ping.ping(phone.client, [(inbox.folder, "Email")], heartbeat)

    assert refused.value.status == 5
    assert ping.bound(refused.value) == limit


def test_a_first_ping_says_what_it_waits_for(mail: Mail, phone_of: Phones, nuova: Account) -> None:
    """Empty it gets status 3; later an empty one repeats the one before."""
    phone = phone_of(nuova)
    inbox = ready(phone)
    assert status_of(lambda: ping.ping(phone.client, None, None)) == 3
    asked = waiting(phone, (inbox.folder, "Email"))
    append(mail, nuova, "INBOX", compose(STRANGER, nuova.address, "1").as_bytes())
    asked.done(SOON)
    phone.fetch(inbox)

    repeated = Later(lambda: ping.ping(phone.client, None, None, waiting=LONG))
    assert repeated.waits()
    append(mail, nuova, "INBOX", compose(STRANGER, nuova.address, "2").as_bytes())

    assert repeated.done(SOON) == (inbox.folder,)


def test_a_folder_that_nobody_knows_asks_for_the_folders(phone_of: Phones, nuova: Account) -> None:
    """Status 7, at once."""
    phone = phone_of(nuova)

    assert status_of(lambda: ping.ping(phone.client, [("99999", "Email")], LONG)) == 7


@pytest.mark.feature("F044")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_sync_that_waits_brings_the_mail_itself(
    mail: Mail, phone_of: Phones, nuova: Account, version: str
) -> None:
    """Without a Ping: the answer comes when the mail does, and has it."""
    phone = phone_of(nuova, version)
    inbox = ready(phone)
    asked = Later(lambda: sync.sync(phone.client, inbox, wait=15))
    assert asked.waits(), asked.result

    mail.deliver(STRANGER, [nuova.address], compose(STRANGER, nuova.address, subject := token()))

    assert len(asked.done(60)[inbox.folder].added) == 1
    assert told(phone, inbox.folder) == [subject]
    phone.assert_sound()


def test_a_changed_password_ends_the_waiting(
    directory: Directory, phone_of: Phones, nuova: Account
) -> None:
    """Within seconds; and with the old one the phone gets nothing any more."""
    phone = phone_of(nuova)
    inbox = ready(phone)
    asked = waiting(phone, (inbox.folder, "Email"))
    declared = directory.declared()
    record = declared["mail_users"][nuova.address]
    record.pop("password_hash", None)
    record["password"] = "Newer2026x"
    done = directory.apply(declared, "--update-password=always")
    assert done.returncode == 0, done.stdout + done.stderr

    assert not asked.waits(SOON)

    with pytest.raises(HttpError) as refused:
        phone.fetch(inbox)
    assert refused.value.status == 401


# --- What waiting costs


def wait_in(phone: Phone, inbox: Wanted) -> tuple[str, ...]:
    return ping.ping(phone.client, [(inbox.folder, "Email")], LONG)


def processes(shell: Shell) -> set[str]:
    """Return the gateway's processes."""
    lines = shell.run("ps", "-e", "-o", "pid=,cgroup=").splitlines()
    return {line.split()[0] for line in lines if "fermoposta-gateway@" in line}


def connections(shell: Shell, owners: list[Account]) -> Counter[tuple[str, str]]:
    """Count Dovecot's connections of *owners* by owner and service."""
    ours = {each.address for each in owners}
    lines = [line.split() for line in shell.run("doveadm", "who", "-1").splitlines()]
    return Counter((line[0], line[1]) for line in lines if line[0] in ours)


@pytest.mark.feature("F044")
def test_phones_that_wait_need_no_processes(
    mail: Mail, shell: Shell, phone_of: Phones, nobody_yet: Iterator[Account]
) -> None:
    """Forty phones of eight users: none for the gateway, and Dovecot puts theirs to sleep."""
    owners = [next(nobody_yet) for _ in range(8)]
    before = processes(shell)
    assert before
    made = []
    for phone in [phone_of(owner) for owner in owners for _ in range(5)]:
        inbox = ready(phone)
        made.append((inbox, Later(partial(wait_in, phone, inbox))))

    def asleep() -> Counter[tuple[str, str]] | None:
        found = connections(shell, owners)
        watched = [found[each.address, "imap-hibernate"] for each in owners]
        return found if watched == [1] * len(owners) else None

    found = wait_for("one sleeping connection for each user", asleep, seconds=120)

    # The one that they work with stays awake for some minutes, and is for all phones of a user.
    assert all(found[each.address, "imap"] <= 2 for each in owners), found
    assert all(asked.waits(0) for _, asked in made)
    assert processes(shell) == before
    addresses = [each.address for each in owners]
    mail.deliver(STRANGER, addresses, compose(STRANGER, "all@outside.test", token()))
    for inbox, asked in made:
        assert asked.done(60) == (inbox.folder,)
