"""Who may write to whom, and as whom: asked at the door, and proved by what arrives."""

from __future__ import annotations

import json
import smtplib
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from clients.directory import PASSWORD
from clients.disturbance import disturbed
from clients.mail import compose, token
from clients.network import TRUSTED, more_addresses, send_from
from clients.waiting import wait_for
from imapclient.exceptions import IMAPClientError

from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.outside import Outside
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

STRANGER = "stranger@outside.test"
FRIEND = "friend@outside.test"
BOUND = 5.0
RITA, RICKY, RINO, NINA, LINO = (
    Account(f"{name}@example.org", PASSWORD, "user")
    for name in ("rita", "ricky", "rino", "nina", "lino")
)
CARRIED_OUT = """
SELECT change_id >= (SELECT max(id) FROM directory.changes) FROM directory.jobs_progress
WHERE reader = 'jobs'
"""
REINJECT = """
import json, smtplib, sys
sender, to, message = json.loads(sys.argv[1])
with smtplib.SMTP("127.0.0.1", 10025, timeout=60) as client:
    try:
        client.sendmail(sender, [to], message)
    except smtplib.SMTPException as error:
        print(error)
    else:
        print("taken")
"""


@pytest.fixture(scope="module", autouse=True)
def people(directory: Directory, mail: Mail, shell: Shell) -> Iterator[None]:
    """Rita may not send, Ricky may not receive; Rino and Nina have their mail sent on."""

    def person(**fields: object) -> dict[str, object]:
        return {"name": "Prova", "language": "en", "password": PASSWORD, **fields}

    groups = {
        "chiuso@example.org": {"name": "Chiuso", "members": ["ada@example.org"]},
        "ditta@example.org": {"name": "Ditta", "members": ["ada@example.org"]},
        "aperto@example.org": {"name": "Aperto", "members": [RICKY.address, "bob@example.org"]},
    }
    groups["chiuso@example.org"]["senders"] = "members"
    groups["ditta@example.org"]["senders"] = "company"
    with directory.changed(
        users={
            RITA.address: person(restrict_sending=True),
            RICKY.address: person(restrict_receiving=True),
            RINO.address: person(redirect_to=[RICKY.address], local_delivery=False),
            NINA.address: person(redirect_to=[FRIEND], local_delivery=False),
            LINO.address: person(),
        },
        aliases={
            "fuori@example.org": {"destinations": [FRIEND, "bob@example.org"]},
            "tutti@example.org": {"destinations": [RICKY.address, "bob@example.org"]},
        },
        groups=groups,
    ):
        wait_for("the last newcomer", lambda: knock(mail, LINO.address)[0] == 250)
        # The jobs end the sessions of whoever changed: before the tests begin theirs.
        wait_for("the jobs", lambda: shell.sql(CARRIED_OUT) == [["t"]], seconds=60)
        yield


def knock(mail: Mail, to: str, sender: str = STRANGER) -> tuple[int, str]:
    """Say MAIL and RCPT as another server does; return what comes of it."""
    ports = mail.appliance.ports
    with smtplib.SMTP(mail.appliance.host, ports["smtp"], "mx.example.net", timeout=60) as client:
        client.ehlo()
        code, text = client.mail(sender)
        if code == 250:
            code, text = client.rcpt(to)
    return code, text.decode()


def ask(mail: Mail, login: Account, to: str, service: str = "submissions") -> tuple[int, str]:
    """Say MAIL and RCPT after a log-in; return what comes of it."""
    with mail.submission(login, service=service) as client:
        client.ehlo()
        code, text = client.mail(login.address)
        if code == 250:
            code, text = client.rcpt(to)
    return code, text.decode()


# --- Restrictions


@pytest.mark.feature("F142", "F147", "F148")
def test_who_may_send_to_some_domains_only(mail: Mail) -> None:
    """Colleagues and allowed domains are reached, nobody else; the server says why."""
    assert ask(mail, RITA, "bob@example.org")[0] == 250
    assert ask(mail, RITA, "hank@example.net")[0] == 250
    for service in ("submission", "submissions"):
        code, text = ask(mail, RITA, FRIEND, service)
        assert code == 550
        assert "5.7.1" in text
        assert "your administrator allows" in text


@pytest.mark.feature("F142")
def test_an_alias_is_no_way_out(mail: Mail, outside: Outside, bob: Account) -> None:
    """Behind an alias only those are reached who may be; the sender is told of the others."""
    subject = token()
    mail.send(RITA, "fuori@example.org", subject)
    mail.wait_for(bob, subject)
    bounce = wait_for(
        "the bounce",
        lambda: [
            text
            for each in mail.find(RITA, "Undelivered Mail")
            if subject in (text := " ".join(each.as_string().split()))
        ],
        seconds=90,
    )[0]

    assert "fuori@example.org" in bounce
    assert "to whom you may not write" in bounce
    assert outside.find(subject) == []


@pytest.mark.feature("F142", "F148")
def test_internal_mail_stays_where_it_may_not_go_on(mail: Mail, outside: Outside) -> None:
    """A colleague's redirect leads outside: the mail is in the colleague's own mailbox."""
    subject = token()
    mail.send(RITA, NINA.address, subject)
    mail.wait_for(NINA, subject)
    other = token()
    mail.send(LINO, NINA.address, other)
    outside.wait_for(other)

    assert outside.find(subject) == []
    assert mail.find(NINA, other) == []


@pytest.mark.feature("F143", "F147", "F148")
def test_who_receives_from_some_domains_only(mail: Mail) -> None:
    """Strangers, bounces and whoever forges our domains from outside are refused at the door."""
    for sender in (STRANGER, "", "bob@example.org", "hank@example.net"):
        code, text = knock(mail, RICKY.address, sender)
        assert code == 550, sender
        assert "5.7.1" in text
    assert knock(mail, "ricky+x@example.org")[0] == 550
    for login in (LINO, mail.appliance.account("hank@example.net")):
        subject = token()
        mail.send(login, RICKY.address, subject)
        mail.wait_for(RICKY, subject)


@pytest.mark.feature("F143")
@pytest.mark.parametrize("to", ["tutti@example.org", "aperto@example.org", "aperto+x@example.org"])
def test_a_list_is_no_way_in(mail: Mail, bob: Account, shell: Shell, to: str) -> None:
    """Through alias and group the others get the mail, and the journal says who does not."""
    subject = token()
    mail.deliver(STRANGER, [to], compose(STRANGER, to, subject))
    mail.wait_for(bob, subject)

    assert mail.find(RICKY, subject) == []
    assert f'recipient="{to}"' in (text := shell.run("journalctl", "-u", "fermoposta-policy")) or (
        f"recipient={to}" in text
    )


@pytest.mark.feature("F143")
def test_a_redirect_is_no_way_in(mail: Mail) -> None:
    """What may not go on is kept, even where local delivery is off."""
    subject = token()
    mail.deliver(STRANGER, [RINO.address], compose(STRANGER, RINO.address, subject))
    mail.wait_for(RINO, subject)
    internal = token()
    mail.send(LINO, RINO.address, internal)
    mail.wait_for(RICKY, internal)

    assert mail.find(RICKY, subject) == []
    assert mail.find(RINO, internal) == []


@pytest.mark.feature("F142", "F143")
def test_a_sieve_script_is_no_way_round(mail: Mail, shell: Shell) -> None:
    """What a script sends on is held to its owner's restrictions, and to its author's."""

    def sent_on(owner: str, sender: str, to: str, *more: str) -> str:
        headers = "\n".join((f"X-Sieve-Redirected-From: {owner}", *more))
        message = f"{headers}\n{compose(sender, to, token()).as_string()}"
        return shell.python(REINJECT, json.dumps([sender, to, message]))

    internal = "X-Fermoposta-Origin: internal"
    assert "5.7.1" in sent_on(RITA.address, STRANGER, FRIEND)
    assert "taken" in sent_on(LINO.address, STRANGER, FRIEND)
    assert "5.7.1" in sent_on(LINO.address, STRANGER, RICKY.address)
    assert "5.7.1" in sent_on(LINO.address, "bob@example.org", RICKY.address)
    assert "taken" in sent_on(LINO.address, "bob@example.org", RICKY.address, internal)


@pytest.mark.feature("F144")
def test_the_restrictions_are_independent(mail: Mail) -> None:
    """Who may not send receives, and who may not receive sends."""
    assert knock(mail, RITA.address)[0] == 250
    assert ask(mail, RICKY, FRIEND)[0] == 250


@pytest.mark.feature("F149")
def test_the_others_are_not_limited(mail: Mail) -> None:
    """The domain has a list; who is not restricted writes to and hears from everybody."""
    assert ask(mail, LINO, FRIEND)[0] == 250
    assert knock(mail, LINO.address)[0] == 250


# --- The lists, and how soon a change counts


@contextmanager
def allowed(directory: Directory, domains: list[str] | None) -> Iterator[None]:
    """Let example.org's list hold *domains*, or take it away (None), for a while."""
    before = directory.declared()
    lists = dict(before["mail_allowed_domains"])
    lists.pop("example.org")
    if domains is not None:
        lists["example.org"] = domains
    confirmed = [] if domains is not None else ["--allow-removal=allowed_domains"]
    done = directory.apply({**before, "mail_allowed_domains": lists}, *confirmed)
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        yield
    finally:
        assert directory.apply(before, "--update-password=always").returncode == 0


@pytest.mark.feature("F145", "F146", "F147", "F150")
def test_a_list_is_the_domains_and_can_be_edited(mail: Mail, directory: Directory) -> None:
    """The list is named by its domain, holds domains only, and counts for all restricted there."""
    before = directory.declared()["mail_allowed_domains"]
    assert before == {"example.org": ["example.com", "example.net"]}
    dario = mail.appliance.account("dario@example.org")
    with allowed(directory, ["outside.test"]):
        for login in (RITA, dario):
            wait_for("the new list", lambda login=login: ask(mail, login, FRIEND)[0] == 250)
            assert ask(mail, login, "hank@example.net")[0] == 550
        for to in (RICKY.address, dario.address):
            assert knock(mail, to)[0] == 250
        wrong = {**directory.declared()}
        wrong["mail_allowed_domains"] = {"example.org": {"allowed": [], "colour": "red"}}
        assert directory.apply(wrong).returncode != 0


@pytest.mark.feature("F151", "F148")
def test_without_its_list_a_domain_has_internal_mail_only(mail: Mail, directory: Directory) -> None:
    """When the list is taken away only colleagues are left."""
    with allowed(directory, None):
        gone = lambda: ask(mail, RITA, "hank@example.net")[0] == 550  # noqa: E731
        wait_for("the list to be gone", gone)
        assert ask(mail, RITA, "bob@example.org")[0] == 250
        subject = token()
        mail.send(LINO, RICKY.address, subject)
        mail.wait_for(RICKY, subject)


@pytest.mark.feature("F142")
def test_a_change_counts_within_seconds(mail: Mail, directory: Directory, shell: Shell) -> None:
    """Nobody restarts anything: the next recipient is judged by what the directory says now."""
    pid = shell.main_pid("fermoposta-policy")
    declared = directory.declared()
    for restricted, code in ((True, 550), (False, 250)):
        declared["mail_users"][LINO.address]["restrict_sending"] = restricted
        assert directory.apply(declared).returncode == 0
        applied = time.monotonic()
        wait_for(f"{code}", lambda code=code: ask(mail, LINO, FRIEND)[0] == code, seconds=60)
        seconds = time.monotonic() - applied
        print(f"in force {seconds:.2f} s after it was written")
        assert seconds < BOUND

    assert shell.main_pid("fermoposta-policy") == pid


# --- Groups


@pytest.mark.feature("F159")
def test_who_may_write_to_a_group(mail: Mail, ada: Account, bob: Account) -> None:
    """Members to one, the company to the other; a forged member is none."""
    elena, hank = (
        mail.appliance.account(f"{n}") for n in ("elena@example.com", "hank@example.net")
    )
    assert ask(mail, ada, "chiuso@example.org")[0] == 250
    assert ask(mail, bob, "chiuso@example.org")[0] == 550
    assert knock(mail, "chiuso@example.org", ada.address)[0] == 550
    assert ask(mail, elena, "ditta@example.org")[0] == 250
    assert ask(mail, hank, "ditta@example.org")[0] == 550
    assert knock(mail, "ditta@example.org")[0] == 550

    subject = token()
    mail.send(bob, "ditta@example.org", subject)
    mail.wait_for(ada, subject)


# --- As whom


def submit(mail: Mail, login: Account, envelope: str, message: str, service: str) -> str:
    """Send *message* to Ada and return what the server says at last."""
    with mail.submission(login, service=service) as client:
        try:
            client.sendmail(envelope, ["ada@example.org"], message)
        except smtplib.SMTPRecipientsRefused as refused:
            return str(refused.recipients["ada@example.org"])
        except smtplib.SMTPResponseException as refused:
            return f"{refused.smtp_code} {refused.smtp_error!r}"
    return "taken"


@pytest.mark.feature("F061")
@pytest.mark.parametrize("service", ["submission", "submissions"])
def test_a_from_that_is_not_permitted_is_refused(mail: Mail, bob: Account, service: str) -> None:
    """Neither in the header nor in the envelope, neither alone nor beside one's own."""
    own, other = bob.address, "chiara@example.org"

    def say(header: str, envelope: str = own) -> str:
        return submit(mail, bob, envelope, f"{header}\nSubject: {token()}\n\nCiao\n", service)

    assert say(f"From: Bob <{own}>") == "taken"
    assert say(f"From: {own}", "bob+x@example.org") == "taken"
    assert "You may not send as chiara@example.org" in say(f"From: {other}")
    assert "You may not send as chiara@example.org" in say(f"From: {own}, {other}")
    assert "You may not send as nobody@outside.test" in say("From: Bob <nobody@outside.test>")
    assert "553" in say(f"From: {own}", other)
    assert "more than one From" in say(f"From: {own}\nFrom: {other}")
    assert "malformed" in say(f"From: {own} <{other}>")
    assert "empty" in say("From: ")
    assert say("X-From: nobody") == "taken"


@pytest.mark.feature("F102", "F107")
def test_on_behalf_of_somebody(
    mail: Mail, bob: Account, outside: Outside, directory: Directory
) -> None:
    """The delegate's name stands in Sender, even where a send-as rule would hide it."""
    with directory.changed(send_as={"ada@example.org": {"senders": ["bob@example.org"]}}):
        subject = token()
        message = compose("Ada <ada@example.org>", FRIEND, subject)
        message["Sender"] = "ceo@example.org"
        with mail.submission(bob) as client:
            client.send_message(message, "bob@example.org", [FRIEND])
        sent = outside.wait_for(subject)

    assert str(sent.message["From"]) == "Ada <ada@example.org>"
    assert [str(each) for each in sent.message.get_all("Sender")] == ["bob@example.org"]
    assert sent.message["DKIM-Signature"]


@pytest.mark.feature("F104")
def test_as_somebody(mail: Mail, bob: Account, outside: Outside, shell: Shell) -> None:
    """Nothing tells the recipient, outside or here, who it was; the host remembers."""
    subject = token()
    message = compose("info@example.org", FRIEND, subject)
    message["Sender"] = "bob@example.org"
    with mail.submission(bob) as client:
        client.send_message(message, "bob@example.org", [FRIEND, LINO.address])
    sent, arrived = outside.wait_for(subject), mail.wait_for(LINO, subject)

    assert sent.sender == "info@example.org"
    assert arrived["Envelope-From"] == "<info@example.org>"
    for each in (sent.message, arrived):
        del each["DKIM-Signature"]  # chance may have it that the name stands in one
        text = each.as_string()
        assert "bob" not in text.lower()
        assert "x-fermoposta-envelope-from" not in text.lower()
    rows = shell.sql("SELECT login, represented, message_id FROM policy.submissions")
    assert ["bob@example.org", "info@example.org", message["Message-ID"]] in rows


def test_what_outsiders_write_in_our_name_does_not_arrive(mail: Mail) -> None:
    """Headers that mean something here, and a Sender of our domain, are taken away."""
    subject = token()
    message = compose(STRANGER, LINO.address, subject)
    message["X-Fermoposta-Origin"] = "internal"
    message["X-Fermoposta-Anything"] = "1"
    message["x-fermoposta-anything"] = "2"
    message["Sender"] = "ada@example.org"
    mail.deliver(STRANGER, [LINO.address], message)

    arrived = mail.wait_for(LINO, subject)

    assert [name for name in arrived if name.lower().startswith("x-fermoposta-")] == []
    assert arrived["Sender"] is None


def test_blind_copies_stay_blind(mail: Mail) -> None:
    """A Bcc that a client left in the message does not arrive, and who stands in it does get it."""
    subject = token()
    message = compose(LINO.address, RITA.address, subject)
    text = message.as_string().replace("Subject:", f"Bcc: {RINO.address}\nSubject:", 1)
    with mail.submission(LINO) as client:
        client.sendmail(LINO.address, [RITA.address, RICKY.address], text)

    assert mail.wait_for(RITA, subject)["Bcc"] is None
    assert RINO.address not in mail.wait_for(RICKY, subject).as_string()


# --- The local network


@pytest.mark.feature("F010", "F142")
def test_the_local_network_is_held_to_its_senders_restrictions(
    appliance: Appliance, mail: Mail, shell: Shell, outside: Outside
) -> None:
    """A printer that sends as Rita reaches whom Rita may; it is of our domain, unlike strangers."""
    with more_addresses(appliance) as target:
        subject = token()

        def send(sender: str, to: str) -> str:
            return send_from(shell, TRUSTED, target, sender=sender, subject=subject, to=to)

        assert send(RITA.address, FRIEND).startswith("refused 550")
        assert send(RITA.address, RICKY.address) == "taken"
        assert send(LINO.address, FRIEND) == "taken"
        assert send(STRANGER, RICKY.address).startswith("refused 550")

    assert outside.wait_for(subject).sender == LINO.address
    mail.wait_for(RICKY, subject)


# --- Too many


def test_too_many_recipients_wait(mail: Mail, shell: Shell, directory: Directory) -> None:
    """Beyond the hour's limit recipients are deferred, also after a restart; others go on."""
    kept = "SELECT login, sum(n) FROM policy.recipients GROUP BY login"
    with directory.newcomer(f"{token()}@example.org", recipients_per_hour=3) as who:
        wait_for("the newcomer", lambda: knock(mail, who.address)[0] == 250)
        with mail.submission(who) as client:
            client.ehlo()
            client.mail(who.address)
            answers = [client.rcpt(RITA.address) for _ in range(5)]
        assert [code for code, _ in answers] == [250, 250, 250, 450, 450]
        assert b"4.7.1" in answers[-1][1]
        assert b"3 recipients within an hour" in answers[-1][1]
        assert ask(mail, RICKY, RITA.address)[0] == 250
        wait_for("the count to be kept", lambda: [who.address, "3"] in shell.sql(kept))
        with disturbed(shell):
            shell.run("systemctl", "restart", "fermoposta-policy")
            wait_for("the service", lambda: knock(mail, LINO.address)[0] == 250)
            # What was counted before is read within seconds.
            wait_for("the limit", lambda: ask(mail, who, RITA.address)[0] == 450)


# --- Away


def temporary(answer: int) -> bool:
    return 400 <= answer < 500


def submission_answer(mail: Mail) -> int:
    """Say what becomes of a user's mail, wherever on the way."""
    try:
        return ask(mail, LINO, RITA.address)[0]
    except smtplib.SMTPResponseException as refused:
        return refused.smtp_code


def test_while_the_service_is_away_mail_waits(mail: Mail, shell: Shell, bob: Account) -> None:
    """Both ways 4xx, what this host writes stays in its queue; afterwards all arrives."""
    subject, own = token(), token()
    message = compose(STRANGER, LINO.address, subject)

    def write(subject: str) -> None:
        text = compose(bob.address, LINO.address, subject).as_string()
        shell.run("sendmail", "-i", "-f", bob.address, "--", LINO.address, stdin=text)

    with disturbed(shell):
        shell.run("systemctl", "stop", "fermoposta-policy")
        try:
            assert temporary(knock(mail, LINO.address)[0])
            assert temporary(submission_answer(mail))
            with pytest.raises(smtplib.SMTPException):
                mail.deliver(STRANGER, [LINO.address], message)
            write(own)
            assert mail.find(LINO, subject) == []
        finally:
            shell.run("systemctl", "start", "fermoposta-policy")
        wait_for("the service", lambda: knock(mail, LINO.address)[0] == 250)
        assert mail.find(LINO, own) == []
        mail.deliver(STRANGER, [LINO.address], message)
        mail.wait_for(LINO, subject)
        write(token())  # wakes who looks for such mail only once a minute
        mail.wait_for(LINO, own, seconds=150)


def test_while_the_database_is_away_mail_waits(mail: Mail, shell: Shell) -> None:
    """The service decides nothing without it, and comes back with it by itself."""
    pid = shell.main_pid("fermoposta-policy")
    status = ("systemctl", "show", "--property=StatusText", "fermoposta-policy")
    with disturbed(shell):
        shell.run("systemctl", "stop", "postgresql@17-main")
        try:
            wait_for("the service to notice", lambda: "Waiting" in shell.run(*status))
            assert temporary(knock(mail, LINO.address)[0])
            assert submission_answer(mail) >= 400
        finally:
            shell.run("systemctl", "start", "postgresql@17-main")
        wait_for("the service", lambda: knock(mail, LINO.address)[0] == 250, seconds=60)
        wait_for("log-ins", lambda: submission_answer(mail) == 250, seconds=90)
        # Each of Dovecot's own connections notices at its next query: before other tests need it.
        wait_for("Dovecot", lambda: all(logs_in(mail, each) for each in [LINO, RITA] * 4))

    assert shell.main_pid("fermoposta-policy") == pid


def logs_in(mail: Mail, login: Account) -> bool:
    client = mail.imap_connect()
    try:
        client.login(login.address, login.password)
    except IMAPClientError:
        return False
    finally:
        client.shutdown()
    return True
