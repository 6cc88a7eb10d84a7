from __future__ import annotations

import email
import email.policy
import poplib
import re
import smtplib
import ssl
import uuid
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from typing import TYPE_CHECKING

from imapclient import IMAPClient

from clients.waiting import wait_for

if TYPE_CHECKING:
    from fermoposta_demo.appliance import Account, Appliance

SECONDS = 60


def token() -> str:
    """Return a word that stands in no other message."""
    return f"t{uuid.uuid4().hex[:16]}"


def shown(message: EmailMessage) -> bytes:
    """
    Return all of a message in small letters, but for what is made of random letters.

    A signature in base64, or the id under which a server took the mail, holds any short word now
    and then.
    """
    octets = message.as_bytes().lower()
    unsigned = re.sub(rb"(?m)^(?:dkim|arc)-[a-z-]+:.*\n(?:[ \t].*\n)*", b"", octets)
    return re.sub(rb"\bid\s+<?[a-z0-9+/=]+>?", b"id", unsigned)


def compose(sender: str, to: str, subject: str, text: str = "Ciao!\n") -> EmailMessage:
    """Return a short message."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = f"<{uuid.uuid4()}@client.test>"
    message.set_content(text)
    return message


@dataclass(frozen=True)
class Mail:
    """Mail clients of an appliance: they trust its CA and nobody else."""

    appliance: Appliance
    context: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=self.appliance.ca_file)
        object.__setattr__(self, "context", context)

    def imap(self, account: Account, *, service: str = "imaps") -> IMAPClient:
        """Return a client that is logged in."""
        client = self.imap_connect(service)
        client.login(account.address, account.password)
        return client

    def imap_connect(self, service: str = "imaps") -> IMAPClient:
        """Return a client that speaks TLS and is not logged in."""
        port = self.appliance.ports[service]
        plain = service == "imap"
        client = IMAPClient(
            self.appliance.host, port, ssl=not plain, ssl_context=self.context, timeout=SECONDS
        )
        if plain:
            client.starttls(self.context)
        return client

    def pop3(self, account: Account, *, service: str = "pop3s") -> poplib.POP3:
        """Return a POP3 client that is logged in."""
        port = self.appliance.ports[service]
        client: poplib.POP3
        if service == "pop3s":
            client = poplib.POP3_SSL(
                self.appliance.host, port, context=self.context, timeout=SECONDS
            )
        else:
            client = poplib.POP3(self.appliance.host, port, timeout=SECONDS)
            client.stls(self.context)
        client.user(account.address)
        client.pass_(account.password or "")
        return client

    def submission(
        self, account: Account | None = None, *, service: str = "submission"
    ) -> smtplib.SMTP:
        """Return an SMTP client that speaks TLS; logged in where an account is given."""
        port = self.appliance.ports[service]
        client: smtplib.SMTP
        if service == "submissions":
            client = smtplib.SMTP_SSL(
                self.appliance.host, port, context=self.context, timeout=SECONDS
            )
        else:
            client = smtplib.SMTP(self.appliance.host, port, timeout=SECONDS)
        try:
            if service != "submissions":
                client.starttls(context=self.context)
            if account is not None:
                client.login(account.address, account.password or "")
        except OSError:
            client.close()
            raise
        return client

    def send(self, account: Account, to: str, subject: str, text: str = "Ciao!\n") -> EmailMessage:
        """Send a message as an account and return it."""
        message = compose(account.address, to, subject, text)
        with self.submission(account) as client:
            client.send_message(message)
        return message

    def deliver(self, sender: str, to: list[str], message: EmailMessage) -> None:
        """Hand over a message as another mail server does: port 25, no log-in."""
        with smtplib.SMTP(
            self.appliance.host, self.appliance.ports["smtp"], "mx.example.net", timeout=SECONDS
        ) as client:
            client.send_message(message, sender, to)

    def find(self, account: Account, subject: str, folder: str = "INBOX") -> list[EmailMessage]:
        """Return the messages of a folder whose subject contains a text."""
        with self.imap(account) as client:
            client.select_folder(folder, readonly=True)
            numbers = client.search(["SUBJECT", subject])
            fetched = client.fetch(numbers, ["BODY.PEEK[]"]) if numbers else {}
        return [
            email.message_from_bytes(fetched[number][b"BODY[]"], policy=email.policy.default)
            for number in numbers
        ]

    def wait_for(
        self, account: Account, subject: str, folder: str = "INBOX", *, seconds: float = 60
    ) -> EmailMessage:
        """Return the one message whose subject contains a text, as soon as it is there."""
        found = wait_for(
            f"{subject} in {folder} of {account.address}",
            lambda: self.find(account, subject, folder),
            seconds=seconds,
        )
        assert len(found) == 1
        return found[0]

    def special(self, account: Account, use: bytes) -> str:
        """Return the name of the folder of a special use (RFC 6154)."""
        with self.imap(account) as client:
            names = [name for flags, _, name in client.list_folders() if use in flags]
        assert len(names) == 1, f"{use!r}: {names}"
        return str(names[0])
