from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest
from clients.mail import compose, token

if TYPE_CHECKING:
    from clients.mail import Mail
    from clients.outside import Outside

    from fermoposta_demo.appliance import Account, Appliance

LIMIT = 52_428_800
REFUSALS = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused)


@pytest.mark.feature("F006", "F007", "F014", "F015", "F025")
@pytest.mark.parametrize("service", ["submission", "submissions"])
def test_send(mail: Mail, ada: Account, bob: Account, service: str) -> None:
    """A user who has logged in over TLS sends to a colleague, on 587 and on 465."""
    subject = token()
    with mail.submission(ada, service=service) as client:
        client.send_message(compose(ada.address, bob.address, subject))

    arrived = mail.wait_for(bob, subject)

    assert ada.address in str(arrived["From"])


@pytest.mark.feature("F006")
def test_send_to_the_outside(mail: Mail, ada: Account, outside: Outside) -> None:
    """What a user sends to another server leaves, with the user's address as envelope sender."""
    subject = token()
    mail.send(ada, "friend@outside.test", subject)

    sent = outside.wait_for(subject)

    assert sent.sender == ada.address
    assert sent.recipients == ["friend@outside.test"]
    assert sent.message["DKIM-Signature"]


@pytest.mark.feature("F008", "F009")
@pytest.mark.parametrize("service", ["submission", "submissions"])
@pytest.mark.parametrize("to", ["bob@example.org", "friend@outside.test"])
def test_no_sending_without_log_in(mail: Mail, service: str, to: str) -> None:
    """Who has not logged in sends nothing, not even to a mailbox here."""
    with mail.submission(service=service) as client, pytest.raises(REFUSALS) as refused:
        client.send_message(compose("ada@example.org", to, token()))

    assert "5" in str(refused.value)


@pytest.mark.feature("F006", "F009")
def test_587_wants_tls_first(appliance: Appliance) -> None:
    """Before STARTTLS there is no AUTH and no MAIL on 587."""
    with smtplib.SMTP(appliance.host, appliance.ports["submission"], timeout=60) as client:
        client.ehlo()

        assert client.has_extn("starttls")
        assert not client.has_extn("auth")
        assert client.docmd("AUTH", "PLAIN AGZvbwBiYXI=")[0] in {503, 530, 538}
        assert client.mail("ada@example.org")[0] == 530


def test_25_offers_no_log_in(appliance: Appliance) -> None:
    """Port 25 is for servers: it offers TLS and no AUTH, neither before nor after."""
    with smtplib.SMTP(appliance.host, appliance.ports["smtp"], timeout=60) as client:
        client.ehlo()
        assert client.has_extn("starttls")
        assert not client.has_extn("auth")


@pytest.mark.parametrize(
    "sender", ["bob@example.org", "hank@example.net", "someone@outside.test", "nobody@example.org"]
)
def test_a_forged_sender_is_refused(mail: Mail, ada: Account, sender: str) -> None:
    """A user does not send as a colleague, another company, the outside or nobody."""
    with mail.submission(ada) as client, pytest.raises(REFUSALS) as refused:
        client.send_message(compose(sender, "bob@example.org", token()))

    assert "553" in str(refused.value)


def test_send_as_is_allowed_where_declared(mail: Mail, ada: Account, bob: Account) -> None:
    """Bob may send as info@example.org, since the inventory says so; Ada may not."""
    subject = token()
    message = compose("info@example.org", ada.address, subject)
    with mail.submission(bob) as client:
        client.send_message(message)
    mail.wait_for(ada, subject)

    with mail.submission(ada) as client, pytest.raises(smtplib.SMTPException):
        client.send_message(compose("info@example.org", bob.address, token()))


def test_size_limit(mail: Mail, ada: Account, bob: Account) -> None:
    """The server announces 50 MiB, and refuses what is larger before it travels."""
    with mail.submission(ada) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == str(LIMIT)
        code, _ = client.mail(ada.address, [f"SIZE={LIMIT + 1}"])
        assert code == 552

    subject = token()
    mail.send(ada, bob.address, subject, "x" * 70 + "\n" + ("y" * 70 + "\n") * 100_000)
    mail.wait_for(bob, subject)


@pytest.mark.feature("F026")
def test_no_client_certificate_is_asked_for(mail: Mail, ada: Account) -> None:
    """A client without a certificate of its own logs in on every TLS port."""
    for service in ("submission", "submissions"):
        mail.submission(ada, service=service).quit()
    for service in ("imap", "imaps", "imaps_alt"):
        mail.imap(ada, service=service).logout()
    for service in ("pop3", "pop3s"):
        mail.pop3(ada, service=service).quit()
