"""Odd ways to write an address are no way round a restriction: proved by what arrives."""

from __future__ import annotations

import itertools
import json
import smtplib
from typing import TYPE_CHECKING

import pytest
from clients.directory import PASSWORD
from clients.mail import SECONDS, token
from clients.waiting import wait_for

from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.outside import Outside
    from clients.shell import Shell

STRANGER = "spelling-stranger@outside.test"
FRIEND = "spelling-friend@outside.test"
# A "k" in the name: there is a letter that only looks like it, and is it in lower case.
SHUT, OPEN, HELD, MEMBER = (
    Account(f"spelling-{name}@example.org", PASSWORD, "user")
    for name in ("kim", "luna", "vera", "sara")
)
ALIAS, GROUP, OUT = (f"spelling-{name}@example.org" for name in ("alias", "group", "out"))

SAME = {
    "plain": "<{user}@{domain}>",
    "without brackets": "{user}@{domain}",
    "upper case": "<{upper}>",
    "dot behind the domain": "<{user}@{domain}.>",
    "quoted": '<"{user}"@{domain}>',
    "quoted pairs": '<"{pairs}"@{domain}>',
    "source route": "<@relay.test,@example.org:{user}@{domain}>",
    "source route and dot": "<@example.org:{user}@{domain}.>",
    "detail": "<{user}+x@{domain}>",
    "quoted detail": '<"{user}+x y"@{domain}>',
    "detail that is an address": '<"{user}+x@evil.test"@{domain}>',
}
"""Spellings of `user@domain`: the plain one and they mean the same, or they are refused."""
OTHER = {
    "at our host": '<"{user}@{domain}"@mail.example.org>',
    "at our host, with a dot": '<"{user}@{domain}"@mail.example.org.>',
    "at localhost": '<"{user}@{domain}"@localhost>',
    "at a domain of ours": '<"{user}@{domain}"@example.org>',
    "at an allowed domain": '<"{user}@{domain}"@example.net>',
    "no domain": "<{user}>",
    "quoted, no domain": '<"{user}@{domain}">',
    "this very host": "<{user}@[127.0.0.1]>",
    "our own address": "<{user}@[{literal}]>",
    "our own address, at us": '<"{user}@{domain}"@[{literal}]>',
    "our own address, IPv6": "<{user}@[IPv6:::1]>",
    "percent at us": "<{user}%{domain}@example.org>",
    "percent at our host": "<{user}%{domain}@mail.example.org>",
    "percent at our address": "<{user}%{domain}@[{literal}]>",
    "bang": "<{domain}!{user}>",
    "bang at us": "<{domain}!{user}@example.org>",
    "two at signs": "<{user}@{domain}@example.org>",
    "comment": "<{user}(x)@{domain}>",
    "quotes in the middle": '<{start}"{end}"@{domain}>',
    "quotes and an alias": '<"spelling-alias+x@{domain}"@example.org>',
    "quotes around both": '<"{user}"@"{domain}">',
    "two addresses": "<{user}@{domain},spelling-luna@example.org>",
    "brackets in brackets": "<<{user}@{domain}>>",
    "blanks": "< {user} @ {domain} >",
    "dot before the domain": "<{user}@.{domain}>",
    "two dots behind": "<{user}@{domain}..>",
    "letter that only looks like it": "<{lookalike}@{domain}>",
    "wide letters": "<{wide}@{domain}>",
    "wide domain": "<{user}@{wide_domain}>",
    "wide dot": "<{user}@{wide_dot}>",
    "soft hyphen": "<{user}@{hyphened}>",
}
"""Spellings that some software takes for `user@domain`, or for something close to it."""
FORMS = SAME | OTHER
PATIENCE = 2
"""So many refusals on a connection don't make the server slow."""


def written(address: str, form: str, literal: str) -> str:
    """Return another spelling of *address*."""
    user, _, domain = address.partition("@")
    wide = {code: code + 0xFEE0 for code in range(ord("a"), ord("z") + 1)}
    return form.format(
        user=user,
        domain=domain,
        upper=address.upper(),
        pairs="".join(f"\\{letter}" for letter in user),
        start=user[:4],
        end=user[4:],
        literal=literal,
        lookalike=user.replace("k", "\N{KELVIN SIGN}"),
        wide=user.translate(wide),
        wide_domain=domain.translate(wide),
        wide_dot=domain.replace(".", "\N{IDEOGRAPHIC FULL STOP}"),
        hyphened=f"{domain[:2]}\N{SOFT HYPHEN}{domain[2:]}",
    )


@pytest.fixture(scope="module", autouse=True)
def people(directory: Directory, mail: Mail) -> Iterator[None]:
    """Kim gets little, Vera may write to few, Luna is free, Sara is a member of the group."""

    def person(**fields: object) -> dict[str, object]:
        return {"name": "Scritta Male", "language": "en", "password": PASSWORD, **fields}

    with directory.changed(
        users={
            SHUT.address: person(restrict_receiving=True),
            HELD.address: person(restrict_sending=True),
            MEMBER.address: person(),
            OPEN.address: person(),
        },
        aliases={
            ALIAS: {"destinations": [SHUT.address]},
            OUT: {"destinations": [FRIEND]},
        },
        groups={GROUP: {"name": "Chiuso", "members": [MEMBER.address], "senders": "members"}},
    ):
        with next(connections(mail, None)) as client:
            known = lambda: wrote(client, "<>", f"<{OPEN.address}>", token()) == 250  # noqa: E731
            wait_for("the last newcomer", known)
        yield


@pytest.fixture(scope="module")
def literal(shell: Shell) -> str:
    """Return the host's own network address."""
    return shell.run("hostname", "-I").split()[0]


def connections(mail: Mail, login: Account | None) -> Iterator[smtplib.SMTP]:
    """Yield one connection after the other, through each of the doors in turn."""
    address = (mail.appliance.host, mail.appliance.ports["smtp"])
    for service in itertools.cycle(("submission", "submissions")):
        if login is None:
            client = smtplib.SMTP(*address, "mx.example.net", timeout=SECONDS)
        else:
            client = mail.submission(login, service=service)
        client.ehlo()
        yield client


def wrote(client: smtplib.SMTP, sender: str, to: str, subject: str) -> int:
    """Send a message with an envelope that is written just so; return the last answer."""
    client.rset()
    client.command_encoding = "utf-8"
    for command in (f"MAIL FROM:{sender}", f"RCPT TO:{to}"):
        code, _ = client.docmd(command)
        if code != 250:
            return code
    # Without From, which a log-in gets from us.
    return client.data(f"To: all@example.org\nSubject: {subject}\n\nCiao\n")[0]


def sent(
    mail: Mail, login: Account | None, address: str, forms: Iterable[str], literal: str
) -> dict[str, tuple[str, int]]:
    """Send a message for each spelling of an address; return its subject and the answer to it."""
    answers = {}
    more = connections(mail, login)
    client, refused = next(more), 0
    for name in forms:
        if refused == PATIENCE:
            client.quit()
            client, refused = next(more), 0
        subject, sender = token(), f"<{login.address if login else STRANGER}>"
        code = wrote(client, sender, written(address, FORMS[name], literal), subject)
        refused += code != 250
        answers[name] = (subject, code)
    client.quit()
    return answers


def settled(shell: Shell) -> None:
    """Wait until nothing that we sent is on its way any more."""

    def idle() -> bool:
        queue = [json.loads(line) for line in shell.run("postqueue", "-j").splitlines()]
        return not any("spelling-" in json.dumps(each) for each in queue)

    wait_for("the queue", idle, seconds=60)


def subjects(mail: Mail, account: Account) -> str:
    """Return all subjects in all folders."""
    found = []
    with mail.imap(account) as client:
        for flags, _, name in client.list_folders():
            if b"\\Noselect" not in flags:
                client.select_folder(name, readonly=True)
                fetched = client.fetch(client.search(), ["BODY.PEEK[]"])
                found += [each[b"BODY[]"].decode(errors="replace") for each in fetched.values()]
    return "\n".join(found)


def nowhere(outside: Outside, answers: dict[str, tuple[str, int]]) -> list[str]:
    """Return by which spellings something left for the outside."""
    return [name for name, (subject, _) in answers.items() if outside.find(subject)]


def test_what_spellings_mean(mail: Mail, shell: Shell, outside: Outside, literal: str) -> None:
    """Where nothing is restricted, a spelling is the plain address or is refused for good."""
    answers = sent(mail, None, OPEN.address, FORMS, literal)
    settled(shell)

    there = subjects(mail, OPEN)
    for name, (subject, code) in answers.items():
        assert code == 250 or 500 <= code < 560, f"{name}: {code}"
        assert (subject in there) == (code == 250), name
    assert nowhere(outside, answers) == []
    odd = ("upper case", "dot behind the domain", "quoted", "source route", "detail")
    assert [answers[name][1] for name in odd] == [250] * len(odd)


@pytest.mark.feature("F143")
@pytest.mark.parametrize("address", [SHUT.address, ALIAS])
def test_no_spelling_reaches_who_takes_no_mail_of_strangers(
    mail: Mail, shell: Shell, outside: Outside, literal: str, address: str
) -> None:
    """From port 25 each is refused, and nothing arrives; nor does it behind an alias."""
    answers = sent(mail, None, address, FORMS, literal)
    settled(shell)

    there = subjects(mail, SHUT)
    assert [name for name, (subject, _) in answers.items() if subject in there] == []
    assert [name for name in answers if answers[name][1] < 400] == []
    assert nowhere(outside, answers) == []


@pytest.mark.feature("F143")
@pytest.mark.parametrize(
    "sender",
    [
        "<spelling-luna@example.org.>",
        '<"spelling-luna"@EXAMPLE.org>',
        "<@outside.test:spelling-luna@example.org>",
        '<"spelling-luna@example.org"@mail.example.org>',
        '<"x@example.com"@outside.test>',
        "<x%example.com@outside.test>",
        "<spelling-luna@[127.0.0.1]>",
        "<spelling-luna>",
        "<>",
    ],
)
def test_no_spelling_makes_a_stranger_a_colleague(mail: Mail, shell: Shell, sender: str) -> None:
    """Whatever sender is written on port 25, the restricted receiver and the group get nothing."""
    tried = {to: token() for to in (SHUT.address, ALIAS, GROUP)}
    with next(connections(mail, None)) as client:
        for to, subject in tried.items():
            assert wrote(client, sender, f"<{to}>", subject) >= 400
    settled(shell)

    there = subjects(mail, SHUT) + subjects(mail, MEMBER)
    assert [subject for subject in tried.values() if subject in there] == []


@pytest.mark.feature("F142")
@pytest.mark.parametrize(("address", "forms"), [(FRIEND, FORMS), (OUT, SAME)])
def test_no_spelling_leads_out(
    mail: Mail,
    shell: Shell,
    outside: Outside,
    literal: str,
    address: str,
    forms: dict[str, str],
) -> None:
    """Who may write to some domains only reaches nobody else, however it is written."""
    answers = sent(mail, HELD, address, forms, literal)
    settled(shell)

    assert nowhere(outside, answers) == []
    assert [name for name in SAME if answers[name][1] < 400] == []


@pytest.mark.feature("F142")
def test_who_may_write_to_some_domains_reaches_a_colleague_by_any_spelling(
    mail: Mail, shell: Shell, outside: Outside, literal: str
) -> None:
    """The refusal twin: to colleagues the same spellings lead, and none of them further."""
    answers = sent(mail, HELD, OPEN.address, FORMS, literal)
    settled(shell)

    there = subjects(mail, OPEN)
    for name in SAME:
        subject, code = answers[name]
        assert (subject in there) == (code == 250), name
    assert nowhere(outside, answers) == []


@pytest.mark.feature("F159")
@pytest.mark.parametrize("login", [None, OPEN], ids=["stranger", "not a member"])
def test_no_spelling_reaches_a_group_that_one_may_not_write_to(
    mail: Mail, shell: Shell, outside: Outside, literal: str, login: Account | None
) -> None:
    """Neither a stranger nor a colleague gets to the members."""
    answers = sent(mail, login, GROUP, FORMS, literal)
    settled(shell)

    there = subjects(mail, MEMBER)
    assert [name for name, (subject, _) in answers.items() if subject in there] == []
    assert [name for name in SAME if answers[name][1] < 400] == []
    assert nowhere(outside, answers) == []
