"""Callers from networks of their own: without TLS, without a log-in."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clients.mail import compose
from fermoposta_demo.podman import podman

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.shell import Shell
    from fermoposta_demo.appliance import Appliance

TRUSTED = "192.0.2.10"
UNTRUSTED = "198.51.100.10"
SEND = """
import json, smtplib, sys
source, target, sender, to, message = json.loads(sys.argv[1])
options = {"timeout": 60, "source_address": (source, 0)}
with smtplib.SMTP(target, 25, "printer.example.org", **options) as client:
    try:
        client.sendmail(sender, [to], message)
    except smtplib.SMTPRecipientsRefused as refused:
        print("refused", *list(refused.recipients.values())[0])
    except smtplib.SMTPSenderRefused as refused:
        print("refused", refused.smtp_code)
    else:
        print("taken")
"""


@contextmanager
def more_addresses(appliance: Appliance) -> Iterator[str]:
    """Give the host two more addresses to call itself from; yield the one to call."""
    pid = podman("inspect", "--format", "{{.State.Pid}}", appliance.container).strip()
    inside = ["nsenter", "--target", pid, "--net", "ip", "address"]
    for address in (TRUSTED, UNTRUSTED):
        subprocess.run([*inside, "add", f"{address}/32", "dev", "lo"], check=True)
    networks = json.loads(podman("inspect", appliance.container))[0]["NetworkSettings"]
    try:
        yield networks["IPAddress"] or next(iter(networks["Networks"].values()))["IPAddress"]
    finally:
        for address in (TRUSTED, UNTRUSTED):
            subprocess.run([*inside, "del", f"{address}/32", "dev", "lo"], check=True)


def send_from(
    shell: Shell,
    source: str,
    target: str,
    *,
    sender: str,
    subject: str,
    to: str = "friend@outside.test",
) -> str:
    """Send without TLS and without log-in from an address, and return how the server took it."""
    message = compose(sender, to, subject).as_string()
    return shell.python(SEND, json.dumps([source, target, sender, to, message])).strip()
