from __future__ import annotations

import poplib
from typing import TYPE_CHECKING

import pytest
from clients.mail import token
from clients.waiting import wait_for

if TYPE_CHECKING:
    from clients.mail import Mail

    from fermoposta_demo.appliance import Account, Appliance


def subjects(client: poplib.POP3) -> list[str]:
    """Return the subjects of all messages."""
    found = []
    for number in range(1, client.stat()[0] + 1):
        lines = client.top(number, 0)[1]
        found += [line.decode() for line in lines if line.lower().startswith(b"subject:")]
    return found


@pytest.fixture(scope="module")
def reader(appliance: Appliance) -> Account:
    return appliance.account("giulia@example.com")


@pytest.mark.feature("F004", "F005", "F015", "F025")
@pytest.mark.parametrize("service", ["pop3s", "pop3"])
def test_read_and_delete(mail: Mail, ada: Account, reader: Account, service: str) -> None:
    """STAT, RETR and DELE work over implicit TLS on 995 and after STLS on 110."""
    subject = token()
    mail.send(ada, reader.address, subject)
    mail.wait_for(reader, subject)

    client = mail.pop3(reader, service=service)
    count, _ = client.stat()
    assert subject in b"\n".join(client.retr(count)[1]).decode()
    client.dele(count)
    client.quit()

    assert mail.find(reader, subject) == []


@pytest.mark.feature("F005")
def test_no_pop3_log_in_without_tls(appliance: Appliance, ada: Account) -> None:
    """Port 110 offers STLS and refuses a log-in before it."""
    client = poplib.POP3(appliance.host, appliance.ports["pop3"], timeout=30)
    assert "STLS" in client.capa()
    with pytest.raises(poplib.error_proto):
        client.user(ada.address)
    client.close()


@pytest.mark.feature("F041")
def test_pop3_shows_the_inbox_only(mail: Mail, reader: Account) -> None:
    """What lies in another folder, POP3 does not show."""
    subject = token()
    sent = mail.special(reader, b"\\Sent")
    with mail.imap(reader) as client:
        client.append(sent, f"Subject: {subject}\r\n\r\nCiao\r\n")
        client.append("INBOX", f"Subject: inbox-{subject}\r\n\r\nCiao\r\n")

    client = mail.pop3(reader)
    listed = subjects(client)
    client.quit()

    assert any(f"inbox-{subject}" in line for line in listed)
    assert not any(f" {subject}" in line for line in listed)


@pytest.mark.feature("F042", "F181")
def test_pop3_never_shows_quarantena(mail: Mail, reader: Account) -> None:
    """A message in Quarantena changes neither STAT nor UIDL."""
    client = mail.pop3(reader)
    before = (client.stat(), client.uidl()[1])
    client.quit()
    junk = mail.special(reader, b"\\Junk")
    subject = token()
    with mail.imap(reader) as imap:
        imap.append(junk, f"Subject: {subject}\r\n\r\nCiao\r\n")
    wait_for("the message in Quarantena", lambda: mail.find(reader, subject, junk))

    client = mail.pop3(reader)
    assert (client.stat(), client.uidl()[1]) == before
    client.quit()
