"""What is asked of the webmail's server, and what becomes of its answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

import httpx
import pytest

from fermoposta.mailstore.dav import DavGroupware, shared_client
from fermoposta.mailstore.dav.answers import escaped
from fermoposta.mailstore.groupware import (
    AwayError,
    ChangedError,
    CollectionMissingError,
    DeniedError,
    InvalidError,
    Kind,
    ObjectMissingError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ADDRESS = "ada@example.org"
PATH = "Calendar/personal"
HOME = f"/SOGo/dav/{ADDRESS}"
MULTISTATUS = (
    '<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">{}</D:multistatus>'
)
EVENT = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


def there(name: str, etag: str, data: str = "") -> str:
    return (
        f"<D:response><D:href>{HOME}/{PATH}/{name}</D:href><D:propstat><D:prop>"
        f"<D:getetag>{etag}</D:getetag><C:calendar-data>{data}</C:calendar-data></D:prop>"
        "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
    )


def gone(name: str) -> str:
    return (
        f"<D:response><D:href>{HOME}/{PATH}/{name}</D:href>"
        "<D:status>HTTP/1.1 404 Not Found</D:status></D:response>"
    )


class Server:
    """Answers *answers* in their order, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def run(server: Server, ask: Callable[[DavGroupware], Awaitable[object]]) -> object:
    async def within() -> object:
        async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as client:
            urls = "http://loud:1/SOGo", "http://quiet:2/SOGo"
            return await ask(DavGroupware(ADDRESS, "Secret-1", urls[0], client, quiet=urls[1]))

    return asyncio.run(within())


def status(code: int, *parts: str) -> httpx.Response:
    return httpx.Response(code, text=MULTISTATUS.format("".join(parts)))


def synced(token: int, *parts: str) -> httpx.Response:
    return status(207, *parts, f"<D:sync-token>{token}</D:sync-token>")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (status(401), DeniedError),
        (status(403), DeniedError),
        (status(404), CollectionMissingError),
        (status(412), ChangedError),
        (status(400), InvalidError),
        (status(500), AwayError),
        (status(503), AwayError),
        (status(302), AwayError),
        (httpx.ConnectError("refused"), AwayError),
        (httpx.ReadTimeout("slow"), AwayError),
        (httpx.Response(207, text="<html>"), AwayError),
        (httpx.Response(207, text="<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), AwayError),
    ],
)
def test_what_goes_wrong_has_a_name(
    answer: httpx.Response | Exception, error: type[Exception]
) -> None:
    """And the message has no password in it."""
    with pytest.raises(error) as caught:
        run(Server(answer), lambda dav: dav.changes(PATH))

    assert "Secret-1" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("method", ["changes", "delete"])
def test_only_a_question_is_asked_twice(method: str) -> None:
    """SOGo's processes end now and then; what may have been done is not done again."""
    server = Server(httpx.ReadError("cut"), synced(100), synced(100))

    if method == "changes":
        run(server, lambda dav: dav.changes(PATH))
    else:
        with pytest.raises(AwayError):
            run(server, lambda dav: dav.delete(PATH, "a.ics"))
        assert len(server.asked) == 1


def test_a_change_in_the_second_of_the_token_is_told() -> None:
    """Though SOGo's own token moves past it, and its answers say nothing of time."""
    all_of_it = (there("a.ics", '"1"'), there("b.ics", '"1"'))
    first = Server(synced(1000, *all_of_it), synced(1000, there("b.ics", '"1"')))
    start = run(first, lambda dav: dav.changes(PATH))
    assert [b"<d:sync-token></d:sync-token>" in first.asked[0].content] == [True]
    assert b"<d:sync-token>990</d:sync-token>" in first.asked[1].content

    late = Server(synced(1000, there("b.ics", '"2"')))
    now = run(late, lambda dav: dav.changes(PATH, start.token))
    assert now.changed == {"b.ics": '"2"'}

    later = Server(synced(1000, gone("b.ics")))
    end = run(later, lambda dav: dav.changes(PATH, now.token))
    assert (end.changed, end.removed) == ({}, {"b.ics"})
    assert run(later, lambda dav: dav.changes(PATH, end.token)) == type(end)(end.token)


def test_what_changes_between_two_answers_is_told() -> None:
    """The second answer, which the token is made of, may have more than the first."""
    server = Server(
        synced(1000, there("a.ics", '"1"'), there("b.ics", '"1"')),
        synced(1001, there("a.ics", '"2"'), there("c.ics", '"1"'), gone("b.ics")),
    )

    start = run(server, lambda dav: dav.changes(PATH))

    assert start.changed == {"a.ics": '"2"', "c.ics": '"1"'}
    assert start.removed == frozenset()


def test_many_objects_are_read_in_some_requests() -> None:
    """Each is asked for once; nothing is asked where no name is one."""
    server = Server(status(207, there("n.ics", '"1"', "BEGIN:VCALENDAR\nEND:VCALENDAR")))
    names = [f"{number}.ics" for number in range(120)]

    read = run(server, lambda dav: dav.read(PATH, [*names, *names, "..", "a/b"]))

    asked = [unquote(request.content.decode()).count("<d:href>") for request in server.asked]
    assert asked == [50, 50, 20]
    assert read["n.ics"].content == EVENT
    silent = Server(status(500))
    assert run(silent, lambda dav: dav.read(PATH, ["..", "a/b"])) == {}
    assert silent.asked == []


def test_a_control_character_in_a_note_breaks_nothing() -> None:
    server = Server(status(207, there("n.ics", '"1"', "BEGIN:VCALENDAR\x0b\x01\nEND:VCALENDAR")))

    read = run(server, lambda dav: dav.read(PATH, ["n.ics"]))

    assert read["n.ics"].content == EVENT


@pytest.mark.parametrize("silent", [False, True])
def test_what_is_silent_goes_to_the_quiet_instance(silent: bool) -> None:
    server = Server(status(404), httpx.Response(201, headers={"ETag": '"1"'}))
    assert run(server, lambda dav: dav.put(PATH, "a.ics", EVENT, etag=None, silent=silent)) == '"1"'
    run(server, lambda dav: dav.delete(PATH, "a.ics", silent=silent))

    hosts = [request.url.host for request in server.asked]
    assert hosts == ["loud", "quiet", "quiet"] if silent else ["loud"] * 3


def test_a_stored_object_without_an_etag_is_asked_for_it() -> None:
    server = Server(status(404), httpx.Response(201), status(207, there("a.ics", '"7"')))

    assert run(server, lambda dav: dav.put(PATH, "a.ics", EVENT, etag=None)) == '"7"'


@pytest.mark.parametrize(
    ("answer", "etag", "error"),
    [
        (status(207, there("a.ics", '"1"')), None, ChangedError),
        (status(207, there("a.ics", '"1"')), '"2"', ChangedError),
        (status(404), '"2"', CollectionMissingError),
    ],
)
def test_nothing_is_written_over_what_is_not_as_it_was_read(
    answer: httpx.Response, etag: str | None, error: type[Exception]
) -> None:
    """SOGo would write it: it is not even asked to."""
    server = Server(answer)
    with pytest.raises(error):
        run(server, lambda dav: dav.put(PATH, "a.ics", EVENT, etag=etag))
    if etag:
        with pytest.raises((error, ObjectMissingError)):
            run(server, lambda dav: dav.delete(PATH, "a.ics", etag=etag))

    assert {request.method for request in server.asked} == {"PROPFIND"}


def test_people_are_asked_for_in_one_question() -> None:
    """Whoever is in no answer is unknown; what is no address is no line of the question."""
    data = (
        "BEGIN:VCALENDAR\nBEGIN:VFREEBUSY\n"
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20270101T100000Z/2027\n 0101T110000Z,20270101T080000Z/"
        "\n 20270101T090000Z\nFREEBUSY;FBTYPE=FREE:20270101T120000Z/20270101T130000Z\n"
        "FREEBUSY:20270101T140000Z/20270101T150000Z\nEND:VFREEBUSY\nEND:VCALENDAR"
    )
    text = (
        '<c:schedule-response xmlns:c="urn:ietf:params:xml:ns:caldav"><c:response>'
        "<c:recipient>mailto:bob@example.org</c:recipient><c:request-status>2.0;Success"
        f"</c:request-status><c:calendar-data>{data}</c:calendar-data></c:response><c:response>"
        "<c:recipient>mailto:eve@example.net</c:recipient><c:request-status>3.7;Invalid"
        "</c:request-status></c:response></c:schedule-response>"
    )
    server = Server(httpx.Response(200, text=text))
    asked = ["Bob@example.org", "eve@example.net", "x@y\r\nATTENDEE:mailto:z@y", "not one"]
    day = datetime(2027, 1, 1, tzinfo=UTC)

    found = run(server, lambda dav: dav.busy(asked, day, day.replace(day=2)))

    assert [(each.start.hour, each.kind) for each in found.pop("Bob@example.org")] == [
        (8, "BUSY-TENTATIVE"),
        (10, "BUSY-TENTATIVE"),
        (14, "BUSY"),
    ]
    assert found == dict.fromkeys(asked[1:])
    (question,) = [request.content.decode() for request in server.asked]
    assert question.count("ATTENDEE:") == 2
    assert run(server, lambda dav: dav.busy(asked[2:], day, day)) == dict.fromkeys(asked[2:])
    assert len(server.asked) == 1


def test_a_password_is_in_its_users_requests_only() -> None:
    """A client that all share keeps no log-in, no cookie and no connection."""
    answer = status(207)
    answer.headers["Set-Cookie"] = "session=adas; Path=/"
    server = Server(answer)

    async def ask() -> None:
        async with shared_client(httpx.MockTransport(server)) as client:
            for name in ("ada", "bob"):
                url = "http://loud:1/SOGo"
                dav = DavGroupware(f"{name}@example.org", name, url, client, quiet=url)
                await dav.matching(PATH, Kind.EVENTS)

    asyncio.run(ask())
    ada, bob = (request.headers["Authorization"] for request in server.asked)
    assert ada != bob
    assert "Cookie" not in server.asked[1].headers
    assert server.asked[1].headers["Connection"] == "close"


def test_a_login_is_read_out_of_a_name() -> None:
    """As SOGo writes it there."""
    assert escaped("ada.l_b@example.org") == "ada_D_l_U_b_A_example_D_org"
    assert escaped("4you@x.it") == "_4you_A_x_D_it"
