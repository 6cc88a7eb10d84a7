"""Mail that was accepted arrives, whatever happens to the host meanwhile."""

from __future__ import annotations

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from clients.disturbance import disturbed
from clients.stream import Stream
from clients.waiting import wait_for

from fermoposta_demo import inventory
from fermoposta_demo.paths import BUILD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

DAEMONS = [
    "postfix",
    "dovecot",
    "rspamd",
    "clamav-daemon",
    "valkey-server",
    "postgresql@17-main",
    "nginx",
    "sogo",
    "memcached",
    "postsrsd",
    "imapproxy",
    "fermoposta-agent",
    "fermoposta-gateway@1",
    "fermoposta-jobs",
    "fermoposta-portal",
    "fermoposta-policy",
]


@pytest.fixture(scope="module")
def busy(directory: Directory) -> Iterator[Account]:
    """Somebody who writes more mails within an hour than others may."""
    with directory.newcomer("busy@example.org", recipients_per_hour=1_000_000) as account:
        yield account


@pytest.mark.parametrize("unit", DAEMONS)
def test_a_killed_daemon_loses_nothing(
    shell: Shell, mail: Mail, busy: Account, bob: Account, unit: str
) -> None:
    """A daemon killed under load comes back by itself, and every accepted message arrives."""
    before = shell.main_pid(unit)
    assert before, f"{unit} does not run"

    with disturbed(shell), Stream(mail, busy, bob) as stream:
        shell.run("kill", "-KILL", str(before))
        wait_for(f"{unit} to come back", lambda: shell.main_pid(unit) not in {0, before})
        accepted = len(stream.accepted)
        wait_for("mail to flow again", lambda: len(stream.accepted) > accepted + 2, seconds=90)
        wait_for("all accepted mail", lambda: delivered(shell, stream), seconds=150)


def delivered(shell: Shell, stream: Stream) -> bool:
    """Have the queue tried at once and not in minutes; tell whether all has arrived."""
    shell.run("postqueue", "-f")
    return not stream.missing()


@pytest.fixture
def thousand(directory: Directory, busy: Account, bob: Account) -> Iterator[dict[str, object]]:
    """Return the users whom there are, Busy too, and a thousand more; remove these afterwards."""
    before = directory.declared()
    assert busy.address in before["mail_users"]
    users = dict(before["mail_users"])
    some_hash = users[bob.address]["password_hash"]
    more = {
        f"user{number:04}@example.org": {"name": f"User {number}", "password_hash": some_hash}
        for number in range(1000)
    }
    yield users | more
    undone = directory.apply(before, "--allow-removal=users")
    assert undone.returncode == 0, undone.stdout


def units(shell: Shell) -> dict[str, tuple[int, str]]:
    """Return process id and start of each daemon."""
    return {
        unit: (
            shell.main_pid(unit),
            shell.run("systemctl", "show", "--property=ExecMainStartTimestamp", unit),
        )
        for unit in DAEMONS
    }


def test_a_converge_disturbs_nobody(
    appliance: Appliance,
    mail: Mail,
    shell: Shell,
    busy: Account,
    bob: Account,
    thousand: dict[str, object],
) -> None:
    """A thousand new users: no daemon restarts, no session ends, no message is lost or doubled."""
    before = units(shell)
    file = BUILD / "e2e" / "thousand.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"mail_users": thousand}))
    command = inventory.playbook("directory", f"--extra-vars=@{file}")
    sessions = [mail.imap(bob) for _ in range(5)]
    for session in sessions:
        session.select_folder("INBOX")

    with Stream(mail, busy, bob) as stream:
        done = subprocess.run(
            command,
            env=inventory.ansible_environment(appliance.container),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    file.unlink()

    assert done.returncode == 0, done.stdout[-4000:]
    assert shell.sql("select count(*) from dovecot.userdb where address like 'user0%'") == [
        ["1000"]
    ]
    assert units(shell) == before
    for session in sessions:
        session.noop()
        session.logout()
    wait_for("all accepted mail", lambda: not stream.missing(), seconds=120)
    assert set(stream.arrived().values()) == {1}


def test_people_who_all_come_after_a_quiet_minute_log_in(mail: Mail, appliance: Appliance) -> None:
    """More of them at once than processes check passwords, twice: none waits for ever."""
    people = [each for each in appliance.accounts if each.password][:6]

    def log_in(who: Account) -> None:
        with mail.imap(who):
            pass

    log_in(people[0])
    for quiet in (0, 65):
        time.sleep(quiet)
        with ThreadPoolExecutor(len(people) * 2) as pool:
            waiting = [pool.submit(log_in, each) for each in people * 2]
            for each in waiting:
                each.result(timeout=60)
