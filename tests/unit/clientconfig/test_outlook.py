"""Autodiscover: what Outlook asks, and what it is told."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.clientconfig import outlook
from fermoposta.clientconfig.facts import Site

QUESTION = f"""<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
  <Request>
    <EMailAddress>ada@example.org</EMailAddress>
    <AcceptableResponseSchema>{outlook.OUTLOOK}</AcceptableResponseSchema>
  </Request>
</Autodiscover>"""
NAMES = {"r": outlook.RESPONSE, "o": outlook.OUTLOOK}


def test_the_question_is_read() -> None:
    """Address and schema, whatever stands around them."""
    assert outlook.parse(QUESTION.encode()) == outlook.Request("ada@example.org", outlook.OUTLOOK)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", outlook.INVALID),
        (b"<a>", outlook.INVALID),
        (b"<a><EMailAddress> </EMailAddress></a>", outlook.INVALID),
        (b"<!DOCTYPE a [<!ENTITY b 'b'>]><a>&b;</a>", outlook.INVALID),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', outlook.INVALID),
        (b" " * (outlook.LARGEST_REQUEST + 1), outlook.INVALID),
        (
            QUESTION.replace("outlook/responseschema/2006a", "else/responseschema/2006").encode(),
            outlook.UNKNOWN_SCHEMA,
        ),
    ],
)
def test_what_cannot_be_answered_is_refused(body: bytes, code: int) -> None:
    """Broken, huge, explosive or meant for another protocol: each has its code."""
    with pytest.raises(outlook.RequestError) as raised:
        outlook.parse(body)

    assert raised.value.code == code


@given(st.binary(max_size=200))
def test_any_bytes_are_a_question_or_refused(body: bytes) -> None:
    """Nothing that a stranger posts ends in another error."""
    try:
        outlook.parse(body)
    except outlook.RequestError:
        return


def test_outlook_learns_host_ports_and_user_name(site: Site) -> None:
    """One server for all, the address as user name, each connection encrypted."""
    root = ET.fromstring(outlook.document(site, "ada@example.org"))  # noqa: S314 - our own document

    told = {
        protocol.findtext("o:Type", "", NAMES): (
            protocol.findtext("o:Server", "", NAMES),
            protocol.findtext("o:Port", "", NAMES),
            protocol.findtext("o:Encryption", "", NAMES),
            protocol.findtext("o:LoginName", "", NAMES),
        )
        for protocol in root.iterfind("o:Response/o:Account/o:Protocol", NAMES)
    }

    host, user = "mail.example.org", "ada@example.org"
    assert told == {
        "IMAP": (host, "993", "SSL", user),
        "POP3": (host, "995", "SSL", user),
        "SMTP": (host, "587", "TLS", user),
    }


def test_a_refusal_is_an_answer_too() -> None:
    """The code stands where the protocol wants it."""
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    root = ET.fromstring(outlook.refusal(outlook.UNKNOWN_ADDRESS, now))  # noqa: S314 - our own document

    error = root.find("r:Response/r:Error", NAMES)
    assert error is not None
    assert error.get("Time") == "03:04:05.000000"
    assert error.findtext("r:ErrorCode", "", NAMES) == "500"


def test_json_points_to_what_there_is_and_to_nothing_else(site: Site) -> None:
    """We do not speak of protocols that we don't have."""
    assert outlook.json_answer(site, "activesync") == (
        200,
        {"Protocol": "ActiveSync", "Url": "https://mail.example.org/Microsoft-Server-ActiveSync"},
    )
    assert outlook.json_answer(site, "AutodiscoverV1")[1]["Url"] == (
        "https://mail.example.org/autodiscover/autodiscover.xml"
    )
    assert outlook.json_answer(site, "EWS")[0] == 400
