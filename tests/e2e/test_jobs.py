"""Changes of the directory reach the daemons by themselves, within seconds."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from clients.directory import Directory
from clients.mail import compose, token
from clients.waiting import wait_for
from imapclient.exceptions import IMAPClientError

if TYPE_CHECKING:
    from clients.mail import Mail
    from clients.shell import Shell

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
