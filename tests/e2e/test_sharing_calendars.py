"""Calendars and address books that others open, by CalDAV, CardDAV and in the webmail."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from clients.directory import PASSWORD
from clients.disturbance import disturbed
from clients.mail import token
from clients.sharing import BOUND, Rights
from clients.waiting import wait_for
from clients.web import WEBMAIL, Web
from clients.webmail import Session

from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clients.directory import Directory
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

HOST = "https://mail.example.org/SOGo"
EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//client.test//EN\r
BEGIN:VEVENT\r
UID:{uid}\r
DTSTAMP:20260101T000000Z\r
DTSTART:20260301T{hour}0000Z\r
DTEND:20260301T{hour}3000Z\r
SUMMARY:{title}\r
{more}END:VEVENT\r
END:VCALENDAR\r
"""
PRIVATE = "CLASS:PRIVATE\r\n"
QUERY = """<?xml version="1.0"?>
<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
<d:prop><c:calendar-data/></d:prop>
<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"/></c:comp-filter></c:filter>
</c:calendar-query>"""
POST = """
import json, sys, urllib.error, urllib.request
url = "http://127.0.0.1:20006/SOGo" + sys.argv[1]
request = urllib.request.Request(url, b"{}", json.loads(sys.argv[2]), method="POST")
try:
    print(urllib.request.urlopen(request, timeout=60).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{title}\r\nN:{title};;;;\r\nEND:VCARD\r\n"


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


@pytest.fixture(scope="module")
def rights(shell: Shell) -> Rights:
    return Rights(shell)


@pytest.fixture(scope="module")
def pair(directory: Directory, web: Web) -> Iterator[tuple[Account, Account]]:
    """An owner with a calendar and an address book, and a colleague without any right."""
    mark = token()
    address = [f"{name}.{mark}@example.org" for name in ("luca", "stefania")]
    user = {"name": "Collega", "language": "it", "password": PASSWORD}
    with directory.changed(users=dict.fromkeys(address, user)):
        owner, other = (Account(each, PASSWORD, "user") for each in address)
        for account in (owner, other):  # SOGo makes them at the first visit
            for module in ("Calendar", "Contacts"):
                assert web.ask("PROPFIND", folder(account, module), account=account).status == 207
        yield owner, other


def folder(owner: Account, module: str = "Calendar") -> str:
    """Return the address of a folder in the owner's own tree."""
    return f"{HOST}/dav/{owner.address}/{module}/personal/"


def seen(owner: Account, other: Account, module: str = "Calendar") -> str:
    """Return the address of the owner's folder in the tree of who may see it."""
    return f"{HOST}/dav/{other.address}/{module}/{named(owner)}_personal/"


def named(owner: Account) -> str:
    """Return an address as SOGo writes it into the name of somebody else's folder."""
    return owner.address.replace("@", "_A_").replace(".", "_D_")


def put(
    web: Web, url: str, account: Account, title: str, kind: str, hour: str = "09", more: str = ""
) -> int:
    uid = url.rpartition("/")[2]
    body = (EVENT if kind == "Calendar" else CARD).format(
        uid=uid, title=title, hour=hour, more=more
    )
    return web.ask("PUT", url, account=account, body=body).status


@pytest.mark.feature("F093", "F095", "F098", "F083")
@pytest.mark.parametrize(("module", "name"), [("Calendar", "calendar"), ("Contacts", "contacts")])
def test_a_profile_on_a_folder_that_is_no_mail(
    web: Web, rights: Rights, pair: tuple[Account, Account], module: str, name: str
) -> None:
    """
    Nothing before; read only reads; a secretary adds, moves and cancels; then nothing again.

    Nothing is, of a calendar, when its owner is busy: that a colleague always sees.
    """
    owner, other = pair
    item, title = f"{folder(owner, module)}{uuid.uuid4()}", token()
    assert put(web, item, owner, title, module) == 201
    shared = seen(owner, other, module) + item.rpartition("/")[2]

    def status(method: str = "GET", url: str = shared) -> int:
        return web.ask(method, url, account=other).status

    def reads(url: str = shared) -> bool:
        return title in web.ask("GET", url, account=other).body

    assert not reads()
    assert not reads(item)
    if module == "Contacts":
        assert status() in {403, 404}

    rights.set(owner.address, name, other.address, profile="no_rights")
    rights.set(owner.address, name, other.address, profile="read_only")
    wait_for("the first look", reads, seconds=BOUND)
    assert put(web, shared, other, "changed", module) in {403, 404}
    assert put(web, f"{seen(owner, other, module)}{uuid.uuid4()}", other, "x", module) == 403
    assert status("DELETE") in {403, 404}
    if module == "Calendar":  # it is among the grantee's own, without having been looked for
        listed = Session(web, other).ask("GET", f"/so/{other.address}/Calendar/calendarslist")
        assert named(owner) in listed

    rights.set(owner.address, name, other.address, profile="secretary")
    new = f"{seen(owner, other, module)}{uuid.uuid4()}"
    wait_for(
        "the secretary", lambda: put(web, new, other, "Riunione", module) == 201, seconds=BOUND
    )
    assert put(web, new, other, "Riunione", module, hour="11") == 204
    own = folder(owner, module) + new.rpartition("/")[2]
    assert "Riunione" in web.ask("GET", own, account=owner).body
    if module == "Calendar":
        assert "T110000Z" in web.ask("GET", own, account=owner).body
    assert status("DELETE", new) == 204
    assert web.ask("GET", own, account=owner).status == 404

    rights.remove(owner.address, name, other.address)
    wait_for("the end", lambda: not reads(), seconds=BOUND)


@pytest.mark.feature("F090")
def test_a_shared_mailbox_opens_in_the_webmail(
    web: Web, rights: Rights, pair: tuple[Account, Account], bob: Account
) -> None:
    """Who was given it finds its folders beside the own ones, by itself; others don't."""
    owner, other = pair

    def folders(account: Account) -> str:
        return Session(web, account).ask("GET", f"/so/{account.address}/Mail/0/view")

    rights.set(owner.address, "/", other.address, profile="read_only")

    inbox = f'"path":"Condivise/{owner.address}/INBOX"'
    wait_for("the mailbox", lambda: inbox in folders(other), seconds=BOUND)
    assert owner.address not in folders(bob)
    rights.remove(owner.address, "/", other.address)


@pytest.mark.feature("F086", "F088", "F089")
def test_what_is_shared_in_the_webmail_is_the_directorys(
    web: Web, rights: Rights, pair: tuple[Account, Account]
) -> None:
    """The owner finds the colleague, gives rights and takes them; both ways show the same."""
    owner, other = pair
    session = Session(web, owner)
    found = session.ask("GET", f"/so/{owner.address}/usersSearch?search={other.address[:12]}")
    assert other.address in found
    assert "hank@example.net" not in session.ask(
        "GET", f"/so/{owner.address}/usersSearch?search=hank"
    )
    calendar = f"/so/{owner.address}/Calendar/personal"

    session.ask("GET", f"{calendar}/addUserInAcls?uid={other.address}")
    # Somebody new has no right until the owner chooses.
    wait_for(
        "the new grantee",
        lambda: rights.profile(owner.address, "calendar", other.address) == "no_rights",
        seconds=BOUND,
    )
    rights.set(owner.address, "calendar", other.address, profile="secretary")
    wait_for(
        "the webmail to show it",
        lambda: "Modifier" in session.ask("GET", f"{calendar}/userRights?uid={other.address}"),
        seconds=BOUND,
    )
    session.ask("GET", f"{calendar}/removeUserFromAcls?uid={other.address}")

    wait_for(
        "the grant's end",
        lambda: rights.profile(owner.address, "calendar", other.address) is None,
        seconds=BOUND,
    )


def titles(web: Web, calendar: str, reader: Account) -> str:
    """Return what somebody reads of a calendar, by one query as a client's window makes it."""
    answer = web.ask(
        "REPORT",
        calendar,
        account=reader,
        body=QUERY,
        headers={"Content-Type": "application/xml", "Depth": "1"},
    )
    return answer.body if answer.status == 207 else ""


@pytest.mark.feature("F094")
def test_a_calendar_opens_by_its_owners_name_and_nothing_is_kept_of_it(
    web: Web, rights: Rights, pair: tuple[Account, Account], bob: Account
) -> None:
    """
    Whoever may read it does so at its own address, with nothing to add or to subscribe before.

    That is what the server gives to a window that is open for a while. Others see when the owner is
    busy, as of any colleague. When the right ends, nothing is left in the grantee's list.
    """
    owner, other = pair
    title = token()
    assert put(web, f"{folder(owner)}{uuid.uuid4()}", owner, title, "Calendar") == 201
    mine = f"{HOST}/dav/{other.address}/Calendar/"

    def listed() -> str:
        answer = web.ask("PROPFIND", mine, account=other, headers={"Depth": "1"})
        assert answer.status == 207
        return answer.body

    wait_for("a list of their own alone", lambda: named(owner) not in listed(), seconds=BOUND)
    assert title not in titles(web, folder(owner), other)
    rights.set(owner.address, "calendar", other.address, profile="read_only")
    wait_for("the calendar", lambda: title in titles(web, folder(owner), other), seconds=BOUND)
    assert title not in titles(web, folder(owner), bob)
    rights.remove(owner.address, "calendar", other.address)

    wait_for("its end", lambda: title not in titles(web, folder(owner), other), seconds=BOUND)
    wait_for("the list without it", lambda: named(owner) not in listed(), seconds=BOUND)


@pytest.mark.feature("F096")
def test_an_appointment_is_copied_or_moved_between_calendars(
    web: Web, rights: Rights, pair: tuple[Account, Account]
) -> None:
    """
    By the webmail's own two commands: a copy is in both calendars, what is moved in the new one.

    Into a calendar goes what one may create there, out of it what one may delete.
    """
    owner, other = pair
    mine, theirs = folder(other), folder(owner)
    shared = f"{named(owner)}_personal"
    session = Session(web, other)

    def drag(command: str, event: str, source: str, target: str) -> bool:
        path = f"/so/{other.address}/Calendar/{source}/{event}/{command}"
        value = json.dumps({"destination": target})
        answer = web.ask("POST", WEBMAIL + path, body=value, headers=session.headers)
        return answer.status == 204

    def where(title: str) -> tuple[bool, bool]:
        """Say whether the grantee's own calendar has it, and whether the owner's has."""
        return title in titles(web, mine, other), title in titles(web, theirs, owner)

    def new(calendar: str, account: Account) -> tuple[str, str]:
        event, title = str(uuid.uuid4()), token()
        assert put(web, calendar + event, account, title, "Calendar") == 201
        return event, title

    rights.set(owner.address, "calendar", other.address, profile="read_only")
    event, title = new(theirs, owner)
    wait_for("the right to read", lambda: title in titles(web, theirs, other), seconds=BOUND)
    assert not drag("move", event, shared, "personal")
    assert where(title) == (False, True)
    assert drag("copy", event, shared, "personal")
    assert where(title) == (True, True)
    own, own_title = new(mine, other)
    assert not drag("copy", own, "personal", shared)
    assert not drag("move", own, "personal", shared)
    assert where(own_title) == (True, False)

    # Who may create, and not delete, takes nothing away.
    rights.single(owner.address, "calendar", other.address, ["visible", "read", "create"])
    wait_for("the right to create", lambda: drag("copy", own, "personal", shared), seconds=BOUND)
    assert where(own_title) == (True, True)
    event, title = new(theirs, owner)
    assert not drag("move", event, shared, "personal")
    assert where(title) == (False, True)

    rights.set(owner.address, "calendar", other.address, profile="secretary")
    wait_for("the right to delete", lambda: drag("move", event, shared, "personal"), seconds=BOUND)
    assert where(title) == (True, False)
    back, back_title = new(mine, other)
    assert drag("move", back, "personal", shared)
    assert where(back_title) == (False, True)

    rights.remove(owner.address, "calendar", other.address)
    wait_for("the end", lambda: back_title not in titles(web, theirs, other), seconds=BOUND)


def test_what_a_grantee_deletes_in_a_calendar_comes_back_to_its_owner(
    web: Web, shell: Shell, rights: Rights, pair: tuple[Account, Account]
) -> None:
    """It is kept for the owner, not for whoever deleted it, and it is in the calendar again."""
    owner, other = pair
    name, title = str(uuid.uuid4()), token()
    assert put(web, folder(owner) + name, owner, title, "Calendar") == 201
    rights.set(owner.address, "calendar", other.address, profile="secretary")
    wait_for(
        "the deletion",
        lambda: web.ask("DELETE", seen(owner, other) + name, account=other).status == 204,
        seconds=BOUND,
    )
    rights.remove(owner.address, "calendar", other.address)
    assert title not in titles(web, folder(owner), owner)

    def deleted(account: Account) -> list[dict[str, str]]:
        found = json.loads(shell.run("fermoposta", "restore", "list", "--json", account.address))
        return [item for item in found if item["name"] == title]

    assert deleted(other) == []
    [item] = deleted(owner)
    shell.run("fermoposta", "restore", "items", owner.address, item["id"])

    assert title in titles(web, folder(owner), owner)


@dataclass(frozen=True)
class Drag:
    """Somebody who moves events in the webmail, and where those are then."""

    web: Web
    session: Session
    account: Account

    def send(self, method: str, path: str, body: str = "{}", kind: str = "application/json") -> int:
        url = f"{WEBMAIL}/so/{self.account.address}/Calendar/{path}"
        headers = {**self.session.headers, "Content-Type": kind}
        return self.web.ask(method, url, body=body, headers=headers).status

    def move(self, event: str, source: str, target: str = "personal") -> int:
        return self.send("POST", f"{source}/{event}/move", json.dumps({"destination": target}))

    def new(self, owner: Account, more: str = "") -> tuple[str, str]:
        """Make an event in the owner's calendar and return its name and its title."""
        event, title = str(uuid.uuid4()), token()
        url = folder(owner) + event
        assert put(self.web, url, owner, title, "Calendar", more=more) == 201
        return event, title

    def has(self, title: str) -> bool:
        return title in titles(self.web, folder(self.account), self.account)


def secretary(web: Web, rights: Rights, owner: Account, other: Account) -> Drag:
    """Let *other* delete in the owner's calendar, and wait until that works."""
    rights.set(owner.address, "calendar", other.address, profile="secretary")
    drag = Drag(web, Session(web, other), other)

    def moved() -> bool:
        event, _ = drag.new(owner)
        return drag.move(event, f"{named(owner)}_personal") == 204

    wait_for("the right to delete", moved, seconds=BOUND)
    return drag


def test_a_private_event_is_moved_to_nobody_who_may_not_read_it(
    web: Web, shell: Shell, rights: Rights, pair: tuple[Account, Account]
) -> None:
    """
    Not by the webmail's command, however it is written, and not where it comes past nginx.

    The event is where it was, and nothing of it is elsewhere. What is public moves.
    """
    owner, other = pair
    drag = secretary(web, rights, owner, other)
    shared = f"{named(owner)}_personal"

    def unmoved(send: Callable[[str], int]) -> None:
        event, title = drag.new(owner, PRIVATE)
        assert title not in titles(web, folder(owner), other)
        assert send(event) in {403, 500}
        assert not drag.has(title)
        assert title in titles(web, folder(owner), owner)

    form = "application/x-www-form-urlencoded"
    unmoved(lambda event: drag.move(event, shared))
    unmoved(lambda event: drag.send("GET", f"{shared}/{event}/move"))
    unmoved(lambda event: drag.send("POST", f"{shared}/{event}//mo%76e/"))
    unmoved(lambda event: drag.send("POST", f"{shared}/{event}?Cmd=move"))
    unmoved(lambda event: drag.send("POST", f"{shared}/{event}?move%3Amethod=1"))
    unmoved(lambda event: drag.send("POST", f"{shared}/{event}", "Cmd=move", form))

    def past_nginx(event: str) -> int:
        path = f"/so/{other.address}/Calendar/{shared}/{event}/move"
        headers = {"x-webobjects-remote-user": other.address, "Content-Type": "application/json"}
        with disturbed(shell):  # SOGo says that it could not delete
            return int(shell.python(POST, path, json.dumps(headers)))

    unmoved(past_nginx)
    event, title = drag.new(owner)
    assert drag.move(event, shared) == 204
    assert drag.has(title)
    rights.remove(owner.address, "calendar", other.address)


def test_an_owner_moves_a_private_event_between_own_calendars(
    web: Web, pair: tuple[Account, Account]
) -> None:
    """In the webmail and by CalDAV, there and back."""
    owner, _ = pair
    drag = Drag(web, Session(web, owner), owner)
    path = f"/so/{owner.address}/Calendar/createFolder"
    second = json.loads(drag.session.ask("POST", path, {"name": "Seconda"}))["id"]
    away = folder(owner).replace("/personal/", f"/{second}/")
    event, title = drag.new(owner, PRIVATE)

    assert drag.move(event, "personal", second) == 204
    assert title in titles(web, away, owner)
    assert not drag.has(title)
    name = f"{event}.ics"
    back = {"Destination": folder(owner) + name}
    assert web.ask("MOVE", away + name, account=owner, headers=back).status in {201, 204}
    assert drag.has(title)
    assert title not in titles(web, away, owner)


def test_an_invitation_to_a_private_event_arrives(web: Web, pair: tuple[Account, Account]) -> None:
    """Who is invited has the whole of it in their own calendar."""
    owner, other = pair
    drag = Drag(web, Session(web, other), other)
    guests = f"ORGANIZER:mailto:{owner.address}\r\nATTENDEE:mailto:{other.address}\r\n"

    _, title = drag.new(owner, PRIVATE + guests)

    assert drag.has(title)


@pytest.mark.parametrize("module", ["Calendar", "Contacts"])
def test_a_client_moves_what_is_its_users_own_and_nothing_else(
    web: Web, rights: Rights, pair: tuple[Account, Account], bob: Account, module: str
) -> None:
    """SOGo asks for no right there: a colleague took what they could not even read."""
    owner, other = pair
    rights.set(owner.address, module.lower(), other.address, profile="read_only")
    item, title = str(uuid.uuid4()), token()
    assert put(web, folder(owner, module) + item, owner, title, module) == 201

    def move(source: str, target: str, account: Account, method: str = "MOVE") -> int:
        headers = {"Destination": target + item, "Overwrite": "F"}
        return web.ask(method, source + item, account=account, headers=headers).status

    def stays() -> bool:
        return title in web.ask("GET", folder(owner, module) + item, account=owner).body

    for thief in (bob, other):
        for source in (folder(owner, module), seen(owner, thief, module)):
            for method in ("MOVE", "M-OVE", "COPY"):
                assert move(source, folder(thief, module), thief, method) == 403
                assert stays()
    # Nor does anybody put something where they may not, or under another's name.
    assert move(folder(owner, module), seen(other, owner, module), owner) == 403
    wrong = Account(owner.address, "wrong", "user")
    assert move(folder(owner, module), folder(owner, module), wrong) == 401
    assert stays()
    rights.remove(owner.address, module.lower(), other.address)
