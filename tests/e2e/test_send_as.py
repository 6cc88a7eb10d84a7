"""Delegation versus send-as, row by row: what recipients see, what stands in both Sent folders."""

from __future__ import annotations

import json
import smtplib
import time
from typing import TYPE_CHECKING

import pytest
from clients.directory import PASSWORD
from clients.disturbance import disturbed
from clients.mail import compose, shown, token
from clients.waiting import wait_for
from imapclient.exceptions import IMAPClientError, LoginError

from fermoposta_demo.appliance import Account
from fermoposta_demo.browser import chromium
from fermoposta_demo.webmail import Webmail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.outside import Outside
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

BOUND = 60
"""Seconds within which a new rule counts (F112)."""
GOAL = 5
DELEGATION, SEND_AS, BOTH, NEITHER = "delegation", "send-as", "both", "neither"
ROWS = [DELEGATION, SEND_AS, BOTH]


@pytest.fixture(scope="module")
def represented(directory: Directory) -> Iterator[dict[str, Account]]:
    """Four mailboxes, one for each row of the table; the one who sends as them is Bob."""
    addresses = {row: f"capo-{row}@example.org" for row in (DELEGATION, SEND_AS, BOTH, NEITHER)}
    users = {
        a: {"name": f"Capo {r}", "language": "en", "password": PASSWORD}
        for r, a in addresses.items()
    }
    folders = {"calendar": "secretary", "inbox": "read_only"}
    with directory.changed(
        users=users,
        delegations={addresses[row]: {"bob@example.org": folders} for row in (DELEGATION, BOTH)},
        send_as={addresses[row]: {"senders": ["bob@example.org"]} for row in (SEND_AS, BOTH)},
    ):
        yield {row: Account(address, PASSWORD, "user") for row, address in addresses.items()}


def in_sent(mail: Mail, account: Account, subject: str) -> list[EmailMessage]:
    return mail.find(account, subject, mail.special(account, b"\\Sent"))


def our_copies(mail: Mail, accounts: list[Account], subject: str) -> list[EmailMessage]:
    """Wait until each Sent folder holds one copy, with the evidence, and return them."""

    def look() -> list[EmailMessage] | None:
        found = [in_sent(mail, account, subject) for account in accounts]
        good = all(len(copies) == 1 and copies[0]["Sender"] for copies in found)
        return [copies[0] for copies in found] if good else None

    return wait_for(f"one copy of {subject} in each Sent folder", look, seconds=BOUND)


def file_own_copy(mail: Mail, account: Account, message: EmailMessage) -> None:
    """Do as mail programs do: keep a copy, which alone knows the hidden recipients."""
    own = message.as_bytes().replace(b"\n", b"\r\n")
    with mail.imap(account) as client:
        sent = mail.special(account, b"\\Sent")
        client.append(sent, b"Bcc: hidden@outside.test\r\n" + own, flags=[r"\Seen", r"\Flagged"])


@pytest.mark.feature("F060", "F102", "F103", "F104", "F105", "F106", "F107")
@pytest.mark.parametrize("service", ["submission", "submissions"])
@pytest.mark.parametrize("row", ROWS)
def test_the_row_of_the_table(
    mail: Mail,
    outside: Outside,
    represented: dict[str, Account],
    ada: Account,
    bob: Account,
    row: str,
    service: str,
) -> None:
    """From is the represented; Sender is Bob by delegation alone; both Sent folders say Bob."""
    subject = token()
    message = compose(represented[row].address, ada.address, subject)
    message["Cc"] = "friend@outside.test"
    with mail.submission(bob, service=service) as client:
        client.send_message(message)

    abroad = outside.wait_for(subject)
    received = [mail.wait_for(ada, subject), abroad.message]
    copies = our_copies(mail, [represented[row], bob], subject)

    for each in received:
        assert str(each["From"]) == represented[row].address
        if row == SEND_AS:
            assert b"bob" not in shown(each)
            assert b"frankston" not in shown(each)
        else:
            assert bob.address in str(each["Sender"])
    if row == SEND_AS:
        assert abroad.sender == represented[row].address
    for copy in copies:
        assert str(copy["From"]) == represented[row].address
        assert bob.address in str(copy["Sender"])
        assert str(copy["Message-ID"]) == str(message["Message-ID"])


@pytest.fixture(scope="module")
def bob_online(
    appliance: Appliance, bob: Account, represented: dict[str, Account]
) -> Iterator[Webmail]:
    """Bob in the webmail, where he has noted as whom he may write."""
    with chromium(appliance) as driver:
        webmail = Webmail(driver, appliance)
        webmail.log_in(bob)
        webmail.add_identities(*(represented[row].address for row in (DELEGATION, SEND_AS)))
        yield webmail


@pytest.mark.feature("F059", "F102", "F103", "F105", "F106", "F113")
@pytest.mark.parametrize("row", [DELEGATION, SEND_AS])
def test_the_webmail_writes_as_somebody_else(
    mail: Mail,
    represented: dict[str, Account],
    ada: Account,
    bob: Account,
    bob_online: Webmail,
    row: str,
) -> None:
    """From is chosen while writing; the copy that the webmail files by itself makes no second."""
    subject = token()
    bob_online.write(ada.address, subject, sender=represented[row].address)

    received = mail.wait_for(ada, subject)
    copies = our_copies(mail, [represented[row], bob], subject)

    assert represented[row].address in str(received["From"])
    assert bob.address not in str(received["From"])
    if row == SEND_AS:
        assert b"bob" not in shown(received)
    else:
        assert bob.address in str(received["Sender"])
    assert all(bob.address in str(copy["Sender"]) for copy in copies)


@pytest.mark.feature("F061", "F104", "F106")
def test_without_a_right_nothing_is_sent_and_nothing_filed(
    mail: Mail, represented: dict[str, Account], ada: Account, bob: Account
) -> None:
    """The table's last row: refused, with no copy anywhere."""
    subject = token()
    message = compose(represented[NEITHER].address, ada.address, subject)

    with mail.submission(bob) as client, pytest.raises(smtplib.SMTPException):
        client.send_message(message)
    with mail.submission(bob) as client, pytest.raises(smtplib.SMTPException):
        client.send_message(message, from_addr=bob.address)

    mail.send(bob, ada.address, mark := token())
    mail.wait_for(ada, mark)
    assert mail.find(ada, subject) == []
    assert in_sent(mail, bob, subject) == []
    assert in_sent(mail, represented[NEITHER], subject) == []


@pytest.mark.feature("F106")
@pytest.mark.parametrize("when", ["before", "after", "before and after"])
def test_a_program_that_keeps_its_own_copy_makes_no_second_one(
    mail: Mail, represented: dict[str, Account], ada: Account, bob: Account, when: str
) -> None:
    """Ours takes its place, with what only the program's own copy knew."""
    subject = token()
    message = compose(represented[SEND_AS].address, ada.address, subject)
    if "before" in when:
        file_own_copy(mail, bob, message)
    with mail.submission(bob) as client:
        client.send_message(message)
    our_copies(mail, [represented[SEND_AS]], subject)
    if "after" in when:
        file_own_copy(mail, bob, message)

    theirs, own = our_copies(mail, [represented[SEND_AS], bob], subject)

    assert bob.address in str(own["Sender"])
    assert str(own["Bcc"]) == "hidden@outside.test"
    assert theirs["Bcc"] is None
    with mail.imap(bob) as client:
        client.select_folder(mail.special(bob, b"\\Sent"), readonly=True)
        (number,) = client.search(["SUBJECT", subject])
        assert {rb"\Seen", rb"\Flagged"} <= set(client.get_flags([number])[number])


@pytest.mark.feature("F106")
def test_what_one_files_by_oneself_stays(mail: Mail, bob: Account) -> None:
    """An old message, or one's own, put into the Sent folder is nobody else's business."""
    subject = token()
    message = compose(bob.address, "friend@outside.test", subject)
    file_own_copy(mail, bob, message)
    file_own_copy(mail, bob, message)

    assert len(in_sent(mail, bob, subject)) == 2


@pytest.mark.feature("F105", "F106")
def test_an_address_without_a_mailbox_has_no_sent_folder(
    mail: Mail, ada: Account, bob: Account
) -> None:
    """As info@ leads to several people, the copy stands with the sender alone."""
    subject = token()
    with mail.submission(bob) as client:
        client.send_message(compose("info@example.org", "friend@outside.test", subject))

    (copy,) = our_copies(mail, [bob], subject)

    assert bob.address in str(copy["Sender"])
    assert in_sent(mail, ada, subject) == []


@pytest.mark.feature("F110", "F111", "F112")
def test_a_rule_counts_within_seconds_until_it_goes(
    mail: Mail, directory: Directory, represented: dict[str, Account], bob: Account
) -> None:
    """Made, given to somebody else, removed: each is in force within a minute at the latest."""
    address = represented[NEITHER].address

    def allowed() -> bool:
        message = compose(address, "friend@outside.test", token())
        with mail.submission(bob) as client:
            try:
                client.send_message(message)
            except smtplib.SMTPException:
                return False
        return True

    def takes_force(*, wanted: bool) -> float:
        start = time.monotonic()
        wait_for("the rule", lambda: allowed() is wanted, seconds=BOUND)
        return time.monotonic() - start

    assert not allowed()
    with directory.changed(send_as={address: {"senders": ["bob@example.org"]}}):
        assert takes_force(wanted=True) < GOAL
        with directory.changed(send_as={address: {"senders": ["ada@example.org"]}}):
            assert takes_force(wanted=False) < GOAL
        assert takes_force(wanted=True) < GOAL
    assert takes_force(wanted=False) < GOAL


@pytest.mark.feature("F108", "F109")
def test_a_rule_stays_within_the_company(directory: Directory) -> None:
    """Another company's address, one outside, or nobody at all is refused, each by its place."""
    before = directory.declared()
    wrong = {
        "ada@example.org": {"senders": ["hank@example.net"]},
        "bob@example.org": {"senders": ["friend@outside.test"]},
        "friend@outside.test": {"senders": ["bob@example.org"]},
        "chiara@example.org": {"senders": []},
    }

    refused = directory.apply({**before, "mail_send_as": before["mail_send_as"] | wrong})

    assert refused.returncode != 0
    problems = {each["path"] for each in json.loads(refused.stdout)["problems"]}
    for address in wrong:
        assert any(path.startswith(f"mail_send_as.{address}") for path in problems), address
    assert directory.declared() == before


@pytest.mark.feature("F104")
@pytest.mark.parametrize("table", ["send_as", "delegations"])
def test_nothing_that_users_reach_can_make_a_rule(shell: Shell, table: str) -> None:
    """But for the portal, where administrators do, no service that people talk to may."""
    ours = [f"fermoposta_{service}" for service in ("policy", "agent", "gateway")]
    roles = [*ours, "postfix", "dovecot", "sogo"]
    query = " UNION ALL ".join(
        f"SELECT has_table_privilege('{role}', 'directory.{table}', 'INSERT, UPDATE, DELETE')"
        for role in roles
    )

    assert shell.sql(query) == [["f"]] * len(roles)


@pytest.mark.feature("F100", "F101")
def test_a_delegation_keeps_its_rights_on_folders(
    directory: Directory, represented: dict[str, Account]
) -> None:
    """What was declared for each of the six folders is stored; a seventh folder is refused."""
    declared = directory.declared()
    mailbox = represented[DELEGATION].address

    assert declared["mail_delegations"][mailbox]["bob@example.org"] == {
        "calendar": "secretary",
        "inbox": "read_only",
    }
    declared["mail_delegations"][mailbox]["bob@example.org"]["attic"] = "secretary"
    assert directory.apply(declared).returncode != 0


@pytest.mark.feature("F106")
@pytest.mark.parametrize("sent", ["before", "meanwhile"])
def test_what_a_program_files_while_the_agent_is_away_makes_no_second_copy(
    mail: Mail, shell: Shell, represented: dict[str, Account], bob: Account, sent: str
) -> None:
    """Nobody heard that it was filed: ours takes its place when the agent is back."""
    subject = token()
    message = compose(represented[SEND_AS].address, "friend@outside.test", subject)

    def send() -> None:
        with mail.submission(bob) as client:
            client.send_message(message)

    if sent == "before":
        send()
        our_copies(mail, [represented[SEND_AS], bob], subject)
    with disturbed(shell):
        shell.run("systemctl", "stop", "fermoposta-agent")
        try:
            if sent == "meanwhile":
                send()
            file_own_copy(mail, bob, message)
            there = [each["Sender"] is None for each in in_sent(mail, bob, subject)]
        finally:
            shell.run("systemctl", "start", "fermoposta-agent")
        shell.run("postqueue", "-f")
        theirs, own = our_copies(mail, [represented[SEND_AS], bob], subject)

    assert sorted(there) == ([False, True] if sent == "before" else [True])
    assert bob.address in str(own["Sender"])
    assert str(own["Bcc"]) == "hidden@outside.test"
    assert theirs["Bcc"] is None


def test_copies_wait_while_the_agent_is_away(
    mail: Mail, shell: Shell, represented: dict[str, Account], bob: Account
) -> None:
    """They stay in the queue, and are filed when it is back."""
    subject = token()
    with disturbed(shell):
        shell.run("systemctl", "stop", "fermoposta-agent")
        try:
            with mail.submission(bob) as client:
                client.send_message(
                    compose(represented[SEND_AS].address, "friend@outside.test", subject)
                )

            def waits() -> bool:
                queue = shell.run("postqueue", "-j").splitlines()
                return any(
                    "@agent.fermoposta.invalid" in each["address"] and each.get("delay_reason")
                    for line in queue
                    for each in json.loads(line)["recipients"]
                )

            wait_for("the copy in the queue", waits, seconds=BOUND)
            assert in_sent(mail, bob, subject) == []
        finally:
            shell.run("systemctl", "start", "fermoposta-agent")

        def filed() -> bool:
            shell.run("postqueue", "-f")
            return bool(in_sent(mail, bob, subject))

        wait_for("the copies", filed, seconds=BOUND)
    our_copies(mail, [represented[SEND_AS], bob], subject)


def test_a_full_mailbox_gets_its_copy(
    mail: Mail, shell: Shell, directory: Directory, bob: Account
) -> None:
    """The mail is sent already; its copy is not lost for want of room."""
    full, subject = "piena@example.org", token()
    with (
        directory.newcomer(full, quota_mb=100) as account,
        directory.changed(send_as={full: {"senders": ["bob@example.org"]}}),
    ):
        # Where nothing is indexed, since that is not what this is about.
        fill = (
            "full() { ! { printf 'Subject: large\\n\\n'; yes $(printf %76s | tr ' ' x)"
            f" | head -c $1; }} | doveadm save -u {full} -m Quarantena; }};"
            " for size in 20000000 2000000; do until full $size; do :; done; done"
        )
        shell.run("bash", "-c", fill)
        with mail.imap(account) as client, pytest.raises(IMAPClientError, match=r"(?i)quota"):
            client.append("INBOX", b"Subject: more\r\n\r\n" + (b"x" * 76 + b"\r\n") * 40_000)
        message = compose(full, "friend@outside.test", subject, ("y" * 76 + "\n") * 40_000)
        with mail.submission(bob) as client:
            client.send_message(message)

        our_copies(mail, [account, bob], subject)


def test_an_unknown_task_comes_back_with_a_reason(mail: Mail, shell: Shell, ada: Account) -> None:
    """What nobody can ever do does not wait in the queue."""
    shell.run(
        *("sendmail", "-f", ada.address, "bogus+1@agent.fermoposta.invalid"),
        stdin=f"Subject: {(subject := token())}\n\nDo something.\n",
    )

    bounces = wait_for(
        "the bounce",
        lambda: [b for b in mail.find(ada, "Undelivered Mail") if subject in b.as_string()],
        seconds=60,
    )

    assert "bogus: nobody here does this" in bounces[0].as_string()


@pytest.mark.parametrize("service", ["submission", "submissions"])
def test_nobody_outside_gives_the_agent_work(mail: Mail, ada: Account, service: str) -> None:
    """Not even who has logged in, and with a right one's own submission."""
    with mail.submission(ada, service=service) as client:
        client.mail(ada.address)

        assert client.rcpt("sent+1@agent.fermoposta.invalid")[0] == 550


class TestMasterUser:
    """What opens every mailbox opens them for our own services alone."""

    def test_it_is_refused_from_another_address(
        self, mail: Mail, shell: Shell, ada: Account
    ) -> None:
        """The secret itself is of no use to anybody who is not on the host."""
        secret = shell.run("cat", "/etc/fermoposta/agent.secret").strip()
        client = mail.imap_connect()

        with pytest.raises(LoginError):
            client.plain_login("agent", secret, ada.address)
        client.shutdown()

    def test_a_password_opens_no_other_mailbox(
        self, mail: Mail, ada: Account, bob: Account
    ) -> None:
        """Neither by naming another mailbox, nor as the master user."""
        for name in (bob.address, "agent"):
            client = mail.imap_connect()
            with pytest.raises(LoginError):
                client.plain_login(name, bob.password, ada.address)
            client.shutdown()

    def test_only_the_agent_reads_the_secret(self, shell: Shell) -> None:
        """No other service of ours, and no daemon."""
        for user in ("fermoposta-portal", "fermoposta-policy", "vmail", "sogo", "www-data"):
            read = shell.call("runuser", "-u", user, "--", "cat", "/etc/fermoposta/agent.secret")
            assert read.returncode != 0


def test_the_agent_reads_no_hashes(shell: Shell) -> None:
    """It needs names and rules, not what proves who somebody is."""
    asks = ("runuser", "-u", "fermoposta-agent", "--", "psql", "-X", "-U", "fermoposta_agent")
    for query in (
        "SELECT password_hash FROM directory.users",
        "SELECT security_questions FROM directory.users",
        "SELECT password_hash FROM directory.closed_mailboxes",
    ):
        asked = shell.call(*asks, "-d", "fermoposta", "-c", query)
        assert "permission denied" in asked.stderr
    assert shell.call(*asks, "-d", "fermoposta", "-c", "SELECT name FROM directory.users").stdout
