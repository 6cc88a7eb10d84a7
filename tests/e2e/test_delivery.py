from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest
from clients.mail import compose, token
from clients.waiting import wait_for

if TYPE_CHECKING:
    from email.message import EmailMessage

    from clients.mail import Mail
    from clients.outside import Outside

    from fermoposta_demo.appliance import Account, Appliance

STRANGER = "stranger@outside.test"


@pytest.mark.feature("F057")
def test_the_real_sender_stands_in_the_headers(mail: Mail, bob: Account) -> None:
    """The envelope sender can be read in the headers, whatever the From field claims."""
    subject = token()
    message = compose("director@bank.test", bob.address, subject)
    mail.deliver("bounce-77@mailer.test", [bob.address], message)

    arrived = mail.wait_for(bob, subject)

    assert "bounce-77@mailer.test" in arrived["Envelope-From"]
    assert "director@bank.test" in str(arrived["From"])
    assert "envelope-from" in arrived.as_string().lower()


@pytest.mark.feature("F057")
def test_nobody_forges_the_real_sender(mail: Mail, bob: Account) -> None:
    """An Envelope-From that the sender wrote does not arrive."""
    subject = token()
    message = compose(STRANGER, bob.address, subject)
    message["Envelope-From"] = "director@bank.test"
    mail.deliver(STRANGER, [bob.address], message)

    arrived = mail.wait_for(bob, subject)

    assert len(arrived.get_all("Envelope-From")) == 1
    assert STRANGER in arrived["Envelope-From"]


@pytest.mark.feature("F152", "F153")
def test_an_alias_reaches_every_destination(mail: Mail, appliance: Appliance) -> None:
    """Mail to info@example.org arrives at each of its two destinations, once."""
    subject = token()
    mail.deliver(STRANGER, ["info@example.org"], compose(STRANGER, "info@example.org", subject))

    for address in ("bob@example.org", "chiara@example.org"):
        mail.wait_for(appliance.account(address), subject)


@pytest.mark.feature("F154")
def test_an_alias_is_not_a_mailbox(mail: Mail) -> None:
    """An alias cannot log in."""
    client = mail.imap_connect()
    with pytest.raises(client.Error):
        client.login("info@example.org", "Engine1843")
    client.logout()


@pytest.mark.feature("F156", "F157")
def test_a_group_reaches_every_member(mail: Mail, appliance: Appliance) -> None:
    """Mail to sales@example.org arrives at all members, across domains."""
    subject = token()
    mail.deliver(STRANGER, ["sales@example.org"], compose(STRANGER, "sales@example.org", subject))

    for address in ("ada@example.org", "elena@example.com"):
        mail.wait_for(appliance.account(address), subject)
    # Bob is a member, and gets a copy of what Elena gets: the same message reaches him once or
    # twice, never not.
    assert mail.find(appliance.account("bob@example.org"), subject)


@pytest.mark.feature("F152", "F156")
def test_an_unknown_address_is_refused_at_once(mail: Mail) -> None:
    """Mail to nobody is refused while the sending server is on the line."""
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        mail.deliver(STRANGER, ["nobody@example.org"], compose(STRANGER, "nobody@example.org", "x"))

    assert refused.value.recipients["nobody@example.org"][0] == 550


def test_catch_all(mail: Mail, ada: Account) -> None:
    """A domain with a catch-all takes mail for any address."""
    subject = token()
    address = f"{subject}@example.com"
    mail.deliver(STRANGER, [address], compose(STRANGER, address, subject))

    mail.wait_for(ada, subject)


@pytest.mark.feature("F137", "F141", "F139")
def test_redirect_with_local_delivery(mail: Mail, appliance: Appliance, bob: Account) -> None:
    """Elena keeps a copy and Bob gets one."""
    subject = token()
    elena = appliance.account("elena@example.com")
    mail.deliver(STRANGER, [elena.address], compose(STRANGER, elena.address, subject))

    mail.wait_for(elena, subject)
    mail.wait_for(bob, subject)


@pytest.mark.feature("F137", "F138", "F139")
def test_redirect_without_local_delivery(mail: Mail, appliance: Appliance) -> None:
    """Frank's mail goes to Hank only: nothing is filed in Frank's mailbox."""
    subject = token()
    frank, hank = appliance.account("frank@example.com"), appliance.account("hank@example.net")
    mail.deliver(STRANGER, [frank.address], compose(STRANGER, frank.address, subject))

    mail.wait_for(hank, subject)
    assert mail.find(frank, subject) == []


@pytest.mark.feature("F140")
def test_a_redirect_is_transparent(mail: Mail, appliance: Appliance) -> None:
    """From, subject and body arrive as they were written, without a prefix."""
    subject = token()
    hank = appliance.account("hank@example.net")
    message = compose(f"Somebody <{STRANGER}>", "frank@example.com", subject, "Perché no?\n")
    mail.deliver(STRANGER, ["frank@example.com"], message)

    arrived = mail.wait_for(hank, subject)

    assert arrived["Subject"] == subject
    assert str(arrived["From"]) == f"Somebody <{STRANGER}>"
    assert str(arrived["To"]) == "frank@example.com"
    assert arrived["Message-ID"] == message["Message-ID"]
    assert arrived.get_content().splitlines() == ["Perché no?"]
    assert "Resent-From" not in arrived


def test_a_bounce_goes_back(mail: Mail, ada: Account) -> None:
    """Who writes to an address that another server refuses is told so."""
    subject = token()
    mail.send(ada, "refused@outside.test", subject)

    def bounces() -> list[EmailMessage]:
        return [each for each in mail.find(ada, "Undelivered Mail") if subject in each.as_string()]

    assert len(wait_for("the bounce", bounces, seconds=90)) == 1


def test_nothing_leaves_for_a_local_message(
    mail: Mail, ada: Account, bob: Account, outside: Outside
) -> None:
    """Mail between colleagues stays on the host."""
    subject = token()
    mail.send(ada, bob.address, subject)
    mail.wait_for(bob, subject)

    assert outside.find(subject) == []
