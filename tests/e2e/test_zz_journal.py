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
