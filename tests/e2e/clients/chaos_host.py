"""A provisioned host as the place where chaos happens: real phones, IMAP, DAV, and real kills."""

from __future__ import annotations

import email
import email.policy
import ssl
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

# The driver belongs to the gateway's unit tests, where it runs over stores in memory.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "unit" / "activesync" / "commands"))

from chaos import Chaos
from chaos_items import CALENDAR, CONTACTS, TASKS
from chaos_world import Message, Thing

from clients.dav import Dav
from clients.eas import SERVER, TYPE
from clients.outside import FOLDER
from clients.waiting import wait_for
from clients.web import Web
from fermoposta.activesync.client import Client, Connection, Device, provision

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from clients.mail import Mail
    from clients.shell import Shell
    from fermoposta_demo.appliance import Account, Appliance

__all__ = ["Chaos", "RealWorld"]

SECONDS = 30
"""How long a phone waits for an answer."""
PAUSE = 1
"""Seconds after which a phone asks again."""
SETTLED = 60
"""Seconds until all that was sent is outside."""
UNITS = ("fermoposta-gateway@1", "fermoposta-gateway@2")
KINDS = {CALENDAR: "VEVENT", TASKS: "VTODO", CONTACTS: "VCARD"}
# The subjects and Message-IDs of all that went out and contains a text.
OUT = """
import email, email.policy, json, pathlib, sys
for file in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    text = file.read_text()
    if sys.argv[2] in text:
        raw = json.loads(text)["message"].encode("latin-1")
        message = email.message_from_bytes(raw, policy=email.policy.default)
        print(message["Message-ID"], message["Subject"])
"""


class Losing(httpx.HTTPTransport):
    """Carries requests, and loses the answers that the world wants lost."""

    def __init__(self, world: RealWorld, context: ssl.SSLContext) -> None:
        super().__init__(verify=context)
        self._world = world

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if self._world.losing:
            self._world.losing = False
            answer.read()
            answer.close()
            raise httpx.ReadError("the answer got lost")
        return answer


class RealWorld:
    """See `chaos_world.World`: the account of somebody on a host that may be disturbed."""

    def __init__(
        self, appliance: Appliance, shell: Shell, mail: Mail, account: Account, word: str
    ) -> None:
        self.appliance, self.shell, self.mail, self.account = appliance, shell, mail, account
        self.address = account.address
        self.today = datetime.now(UTC).date()
        self.losing = False
        self.kills: Counter[str] = Counter()
        self.word = word
        self._context = ssl.create_default_context(cafile=appliance.ca_file)
        self._devices: dict[str, Device] = {}
        self._connections: list[Connection] = []
        self._killers: list[threading.Thread] = []
        self._imap = mail.imap(account)
        self._dav = Dav(Web(appliance), account).visit()

    def close(self) -> None:
        """Hang up, and have the host forget the phones."""
        self.mend()
        for each in self._connections:
            each.close()
        with suppress(OSError, IMAPClientError):  # it may have been cut
            self._imap.logout()
        for each in self._devices:
            self.shell.call("fermoposta", "devices", "forget", "--yes", self.address, each)

    # --- Phones

    def phone(self, version: str, id_: str) -> Client:
        connection = Connection(
            SERVER,
            self.address,
            self.account.password or "",
            connect_to=(self.appliance.host, self.appliance.ports["https"]),
            transport=Losing(self, self._context),
            seconds=SECONDS,
        )
        self._connections.append(connection)
        device = self._devices.get(id_)
        if device is not None:
            return Client(connection, device, version)
        device = self._devices[id_] = Device(id_, TYPE)
        client = Client(connection, device, version)
        provision.provision(client)
        return client

    # --- What breaks

    def lose_next(self) -> None:
        self.losing = True

    def disturb(self, chance: random.Random) -> None:
        """Kill the gateway, or all of Dovecot's processes for the user, within a moment."""
        what = chance.choice([self._kill_gateway, self._kill_gateway, self._kill_imap])
        after = chance.random() * 0.1
        killer = threading.Thread(target=lambda: (time.sleep(after), what()))
        killer.start()
        self._killers.append(killer)

    def _kill_gateway(self) -> None:
        for unit in UNITS:
            self.shell.call("systemctl", "kill", "--signal=KILL", unit)
        self.kills["gateway"] += 1

    def _kill_imap(self) -> None:
        self.shell.call("pkill", "-KILL", "--exact", "imap")
        self.kills["imap"] += 1

    def mend(self) -> bool:
        broke = bool(self._killers)
        for each in self._killers:
            each.join()
        self._killers.clear()
        self.losing = False
        if broke:
            self._until_up()
        return broke

    def pause(self) -> None:
        time.sleep(PAUSE)

    def restart(self) -> None:
        self.shell.run("systemctl", "restart", *UNITS)
        self._until_up()

    def _until_up(self) -> None:
        def up() -> bool:
            # However often it was killed on purpose, systemd starts it again.
            self.shell.call("systemctl", "reset-failed", *UNITS)
            return self.shell.call("systemctl", "start", *UNITS).returncode == 0

        wait_for("the gateway", up)

    def sent(self) -> list[tuple[str, str]]:
        self.shell.call("postqueue", "-f")
        wait_for(
            "the queue to be empty",
            lambda: not self.shell.call("postqueue", "-j").stdout.strip(),
            seconds=SETTLED,
        )
        lines = self.shell.python(OUT, str(FOLDER), self.word).splitlines()
        return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]

    # --- The mail program

    def _do(self, act: Callable[[], object]) -> object:
        """Do something by IMAP; log in anew where the connection was cut."""
        for _ in range(3):
            try:
                return act()
            except (OSError, IMAPClientError) as error:
                cut = isinstance(error, (OSError, IMAPClientAbortError))
                if not cut and "BYE" not in str(error).upper():
                    raise
                with suppress(OSError, IMAPClientError):
                    self._imap.shutdown()
                self._imap = self.mail.imap(self.account)
        return act()

    def folders(self) -> list[str]:
        found = self._do(self._listed)
        return [
            name
            for flags, _, name in found
            if b"\\Noselect" not in flags and not name.startswith("Condivise")
        ]

    def _listed(self) -> list[tuple[tuple[bytes, ...], bytes, str]]:
        return self._imap.list_folders()  # of the connection that there is now

    def make_folder(self, name: str) -> None:
        self._do(lambda: self._imap.create_folder(name))

    def rename_folder(self, name: str, to: str) -> None:
        self._do(lambda: self._imap.rename_folder(name, to))

    def delete_folder(self, name: str) -> None:
        self._do(lambda: self._imap.delete_folder(name))

    def _in(self, folder: str, act: Callable[[], object]) -> object:
        def selected() -> object:
            self._imap.select_folder(folder)
            return act()

        return self._do(selected)

    def mails(self, folder: str, *, texts: bool = False) -> list[Message]:
        wanted = ["FLAGS", "INTERNALDATE", "ENVELOPE", *(["BODY.PEEK[]"] if texts else [])]

        def all_() -> dict[int, dict[bytes, object]]:
            uids = self._imap.search()
            return self._imap.fetch(uids, wanted) if uids else {}

        found = self._in(folder, all_)
        return [_message(uid, each) for uid, each in sorted(found.items())]

    def put_mail(self, folder: str, message: bytes, received: datetime | None) -> None:
        tried = False

        def put() -> None:
            # A connection that is cut does not say whether the mail was stored.
            nonlocal tried
            self._imap.select_folder(folder)
            subject = email.message_from_bytes(message)["Subject"]
            if not tried or not self._imap.search(["SUBJECT", subject]):
                tried = True
                self._imap.append(folder, message, msg_time=received)

        self._do(put)

    def flag(self, folder: str, uid: int, add: Sequence[str], remove: Sequence[str]) -> None:
        if add:
            self._in(folder, lambda: self._imap.add_flags([uid], list(add)))
        if remove:
            self._in(folder, lambda: self._imap.remove_flags([uid], list(remove)))

    def move(self, folder: str, uid: int, to: str) -> None:
        self._in(folder, lambda: self._imap.move([uid], to))

    def expunge(self, folder: str, uid: int) -> None:
        def gone() -> None:
            self._imap.add_flags([uid], ["\\Deleted"])
            self._imap.uid_expunge([uid])

        self._in(folder, gone)

    # --- The DAV client

    def things(self, kind: int) -> list[Thing]:
        return [
            Thing(name, "", text.encode()) for name, text in self._dav.objects(KINDS[kind]).items()
        ]

    def put_thing(self, kind: int, name: str, content: bytes, etag: str | None) -> None:
        del etag  # nobody is quicker: the phones stand still meanwhile
        self._dav.put(content.decode(), name=name, module=_module(kind))

    def drop_thing(self, kind: int, name: str) -> None:
        self._dav.delete(name, module=_module(kind))


def _module(kind: int) -> str:
    return "Contacts" if kind == CONTACTS else "Calendar"


def _message(uid: int, found: dict[bytes, object]) -> Message:
    text = ""
    if (whole := found.get(b"BODY[]")) is not None:
        message = email.message_from_bytes(whole, policy=email.policy.default)
        body = message.get_body(("plain", "html"))
        text = body.get_content().strip() if body else ""
    flags = frozenset(each.decode() for each in found[b"FLAGS"])
    subject = (found[b"ENVELOPE"].subject or b"").decode()
    received = found[b"INTERNALDATE"].astimezone(UTC).date()
    return Message(uid, subject, flags - {"\\Recent"}, received, text)
