from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from clients.directory import PASSWORD
from clients.mail import token
from imapclient.exceptions import LoginError

from fermoposta_demo.podman import environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

FIRST, SECOND = "Abcdefg1", "Abcdefg2"


def type_in(shell: Shell, address: str, passwords: Sequence[str], until: str) -> str:
    """Type *passwords* at the prompts; return the screen once it says *until*."""
    keyboard, terminal = pty.openpty()
    command = ["podman", "exec", "-it", shell.container, "fermoposta", "passwd", address]
    ends = {"stdin": terminal, "stdout": terminal, "stderr": terminal, "env": environment()}
    deadline = time.monotonic() + 60
    screen, answers = "", list(passwords)
    with subprocess.Popen(command, **ends) as process:
        os.close(terminal)
        while until not in screen and time.monotonic() < deadline:
            if select.select([keyboard], [], [], 1)[0]:
                screen += os.read(keyboard, 4096).decode()
            if answers and screen.count(": ") > len(passwords) - len(answers):
                os.write(keyboard, f"{answers.pop(0)}\n".encode())
        if answers or until not in screen or until != "changed":
            process.kill()
    os.close(keyboard)
    return screen


@pytest.mark.feature("F128")
def test_two_entries_that_differ_change_nothing(
    shell: Shell, directory: Directory, mail: Mail
) -> None:
    """Whoever mistypes the confirmation is told, and the old password stays."""
    with directory.newcomer(f"{token()}@example.org") as account:
        screen = type_in(shell, account.address, [FIRST, SECOND], "do not match")

        assert "do not match" in screen
        assert FIRST not in screen
        mail.imap(account).logout()


@pytest.mark.feature("F128")
def test_two_entries_that_match_change_the_password(
    shell: Shell, directory: Directory, mail: Mail
) -> None:
    """Typed twice alike, the new password counts and the old one does not."""
    with directory.newcomer(f"{token()}@example.org") as account:
        screen = type_in(shell, account.address, [FIRST, FIRST], "changed")

        assert FIRST not in screen
        with mail.imap_connect() as client:
            client.login(account.address, FIRST)
        with mail.imap_connect() as client, pytest.raises(LoginError):
            client.login(account.address, PASSWORD)
