"""Changes of the directory reach the daemons by themselves, within seconds."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from clients.directory import PASSWORD, Directory
from clients.mail import compose, token
from clients.waiting import wait_for
from clients.web import WEBMAIL, Web
from imapclient.exceptions import IMAPClientError

from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

STRANGER = "stranger@outside.test"
# In two pieces, so that no scanner takes this file away.
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}" + "$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.fixture
def directory(shell: Shell) -> Directory:
    return Directory(shell)


def compiled(shell: Shell, address: str) -> bool:
    """Tell whether the mailbox of an address has a script."""
    mailbox_id = dict(shell.sql("SELECT address, mailbox_id FROM directory.users"))[address]
    script = f"/var/lib/fermoposta/sieve/{mailbox_id}/policy.sieve"
    return shell.call("test", "-f", script).returncode == 0


def test_who_is_closed_is_out_at_once(directory: Directory, mail: Mail) -> None:
    """An open IMAP connection ends within seconds of the closing."""
    with directory.newcomer(f"{token()}@example.org") as account:
        client = mail.imap(account)
        client.noop()

    def ended() -> bool:
        try:
            client.noop()
        except (IMAPClientError, OSError):
            return True
        return False

    assert wait_for("the connection's end", ended, seconds=20)
    client.shutdown()


@pytest.mark.feature("F135")
def test_without_antispam_spam_goes_to_the_inbox(
    directory: Directory, shell: Shell, mail: Mail
) -> None:
    """The switch off is compiled by itself; the message is in the inbox."""
    subject = token()
    with directory.newcomer(f"{token()}@example.org", antispam=False) as account:
        wait_for("the script", lambda: compiled(shell, account.address), seconds=60)

        message = compose(STRANGER, account.address, subject, f"Buy now\n\n{GTUBE}\n")
        mail.deliver(STRANGER, [account.address], message)

        mail.wait_for(account, subject)


@pytest.mark.feature("F134")
@pytest.mark.parametrize("antivirus", [True, False])
def test_the_antivirus_switch_decides_about_a_virus(
    directory: Directory, shell: Shell, mail: Mail, *, antivirus: bool
) -> None:
    """On: Quarantena, even without antispam. Off: the inbox."""
    subject = token()
    with directory.newcomer(
        f"{token()}@example.org", antivirus=antivirus, antispam=False
    ) as account:
        wait_for("the script", lambda: compiled(shell, account.address), seconds=60)

        message = compose(STRANGER, account.address, subject)
        message.add_attachment(
            EICAR.encode(), maintype="application", subtype="octet-stream", filename="invoice.com"
        )
        mail.deliver(STRANGER, [account.address], message)

        folder = mail.special(account, b"\\Junk") if antivirus else "INBOX"
        mail.wait_for(account, subject, folder)


def test_a_lost_key_or_script_comes_back(shell: Shell) -> None:
    """Compiling from nothing finds everything right after a converge."""
    assert '"changed": false' in shell.run("fermoposta", "compile", "--json")


def test_only_two_commands_are_open_to_the_service(shell: Shell) -> None:
    """Whoever takes over the jobs service reads no mail through Dovecot."""
    said = shell.run(
        *("runuser", "-u", "fermoposta-jobs", "--", "/usr/bin/python3", "-I", "-"),
        stdin=(
            "import socket\n"
            "client = socket.socket(socket.AF_UNIX)\n"
            "client.settimeout(10)\n"
            "client.connect('/run/dovecot/doveadm-fermoposta')\n"
            "client.sendall(b'VERSION\\tdoveadm-server\\t1\\t0\\n')\n"
            "assert client.recv(100) == b'+\\n'\n"
            "client.sendall(b'\\tada@example.org\\tfetch\\ttext\\tall\\n')\n"
            "print(repr(client.recv(100)))\n"
        ),
    )

    assert said.strip() == "b''"


def test_mail_whose_time_is_over_is_removed_by_the_stores_own_user(shell: Shell) -> None:
    """A request that is decided removes that mailbox; one that is pending removes nothing."""
    old, kept = str(uuid.uuid4()), str(uuid.uuid4())
    for mailbox_id in (old, kept):
        path = f"/var/vmail/{mailbox_id[:2]}/{mailbox_id}/sdbox"
        shell.run("runuser", "-u", "vmail", "--", "mkdir", "-p", path)
    requests = "/var/lib/fermoposta/purge"

    for request in (f"{kept}.pending", old):
        shell.run("runuser", "-u", "fermoposta-jobs", "--", "touch", f"{requests}/{request}")

    def gone() -> bool:
        return shell.call("test", "-e", f"{requests}/{old}").returncode != 0

    wait_for("the removal", gone, seconds=30)
    left = shell.run("ls", "-d", f"/var/vmail/{kept[:2]}/{kept}")
    assert kept in left
    assert shell.call("test", "-e", f"/var/vmail/{old[:2]}/{old}").returncode != 0
    shell.run("rm", "-r", f"{requests}/{kept}.pending", f"/var/vmail/{kept[:2]}/{kept}")


def test_the_service_that_decides_may_touch_no_mail(shell: Shell) -> None:
    """Whoever takes over the jobs service cannot read or change anybody's mail."""
    for act in (("ls", "/var/vmail"), ("touch", "/var/vmail/mine")):
        done = shell.call("runuser", "-u", "fermoposta-jobs", "--", *act)
        assert done.returncode != 0
        assert "Permission denied" in done.stderr


EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//client.test//EN\r
BEGIN:VEVENT\r
UID:{title}\r
DTSTAMP:20260101T000000Z\r
DTSTART:20260301T090000Z\r
DTEND:20260301T093000Z\r
SUMMARY:{title}\r
END:VEVENT\r
END:VCALENDAR\r
"""
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{title}\r\nFN:{title}\r\nN:{title};;;;\r\nEND:VCARD\r\n"


@pytest.fixture
def web(appliance: Appliance) -> Web:
    return Web(appliance)


IN_THE_WEBMAIL = """
SELECT string_agg(t.table_schema || '.' || t.table_name, ' ' ORDER BY 1)
  FROM information_schema.tables AS t,
       LATERAL (SELECT query_to_xml(format('SELECT FROM %I.%I AS x WHERE x::text LIKE %L LIMIT 1',
                                           t.table_schema, t.table_name, '%' || :'mark' || '%'),
                                    false, false, '')::text) AS found (rows)
 WHERE t.table_schema IN ('public', 'deleted', 'private') AND t.table_type = 'BASE TABLE'
   AND found.rows LIKE '%<row%';
"""


def webmail_has(shell: Shell, mark: str) -> str:
    """Return the names of the tables of the webmail's database in which a text stands."""
    return " ".join(sorted(psql(shell, "sogo", IN_THE_WEBMAIL, mark=mark).split()))


def psql(shell: Shell, database: str, query: str, **values: str) -> str:
    """Ask as the database's administrator, with *values* for the variables in the query."""
    given = [f"--set={name}={value}" for name, value in values.items()]
    command = ("psql", "-U", "postgres", "-d", database, "-At", "--quiet", "-v", "ON_ERROR_STOP=1")
    return shell.run(*command, *given, stdin=query).strip()


def fill_webmail(web: Web, account: Account, *titles: str) -> None:
    """Give somebody an event and a contact, and as many again that are deleted."""
    for module, what in (("Calendar", EVENT), ("Contacts", CARD)):
        folder = f"{WEBMAIL}/dav/{account.address}/{module}/personal/"
        assert web.ask("PROPFIND", folder, account=account).status == 207
        for title in titles:
            body = what.format(title=title)
            assert web.ask("PUT", folder + title, account=account, body=body).status == 201
        assert web.ask("DELETE", folder + titles[-1], account=account).status == 204


def age(shell: Shell, address: str) -> str:
    """Have a mailbox been closed for longer than it is kept; return its id."""
    query = """
        UPDATE directory.closed_mailboxes SET closed_at = now() - interval '31 days'
         WHERE address = :'address' RETURNING mailbox_id;
    """
    return psql(shell, "fermoposta", query, address=address)


def test_who_has_an_address_next_finds_nothing_of_who_had_it(
    directory: Directory, shell: Shell, web: Web
) -> None:
    """Who comes back in time finds everything; after the mailbox is removed nobody does."""
    mark = token()
    address, kept, gone = f"{mark}@example.org", f"kept{mark}", f"gone{mark}"
    account = Account(address, PASSWORD, "user")

    def read() -> str:
        url = f"{WEBMAIL}/dav/{address}/Calendar/personal/{kept}"
        return web.ask("GET", url, account=account).body

    with directory.newcomer(address):
        fill_webmail(web, account, kept, gone)
    with directory.newcomer(address):
        assert kept in read()
    assert "public.sogo_store" in webmail_has(shell, mark)
    assert "deleted.items" in webmail_has(shell, mark)

    age(shell, address)
    shell.run("systemctl", "restart", "fermoposta-jobs")

    wait_for("the webmail to forget", lambda: not webmail_has(shell, mark), seconds=60)
    with directory.newcomer(address):
        assert (
            web.ask(
                "PROPFIND", f"{WEBMAIL}/dav/{address}/Calendar/personal/", account=account
            ).status
            == 207
        )
        assert kept not in read()
        items = shell.run("fermoposta", "restore", "list", "--json", address)
        assert gone not in items


def test_a_webmail_that_is_away_is_asked_again(
    directory: Directory, shell: Shell, web: Web
) -> None:
    """The mail does not wait for it, and what it should forget is not lost."""
    mark = token()
    address = f"{mark}@example.org"
    with directory.newcomer(address) as account:
        fill_webmail(web, account, f"kept{mark}", f"gone{mark}")
    mailbox_id = age(shell, address)
    request = f"/var/lib/fermoposta/purge/{mailbox_id}.webmail"

    def may(what: str) -> None:
        psql(shell, "sogo", f"{what} fermoposta_jobs;")

    def waits() -> bool:
        return shell.call("test", "-s", request).returncode == 0

    may("REVOKE EXECUTE ON FUNCTION deleted.forget(text) FROM")
    try:
        shell.run("systemctl", "restart", "fermoposta-jobs")
        wait_for("the request", waits, seconds=60)
        wait_for(
            "the mail's removal",
            lambda: shell.call("test", "-e", request.removesuffix(".webmail")).returncode != 0,
        )
        assert webmail_has(shell, mark)
    finally:
        may("GRANT EXECUTE ON FUNCTION deleted.forget(text) TO")
    shell.run("systemctl", "restart", "fermoposta-jobs")

    wait_for("the webmail to forget", lambda: not webmail_has(shell, mark), seconds=60)
    assert not waits()


def test_a_room_at_a_persons_address_has_nothing_of_the_person(
    directory: Directory, shell: Shell, web: Web
) -> None:
    """Though the mailbox is kept. What was there can still be brought back by an operator."""
    mark = token()
    address, kept = f"{mark}@example.org", f"kept{mark}"
    with directory.newcomer(address) as account:
        fill_webmail(web, account, kept, f"gone{mark}")
    room = {"name": "Sala", "language": "it"}

    with directory.changed(resources={address: room}):
        wait_for(
            "the empty calendar",
            lambda: webmail_has(shell, mark) == "deleted.folders deleted.items",
            seconds=60,
        )
        assert kept in shell.run("fermoposta", "restore", "list", "--json", address)


def test_the_jobs_reach_nothing_else_in_the_webmail(shell: Shell) -> None:
    """Neither the calendars of those who are here, nor anything by reading."""

    def ask(query: str) -> str:
        command = ("psql", "-U", "fermoposta_jobs", "-d", "sogo", "-At", "-c", query)
        done = shell.call("runuser", "-u", "fermoposta-jobs", "--", *command)
        return done.stdout.strip() or done.stderr

    assert ask("SELECT deleted.forget('ada@example.org')") == "f"
    for query in ("TABLE public.sogo_store", "TABLE deleted.items", "SELECT deleted.clear('x')"):
        assert "permission denied" in ask(query)
