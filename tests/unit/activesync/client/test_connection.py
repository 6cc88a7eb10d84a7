import gzip
import threading

import httpx
import pytest
from tests.unit.activesync.fake_server import ADA, WBXML, Server, tree

from fermoposta.activesync import multipart
from fermoposta.activesync.client import AnswerError, HttpError, StatusError, UnreachableError
from fermoposta.activesync.client.elements import check
from fermoposta.activesync.wbxml import Element, encode

PING = Element("Ping:Ping", [Element("Ping:Status", "1")])


@pytest.mark.parametrize("packed", [False, True])
def test_a_request_says_who_asks(packed):
    """User, device, version, policy key and password, in either form of query."""
    server = Server([PING])
    client = server.client("16.1", packed=packed)
    client.device.policy_key = 77

    assert client.ask("Ping", PING) == PING

    asked = server.requests[0]
    assert (asked.command, asked.version, asked.user) == ("Ping", "16.1", ADA)
    assert (asked.device_id, asked.device_type, asked.policy_key) == ("PHONE1", "SP", 77)
    assert server.raw[0].headers["Authorization"].startswith("Basic ")
    assert ("X-MS-PolicyKey" in server.raw[0].headers) is not packed


def test_a_name_can_be_looked_for_elsewhere():
    """The certificate and the Host header stay those of the name."""
    server = Server([PING])
    client = server.client(connect_to=("127.0.0.1", 10443))

    client.ask("Ping", PING)

    assert (server.raw[0].url.host, server.raw[0].url.port) == ("127.0.0.1", 10443)
    assert server.raw[0].headers["Host"] == "mail.example.org"
    assert server.raw[0].extensions["sni_hostname"] == "mail.example.org"


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (401, {}, "password"),
        (403, {}, "may not"),
        (449, {}, "Provision"),
        (451, {"X-MS-Location": "https://other.example/x"}, "https://other.example/x"),
        (503, {"Retry-After": "30"}, "after 30"),
        (418, {}, "no answer to this"),
    ],
)
def test_another_status_than_200_is_raised_with_its_meaning(status, headers, words):
    """And with what a device needs to go on."""
    client = Server([httpx.Response(status, headers=headers)]).client()

    with pytest.raises(HttpError, match=f"Ping: HTTP {status}.*{words}") as caught:
        client.ask("Ping", PING)

    assert caught.value.status == status
    assert caught.value.location == headers.get("X-MS-Location")
    assert caught.value.retry_after == headers.get("Retry-After")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(200, content=b"<html>"), "of no type"),
        (httpx.Response(200, content=b"x", headers={"Content-Type": "text/html"}), "text/html"),
        (httpx.Response(200, content=b"\x03\x01", headers=WBXML), "no ActiveSync document"),
        (
            httpx.Response(200, content=b"\x09", headers={"Content-Type": multipart.CONTENT_TYPE}),
            "parts",
        ),
    ],
)
def test_an_answer_that_is_no_document_is_refused(answer, words):
    """A proxy's error page is no answer of ActiveSync."""
    with pytest.raises(AnswerError, match=words):
        Server([answer]).client().ask("Ping", PING)


def test_a_server_that_is_not_there_is_an_error_of_its_own():
    """It names the server."""
    client = Server([httpx.ConnectError("refused")]).client()

    with pytest.raises(UnreachableError, match=r"mail\.example\.org can't be asked: refused"):
        client.ask("Ping", PING)


def test_compressed_answers_and_answers_in_parts_are_read():
    """Gzip is the connection's business; parts stand beside the document."""
    packed = gzip.compress(encode(PING))
    parted = multipart.encode([encode(PING), b"data"])
    server = Server(
        [
            httpx.Response(200, content=packed, headers={**WBXML, "Content-Encoding": "gzip"}),
            httpx.Response(200, content=parted, headers={"Content-Type": multipart.CONTENT_TYPE}),
        ]
    )
    client = server.client()

    assert client.ask("Ping", PING) == PING
    reply = client.ask_parts("ItemOperations", Element("ItemOperations:ItemOperations"))

    assert (reply.document, reply.parts[1]) == (PING, b"data")
    assert [each.accept_multipart for each in server.requests] == [False, True]


def test_every_exchange_is_recorded_without_the_password():
    """Also those that fail: they are what is looked for."""
    seen = []
    server = Server([PING, httpx.Response(500)])
    client = server.client(record=seen.append)

    client.ask("Ping", PING)
    with pytest.raises(HttpError):
        client.ask("Ping", PING)

    assert [(each.command, each.status) for each in seen] == [("Ping", 200), ("Ping", 500)]
    assert seen[0].request == seen[0].answer == encode(PING)
    assert "Engine1843" not in repr(seen)


def test_a_status_says_command_place_and_meaning():
    """The same number means another thing in another command."""
    answer = tree("Ping:Ping", Status=7)

    with pytest.raises(StatusError, match="Ping: status 7 in Ping:Status: the folders have") as at:
        check("Ping", answer, answer, "Ping:Status")
    assert at.value.answer is answer
    with pytest.raises(StatusError, match="the device has applied no policies"):
        check("Ping", tree("Ping:Ping", Status=142), tree("Ping:Ping", Status=142), "Ping:Status")
    assert check("Ping", tree("Ping:Ping", Status=1), tree("Ping:Ping", Status=1), "Ping:Status")
    with pytest.raises(AnswerError, match="no number"):
        check("Ping", answer, tree("Ping:Ping", Status="x"), "Ping:Status")


def test_clients_can_ask_side_by_side():
    """Each thread has its own."""
    found = []

    def run():
        found.append(Server([PING]).client().ask("Ping", PING))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [PING] * 4
