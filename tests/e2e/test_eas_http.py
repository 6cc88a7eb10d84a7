"""ActiveSync's door, from outside: who comes in, what is spoken, and what strangers are told."""

from __future__ import annotations

import base64
import re
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from clients.mail import token
from clients.web import Web

from fermoposta.activesync.client import Client, ClientError, Connection, Device, HttpError
from fermoposta.activesync.client.device import new_id
from fermoposta.activesync.client.folders import folder_sync
from fermoposta.activesync.client.ping import ping
from fermoposta.activesync.client.sync import Wanted, sync_all
from fermoposta.activesync.versions import commands_of
from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from clients.directory import Directory
    from clients.shell import Shell
    from clients.web import Answer

    from fermoposta_demo.appliance import Appliance

DOOR = "https://mail.example.org/Microsoft-Server-ActiveSync"
AUTODISCOVER = "https://mail.example.org/autodiscover/autodiscover.xml"
PHONES = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
REALM = 'Basic realm="Fermoposta", charset="UTF-8"'
INBOX = 2
"""The type of the inbox (MS-ASCMD, section 2.2.3.186.3)."""
EVERY_VERSION = ["12.1", "14.0", "14.1", "16.0", "16.1"]
JOURNAL = ("journalctl", "-u", "fermoposta-gateway@*", "-o", "cat", "--no-pager")
# Asks for OPTIONS so often in a row and prints what it takes, in seconds, on the host itself.
MANY = """
import base64, http.client, ssl, sys, time
said = {"Authorization": "Basic " + base64.b64encode(":".join(sys.argv[1:3]).encode()).decode()}
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
client = http.client.HTTPSConnection("mail.example.org", context=context, timeout=60)
for _ in range(20):
    started = time.monotonic()
    client.request("OPTIONS", "/Microsoft-Server-ActiveSync", headers=said)
    answer = client.getresponse()
    answer.read()
    print(answer.status, time.monotonic() - started)
"""


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


def post(web: Web, account: Account | None, query: object = "", **headers: str) -> Answer:
    """Send a command; *query* is text, or names and values."""
    text = query if isinstance(query, str) else urlencode(query)
    sent = {"MS-ASProtocolVersion": "14.1"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return web.ask("POST", f"{DOOR}?{text}", account=account, headers=sent)


def asks(command: str, user: str = "ada@example.org", device: str = "E2EHTTP1") -> dict[str, str]:
    return {"Cmd": command, "User": user, "DeviceId": device, "DeviceType": "test"}


def test_options_are_honest(web: Web, ada: Account) -> None:
    """Every version is spoken, and every command that is named does something."""
    answer = web.ask("OPTIONS", DOOR, account=ada)

    assert answer.status == 200
    assert answer.headers["MS-ASProtocolVersions"].split(",") == EVERY_VERSION
    assert answer.headers["Allow"] == answer.headers["Public"] == "OPTIONS,POST"
    commands = answer.headers["MS-ASProtocolCommands"].split(",")
    assert len(commands) == len(set(commands)) > 0
    for command in commands:
        version = "16.1" if command in commands_of("16.1") else "12.1"
        asked = post(web, ada, asks(command), MS_ASProtocolVersion=version)
        assert asked.status < 500, command


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_strangers_are_asked_for_a_password_and_told_nothing(
    web: Web, ada: Account, method: str
) -> None:
    """No log-in, a wrong password and the name of nobody get the same."""
    nobody = Account(f"{token()}@example.org", "Wrong-Guess-1", "user")
    answers = [
        web.ask(method, DOOR, account=who)
        for who in (None, Account(ada.address, f"Wrong-{token()}", "user"), nobody)
    ]

    for answer in answers:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == REALM
        assert answer.headers["MS-ASProtocolVersions"] is None
        assert answer.body == ""


@pytest.mark.parametrize("login", ["EXAMPLE.ORG\\ada", "Ada@Example.org", "x\\ada@example.org"])
def test_a_log_in_is_taken_as_devices_write_it(web: Web, ada: Account, login: str) -> None:
    """With a Windows domain in front, in capitals, or both."""
    assert web.ask("OPTIONS", DOOR, account=Account(login, ada.password, "user")).status == 200


def test_who_logs_in_acts_for_nobody_else(web: Web, ada: Account, bob: Account) -> None:
    """Another user's name in the query is refused, whoever knows it."""
    assert post(web, ada, asks("FolderSync", user=bob.address)).status == 403
    assert post(web, bob, asks("FolderSync", user=ada.address)).status == 403
    assert post(web, bob, asks("FolderSync", user=f"{token()}@example.org")).status == 403


@pytest.mark.parametrize(
    ("query", "version"),
    [
        ("", "14.1"),
        ("Cmd=FolderSync&User=ada@example.org", "14.1"),
        ("Cmd=FolderSync&User=ada@example.org&DeviceType=t", "14.1"),
        ("Cmd=FolderSync&User=ada@example.org&DeviceId=&DeviceType=t", "14.1"),
        ("Cmd=FolderSync&User=ada@example.org&DeviceId=a&DeviceType=t", "2.5"),
        ("Cmd=FolderSync&User=ada@example.org&DeviceId=a&DeviceType=t", "x"),
        ("jQAJBAp0ZXN0ZGV2aWNl", "14.1"),
        ("%ff%fe", "14.1"),
        ("A" * 7000, "14.1"),
    ],
)
def test_garbage_is_the_clients_fault(web: Web, ada: Account, query: str, version: str) -> None:
    """It is told so, and nothing of ours breaks."""
    assert post(web, ada, query, MS_ASProtocolVersion=version).status == 400


def test_a_body_that_is_no_document_is_answered(web: Web, ada: Account) -> None:
    """By a status where the version has one, by HTTP's 400 at 12.1."""
    for version, status in (("12.1", 400), ("14.1", 200), ("16.1", 200)):
        answer = web.ask(
            "POST",
            f"{DOOR}?{urlencode(asks('FolderSync'))}",
            account=ada,
            body="<FolderSync/>",
            headers={"MS-ASProtocolVersion": version},
        )
        assert answer.status == status


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_there_is_nothing_to_read(web: Web, ada: Account, method: str) -> None:
    """Who tries the address in a browser is told that it isn't for that."""
    answer = web.ask(method, DOOR, account=ada)

    assert answer.status == 405
    assert answer.headers["Allow"] == "OPTIONS,POST"


def test_a_command_that_nobody_knows_is_not_implemented(web: Web, ada: Account) -> None:
    """As MS-ASHTTP has it, section 2.2.2.1.1."""
    assert post(web, ada, asks("Nonsense")).status == 501


def test_known_log_ins_cost_no_work(shell: Shell, ada: Account) -> None:
    """A device that asks again and again has its password checked once."""
    lines = shell.python(MANY, ada.address, str(ada.password)).splitlines()

    assert {line.split()[0] for line in lines} == {"200"}
    seconds = sorted(float(line.split()[1]) for line in lines)
    assert seconds[len(seconds) // 2] < 0.05


def test_a_refusal_is_in_the_journal_without_the_password(web: Web, shell: Shell) -> None:
    """The line that fail2ban reads names the client; no line has the password or the query."""
    address, guess, device = f"{token()}@example.org", f"Guess-{token()}", f"D{token()}"
    post(
        web, Account(address, guess, "user"), asks("Sync", device=device), X_Real_IP="198.51.100.7"
    )

    journal = shell.run(*JOURNAL)
    assert re.search(rf"login refused address={address} client=\d+\.\d+\.\d+\.\d+", journal)
    assert guess not in journal
    assert device not in journal
    assert "198.51.100.7" not in journal


def test_fail2ban_reads_the_gateways_lines(shell: Shell) -> None:
    """Its jail watches the processes, and its pattern finds the client in a line of ours."""
    line = "login refused address=ada@example.org client=192.0.2.7 request=0123456789abcdef"
    pattern = shell.run("fail2ban-client", "get", "fermoposta-gateway", "failregex")
    (regex,) = re.findall(r"\[0\]: (.*)", pattern)

    said = shell.run("fail2ban-regex", line, regex)

    assert re.search(r"Failregex: 1 total", said), said
    watched = shell.run("fail2ban-client", "get", "fermoposta-gateway", "journalmatch")
    assert "fermoposta-gateway@1.service" in watched


def eventually(web: Web, account: Account, status: int) -> None:
    """Wait until the door answers *account* with *status*."""
    deadline = time.monotonic() + 5
    while (answer := web.ask("OPTIONS", DOOR, account=account)).status != status:
        assert time.monotonic() < deadline, answer.status


def test_a_changed_password_counts_within_seconds(web: Web, directory: Directory) -> None:
    """The old one opens nothing any more, though it was known a moment ago; the new one does."""
    with directory.newcomer(f"{token()}@example.org") as account:
        new = Account(account.address, "Newer2026x", "user")
        eventually(web, account, 200)
        assert web.ask("OPTIONS", DOOR, account=new).status == 401

        declared = directory.declared()
        record = declared["mail_users"][account.address]
        record.pop("password_hash", None)
        record["password"] = new.password
        done = directory.apply(declared, "--update-password=always")
        assert done.returncode == 0, done.stdout + done.stderr

        eventually(web, new, 200)
        assert web.ask("OPTIONS", DOOR, account=account).status == 401


def test_a_closed_user_is_out_within_seconds(web: Web, directory: Directory) -> None:
    """What was known of the password a moment ago opens nothing any more."""
    with directory.newcomer(f"{token()}@example.org") as account:
        eventually(web, account, 200)

    eventually(web, account, 401)


class Waiting:
    """A phone that waits for news of its inbox, in a thread; *ended* is how that ended."""

    def __init__(self, appliance: Appliance, account: Account) -> None:
        connection = Connection(
            "mail.example.org",
            account.address,
            str(account.password),
            ca=appliance.ca_file,
            connect_to=(appliance.host, appliance.ports["https"]),
        )
        self.client = Client(connection, Device(id=new_id(), type="test"), "16.1")
        folder_sync(self.client)
        self.inbox = next(
            each.id for each in self.client.device.folders.values() if each.type == INBOX
        )
        # What the phone has not got yet would be news.
        sync_all(self.client, Wanted(folder=self.inbox))
        self.ended: object = None
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()
        # The request is on its way; it must have arrived, which nothing outside shows.
        self._thread.join(2)
        assert self._thread.is_alive(), self.ended

    def _wait(self) -> None:
        try:
            self.ended = ping(self.client, [(self.inbox, "Email")], 600)
        except ClientError as error:
            self.ended = error

    def answered(self, seconds: float) -> object:
        """Return how the waiting ended; it must do so within *seconds*."""
        self._thread.join(seconds)
        assert not self._thread.is_alive()
        return self.ended


def test_a_stop_answers_who_waits(appliance: Appliance, shell: Shell, ada: Account) -> None:
    """A Ping ends in good time, as if nothing had come, and the process is back at once."""
    waiting = Waiting(appliance, ada)

    shell.run("systemctl", "restart", "fermoposta-gateway@*")

    with waiting.client.connection:
        assert waiting.answered(2) == ()
    journal = shell.run(*JOURNAL)
    assert "gateway stops" in journal


def test_a_closed_users_phone_stops_waiting(appliance: Appliance, directory: Directory) -> None:
    """Within seconds, however the Ping ends; what the phone asks next is refused."""
    with directory.newcomer(f"{token()}@example.org") as account:
        waiting = Waiting(appliance, account)

    ended = waiting.answered(5)

    if isinstance(ended, HttpError):
        assert ended.status == 401
    with waiting.client.connection, pytest.raises(HttpError) as raised:
        folder_sync(waiting.client)
    assert raised.value.status == 401


def test_all_processes_share_the_work(shell: Shell) -> None:
    """Each is up, has a socket for the web server, and nobody else comes near it."""
    running = shell.run(
        "systemctl", "list-units", "--plain", "--no-legend", "fermoposta-gateway@*.service"
    ).splitlines()
    assert len(running) >= 1
    assert all(" active running " in line for line in running)
    socket = "/run/fermoposta-gateway/1.sock"

    for user, may in (("www-data", True), ("sogo", False), ("fermoposta-portal", False)):
        script = f"import socket; socket.socket(socket.AF_UNIX).connect('{socket}')"
        done = shell.call("runuser", "-u", user, "--", "python3", "-c", script)
        assert (done.returncode == 0) == may, user


def test_phones_find_the_door_by_the_address(web: Web) -> None:
    """Autodiscover names it for each address of ours, existing or not (MS-ASCMD, 2.2.1.1)."""
    for address in ("ada@example.org", f"{token()}@example.org"):
        body = (
            "<Autodiscover xmlns='http://schemas.microsoft.com/exchange/autodiscover/mobilesync"
            f"/requestschema/2006'><Request><EMailAddress>{address}</EMailAddress>"
            f"<AcceptableResponseSchema>{PHONES}</AcceptableResponseSchema></Request>"
            "</Autodiscover>"
        )
        answer = web.ask("POST", AUTODISCOVER, body=body, headers={"Content-Type": "text/xml"})
        assert answer.status == 200
        assert f"<Url>{DOOR}</Url>" in answer.body

    found = web.ask(
        "GET",
        "https://mail.example.org/autodiscover/autodiscover.json?Protocol=ActiveSync"
        "&Email=ada@example.org",
    )
    assert DOOR in found.body


def test_a_browser_elsewhere_can_not_use_a_known_password(web: Web, ada: Account) -> None:
    """What a page of somebody else's has it send is refused."""
    sent = {"MS-ASProtocolVersion": "14.1", "Sec-Fetch-Site": "cross-site"}
    url = f"{DOOR}?{urlencode(asks('FolderSync'))}"

    assert web.ask("POST", url, account=ada, headers=sent).status == 403


def test_a_packed_bomb_is_not_unpacked(shell: Shell, ada: Account) -> None:
    """A small body that unpacks to a gigabyte costs the gateway no memory."""
    script = f"""
import base64, gzip, http.client, ssl
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
client = http.client.HTTPSConnection("mail.example.org", context=context, timeout=60)
packed = gzip.compress(bytes(50 * 1024**2)) * 20
client.request("POST", "/Microsoft-Server-ActiveSync?{urlencode(asks("FolderSync"))}", packed, {{
    "Authorization": "Basic {base64.b64encode(f"{ada.address}:{ada.password}".encode()).decode()}",
    "MS-ASProtocolVersion": "14.1",
    "Content-Encoding": "gzip",
}})
print(client.getresponse().status)
"""
    assert shell.python(script).split() in (["400"], ["413"])
