from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clients.mail import compose, token

if TYPE_CHECKING:
    from email.message import EmailMessage

    from clients.mail import Mail

    from fermoposta_demo.appliance import Account, Appliance

STRANGER = "stranger@outside.test"
# Each pattern stands here in two pieces, so that no scanner takes this file away.
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}" + "$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def spam(to: str, subject: str) -> EmailMessage:
    return compose(STRANGER, to, subject, f"Buy now\n\n{GTUBE}\n")


def virus(to: str, subject: str) -> EmailMessage:
    message = compose(STRANGER, to, subject)
    message.add_attachment(
        EICAR.encode(), maintype="application", subtype="octet-stream", filename="invoice.com"
    )
    return message


@pytest.mark.feature("F181", "F182", "F043")
@pytest.mark.parametrize("make", [spam, virus])
def test_bad_mail_lies_in_quarantena(mail: Mail, bob: Account, make: object) -> None:
    """Spam and infected mail is delivered, into Quarantena and not into the inbox."""
    assert callable(make)
    subject = token()
    mail.deliver(STRANGER, [bob.address], make(bob.address, subject))
    junk = mail.special(bob, b"\\Junk")

    mail.wait_for(bob, subject, junk)

    assert "Quarantena" in junk
    assert mail.find(bob, subject) == []


@pytest.mark.feature("F181", "F182")
def test_good_mail_does_not(mail: Mail, bob: Account) -> None:
    """An ordinary message from outside lies in the inbox."""
    subject = token()
    mail.deliver(STRANGER, [bob.address], compose(STRANGER, bob.address, subject))

    mail.wait_for(bob, subject)

    assert mail.find(bob, subject, mail.special(bob, b"\\Junk")) == []


@pytest.mark.feature("F042", "F181")
@pytest.mark.parametrize("make", [spam, virus])
def test_bad_mail_is_not_in_pop3(mail: Mail, bob: Account, make: object) -> None:
    """Spam and infected mail does not show in POP3."""
    assert callable(make)
    subject = token()
    mail.deliver(STRANGER, [bob.address], make(bob.address, subject))
    mail.wait_for(bob, subject, mail.special(bob, b"\\Junk"))

    client = mail.pop3(bob)
    count, _ = client.stat()
    last = [b"\n".join(client.top(n, 0)[1]).decode() for n in range(max(1, count - 20), count + 1)]
    client.quit()

    assert not any(subject in message for message in last)


def test_a_colleague_is_scanned_too(mail: Mail, ada: Account, bob: Account) -> None:
    """An infected message from inside lies in Quarantena as well."""
    subject = token()
    message = virus(bob.address, subject)
    del message["From"]
    message["From"] = ada.address
    with mail.submission(ada) as client:
        client.send_message(message)

    mail.wait_for(bob, subject, mail.special(bob, b"\\Junk"))


@pytest.mark.feature("F135")
def test_antispam_off(mail: Mail, appliance: Appliance) -> None:
    """Irene switched the spam filter off: spam lies in her inbox, a virus does not."""
    irene = appliance.account("irene@example.net")
    subject = token()
    mail.deliver(STRANGER, [irene.address], spam(irene.address, subject))
    mail.deliver(STRANGER, [irene.address], virus(irene.address, f"virus-{subject}"))

    mail.wait_for(irene, f"virus-{subject}", mail.special(irene, b"\\Junk"))
    found = mail.find(irene, subject)
    assert [message["Subject"] for message in found] == [subject]
