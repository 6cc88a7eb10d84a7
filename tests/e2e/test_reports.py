"""What users say of the filter's verdicts trains it, and reaches the operator."""

from __future__ import annotations

import secrets
import smtplib
import time
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from clients.mail import compose, token
from clients.waiting import wait_for

from fermoposta_demo.browser import chromium
from fermoposta_demo.webmail import Webmail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

STRANGER = "stranger@outside.test"
SPAM, HAM = "spam@mail.example.org", "ham@mail.example.org"
QUARANTINE = "Quarantena"
# In two pieces, so that no scanner takes this file away.
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


def words() -> str:
    """Return text that the filter has never seen: it learns nothing twice."""
    return "\n".join(" ".join(secrets.token_hex(4) for _ in range(8)) for _ in range(8)) + "\n"


def learned(shell: Shell, what: str) -> int:
    """Return how many messages the filter has learned as spam or as ham."""
    # `rspamc stat` shows the same numbers, up to a minute later.
    told = shell.run("valkey-cli", "-s", "/run/valkey/valkey.sock", "HGET", "RS", f"learns_{what}")
    return int(told.strip() or 0)


@pytest.fixture(scope="module")
def ugo(directory: Directory) -> Iterator[Account]:
    with directory.newcomer(f"{token()}@example.org") as account:
        yield account


@pytest.fixture
def operator(ada: Account) -> Account:
    """Return who has the operator's mail: postmaster@example.org leads to Ada."""
    return ada


def arrive(mail: Mail, account: Account, *, spam: bool = False) -> str:
    """Have a stranger's message delivered, and return its subject."""
    subject = token()
    text = words() + (f"\n{GTUBE}\n" if spam else "")
    mail.deliver(STRANGER, [account.address], compose(STRANGER, account.address, subject, text))
    mail.wait_for(account, subject, QUARANTINE if spam else "INBOX")
    return subject


def move(mail: Mail, account: Account, subject: str, source: str, target: str, how: str) -> None:
    """Move a message as an IMAP client does."""
    with mail.imap(account) as client:
        client.select_folder(source)
        numbers = client.search(["SUBJECT", subject])
        assert numbers
        getattr(client, how)(numbers, target)


def told(mail: Mail, operator: Account, subject: str) -> EmailMessage:
    """Return the sample as the operator got it: attached, in the inbox."""
    report = mail.wait_for(operator, subject)
    (sample,) = [part.get_content() for part in report.iter_attachments()]
    assert isinstance(sample, EmailMessage)
    assert sample["Subject"] == subject
    return report


@pytest.mark.feature("F226", "F184")
@pytest.mark.parametrize("how", ["move", "copy"])
def test_a_move_into_the_quarantine_is_a_report(
    mail: Mail, shell: Shell, ugo: Account, operator: Account, how: str
) -> None:
    """The filter learns it as spam, and the operator has the sample as attachment."""
    subject, before = arrive(mail, ugo), learned(shell, "spam")

    move(mail, ugo, subject, "INBOX", QUARANTINE, how)

    report = told(mail, operator, subject)
    assert report["Subject"].startswith(f"Spam, says {ugo.address}")
    wait_for("the filter's count", lambda: learned(shell, "spam") > before, seconds=90)


@pytest.mark.feature("F226")
def test_a_move_out_of_the_quarantine_is_one_too(
    mail: Mail, shell: Shell, ugo: Account, operator: Account
) -> None:
    """The filter learns it as good; that delivery filed it there was nobody's word."""
    spam, before = learned(shell, "spam"), learned(shell, "ham")
    subject = arrive(mail, ugo, spam=True)

    move(mail, ugo, subject, QUARANTINE, "INBOX", "move")

    report = told(mail, operator, subject)
    assert report["Subject"].startswith(f"Not spam, says {ugo.address}")
    wait_for("the filter's count", lambda: learned(shell, "ham") > before, seconds=90)
    assert learned(shell, "spam") == spam


def test_what_is_thrown_away_is_not_called_good(
    mail: Mail, ugo: Account, operator: Account
) -> None:
    """Tidying the quarantine into the trash says nothing, nor does filing within it."""
    thrown, kept = arrive(mail, ugo, spam=True), arrive(mail, ugo)
    trash = mail.special(ugo, b"\\Trash")

    move(mail, ugo, thrown, QUARANTINE, trash, "move")
    move(mail, ugo, kept, "INBOX", QUARANTINE, "move")

    told(mail, operator, kept)
    assert mail.find(operator, thrown) == []


def test_changing_ones_mind_counts_each_time(mail: Mail, ugo: Account, operator: Account) -> None:
    """Into the quarantine, out, and in again: three reports, the last of which holds."""
    subject = arrive(mail, ugo)
    for source, target in (("INBOX", QUARANTINE), (QUARANTINE, "INBOX"), ("INBOX", QUARANTINE)):
        move(mail, ugo, subject, source, target, "move")
        time.sleep(1.1)  # the same word twice within a second is one report

    wait_for("three reports", lambda: len(mail.find(operator, subject)) == 3 or None, seconds=60)


def forwarded(sender: Account, to: str, *samples: EmailMessage) -> EmailMessage:
    message = compose(sender.address, to, token(), "See the attachment\n")
    for sample in samples:
        message.add_attachment(sample)
    return message


@pytest.mark.feature("F183", "F226")
@pytest.mark.parametrize(("to", "what"), [(SPAM, "spam"), (HAM, "ham")])
def test_forwarding_as_attachment_is_a_report(
    mail: Mail, shell: Shell, ugo: Account, operator: Account, to: str, what: str
) -> None:
    """Each attached message is learned, and each reaches the operator."""
    before = learned(shell, what)
    samples = [compose(STRANGER, ugo.address, token(), words()) for _ in range(2)]

    with mail.submission(ugo) as client:
        client.send_message(forwarded(ugo, to, *samples))

    for sample in samples:
        told(mail, operator, sample["Subject"])
    wait_for("the filter's count", lambda: learned(shell, what) >= before + 2, seconds=90)


@pytest.mark.feature("F183")
def test_forwarding_without_an_attachment_is_answered(mail: Mail, ugo: Account) -> None:
    """Who forwards the text alone is told how to do it."""
    message = forwarded(ugo, SPAM)
    with mail.submission(ugo) as client:
        client.send_message(message)

    bounce = wait_for("the answer", lambda: [
        found for found in mail.find(ugo, "Undelivered")
        if str(message["Subject"]) in found.as_string()
    ], seconds=60)  # fmt: skip
    assert "as an attachment" in bounce[0].as_string().replace("\n    ", " ")


@pytest.mark.feature("F183")
@pytest.mark.parametrize("sender", [STRANGER, "ada@example.org"])
@pytest.mark.parametrize("to", [SPAM, HAM, "spam+ada=example.org@agent.fermoposta.invalid"])
def test_nobody_outside_can_report(mail: Mail, sender: str, to: str) -> None:
    """Not even under the name of one of ours: the filter is not for strangers to train."""
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        mail.deliver(sender, [to], compose(sender, to, token()))


@pytest.mark.feature("F183")
def test_a_restricted_user_reports_too(mail: Mail, directory: Directory, operator: Account) -> None:
    """Who may write to few domains may still say what is spam, in both ways."""
    with directory.newcomer(f"{token()}@example.net", restrict_sending=True) as account:
        subject = arrive(mail, account)
        move(mail, account, subject, "INBOX", QUARANTINE, "move")
        told(mail, operator, subject)
        sample = compose(STRANGER, account.address, token(), words())
        with mail.submission(account) as client:
            client.send_message(forwarded(account, SPAM, sample))
        told(mail, operator, sample["Subject"])


@pytest.mark.feature("F066", "F184", "F226")
def test_report_as_spam(mail: Mail, shell: Shell, ugo: Account, operator: Account) -> None:
    """What the portal does with "Report as > Spam": the sample goes the same way."""
    before = learned(shell, "spam")
    sample = compose(STRANGER, ugo.address, token(), words())
    shell.run("sh", "-c", "cat >/run/fermoposta-e2e.eml", stdin=sample.as_string())

    done = shell.run(
        *("fermoposta", "junk", "report", "--as", "spam", ugo.address, "/run/fermoposta-e2e.eml")
    )

    assert done.strip() == "queued"
    told(mail, operator, sample["Subject"])
    wait_for("the filter's count", lambda: learned(shell, "spam") > before, seconds=90)


@pytest.mark.feature("F184", "F226")
def test_the_webmails_junk_button_is_a_report(
    appliance: Appliance, mail: Mail, ugo: Account, operator: Account
) -> None:
    """The message goes to the quarantine, and the sample to filter and operator."""
    subject = arrive(mail, ugo)
    with chromium(appliance) as driver:
        webmail = Webmail(driver, appliance)
        webmail.log_in(ugo)
        webmail.mark_as_junk(subject)

        mail.wait_for(ugo, subject, QUARANTINE)
    told(mail, operator, subject)
