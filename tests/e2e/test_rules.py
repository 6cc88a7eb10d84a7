"""Message rules and out-of-office answers, as whoever writes and whoever reads sees them."""

from __future__ import annotations

import json
import random
import re
import smtplib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from clients.directory import PASSWORD
from clients.mail import SECONDS, compose, token
from clients.managesieve import managesieve
from clients.waiting import wait_for
from imapclient.exceptions import IMAPClientError

from fermoposta.directory.compile.rules import script
from fermoposta.directory.model import (
    Actions,
    Company,
    Condition,
    Domain,
    MessageRule,
    OutOfOffice,
    State,
    User,
)
from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.outside import Outside
    from clients.shell import Shell

STRANGER = "stranger@outside.test"
BUYER = "buyer@outside.test"
ME = "regole@example.org"
AWAY = "assente@example.org"
# In two pieces, so that no scanner takes this file away.
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
FRIEND = "amico@outside.test"
DEAD = "refused@outside.test"


def rule(folder: str, *conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"conditions": list(conditions), "actions": {"move": f"INBOX/{folder}"}, **more}


def subject(word: str) -> dict[str, str]:
    return {"field": "subject", "contains": word}


def doing(word: str, **actions: Any) -> dict[str, Any]:
    return {"conditions": [subject(word)], "actions": actions}


RULES = {
    "by sender": rule("From", {"field": "from", "is": BUYER}),
    "by recipient": rule("To", {"field": "to", "contains": "listino@"}),
    "by subject": rule("Subject", subject("PREVENTIVO")),
    "by header": rule("Header", {"field": "header", "name": "X-Shop", "is": "acme"}),
    "by size": rule("Size", {"field": "size", "over": 40_000}),
    "by attachment": rule("Attachment", {"field": "has_attachment", "is": True}),
    "all of them": rule("All", subject("gamma"), {"field": "from", "contains": "colui"}),
    "any of them": rule("Any", subject("alfa"), subject("beta"), match="any"),
    "off": rule("Off", subject("spento"), enabled=False),
    "copies": doing("copiami", copy="INBOX/Copie"),
    "discards": doing("buttami", discard=True),
    "marks": doing("segnami", mark=["read", "flagged", "Importante"]),
    "files and marks": doing("archiviami", mark=["flagged"], move="INBOX/Archiviati"),
    "1 stops": doing("fermami", stop=True),
    "2 behind": doing("fermami", move="INBOX/Dietro"),
    "forwards": doing("inoltrami", forward=[FRIEND]),
    "redirects": doing("rimandami", redirect=[FRIEND]),
}


@dataclass(frozen=True)
class Found:
    """Where the copies of a message lie, with their flags."""

    folders: list[str]
    flags: dict[str, set[str]] = field(default_factory=dict)


def places(mail: Mail, account: Account, word: str) -> Found:
    """Look for a word in the subjects of every folder."""
    folders, flags = [], {}
    with mail.imap(account) as client:
        for _, _, name in client.list_folders():
            client.select_folder(name, readonly=True)
            for number in client.search(["SUBJECT", word]):
                folders.append(str(name))
                said = client.get_flags([number])[number]
                flags[str(name)] = {each.decode() for each in said}
    return Found(sorted(folders), flags)


def message(word: str, sender: str = STRANGER, to: str = ME, **headers: str) -> EmailMessage:
    made = compose(sender, to, word)
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    return made


def deliver(mail: Mail, to: str, *messages: EmailMessage) -> None:
    """Hand messages over as another mail server does."""
    ports = mail.appliance.ports
    with smtplib.SMTP(mail.appliance.host, ports["smtp"], "mx.example.net", SECONDS) as client:
        for each in messages:
            client.send_message(each, str(each["From"]), [to])


def ready(shell: Shell, address: str) -> None:
    """Wait until the rules of a mailbox are in force (F112)."""
    mailbox_id = json.loads(shell.run("fermoposta", "show", "--json", address))["mailbox_id"]
    path = f"/var/lib/fermoposta/sieve/{mailbox_id}/rules.sieve"
    wait_for(path, lambda: shell.call("test", "-f", path).returncode == 0, seconds=60)


@contextmanager
def somebody(
    directory: Directory, shell: Shell, address: str, *, settled: bool = True, **kinds: Any
) -> Iterator[Account]:
    """Make a user with records of other kinds for the time of a test."""
    user = {"name": "Règole Prova", "language": "en", "password": PASSWORD}
    user |= kinds.pop("user", {})
    with directory.changed(users={address: user}, **{k: {address: v} for k, v in kinds.items()}):
        if settled:
            ready(shell, address)
        yield Account(address, PASSWORD, "user")


@pytest.fixture(scope="module")
def me(directory: Directory, shell: Shell) -> Iterator[Account]:
    with somebody(directory, shell, ME, rules=RULES) as account:
        yield account


@pytest.fixture(scope="module")
def words() -> dict[str, str]:
    """A word for each message, that no other has."""
    names = (
        *("from", "to", "subject", "header", "size", "attachment", "all", "one", "alfa", "beta"),
        *("none", "off", "copy", "discard", "mark", "file", "stop", "forward", "redirect"),
    )
    return {name: token() for name in names}


@pytest.fixture(scope="module")
def delivered(mail: Mail, me: Account, words: dict[str, str]) -> Account:
    """Every message of the tests below, sent at once."""
    large = compose(STRANGER, ME, words["size"], "Lorem ipsum\n" * 5_000)
    attached = message(words["attachment"])
    attached.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="a.pdf")
    deliver(
        mail,
        ME,
        message(words["from"], BUYER),
        message(words["to"], to="listino@example.org"),
        message(f"Preventivo {words['subject']}"),
        message(words["header"], X_Shop="acme"),
        large,
        attached,
        message(f"gamma {words['all']}", "colui@outside.test"),
        message(f"gamma {words['one']}"),
        message(f"alfa {words['alfa']}"),
        message(f"beta {words['beta']}"),
        message(words["none"], X_Shop="other"),
        message(f"spento {words['off']}"),
        message(f"copiami {words['copy']}"),
        message(f"buttami {words['discard']}"),
        message(f"segnami {words['mark']}"),
        message(f"archiviami {words['file']}"),
        message(f"fermami {words['stop']}"),
        message(f"inoltrami {words['forward']}"),
        message(f"rimandami {words['redirect']}"),
    )
    return me


@pytest.mark.feature("F052", "F053", "F056")
@pytest.mark.parametrize(
    ("name", "folders"),
    [
        ("from", ["INBOX/From"]),
        ("to", ["INBOX/To"]),
        ("subject", ["INBOX/Subject"]),
        ("header", ["INBOX/Header"]),
        ("size", ["INBOX/Size"]),
        ("attachment", ["INBOX/Attachment"]),
        ("all", ["INBOX/All"]),
        ("one", ["INBOX"]),
        ("alfa", ["INBOX/Any"]),
        ("beta", ["INBOX/Any"]),
        ("none", ["INBOX"]),
        ("copy", ["INBOX", "INBOX/Copie"]),
        ("discard", ["Trash"]),
        ("mark", ["INBOX"]),
        ("file", ["INBOX/Archiviati"]),
        ("stop", ["INBOX"]),
        ("forward", ["INBOX"]),
    ],
)
def test_mail_lies_where_the_rules_say(
    mail: Mail, delivered: Account, words: dict[str, str], name: str, folders: list[str]
) -> None:
    """Each condition and action; what does not match stays in the inbox, no client is needed."""
    found = wait_for(name, lambda: places(mail, delivered, words[name]).folders, seconds=90)

    assert found == folders


@pytest.mark.feature("F051")
def test_a_rule_that_was_saved_only_does_nothing(
    mail: Mail, delivered: Account, words: dict[str, str]
) -> None:
    """A rule acts from when it is applied, not from when it is saved."""
    found = wait_for("mail", lambda: places(mail, delivered, words["off"]).folders, seconds=90)

    assert found == ["INBOX"]


@pytest.mark.feature("F052")
def test_marks_are_on_the_message(mail: Mail, delivered: Account, words: dict[str, str]) -> None:
    """In the inbox as in a folder."""
    wait_for("mail", lambda: places(mail, delivered, words["file"]).folders, seconds=90)

    filed = places(mail, delivered, words["file"]).flags["INBOX/Archiviati"]
    marked = places(mail, delivered, words["mark"]).flags["INBOX"]

    assert "\\Flagged" in filed
    assert {"\\Seen", "\\Flagged", "Importante"} <= marked


@pytest.mark.feature("F054", "F055")
def test_forward_rule_versus_redirect_forward(
    mail: Mail, outside: Outside, delivered: Account, words: dict[str, str]
) -> None:
    """A rule forwards a new message of the mailbox's own, with I:, and keeps what came."""
    sent = outside.wait_for(words["forward"], seconds=90)

    (author,) = sent.message["From"].addresses
    assert (author.addr_spec, author.display_name) == (ME, "Règole Prova")
    assert sent.message["Subject"] == f"I: inoltrami {words['forward']}"
    assert sent.sender == ME
    assert sent.recipients == [FRIEND]
    assert sent.message["To"] == FRIEND
    assert f"From: {STRANGER}" in sent.message.get_content()
    assert "Ciao!" in sent.message.get_content()
    assert "agent.fermoposta.invalid" not in str(sent.message)
    assert places(mail, delivered, words["forward"]).folders == ["INBOX"]


@pytest.mark.feature("F139", "F141")
def test_forward_rule_versus_redirect_redirect(
    mail: Mail, outside: Outside, directory: Directory
) -> None:
    """An administrator's redirect passes all mail on as it came; the copy is local delivery's."""
    user = {"name": "R", "password": PASSWORD, "language": "en", "redirect_to": [FRIEND]}
    kept, gone = "tiene@example.org", "gira@example.org"
    with directory.changed(users={kept: user, gone: {**user, "local_delivery": False}}):
        words = {address: token() for address in (kept, gone)}
        made = {address: message(word, to=address) for address, word in words.items()}
        for address, each in made.items():
            deliver(mail, address, each)

        for address, word in words.items():
            sent = outside.wait_for(word, seconds=90)
            assert sent.recipients == [FRIEND]
            for name in ("From", "To", "Subject", "Message-ID", "Date"):
                assert sent.message[name] == made[address][name]
            assert sent.message.get_content().split() == made[address].get_content().split()
        mail.wait_for(Account(kept, PASSWORD, "user"), words[kept])
        assert mail.find(Account(gone, PASSWORD, "user"), words[gone]) == []


@pytest.mark.feature("F138")
def test_without_local_delivery_there_must_be_a_redirect(directory: Directory) -> None:
    """Mail would go nowhere: nothing of it is stored."""
    declared = directory.declared()
    declared["mail_users"]["bob@example.org"]["local_delivery"] = False

    done = directory.apply(declared)

    assert done.returncode != 0
    assert "mail would go nowhere" in done.stdout + done.stderr
    assert "local_delivery" not in directory.declared()["mail_users"]["bob@example.org"]


def test_a_rules_redirect_passes_on_what_came(
    outside: Outside, delivered: Account, words: dict[str, str]
) -> None:
    """With the sender and the subject that it had."""
    assert delivered
    sent = outside.wait_for(words["redirect"], seconds=90)

    assert sent.message["From"] == STRANGER
    assert sent.message["Subject"] == f"rimandami {words['redirect']}"
    assert sent.recipients == [FRIEND]


def said(shell: Shell, address: str) -> list[str]:
    """Return what the agent said of forwards of a mailbox that came to nothing."""
    lines = [str(entry.get("MESSAGE")) for entry in shell.journal("-u", "fermoposta-agent")]
    return [line for line in lines if f"mailbox={address}" in line]


@pytest.mark.feature("F142")
def test_restrictions_hold_on_what_rules_send(
    mail: Mail, shell: Shell, outside: Outside, directory: Directory
) -> None:
    """A forward, a redirect and an answer that the mailbox may not send stay, and the mail too."""
    text = token()
    with somebody(
        directory,
        shell,
        "chiuso@example.org",
        user={"restrict_sending": True},
        rules={
            "f": doing("inoltrami", forward=[FRIEND]),
            "r": doing("rimandami", redirect=[FRIEND]),
        },
        out_of_office={"text": text},
    ) as account:
        words = [f"{verb} {token()}" for verb in ("inoltrami", "rimandami", "rispondi")]
        deliver(mail, account.address, *(message(w, FRIEND, account.address) for w in words))

        for word in words:
            mail.wait_for(account, word, seconds=90)
        # The forward is the last to be tried, by the agent; the others were while mail came in.
        wait_for("the agent's refusal", lambda: said(shell, account.address), seconds=90)
        for word in words:
            assert outside.find(word.split()[1]) == []
        assert outside.find(text) == []


def test_two_that_forward_to_each_other_stop(
    mail: Mail, shell: Shell, directory: Directory
) -> None:
    """Each has the message and the other's forward of it, and there it ends."""
    one, two = "uno@example.org", "due@example.org"
    rules = {one: {"f": doing("gira", forward=[two])}, two: {"f": doing("gira", forward=[one])}}
    user = {"name": "R", "password": PASSWORD, "language": "en"}
    with directory.changed(users={one: user, two: user}, rules=rules):
        ready(shell, one)
        ready(shell, two)
        word = token()
        deliver(mail, one, message(f"gira {word}", to=one))

        def ended() -> bool:
            return len(mail.find(Account(one, PASSWORD, "user"), word)) == 2

        wait_for("the forward of the forward", ended, seconds=90)
        stopped = lambda: "loop" in "".join(said(shell, one))  # noqa: E731
        wait_for("the end of the loop", stopped, seconds=60)
        subjects = [str(m["Subject"]) for m in mail.find(Account(one, PASSWORD, "user"), word)]
        assert subjects == [f"gira {word}", f"I: gira {word}"]
        assert len(mail.find(Account(two, PASSWORD, "user"), word)) == 1


def queued(shell: Shell, word: str) -> bool:
    """Tell whether anything in the queue names a word in its envelope."""
    return word in shell.run("postqueue", "-j")


def everything(mail: Mail, account: Account) -> list[str]:
    """Return the subjects of all messages in all folders."""
    found = []
    with mail.imap(account) as client:
        for _, _, name in client.list_folders():
            client.select_folder(name, readonly=True)
            envelopes = client.fetch(client.search(), ["ENVELOPE"]).values()
            found += [each[b"ENVELOPE"].subject.decode() for each in envelopes]
    return sorted(found)


def test_a_forward_to_a_dead_address_ends_with_its_bounce(
    mail: Mail, shell: Shell, outside: Outside, directory: Directory
) -> None:
    """The rule is for every message, but not for the bounce of what it sent."""
    word, address = token(), f"{token()}@example.org"
    rules = {"f": {"actions": {"forward": [DEAD]}}}
    with somebody(directory, shell, address, rules=rules) as account:
        deliver(mail, address, message(word, STRANGER, address))
        ended = lambda: "a bounce" in "".join(said(shell, address))  # noqa: E731
        wait_for("the end", ended, seconds=90)
        wait_for("an empty queue", lambda: not queued(shell, address), seconds=60)
        bounce = mail.find(account, "Undelivered Mail")

        assert everything(mail, account) == sorted([word, str(bounce[0]["Subject"])])
        assert DEAD in bounce[0].as_string()
        assert len(said(shell, address)) == 1
        assert outside.find(word) == []


def test_a_redirect_to_a_dead_address_ends_with_its_bounce(
    mail: Mail, shell: Shell, outside: Outside, directory: Directory
) -> None:
    """Who wrote hears of it once."""
    word, address, writer = token(), f"{token()}@example.org", f"{token()}@outside.test"
    rules = {"r": {"actions": {"redirect": [DEAD], "copy": "INBOX/Copie"}}}
    with somebody(directory, shell, address, rules=rules) as account:
        deliver(mail, address, message(word, writer, address))
        outside.wait_for(word, seconds=90)
        wait_for("an empty queue", lambda: not queued(shell, writer), seconds=60)

        (bounce,) = outside.find(word)
        assert (bounce.sender.strip("<>"), bounce.recipients) == ("", [writer])
        assert everything(mail, account) == [word]


def answers(outside: Outside, word: str) -> int:
    return len([each for each in outside.find(word) if each.message["Auto-Submitted"]])


def test_out_of_office_answers_each_sender_once(
    mail: Mail, shell: Shell, outside: Outside, directory: Directory
) -> None:
    """But neither a list, nor a bounce, nor an automatic mail, nor what is in quarantine."""
    text = token()
    answer = {"text": f'Torno il 24 "agosto".\n{text}', "subject": "Assente (città)"}
    with somebody(directory, shell, AWAY, out_of_office=answer) as account:
        word = token()
        mail.find(account, word, mail.special(account, b"\\Junk"))
        junk = compose("spam@outside.test", AWAY, f"junk {word}", GTUBE)
        deliver(
            mail,
            AWAY,
            message(f"lista {word}", "liste@outside.test", AWAY, List_Id="<l.outside.test>"),
            message(f"auto {word}", "robot@outside.test", AWAY, Auto_Submitted="auto-generated"),
            message(f"altro {word}", "bcc@outside.test", "listino@example.org"),
            junk,
            message(f"prima {word}", FRIEND, AWAY),
        )
        bounce = message(f"bounce {word}", "mailer-daemon@outside.test", AWAY)
        with smtplib.SMTP(
            mail.appliance.host, mail.appliance.ports["smtp"], "mx.example.net", SECONDS
        ) as client:
            client.send_message(bounce, "", [AWAY])
        sent = outside.wait_for(text, seconds=90)
        deliver(mail, AWAY, message(f"seconda {word}", FRIEND, AWAY))
        mail.wait_for(account, f"seconda {word}")
        deliver(mail, AWAY, message(f"terza {word}", "terzo@outside.test", AWAY))

        wait_for("the next sender's answer", lambda: answers(outside, text) > 1, seconds=90)
        assert sent.recipients == [FRIEND]
        assert sent.message["From"].addresses[0].addr_spec == AWAY
        assert sent.message["Subject"] == answer["subject"]
        assert f'Torno il 24 "agosto".\n{text}' in sent.message.get_content().replace("\r", "")
        reached = sorted(to for each in outside.find(text) for to in each.recipients)
        assert reached == [FRIEND, "terzo@outside.test"]


def test_out_of_office_keeps_to_its_time_and_its_audience(
    mail: Mail, shell: Shell, outside: Outside, directory: Directory
) -> None:
    """Neither before its first day, nor after its last, nor anybody whom it is not for."""
    texts = {name: token() for name in ("early", "late", "company", "now")}
    base = {name: {"text": text} for name, text in texts.items()}
    base["early"]["from"] = "2037-01-01"
    base["late"]["until"] = "2020-01-01"
    base["company"]["audience"] = "company"
    base["now"] |= {"from": "2020-01-01", "until": "2037-01-01"}
    user = {"name": "R", "password": PASSWORD, "language": "en"}
    people = {name: f"{name}@example.org" for name in texts}
    with directory.changed(
        users=dict.fromkeys(people.values(), user),
        out_of_office={people[name]: answer for name, answer in base.items()},
    ):
        for address in people.values():
            ready(shell, address)
        colleague = Account(people["early"], PASSWORD, "user")
        for name, address in people.items():
            deliver(mail, address, message(f"da fuori {texts[name]}", FRIEND, address))
        mail.send(colleague, people["company"], f"da dentro {token()}")

        outside.wait_for(texts["now"], seconds=90)
        found = wait_for(
            "the answer to a colleague",
            lambda: [m for m in mail.find(colleague, "Auto:") if texts["company"] in str(m)],
            seconds=90,
        )
        assert len(found) == 1
        for name in ("early", "late", "company"):
            mail.wait_for(Account(people[name], PASSWORD, "user"), f"da fuori {texts[name]}")
            assert outside.find(texts[name]) == []


PERSONAL = """require ["fileinto", "mailbox", "imap4flags", "vacation"];
if header :contains "subject" "personale" { fileinto :create "INBOX/Mio"; }
"""


def test_a_script_of_the_users_own_works_beside_the_rules(
    mail: Mail, me: Account, delivered: Account, shell: Shell
) -> None:
    """Both act, and a change of one leaves the other as it is."""
    assert delivered
    with managesieve(mail, me) as client:
        assert client.put("mine", PERSONAL).startswith("OK")
        assert client.command('SETACTIVE "mine"').startswith("OK")
    ours, theirs, both = token(), token(), token()
    deliver(
        mail,
        ME,
        message(f"preventivo {ours}"),
        message(f"personale {theirs}"),
        message(f"copiami personale {both}"),
    )
    found = {
        word: wait_for(word, lambda word=word: places(mail, me, word).folders, seconds=90)
        for word in (ours, theirs, both)
    }
    shell.run("fermoposta", "compile")
    with managesieve(mail, me) as client:
        listed = client.command("LISTSCRIPTS")
        stored = client.command('GETSCRIPT "mine"')

    assert found == {
        ours: ["INBOX/Subject"],
        theirs: ["INBOX/Mio"],
        both: ["INBOX/Copie", "INBOX/Mio"],
    }
    assert '"mine" ACTIVE' in listed
    assert PERSONAL.strip() in stored.replace("\r", "")
    assert "rules" not in listed


def test_a_script_that_does_not_compile_is_refused_with_its_line(mail: Mail, me: Account) -> None:
    """The one that was active stays so."""
    with managesieve(mail, me) as client:
        before = client.command("LISTSCRIPTS")
        answer = client.put("broken", 'require ["fileinto"];\nif true { fileinto; }\n')
        after = client.command("LISTSCRIPTS")

    assert answer.startswith("NO")
    assert "line 2" in answer
    assert "broken" not in after
    assert before == after


def test_a_script_does_not_notify(mail: Mail, me: Account, shell: Shell) -> None:
    """It would write to anybody, in nobody's name; all else that Dovecot has by itself is on."""
    script = 'require ["enotify"];\nnotify "mailto:amico@outside.test";\n'
    with managesieve(mail, me) as client:
        answer = client.put("notifies", script)
        capability = client.command("CAPABILITY")
    offered = set(re.findall(r'"SIEVE" "(.*)"', capability)[0].split())
    by_itself = shell.run("doveconf", "-d", "-h", "sieve_extensions").split()

    assert answer.startswith("NO")
    assert "line 1" in answer
    assert "enotify" in by_itself
    assert set(by_itself) - offered == {"enotify"}
    assert "NOTIFY" not in capability


HELD_SCRIPT = """require ["vacation"];
if header :contains "subject" "proibito" { redirect "amico@outside.test"; }
elsif header :contains "subject" "concesso" { redirect "hank@example.net"; }
else { vacation :days 1 "%s"; }
"""


def refused(shell: Shell, word: str) -> bool:
    """Tell whether the policy refused what this host was to send, by a word in its line."""
    lines = [str(entry.get("MESSAGE")) for entry in shell.journal("-u", "fermoposta-policy")]
    return any("message refused" in line and word in line for line in lines)


@pytest.mark.feature("F142")
def test_restrictions_hold_on_what_a_script_of_ones_own_sends(
    mail: Mail, shell: Shell, outside: Outside, directory: Directory
) -> None:
    """A redirect and an answer reach whom the user may write to; else they stay, and the mail."""
    who, hank = f"{token()}@example.org", mail.appliance.account("hank@example.net")
    forbidden, permitted, text = token(), token(), token()
    stranger = f"{token()}@outside.test"
    with directory.newcomer(who, restrict_sending=True) as account:
        wait_for("the log-in", lambda: able(mail, account))
        with managesieve(mail, account) as client:
            assert client.put("mine", HELD_SCRIPT % text).startswith("OK")
            assert client.command('SETACTIVE "mine"').startswith("OK")
        deliver(
            mail,
            who,
            message(f"proibito {forbidden}", stranger, who),
            message(f"concesso {permitted}", stranger, who),
            message("ci sei?", stranger, who),
        )
        mail.send(hank, who, f"ci sei? {text}")
        mail.wait_for(account, forbidden, seconds=90)
        mail.wait_for(hank, permitted, seconds=90)
        answer = wait_for("the answer", lambda: mail.find(hank, f"Auto: ci sei? {text}"))
        wait_for("the refusal of the redirect", lambda: refused(shell, stranger), seconds=90)
        wait_for("the refusal of the answer", lambda: refused(shell, who), seconds=90)

        assert text in answer[0].get_content()
        assert mail.find(account, permitted) == []
        assert len(mail.find(account, "ci sei?")) == 2
        for word in (forbidden, permitted, text, who):
            assert outside.find(word) == []


def able(mail: Mail, account: Account) -> bool:
    """Tell whether somebody can log in already."""
    with mail.imap_connect() as client:
        try:
            client.login(account.address, account.password)
        except IMAPClientError:
            return False
    return True


def test_a_script_that_breaks_later_loses_no_mail(mail: Mail, me: Account, shell: Shell) -> None:
    """What a restored backup or an upgrade may leave: the mail is in the inbox."""
    mailbox_id = json.loads(shell.run("fermoposta", "show", "--json", ME))["mailbox_id"]
    home = f"/var/vmail/{mailbox_id[:2]}/{mailbox_id}"
    with managesieve(mail, me) as client:
        client.put("later", "keep;\n")
        client.command('SETACTIVE "later"')
    shell.run("sh", "-c", f"echo 'if {{' >{home}/sieve/later.sieve; rm -f {home}/sieve/*.svbin")
    word, moved = token(), token()
    deliver(mail, ME, message(word), message(f"preventivo {moved}"))

    assert mail.wait_for(me, word, seconds=90)
    assert mail.wait_for(me, moved, "INBOX/Subject", seconds=90)
    with managesieve(mail, me) as client:
        client.command('SETACTIVE ""')
        client.command('DELETESCRIPT "later"')


NASTY = (
    *('"', "\\", '\\"', '";discard;#', "/*", "*/", "#", ".", "\n.\n", "\r\n", "\t", "\x00", "\x01"),
    *("${hex:22}", "${unicode:22}", "${1}", "%s", "text:", "{5}", "è☃🐙", "\ud800", "\u2028", " "),
    *("a@b", '"a b"@c.test', "x@y.test>", "INBOX//x", "../../etc", "~/x", "&", "\\\\Seen", "%*"),
)

COMPILE = """
import json, pathlib, subprocess, sys, tempfile
with tempfile.TemporaryDirectory() as folder:
    for number, text in enumerate(json.loads(sys.argv[1])):
        path = pathlib.Path(folder, f"{number}.sieve")
        path.write_bytes(text.encode())
        done = subprocess.run(["sievec", str(path)], capture_output=True, text=True)
        if done.returncode:
            print(done.stderr, text)
"""


def test_dovecot_takes_whatever_users_write(shell: Shell) -> None:
    """Any text in any field gives a script that compiles."""
    dice = random.Random(5228)  # noqa: S311 - the same texts each time

    def word() -> str:
        return "".join(dice.choices(NASTY, k=dice.randint(1, 4)))

    user = User("ada@example.org", "Ada", mailbox_id="0badcafe-0000-4000-8000-000000000001")
    base = (Company("acme", "Acme"), Domain("example.org", "acme"), user)
    texts = []
    for number in range(60):
        rules = [
            MessageRule(
                user.address,
                word(),
                tuple(
                    Condition(each, dice.choice(["is", "contains"]), word(), name=word())
                    for each in ("from", "to", "subject", "header")
                ),
                Actions(*((word(), NASTY[number % len(NASTY)]) for _ in range(3)), word(), word()),
            ),
            MessageRule(user.address, "z", (), Actions(mark=("$x", word()), discard=True)),
        ]
        away = OutOfOffice(user.address, word(), word())
        made = script(State.of_records([*base, away]), user.address, rules)
        assert made is not None
        texts.append(made)
    done = shell.python(COMPILE, json.dumps(texts))

    assert done == ""
