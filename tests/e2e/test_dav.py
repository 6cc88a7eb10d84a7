"""Calendars and address books, as other programs than the webmail use them."""

from __future__ import annotations

import re
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest
from clients.mail import token
from clients.web import Web

if TYPE_CHECKING:
    from pathlib import Path

    from fermoposta_demo.appliance import Account, Appliance

EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//client.test//EN\r
BEGIN:VEVENT\r
UID:{uid}\r
DTSTAMP:20260101T000000Z\r
DTSTART:20260301T090000Z\r
DTEND:20260301T100000Z\r
SUMMARY:{title}\r
END:VEVENT\r
END:VCALENDAR\r
"""
CARD = """BEGIN:VCARD\r
VERSION:3.0\r
UID:{uid}\r
FN:{name}\r
N:{name};;;;\r
EMAIL:{name}@client.example\r
END:VCARD\r
"""
VDIRSYNCER = """
[general]
status_path = "{folder}/status"

[pair {kind}]
a = "{kind}_here"
b = "{kind}_there"
collections = [["personal", "personal", "personal"]]
conflict_resolution = "b wins"

[storage {kind}_here]
type = "filesystem"
path = "{folder}/{kind}"
fileext = "{extension}"

[storage {kind}_there]
type = "{kind}"
url = "{url}"
username = "{address}"
password = "{password}"
verify = "{ca_file}"
"""
# Runs a program for which the appliance's name leads to loopback; nobody else notices.
WITH_NAMES = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
PRINCIPAL = "<d:propfind xmlns:d='DAV:'><d:prop><d:current-user-principal/></d:prop></d:propfind>"


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


@pytest.mark.parametrize(
    ("kind", "module", "extension", "entry"),
    [("caldav", "Calendar", ".ics", EVENT), ("carddav", "Contacts", ".vcf", CARD)],
)
def test_a_second_sync_has_nothing_to_do(
    appliance: Appliance,
    ada: Account,
    web: Web,
    tmp_path: Path,
    kind: str,
    module: str,
    extension: str,
    entry: str,
) -> None:
    """vdirsyncer copies both ways, and finds nothing changed when it comes again."""
    here, there = token(), token()
    sync = Vdirsyncer(appliance, ada, kind, module, extension, tmp_path)
    local = tmp_path / kind / "personal" / f"{here}{extension}"
    local.parent.mkdir(parents=True)
    local.write_text(entry.format(uid=uuid.uuid4(), title=here, name=here), newline="")
    address = f"{collection(ada, module)}{there}{extension}"
    put = web.ask(
        "PUT", address, account=ada, body=entry.format(uid=uuid.uuid4(), title=there, name=there)
    )

    sync("discover")
    first = sync("sync")
    files = {file.name: file.read_text() for file in local.parent.iterdir()}
    second = sync("sync")

    assert put.status == 201
    assert "Copying (uploading)" in first
    assert any(there in text for text in files.values())
    assert "Copying" not in second
    assert "Deleting" not in second
    assert {file.name: file.read_text() for file in local.parent.iterdir()} == files


def test_a_client_finds_the_calendars_by_the_hosts_name(ada: Account, web: Web) -> None:
    """From /.well-known/caldav a client comes to the user's principal (RFC 6764, RFC 5397)."""
    start = web.ask("PROPFIND", "https://mail.example.org/.well-known/caldav").headers["Location"]
    url = f"https://mail.example.org{start}"

    answer = web.ask("PROPFIND", url, account=ada, body=PRINCIPAL, headers={"Depth": "0"})

    assert answer.status == 207
    assert "/SOGo/dav/ada@example.org/" in answer.body.replace("%40", "@")


def test_an_event_comes_back_as_it_was_stored(ada: Account, web: Web) -> None:
    """What was put is got, under the same name, until it is deleted."""
    title = token()
    url = f"{collection(ada, 'Calendar')}{title}.ics"

    stored = web.ask("PUT", url, account=ada, body=EVENT.format(uid=uuid.uuid4(), title=title))
    got = web.ask("GET", url, account=ada)
    deleted = web.ask("DELETE", url, account=ada)
    gone = web.ask("GET", url, account=ada)

    assert [stored.status, got.status, deleted.status, gone.status] == [201, 200, 204, 404]
    assert f"SUMMARY:{title}\r\n" in got.body


@pytest.mark.parametrize("module", ["Calendar", "Contacts"])
@pytest.mark.parametrize("reader", ["chiara@example.org", "hank@example.net"])
def test_nobody_reads_what_is_anothers(
    appliance: Appliance, ada: Account, web: Web, module: str, reader: str
) -> None:
    """
    Without a grant, neither a colleague nor another company sees a calendar or a book.

    A colleague is told when somebody is busy, and nothing else.
    """
    title = token()
    url = f"{collection(ada, module)}{title}"
    entry = (EVENT if module == "Calendar" else CARD).format(uid=title, title=title, name=title)
    other = appliance.account(reader)

    stored = web.ask("PUT", url, account=ada, body=entry)
    got = web.ask("GET", url, account=other)
    listed = web.ask("PROPFIND", collection(ada, module), account=other, headers={"Depth": "1"})
    written = web.ask("PUT", f"{url}-2", account=other, body=entry)
    anonymous = web.ask("GET", url)

    assert stored.status == 201
    busy = module == "Calendar" and reader.endswith("@example.org")
    assert got.status in ({200} if busy else {403, 404})
    assert f"SUMMARY:{title}" not in got.body
    assert ("SUMMARY" in got.body) == busy
    assert title not in listed.body or busy
    assert written.status in {403, 404}
    assert anonymous.status == 401


def test_a_wrong_password_opens_nothing(ada: Account, web: Web) -> None:
    """CalDAV asks for the same password as everything else."""
    stranger = type(ada)(ada.address, "Wrong-1234", ada.role)

    assert web.ask("GET", collection(ada, "Calendar"), account=stranger).status == 401


@pytest.mark.feature("F154", "F158")
def test_the_company_book_is_the_companys_own(appliance: Appliance, web: Web) -> None:
    """CardDAV shows each company's users and groups to its own people, no alias, and no other's."""
    books = {
        address: listing(web, appliance.account(address))
        for address in ("ada@example.org", "hank@example.net")
    }

    assert {"sales@example.org", "bob@example.org"} <= books["ada@example.org"]
    assert {"team@example.net", "irene@example.net"} <= books["hank@example.net"]
    assert not {"info@example.org", "postmaster@example.org"} & books["ada@example.org"]
    assert not [name for name in books["ada@example.org"] if name.endswith("@example.net")]
    assert not [name for name in books["hank@example.net"] if not name.endswith("@example.net")]


@pytest.mark.feature("F154")
@pytest.mark.parametrize("name", ["info@example.org", "irene@example.net"])
def test_a_hidden_card_has_no_address(ada: Account, web: Web, name: str) -> None:
    """Asking for an alias, or for somebody of another company, by name finds nothing either."""
    book = "https://mail.example.org/SOGo/dav/ada@example.org/Contacts/directory"

    assert web.ask("GET", f"{book}/bob@example.org", account=ada).status == 200
    assert web.ask("GET", f"{book}/{name}", account=ada).status == 404


def listing(web: Web, account: Account) -> set[str]:
    """Return the names of the cards in the company's book, as an account sees it."""
    book = f"/SOGo/dav/{account.address}/Contacts/directory/"
    answer = web.ask(
        "PROPFIND", f"https://mail.example.org{book}", account=account, headers={"Depth": "1"}
    )
    return set(re.findall(f"<D:href>{re.escape(book)}([^<]+)<", answer.body))


def collection(account: Account, module: str) -> str:
    """Return the URL of somebody's own calendar or address book."""
    return f"https://mail.example.org/SOGo/dav/{account.address}/{module}/personal/"


class Vdirsyncer:
    """Debian's vdirsyncer, set up for one collection of one user."""

    def __init__(
        self,
        appliance: Appliance,
        account: Account,
        kind: str,
        module: str,
        extension: str,
        folder: Path,
    ) -> None:
        self._config = folder / "vdirsyncer.conf"
        self._hosts = folder / "hosts"
        self._hosts.write_text(f"{appliance.host} localhost mail.example.org\n")
        port = appliance.ports["https"]
        self._config.write_text(
            VDIRSYNCER.format(
                folder=folder,
                kind=kind,
                extension=extension,
                url=f"https://mail.example.org:{port}/SOGo/dav/{account.address}/{module}/",
                address=account.address,
                password=account.password,
                ca_file=appliance.ca_file,
            )
        )

    def __call__(self, command: str) -> str:
        """Run a command and return what it said."""
        program = ["vdirsyncer", "--config", str(self._config), command]
        names = ["unshare", "--mount", "sh", "-c", WITH_NAMES, "sh", str(self._hosts)]
        done = subprocess.run(
            names + program,
            input="y\n" * 4,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr
