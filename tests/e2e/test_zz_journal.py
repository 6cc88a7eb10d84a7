"""The last test of all: what the host says of the run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clients.disturbance import was_disturbed

if TYPE_CHECKING:
    from clients.shell import Shell

ERROR = 3  # syslog's severities (RFC 5424, section 6.2.1): 3 is error, lower is worse
# Each line here has a reason why it may stand in the journal of a healthy host.
EXPECTED = re.compile(
    r"doveadm client isn't allowed to use command"  # a test tries what is refused
    # a rule redirects where its mailbox may not write: the mail is in the inbox
    r"|Execution of script 'rules/rules' failed, but implicit keep was successful"
    # a grantee changes a flag: it is changed, and there was nothing to keep for the owner
    r"|Execution of script 'deleted/deleted' failed with unsuccessful implicit keep"
    # a test breaks a compiled script by hand: the mail is in the inbox
    r"|sieve: policy: line 1: unknown command 'this'|sieve: policy: validation failed"
    r"|Failed to compile script 'policy/policy'"
    # what shall be restored has no folder any more, which is then made anew
    r"|doveadm\(.*Can't open mailbox: Mailbox doesn't exist"
    # rights are looked at, or taken back, in a mailbox whose user was removed just now
    r"|doveadm\(.*cmd (mailbox list|acl (get|set|delete)): User doesn't exist"
    # somebody is still logged in who had folders of a user that was removed just now
    r"|mkdir\(/run/dovecot/user-not-found/"
    # a test makes a folder under the name of one that was just renamed, which the agent still reads
    r"|Mailbox contract-[0-9a-f]+/here: Transaction log .*: duplicate transaction log sequence"
    # what checks passwords finds out with its next query that a test restarted the database
    r"|auth-worker\(\d+\): Error: sqlpool\(pgsql\): Query failed, (aborting|retrying)"
    r"|auth-worker\(.*Password query failed: .*(terminating|closed the) connection"
    # somebody searches a new mailbox at the moment in which its first index is made
    r"|fts-flatcurve\(INBOX\): stat\(.*/fts-flatcurve/\) failed: No such file or directory"
    # a test stops the agent while Dovecot tells it something
    r"|stats: Error: write\(/run/fermoposta-agent/"
    r"|^kernel: |systemd-journald: Failed to send stream file"  # the machine below, and its start
    r"|setrlimit\(RLIMIT_NPROC"  # nor may it raise its limits
    r"|Failed to (set|mount|start).*(cgroup|binfmt|hugepages|quota)"  # container
)


def test_no_unit_has_failed(shell: Shell) -> None:
    """Every service that should run does."""
    assert shell.run("systemctl", "list-units", "--failed", "--no-legend", "--plain") == ""


def test_the_journal_has_no_errors(shell: Shell) -> None:
    """Nothing in the journal says error, but for what the tests did to the host themselves."""
    entries = shell.journal(f"--priority={ERROR}")
    lines = [
        f"{entry.get('SYSLOG_IDENTIFIER', '?')}: {entry.get('MESSAGE')}"
        for entry in entries
        if not was_disturbed(int(entry["__REALTIME_TIMESTAMP"]) / 1e6)
    ]

    unexpected = [line for line in lines if not EXPECTED.search(line)]
    assert not unexpected, "\n".join(unexpected[:40])
