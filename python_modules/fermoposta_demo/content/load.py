"""Put the demo content on a host, once, through the protocols that its users use."""

from __future__ import annotations

import base64
import http.client
import imaplib
import smtplib
import socket
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import quote

from fermoposta_demo.content.calendars import contacts, events
from fermoposta_demo.content.messages import Filed, Person, mailbox
from fermoposta_demo.host import HOSTNAME, put
from fermoposta_demo.podman import podman
from fermoposta_demo.progress import CommandError, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fermoposta_demo.appliance import Account, Appliance

MARKER = "/var/lib/fermoposta-demo-content"
# RFC test patterns of spam filters and virus scanners: harmless, and recognised by all of them.
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


def load(appliance: Appliance, names: Mapping[str, str]) -> bool:
    """Load what is not there yet; tell whether anything was loaded.

    `names` says what the people behind the addresses are called. Raises CommandError where the host
    refuses.
    """
    try:
        podman("exec", appliance.container, "test", "-e", MARKER)
    except CommandError:
        pass
    else:
        return False
    people = [
        Person(names.get(account.address, account.address), account.address)
        for account in appliance.accounts
        if account.password
    ]
    now = datetime.now(UTC).replace(microsecond=0)
    count = 0
    for person in people:
        account = appliance.account(person.address)
        mail = mailbox(person, [other for other in people if other != person], now=now)
        file_messages(appliance, account, mail)
        put_all(appliance, account, "Calendar/personal", "text/calendar", events(person, now=now))
        put_all(appliance, account, "Contacts/personal", "text/vcard", contacts(person))
        count += len(mail)
        say(f"  {person.address}: {len(mail)} messages, a calendar, an address book")
    send_spam(appliance, people[0])
    put(appliance.container, MARKER, f"{count} messages\n".encode())
    return True


def trust(appliance: Appliance) -> ssl.SSLContext:
    """Return a TLS context that trusts the demo's CA and nobody else."""
    return ssl.create_default_context(cafile=appliance.ca_file)


def file_messages(appliance: Appliance, account: Account, mail: Iterable[Filed]) -> None:
    """Append messages to the folders of an account, with their dates and flags."""
    with imaplib.IMAP4_SSL(
        appliance.host, appliance.ports["imaps"], ssl_context=trust(appliance), timeout=60
    ) as client:
        client.login(account.address, account.password or "")
        sent = special_folder(client, "\\Sent")
        for filed in mail:
            folder = sent if filed.folder == "\\Sent" else filed.folder
            answer, _ = client.append(
                folder,
                " ".join(filed.flags),
                imaplib.Time2Internaldate(filed.at),
                filed.message.as_bytes(),
            )
            if answer != "OK":
                raise CommandError(f"loading mail of {account.address}", answer)


def special_folder(client: imaplib.IMAP4, use: str) -> str:
    """Return the quoted name of the folder of a special use (RFC 6154), or else INBOX."""
    _, lines = client.list()
    for line in lines:
        if isinstance(line, bytes) and use.encode() in line.split(b")")[0]:
            return line.decode().split('" ', 1)[-1].strip()
    return "INBOX"


def put_all(
    appliance: Appliance,
    account: Account,
    collection: str,
    kind: str,
    entries: Iterable[tuple[str, str]],
) -> None:
    """Store entries in a calendar or an address book (RFC 4791, RFC 6352: PUT)."""
    client = _WebClient(appliance)
    token = base64.b64encode(f"{account.address}:{account.password}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": f"{kind}; charset=utf-8"}
    for name, text in entries:
        path = f"/SOGo/dav/{quote(account.address)}/{collection}/{quote(name)}"
        client.request("PUT", path, text.encode(), headers)
        answer = client.getresponse()
        answer.read()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise CommandError(
                f"loading {collection} of {account.address}", f"{answer.status} {path}"
            )
    client.close()


class _WebClient(http.client.HTTPSConnection):
    """HTTPS to the name in the certificate, by the port on loopback that is published for it."""

    def __init__(self, appliance: Appliance) -> None:
        super().__init__(HOSTNAME, appliance.ports["https"], context=trust(appliance), timeout=60)
        self._appliance = appliance
        self._trust = trust(appliance)

    def connect(self) -> None:
        """Connect to the published port, and hold the certificate against the host's name."""
        raw = socket.create_connection((self._appliance.host, self.port), self.timeout)
        self.sock = self._trust.wrap_socket(raw, server_hostname=self.host)


def send_spam(appliance: Appliance, reader: Person) -> None:
    """Send what every spam filter must catch, so that Quarantena has something to show."""
    message = EmailMessage()
    message["From"] = "Lotteria <win@lottery.example>"
    message["To"] = str(reader)
    message["Subject"] = "Hai vinto!"
    message["Message-ID"] = "<spam@demo.example.org>"
    message.set_content(f"Congratulazioni, hai vinto un milione.\n\n{GTUBE}\n")
    with smtplib.SMTP(appliance.host, appliance.ports["smtp"], timeout=60) as client:
        client.send_message(message, "win@lottery.example", [reader.address])
