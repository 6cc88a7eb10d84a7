from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest
from clients.mail import token
from imapclient.exceptions import IMAPClientError

if TYPE_CHECKING:
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

MAIL_FOLDERS = {b"\\Sent", b"\\Drafts", b"\\Trash", b"\\Junk"}


@pytest.mark.feature("F001", "F003", "F014", "F015", "F025")
@pytest.mark.parametrize("service", ["imaps", "imaps_alt"])
def test_imap_over_tls(mail: Mail, users: list[Account], service: str) -> None:
    """Everybody logs in with the whole address over implicit TLS, on 993 and on 9993."""
    for account in users:
        with mail.imap(account, service=service) as client:
            assert b"EXISTS" in client.select_folder("INBOX")


@pytest.mark.feature("F002")
def test_imap_starttls(mail: Mail, ada: Account) -> None:
    """Port 143 takes a log-in once the client has asked for TLS."""
    with mail.imap(ada, service="imap") as client:
        client.select_folder("INBOX")


@pytest.mark.feature("F002")
def test_no_imap_log_in_without_tls(appliance: Appliance, ada: Account) -> None:
    """Port 143 says LOGINDISABLED and refuses a password that would travel readable."""
    with socket.create_connection((appliance.host, appliance.ports["imap"]), 30) as connection:
        stream = connection.makefile("rwb", buffering=0)
        greeting = stream.readline()
        stream.write(f'a LOGIN "{ada.address}" "not-the-password"\r\n'.encode())
        while not (answer := stream.readline()).startswith(b"a "):
            assert answer, "hung up"

    assert b"STARTTLS" in greeting
    assert b"LOGINDISABLED" in greeting
    assert answer.startswith(b"a NO"), answer
    assert b"PRIVACYREQUIRED" in answer


@pytest.mark.feature("F015")
def test_only_the_whole_address_logs_in(mail: Mail, ada: Account) -> None:
    """The part before the @ alone is nobody."""
    with mail.imap_connect() as client, pytest.raises(IMAPClientError):
        client.login(ada.address.partition("@")[0], ada.password)


@pytest.mark.feature("F023")
def test_special_use_folders(mail: Mail, users: list[Account]) -> None:
    """Drafts, Sent, Trash and Junk are there and say what they are for."""
    for account in users:
        with mail.imap(account) as client:
            uses = {flag for flags, _, _ in client.list_folders() for flag in flags}

        assert uses >= MAIL_FOLDERS, account.address


@pytest.mark.feature("F039")
def test_imap_is_mail_only(mail: Mail, ada: Account) -> None:
    """No folder of calendars, contacts, tasks or notes stands among the mail folders."""
    with mail.imap(ada) as client:
        names = " ".join(name for _, _, name in client.list_folders()).lower()

    for word in ("calend", "contact", "contatti", "task", "attivit", "notes", "note "):
        assert word not in names


@pytest.mark.feature("F040")
def test_tags_are_kept(mail: Mail, bob: Account) -> None:
    """What a client calls a tag, a keyword in IMAP, is still there at the next log-in."""
    subject = token()
    with mail.imap(bob) as client:
        client.append("INBOX", f"Subject: {subject}\r\n\r\nCiao\r\n", ["$Label1", "progetto"])

    with mail.imap(bob) as client:
        client.select_folder("INBOX", readonly=True)
        (number,) = client.search(["SUBJECT", subject])
        flags = client.get_flags([number])[number]

    assert {b"$Label1", b"progetto"} <= set(flags)


@pytest.mark.feature("F001")
def test_modern_extensions(mail: Mail, ada: Account) -> None:
    """IDLE, NOTIFY, CONDSTORE, QRESYNC, MOVE, QUOTA and special uses are offered."""
    with mail.imap(ada) as client:
        offered = set(client.capabilities())

    wanted = {b"IDLE", b"NOTIFY", b"CONDSTORE", b"QRESYNC", b"MOVE", b"QUOTA", b"SPECIAL-USE"}
    assert wanted <= offered


def test_idle_hears_at_once(mail: Mail, ada: Account, bob: Account) -> None:
    """A client that idles hears of a new message within seconds, without asking."""
    subject = token()
    with mail.imap(bob) as client:
        client.select_folder("INBOX")
        client.idle()
        mail.send(ada, bob.address, subject)
        deadline = time.monotonic() + 60
        heard: list[object] = []
        while time.monotonic() < deadline and not any(b"EXISTS" in str(h).encode() for h in heard):
            heard += client.idle_check(timeout=5)
        client.idle_done()

    assert any("EXISTS" in str(entry) for entry in heard)


def test_full_text_search(mail: Mail, bob: Account) -> None:
    """Words in a body are found, be they of one letter; another one is not."""
    subject, word = token(), token()
    with mail.imap(bob) as client:
        client.append("INBOX", f"Subject: {subject}\r\n\r\nQui sta a {word}.\r\n")
        client.select_folder("INBOX", readonly=True)

        assert len(client.search(["BODY", word])) == 1
        assert len(client.search(["BODY", f"a {word}"])) == 1
        assert client.search(["BODY", token()]) == []


def test_nobody_reads_another_mailbox(mail: Mail, shell: Shell, ada: Account, bob: Account) -> None:
    """Without a grant, a user cannot open the folders of another user by any name."""
    del shell
    with mail.imap(bob) as client:
        for name in (f"shared/{ada.address}/INBOX", f"user/{ada.address}", f"../{ada.address}"):
            with pytest.raises(IMAPClientError):
                client.select_folder(name)
