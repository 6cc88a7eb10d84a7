"""ActiveSync over HTTP, as clients and strangers meet it."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.unit.gateway.doubles import PASSWORD, authorization

from fermoposta.activesync.people import DevicePolicy
from fermoposta.activesync.session import Answer
from fermoposta.activesync.store.model import Access, StoreAwayError
from fermoposta.activesync.wbxml import Element, decode, encode
from fermoposta.mailstore.mailbox import UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fermoposta.activesync.session import Asked, Session

SYNC = encode(Element("AirSync:Sync", [Element("AirSync:WindowSize", "10")]))
REALM = 'Basic realm="Fermoposta", charset="UTF-8"'


def status_of(response) -> str | None:
    return decode(response.content).elements[0].text


def test_options_name_what_works_and_nothing_else(site) -> None:
    """Versions and commands (MS-ASHTTP, section 2.2.4)."""
    response = site.ask("OPTIONS", "")

    assert response.status_code == 200
    assert response.headers["ms-asprotocolversions"] == "12.1,14.0,14.1,16.0,16.1"
    assert response.headers["ms-asprotocolcommands"] == (
        "Sync,SendMail,FolderSync,Settings,Ping,Provision"
    )
    assert response.headers["allow"] == response.headers["public"] == "OPTIONS,POST"
    assert response.content == b""


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
@pytest.mark.parametrize("moved", ["ada@example.org", "example.org"])
def test_who_has_moved_is_sent_there(site, method: str, moved: str) -> None:
    """With 451 and the other server's address (MS-ASHTTP, section 3.1.5.2.2); nothing is done."""
    site.moved[moved] = "https://eas.example.net/Microsoft-Server-ActiveSync"

    response = site.ask(method, content=SYNC)

    assert response.status_code == 451
    assert response.headers["x-ms-location"] == site.moved[moved]
    assert site.desk.sessions == []


def test_who_has_moved_is_told_to_themselves_alone(site) -> None:
    """Without the password it is the same answer as ever, and others are served here."""
    site.moved["ada@example.org"] = "https://eas.example.net/Microsoft-Server-ActiveSync"

    assert site.ask(password="wrong", content=SYNC).status_code == 401
    site.moved["bob@example.org"] = site.moved.pop("ada@example.org")
    assert site.ask(content=SYNC).status_code == 200


def test_a_command_is_carried_out(site) -> None:
    """For the user who has logged in, with the device that asks."""
    response = site.ask(content=SYNC)

    assert (response.status_code, status_of(response)) == (200, "1")
    assert response.headers["content-type"] == "application/vnd.ms-sync.wbxml"
    assert response.headers["content-length"] == str(len(response.content))
    (session,) = site.desk.sessions
    assert session.owner.address == "ada@example.org"
    assert session.owner.is_at("sales@example.org")
    assert (session.device.id, session.device.type, session.version) == ("D1", "phone", "14.1")
    assert session.language == "it"
    assert site.backends.opened[0].of == ("ada@example.org", PASSWORD)


@pytest.mark.parametrize(
    ("login", "password"),
    [
        (None, ""),
        ("ada@example.org", "wrong"),
        ("nobody@example.org", PASSWORD),
        ("ada@elsewhere.example", PASSWORD),
        ("no address", PASSWORD),
    ],
)
@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_every_refusal_is_the_same(site, login: str, password: str, method: str) -> None:
    """Nobody learns who exists, and nothing is told to who has not logged in."""
    wrong = site.ask(method, password="not the one")

    response = site.ask(method, login=login, password=password)

    assert response.status_code == wrong.status_code == 401
    assert response.headers["www-authenticate"] == REALM
    assert response.content == wrong.content == b""
    differing = {"request-id"}
    assert {k: v for k, v in response.headers.items() if k not in differing} == {
        k: v for k, v in wrong.headers.items() if k not in differing
    }
    assert not any(name.startswith("ms-as") for name in response.headers)
    assert site.desk.sessions == []


@pytest.mark.parametrize(
    "login", ["ada", "EXAMPLE\\ada", "example.org\\ada", "\\ada", "Ada@Example.org"]
)
def test_a_log_in_is_taken_however_it_is_written(site, login: str) -> None:
    """Devices put a Windows domain in front, or leave the domain away."""
    assert site.ask(login=login).status_code == 200


def test_a_short_log_in_that_could_be_two_people_is_refused(site) -> None:
    """With more than one domain a name alone says too little."""
    site.hosted = ("example.org", "example.net")

    assert site.ask(login="ada").status_code == 401
    assert site.ask(login="ada@example.org").status_code == 200


def test_a_password_may_be_in_latin_1(site) -> None:
    """As clients have it that don't look at the charset that is asked for."""
    site.judge.passwords["ada@example.org"] = "pässwörd"
    said = authorization("ada@example.org:pässwörd".encode("latin-1"))

    assert site.ask(login=None, headers={"authorization": said}).status_code == 200


@pytest.mark.parametrize(
    ("user", "status"),
    [
        ("ada@example.org", 200),
        ("ADA", 200),
        ("sales@example.org", 200),
        ("bob@example.org", 403),
        ("bob", 403),
    ],
)
def test_who_logs_in_acts_for_nobody_else(site, user: str, status: int) -> None:
    """The user of the query is the mailbox of the log-in, by any of its addresses."""
    response = site.ask(query=f"Cmd=Sync&User={user}&DeviceId=D1&DeviceType=phone")

    assert response.status_code == status
    assert len(site.desk.sessions) == (status == 200)
    assert all(each.of[0] == "ada@example.org" for each in site.backends.opened)


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {}, 400),
        ("Cmd=Sync", {}, 400),
        ("Cmd=Sync&User=ada&DeviceType=phone", {}, 400),
        ("Cmd=Sync&User=ada&DeviceId=a/b&DeviceType=phone", {}, 400),
        ("Cmd=Sync&User=ada&DeviceId=D1&DeviceType=p", {"ms-asprotocolversion": "2.5"}, 400),
        ("Cmd=Sync&User=ada&DeviceId=D1&DeviceType=p", {"ms-asprotocolversion": ""}, 400),
        ("Cmd=Nonsense&User=ada&DeviceId=D1&DeviceType=phone", {}, 501),
        ("Cmd=&User=ada&DeviceId=D1&DeviceType=phone", {}, 400),
        ("jQAJ", {}, 400),
        ("%ff", {}, 400),
    ],
)
def test_what_is_no_request_is_refused(site, query: str, headers, status: int) -> None:
    """By the client's fault, and without a body."""
    response = site.ask(query=query, headers=headers)

    assert (response.status_code, response.content) == (status, b"")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.text(
        st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=60
    ),
    body=st.binary(max_size=60),
    encoding=st.sampled_from(["identity", "gzip", "br"]),
)
def test_no_input_is_our_error(site, query: str, body: bytes, encoding: str) -> None:
    """Whatever comes, no answer begins with a five but "not here" and "not now"."""
    answer = site.ask(query=query, content=body, headers={"content-encoding": encoding})
    assert answer.status_code < 500 or answer.status_code == 501
    answer = site.ask(content=body, headers={"content-encoding": encoding})
    assert answer.status_code < 500


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PROPFIND"])
def test_there_is_nothing_to_read_here(site, method: str) -> None:
    """Only OPTIONS and POST are known (MS-ASHTTP); who tries a browser is told so."""
    response = site.ask(method)

    assert response.status_code == 405
    assert response.headers["allow"] == "OPTIONS,POST"


def test_other_paths_are_not_there(site) -> None:
    """Whatever the web server lets through."""
    assert site.ask(path="/Microsoft-Server-ActiveSync/more").status_code == 404
    assert site.ask(path="/Microsoft-Server-ActiveSync/").status_code == 200


def test_pages_elsewhere_can_not_use_a_browsers_log_in(site) -> None:
    """A browser that knows the password sends it along; it says where the page is from."""
    for origin, status in (("cross-site", 403), ("same-site", 403), ("none", 200)):
        response = site.ask(content=SYNC, headers={"sec-fetch-site": origin})
        assert response.status_code == status
    assert len(site.desk.sessions) == 1


def test_a_packed_body_is_unpacked(site) -> None:
    """Devices may send gzip."""
    assert site.ask(content=gzip.compress(SYNC), headers={"content-encoding": "gzip"}).is_success
    assert site.desk.asked[0].element == decode(SYNC)


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"x" * 100_001, "identity", 413),
        (gzip.compress(b"\0" * 10_000_000), "gzip", 413),
        (gzip.compress(SYNC)[:-3], "gzip", 400),
        (gzip.compress(SYNC) + b"x", "gzip", 400),
        (zlib.compress(SYNC), "gzip", 400),
        (b"", "gzip", 400),
        (SYNC, "br", 415),
    ],
)
def test_a_body_is_bounded_whatever_it_is_packed_into(
    site, body: bytes, encoding: str, status: int
) -> None:
    """Ten kilobytes that unpack to ten million bytes are not unpacked."""
    response = site.ask(content=body, headers={"content-encoding": encoding})

    assert response.status_code == status
    assert site.desk.asked == []


def test_who_may_not_come_in_sends_nothing(site) -> None:
    """The body of a stranger is not read."""

    async def stranger() -> list[int]:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/Microsoft-Server-ActiveSync",
            "query_string": b"",
            "headers": [],
        }
        sent = []

        async def receive() -> dict[str, object]:
            raise AssertionError("the body was asked for")

        async def send(message: dict[str, object]) -> None:
            sent.append(message.get("status"))

        await site.app(scope, receive, send)
        return sent

    assert site.runner.run(stranger())[0] == 401


@pytest.mark.parametrize(
    ("length", "accepted", "browser", "packed"),
    [
        (5000, "gzip, deflate", False, True),
        (5000, "identity", False, False),
        (100, "gzip", False, False),
        (5000, "gzip", True, False),
        (500_000, "gzip", False, True),
        (500_000, "identity", False, False),
    ],
)
def test_long_documents_are_packed_for_devices(
    site, length: int, accepted: str, browser: bool, packed: bool
) -> None:
    """Where they take it, and where it is worth it; never for a browser."""
    text = "".join(chr(97 + number % 26) for number in range(length))

    async def long(_session: Session, _asked: Asked) -> Answer:
        return Answer(Element("AirSync:Sync", [Element("AirSync:Status", text)]))

    site.desk.does = long
    headers = {"accept-encoding": accepted} | ({"sec-fetch-site": "none"} if browser else {})
    response = site.ask(headers=headers)

    assert (response.headers.get("content-encoding") == "gzip") == packed
    assert status_of(response) == text


def test_pieces_go_out_as_they_come(site) -> None:
    """A large attachment is never whole in memory: each piece is sent before the next is asked."""
    sent: list[bytes] = []
    seen: list[int] = []

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(5):
            seen.append(len(sent))
            yield bytes([number]) * 1000

    async def stream(_session: Session, _asked: Asked) -> Answer:
        return Answer(headers={"Content-Type": "application/pdf"}, pieces=pieces())

    async def ask() -> dict[bytes, bytes]:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/Microsoft-Server-ActiveSync",
            "query_string": b"Cmd=Sync&User=ada&DeviceId=D1&DeviceType=phone",
            "headers": [
                (b"authorization", authorization(f"ada:{PASSWORD}".encode()).encode()),
                (b"ms-asprotocolversion", b"14.1"),
                (b"accept-encoding", b"gzip"),
            ],
        }
        bodies = [{"type": "http.request"}]
        never = asyncio.Event()
        headers: dict[bytes, bytes] = {}

        async def receive() -> dict[str, object]:
            if not bodies:
                await never.wait()
            return bodies.pop()

        async def send(message: dict[str, object]) -> None:
            headers.update(message.get("headers", []))
            if message.get("body"):
                sent.append(message["body"])

        await site.app(scope, receive, send)
        return headers

    site.desk.does = stream
    headers = site.runner.run(ask())

    assert [piece[0] for piece in sent] == [0, 1, 2, 3, 4]
    assert seen == [0, 1, 2, 3, 4]
    assert headers[b"content-type"] == b"application/pdf"
    assert b"content-encoding" not in headers


def test_an_answer_that_breaks_off_is_not_taken_for_whole(site) -> None:
    """Dovecot went away in the middle: the end is not sent, and no second answer begins."""
    ended: list[bool] = []

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield b"some"
            raise UnavailableError("away")
        finally:
            ended.append(True)

    async def stream(_session: Session, _asked: Asked) -> Answer:
        return Answer(headers={"Content-Type": "application/pdf"}, pieces=pieces())

    async def ask() -> list[dict[str, object]]:
        sent: list[dict[str, object]] = []
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/Microsoft-Server-ActiveSync",
            "query_string": b"Cmd=Sync&User=ada&DeviceId=D1&DeviceType=phone",
            "headers": [
                (b"authorization", authorization(f"ada:{PASSWORD}".encode()).encode()),
                (b"ms-asprotocolversion", b"14.1"),
            ],
        }
        bodies = [{"type": "http.request"}]

        async def receive() -> dict[str, object]:
            if not bodies:
                await asyncio.Event().wait()
            return bodies.pop()

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await site.app(scope, receive, send)
        return sent

    site.desk.does = stream
    start, *rest = site.runner.run(ask())

    assert start["status"] == 200
    assert [(each["body"], each["more_body"]) for each in rest] == [(b"some", True)]
    assert ended == [True]


def test_a_new_device_begins_as_the_directory_says(site) -> None:
    """And one that is known stays as it is."""
    site.people.begins = Access.QUARANTINED
    assert status_of(site.ask(content=SYNC)) == "129"

    site.people.begins = Access.ALLOWED
    assert status_of(site.ask(content=SYNC)) == "129"
    site.runner.run(site.store.change_device("ada@example.org", "D1", access=Access.ALLOWED))
    assert status_of(site.ask(content=SYNC)) == "1"


def test_policies_are_asked_for_first(site) -> None:
    """A device without them is told so, as its version has it."""
    site.people.policy = DevicePolicy({"DevicePasswordEnabled": "1"})

    assert status_of(site.ask(content=SYNC)) == "142"
    assert site.ask(headers={"ms-asprotocolversion": "12.1"}).status_code == 449
    assert site.backends.opened == []


def test_when_something_is_away_devices_come_again(site) -> None:
    """Dovecot for the log-in, or the database for what is remembered."""
    site.judge.away = True
    response = site.ask()
    assert (response.status_code, response.headers["retry-after"]) == (503, "30")
    site.judge.away = False

    async def away(*_: object, **__: object) -> None:
        raise StoreAwayError("away")

    site.store.meet = away
    response = site.ask()
    assert (response.status_code, response.headers["retry-after"]) == (503, "30")


def test_who_guesses_is_told_to_wait(site) -> None:
    """Not by a 401, which would have a device ask its user for the password again and again."""
    for number in range(10):
        assert site.ask(password=f"guess {number}").status_code == 401

    response = site.ask(password="one more")

    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 60


def test_a_closed_user_has_no_way_in(site) -> None:
    """Even where the password is still believed for a moment."""
    site.people.gone.add("ada@example.org")

    response = site.ask()

    assert (response.status_code, response.headers["www-authenticate"]) == (401, REALM)


def test_a_log_in_that_ends_ends_what_waits(site) -> None:
    """A changed password or a closed user: a Ping that waits is over at once, like the rest."""

    async def forever(_session: Session, _asked: Asked) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    async def ping() -> int:
        waiting = asyncio.create_task(site.asking(command="Ping"))
        await site.desk.arrived.wait()
        site.judge.passwords["ada@example.org"] = "New1"
        site.signin.forget(["ada@example.org"])
        await site.sessions.recheck(["ada@example.org"], site.signin.still)
        async with asyncio.timeout(2):
            return (await waiting).status_code

    site.desk.does = forever
    assert site.runner.run(ping()) == 401
    site.desk.does = None
    assert site.ask().status_code == 401
    assert site.ask(password="New1").status_code == 200
    assert [each.closed for each in site.backends.opened[:2]] == [True, True]


def test_a_change_that_leaves_the_password_ends_nothing(site) -> None:
    """Somebody's telephone number was corrected: their phones go on waiting."""
    go_on = asyncio.Event()

    async def until_told(_session: Session, _asked: Asked) -> Answer:
        await go_on.wait()
        return Answer(Element("AirSync:Sync", [Element("AirSync:Status", "1")]))

    async def ping() -> int:
        waiting = asyncio.create_task(site.asking(command="Ping"))
        await site.desk.arrived.wait()
        site.signin.forget(["ada@example.org"])
        await site.sessions.recheck(["ada@example.org", "bob@example.org"], site.signin.still)
        go_on.set()
        return (await waiting).status_code

    site.desk.does = until_told
    assert site.runner.run(ping()) == 200


def test_who_hangs_up_is_not_worked_for(site) -> None:
    """A phone that lost its network asks again; the older request holds nothing any more."""
    ended = asyncio.Event()

    async def forever(_session: Session, _asked: Asked) -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    async def hang_up() -> None:
        waiting = asyncio.create_task(site.asking(command="Ping"))
        await site.desk.arrived.wait()
        waiting.cancel()
        async with asyncio.timeout(2):
            await ended.wait()

    site.desk.does = forever
    site.runner.run(hang_up())


def test_devices_of_a_user_share_what_is_open(site) -> None:
    """One mailbox for all; another user has another one."""
    for device in ("D1", "D2"):
        site.ask(query=f"Cmd=Sync&User=ada&DeviceId={device}&DeviceType=phone")
    site.ask(
        query="Cmd=Sync&User=bob&DeviceId=D1&DeviceType=phone",
        login="bob@example.org",
        password="Other456",
    )

    ada, also, bob = site.desk.sessions
    assert ada.mail is also.mail
    assert ada.hub is also.hub
    assert ada.mail is not bob.mail


def test_what_nobody_needs_is_closed(site, monkeypatch) -> None:
    """The password leaves the memory some minutes after the last request."""
    monkeypatch.setattr("fermoposta.gateway.sessions.SWEEP", 0)

    async def sweep() -> None:
        sweeping = asyncio.create_task(site.sessions.sweep())
        for _ in range(20):
            await asyncio.sleep(0)
        sweeping.cancel()

    site.ask()
    site.clock.now += 299
    site.runner.run(sweep())
    assert site.sessions.addresses == ("ada@example.org",)
    # A device that waits for an hour needs no connections but the one that watches.
    assert site.backends.opened[0].rested > 0

    site.clock.now += 2
    site.runner.run(sweep())
    assert site.sessions.addresses == ()


def test_each_request_leaves_one_line(site) -> None:
    """Who, what and how it went; nothing of the query, and no password."""
    with capture_logs() as logs:
        response = site.ask(content=SYNC)

    (line,) = [each for each in logs if each["event"] == "answered"]
    assert {k: line[k] for k in ("method", "user", "device", "command", "version", "status")} == {
        "method": "POST",
        "user": "ada@example.org",
        "device": "D1",
        "command": "Sync",
        "version": "14.1",
        "status": 200,
    }
    assert isinstance(line["ms"], int)
    assert len(response.headers["request-id"]) == 16
    assert PASSWORD not in str(logs)


def test_a_query_that_is_refused_is_not_logged(site) -> None:
    """What is wrong with it is, and where."""
    with capture_logs() as logs:
        site.ask(query="Cmd=Sync&User=ada&DeviceId=a/b&DeviceType=phone")

    (line,) = [each for each in logs if each["event"] == "request refused"]
    assert (line["place"], line["problem"]) == ("DeviceId", "names no device")
    assert "a/b" not in str(logs)


def test_an_error_of_ours_is_not_the_clients_to_read(site) -> None:
    """500, and an empty body; the log has the place."""

    async def wrong(*_: object, **__: object) -> None:
        raise ValueError("s3cret")

    site.store.meet = wrong
    with capture_logs() as logs:
        response = site.ask()

    assert (response.status_code, response.content) == (500, b"")
    assert "s3cret" not in str(logs)
    assert any(each.get("error") == "ValueError" for each in logs)
