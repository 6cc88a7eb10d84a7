"""A backup of a mail store, another one of the same, and a drill: beside `cp -a` of that store."""

from __future__ import annotations

import time

from fermoposta_demo.podman import podman
from fermoposta_demo.progress import say
from tests.bench import Result, result

ADDRESS = "bob@example.org"
MESSAGES = 10_000
PYTHON = "/opt/fermoposta/venv/bin/python"
# Some 8 kB each, of which half does not compress.
FILL = """
import base64, os, sys
from pathlib import Path
from fermoposta.mailstore.imap import Door

count, address = int(sys.argv[1]), sys.argv[2]
door = Door("127.0.0.1", 143, Path("/etc/fermoposta/agent.secret"))
with door.open(address) as session:
    session.client.create_folder("Bench")
    for number in range(count):
        body = base64.encodebytes(os.urandom(3000)) + b"Lorem ipsum dolor sit amet\\n" * 150
        head = f"Subject: {number}\\nMessage-ID: <{number}@bench>\\n\\n".encode()
        session.append("Bench", (head + body).replace(b"\\n", b"\\r\\n"))
"""


def run(container: str) -> list[Result]:
    """Measure on a provisioned host, which keeps the messages and the backups."""
    say(f"  putting {MESSAGES} messages into a mailbox")
    podman(
        "exec", "--interactive", container, PYTHON, "-", str(MESSAGES), ADDRESS, stdin=FILL.encode()
    )
    copied = timed(container, "cp -a /var/vmail /var/vmail.bench")
    podman("exec", container, "rm", "-rf", "/var/vmail.bench")
    first = timed(container, "fermoposta backup take")
    again = timed(container, "fermoposta backup take")
    drilled = timed(container, "fermoposta drill")
    return [
        result("backup_first_s", first, "s", copied),
        result("backup_again_s", again, "s", copied),
        result("backup_drill_s", drilled, "s", copied),
    ]


def timed(container: str, command: str) -> float:
    """Return the seconds that *command*, which must succeed, takes on the host."""
    started = time.monotonic()
    podman("exec", container, "sh", "-c", command)
    seconds = time.monotonic() - started
    say(f"  {command}: {seconds:.1f} s")
    return seconds
