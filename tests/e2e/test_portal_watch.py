"""What the portal tells of the host: where a mail is, who signed in, whether all is well."""

from __future__ import annotations

import re
import smtplib
from typing import TYPE_CHECKING

import pytest
from clients.disturbance import disturbed
from clients.mail import compose, token
from clients.portal import Visitor
from clients.waiting import wait_for
from clients.web import Web
from imapclient.exceptions import LoginError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

OUTSIDE = "olga@agency.test"
WITHIN = 10


@pytest.fixture(scope="module")
def zoe(directory: Directory) -> Iterator[Account]:
    """Somebody who is there for these tests."""
    with directory.newcomer(f"{token()}@example.org") as account:
        yield account


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


@pytest.fixture(scope="module")
def office(web: Web, ada: Account) -> Visitor:
    """Ada, who administers, in the portal."""
    return Visitor.signed_in(web, ada)


def traced(office: Visitor, query: str) -> str:
    """Return what the page about mails says, without its markup."""
    body = office.get(f"/admin/trace?lang=en&{query}").body
    return " ".join(re.sub(r"<[^>]+>", " ", body[body.index("<h1>") :]).split())


def test_a_mail_is_found_with_what_became_of_it(
    office: Visitor, zoe: Account, mail: Mail, ada: Account
) -> None:
    """From outside into the inbox, by sender, recipient and Message-ID; from a colleague too."""
    message = compose(OUTSIDE, zoe.address, token())
    mail.deliver(OUTSIDE, [zoe.address], message)
    query = f"sender={OUTSIDE}&recipient={zoe.address}"

    wait_for("the folder", lambda: "Put into the folder" in traced(office, query), seconds=WITHIN)

    text = traced(office, query)
    for words in ("Came in", "Judged by the filter", "INBOX", "Handed over", "By the rules of now"):
        assert words in text, text
    assert message["Message-ID"].strip("<>") in text
    assert zoe.address in traced(office, f"message={message['Message-ID']}".replace("+", "%2B"))

    mail.send(zoe, ada.address, token())
    sent = f"sender={zoe.address}&recipient={ada.address}"
    wait_for("the sent one", lambda: "INBOX" in traced(office, sent), seconds=WITHIN)
    assert f"Logged in as {zoe.address}" in traced(office, sent)


def test_what_was_refused_is_found_with_the_reason(office: Visitor, mail: Mail) -> None:
    """Somebody who is not there."""
    nobody = f"{token()}@example.org"
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        mail.deliver(OUTSIDE, [nobody], compose(OUTSIDE, nobody, token()))

    query = f"recipient={nobody}"
    wait_for("the refusal", lambda: "5.1.1" in traced(office, query), seconds=WITHIN)

    assert "Refused" in traced(office, query)


def test_another_company_finds_nothing(
    web: Web, appliance: Appliance, zoe: Account, mail: Mail, office: Visitor
) -> None:
    """Nor does a user."""
    mail.deliver(OUTSIDE, [zoe.address], compose(OUTSIDE, zoe.address, token()))
    query = f"recipient={zoe.address}"
    wait_for("the mail", lambda: "INBOX" in traced(office, query), seconds=WITHIN)

    other = Visitor.signed_in(web, appliance.account("hank@example.net"))
    answer = other.get(f"/admin/trace?lang=en&{query}")

    assert answer.status == 403 or "Nothing was found" in answer.body
    assert Visitor.signed_in(web, zoe).get(f"/admin/trace?{query}").status == 403


@pytest.mark.feature("F224")
def test_a_set_up_ends_with_an_outcome(web: Web, directory: Directory, mail: Mail) -> None:
    """Nothing yet; refused, with the reason; connected."""
    with directory.newcomer(f"{token()}@example.org") as account:
        set_up(Visitor.signed_in(web, account), account, mail)


def set_up(visitor: Visitor, account: Account, mail: Mail) -> None:
    """Set up a program, first with a wrong password, and look each time what came of it."""

    def tested() -> str:
        body = visitor.get("/settings/sign-ins?lang=en").body
        return body[body.index('id="test"') : body.index("The last 14 days")]

    assert tested().count("nothing came yet") == 2
    with mail.imap_connect() as client, pytest.raises(LoginError):
        client.login(account.address, "Wrong-1234")
    wait_for("the refusal", lambda: "refused" in tested(), seconds=WITHIN)
    assert tested().count("nothing came yet") == 1

    with mail.imap(account), mail.submission(account) as client:
        client.send_message(compose(account.address, account.address, token()), account.address)
    wait_for("the success", lambda: tested().count("connected</span>") == 2, seconds=WITHIN)

    everything = visitor.get("/settings/sign-ins?lang=en").body
    assert "Webmail and customer area" in everything
    assert "let in" in everything


def test_the_page_says_whether_the_host_is_well(office: Visitor, shell: Shell) -> None:
    """Good, bad, could not tell; a service that was stopped is bad until it runs again."""

    def services() -> str:
        shell.run("systemctl", "start", "mail-doctor.service")
        return office.get("/admin/health?lang=en").body

    def row(body: str) -> str:
        return body[body.index(">fermoposta-jobs<") - 200 :][:400]

    assert "good" in row(services())
    with disturbed(shell):
        shell.run("systemctl", "stop", "fermoposta-jobs")
        try:
            assert "Bad" in row(services())
        finally:
            shell.run("systemctl", "start", "fermoposta-jobs")
        assert "Bad" not in row(services())
    assert shell.run("systemctl", "is-enabled", "mail-doctor.timer").strip() == "enabled"


def test_the_operator_is_written_to_when_something_is_bad_and_when_all_is_well(
    shell: Shell, mail: Mail, ada: Account
) -> None:
    """Once, at the second look that finds it; postmaster's mail is Ada's here."""

    def told() -> list[str]:
        return [str(each["Subject"]) for each in mail.find(ada, "[mail.example.org]")]

    def looked(times: int) -> None:
        for _ in range(times):
            shell.call("fermoposta", "doctor", "--keep", "--tell", "--skip-dns")

    assert " --tell" in shell.run("systemctl", "cat", "mail-doctor")
    looked(2)
    before = len(told())
    with disturbed(shell):
        shell.run("systemctl", "stop", "fail2ban")
        try:
            looked(3)
            wait_for("the news", lambda: len(told()) > before)
        finally:
            shell.run("systemctl", "start", "fail2ban")
        looked(1)
        wait_for("the good news", lambda: len(told()) > before + 1)

    bad, well = told()[before:]
    assert "fail2ban" in bad
    assert well == "[mail.example.org] tutto a posto"
