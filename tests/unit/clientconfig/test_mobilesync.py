"""Autodiscover for phones: where they synchronise."""

from xml.etree import ElementTree as ET

import pytest

from fermoposta.clientconfig import mobilesync, outlook

URL = "https://mail.example.org/Microsoft-Server-ActiveSync"
QUESTION = f"""<?xml version="1.0" encoding="utf-8"?>
<Autodiscover
    xmlns="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006">
  <Request>
    <EMailAddress>ada@example.org</EMailAddress>
    <AcceptableResponseSchema>{mobilesync.SCHEMA}</AcceptableResponseSchema>
  </Request>
</Autodiscover>"""


def test_the_question_is_read() -> None:
    """It is Outlook's with another schema."""
    asked = outlook.parse(QUESTION.encode())

    assert asked == outlook.Request("ada@example.org", mobilesync.SCHEMA)


@pytest.mark.parametrize(("language", "culture"), [("it", "it:it"), ("en", "en:us")])
def test_a_phone_learns_where_to_synchronise(language: str, culture: str) -> None:
    """Each element in the order of the schema, in which some clients read them."""
    body = mobilesync.document(URL, "ada@example.org", language)

    root = ET.fromstring(body)  # noqa: S314 - our own document
    assert root.tag == f"{{{mobilesync.RESPONSE}}}Autodiscover"
    space = f"{{{mobilesync.SCHEMA}}}"
    told = [(e.tag.removeprefix(space), (e.text or "").strip()) for e in root[0].iter()]
    assert told == [
        ("Response", ""),
        ("Culture", culture),
        ("User", ""),
        ("DisplayName", "ada@example.org"),
        ("EMailAddress", "ada@example.org"),
        ("Action", ""),
        ("Settings", ""),
        ("Server", ""),
        ("Type", "MobileSync"),
        ("Url", URL),
        ("Name", URL),
    ]
