from urllib.parse import parse_qs

import httpx
import pytest
from tests.unit.activesync.fake_server import ADA, Server

from fermoposta.activesync.client import AnswerError, HttpError, autodiscover
from fermoposta.activesync.client.autodiscover import Discovered, discover_json, discover_xml
from fermoposta.clientconfig import outlook

URL = "https://mail.example.org/Microsoft-Server-ActiveSync"
FOUND = f"""<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006">
<Culture>en:us</Culture><User><DisplayName>Ada</DisplayName></User>
<Action><Settings><Server><Type>MobileSync</Type><Url>{URL}</Url></Server></Settings></Action>
</Response></Autodiscover>"""
REFUSED = "<A><Error><ErrorCode>600</ErrorCode><Message>no</Message></Error></A>"


def test_xml_tells_where_the_mailbox_is():
    """The request asks for ActiveSync's schema, in a way that the host understands."""
    server = Server([httpx.Response(200, text=FOUND)])

    assert discover_xml(server.connection(), ADA) == Discovered(URL, None, "Ada")
    asked = outlook.parse(server.raw[0].content)
    assert (asked.address, asked.schema) == (ADA, autodiscover.RESPONSE)


def test_the_password_goes_only_to_a_server_that_asks_for_it():
    """XML may want it, JSON never does."""
    server = Server(
        [
            httpx.Response(401),
            httpx.Response(200, text=FOUND),
            httpx.Response(200, json={"Url": URL}),
        ]
    )
    connection = server.connection()

    assert discover_xml(connection, ADA).url == URL
    assert discover_json(connection, ADA).url == URL

    assert ["Authorization" in each.headers for each in server.raw] == [False, True, False]


def test_xml_may_send_to_another_address():
    """Then that one is to be asked for."""
    text = FOUND.replace(f"<Settings><Server><Type>MobileSync</Type><Url>{URL}</Url>", "")
    text = text.replace("</Server></Settings>", "<Redirect>ada@example.com</Redirect>")
    server = Server([httpx.Response(200, text=text)])

    assert discover_xml(server.connection(), ADA).redirect == "ada@example.com"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (REFUSED, "error 600"),
        ("<a/>", "neither"),
        ("<a", "no XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
    ],
)
def test_xml_that_helps_nobody_is_refused(text, words):
    """An error, another document, no document, entities."""
    server = Server([httpx.Response(200, text=text)])

    with pytest.raises(AnswerError, match=words):
        discover_xml(server.connection(), ADA)


def test_json_tells_where_the_mailbox_is():
    """By address and protocol."""
    server = Server([httpx.Response(200, json={"Protocol": "ActiveSync", "Url": URL})])

    assert discover_json(server.connection(), "o'neil+x@example.org").url == URL
    query = parse_qs(server.raw[0].url.query.decode())
    assert query["Email"] == ["o'neil+x@example.org"]
    assert query["Protocol"] == ["ActiveSync"]


@pytest.mark.parametrize("text", ["{}", "no", "[]", '{"Url": 1}'])
def test_json_that_helps_nobody_is_refused(text):
    """It must hold a Url."""
    server = Server([httpx.Response(200, text=text)])

    with pytest.raises(AnswerError, match="Url"):
        discover_json(server.connection(), ADA)


@pytest.mark.parametrize("ask", [discover_xml, discover_json])
def test_a_server_without_autodiscover_says_so(ask):
    """With HTTP's own status."""
    with pytest.raises(HttpError, match="404"):
        ask(Server([httpx.Response(404)]).connection(), ADA)
