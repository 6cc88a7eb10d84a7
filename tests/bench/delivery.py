"""Messages a second: with spam and virus filter, and with Postfix and Dovecot alone."""

from __future__ import annotations

import smtplib
import threading
import time
import uuid
from email.message import EmailMessage
from email.utils import formatdate

from fermoposta_demo import host
from fermoposta_demo.podman import podman
from fermoposta_demo.progress import CommandError, say
from tests.bench import Result, result

CONNECTIONS = 4
MESSAGES = 75  # for each connection; all stay below the limit for one client and minute
READER = "bob@example.org"
SENDER = "stranger@outside.test"
BODY = ("Lorem ipsum dolor sit amet, consectetur adipiscing elit. " * 12 + "\n") * 12
SECONDS = 300


def run(container: str) -> list[Result]:
    """Measure on a provisioned host, which is left as it was found."""
    port = host.published_ports(container)["smtp"]
    send(port, [message("warm-up")])  # a client that is new to the server waits before its first
    filtered = rate(container, port)
    milters = podman("exec", container, "postconf", "-h", "smtpd_milters").strip()
    try:
        configure(container, "")
        alone = rate(container, port)
    finally:
        configure(container, milters)
    return [result("delivery_filtered_per_s", filtered, "1/s", alone)]


def configure(container: str, milters: str) -> None:
    """Tell Postfix which filters to ask."""
    podman("exec", container, "postconf", "-e", f"smtpd_milters={milters}")
    podman("exec", container, "systemctl", "reload", "postfix")


def message(subject: str) -> EmailMessage:
    """Return a message of about 8 kB."""
    made = EmailMessage()
    made["From"] = SENDER
    made["To"] = READER
    made["Subject"] = subject
    made["Date"] = formatdate()
    made["Message-ID"] = f"<{uuid.uuid4()}@outside.test>"
    made.set_content(f"{uuid.uuid4()}\n{BODY}")
    return made


def send(port: int, messages: list[EmailMessage], to: str = READER) -> None:
    """Hand over messages in one connection."""
    with smtplib.SMTP(host.ADDRESS, port, "mx.outside.test", timeout=SECONDS) as client:
        for each in messages:
            client.send_message(each, SENDER, [to])


def rate(container: str, port: int) -> float:
    """Return the messages per second from the first connection until the last is in the mailbox."""
    subject = uuid.uuid4().hex
    total = CONNECTIONS * MESSAGES
    batches = [[message(subject) for _ in range(MESSAGES)] for _ in range(CONNECTIONS)]
    started = time.monotonic()
    threads = [threading.Thread(target=send, args=(port, batch)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while (arrived := count(container, subject)) < total:
        if time.monotonic() - started > SECONDS:
            raise CommandError("the delivery", f"{arrived} of {total} messages arrived")
        time.sleep(0.2)
    speed = total / (time.monotonic() - started)
    say(f"  {total} messages, {speed:.1f} a second")
    return speed


def count(container: str, subject: str) -> int:
    """Return how many messages of a subject the reader has."""
    query = ["mailbox", "INBOX", "subject", subject]
    return len(podman("exec", container, "doveadm", "search", "-u", READER, *query).splitlines())
