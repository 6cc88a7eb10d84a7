from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.activesync.map_mail.structures import (
    HTML,
    INVITATION,
    PDF,
    PICTURE,
    PLAIN,
    leaf,
    multi,
)

from fermoposta.activesync.map.mail.body import HTML as AS_HTML
from fermoposta.activesync.map.mail.body import Body
from fermoposta.activesync.map.mail.bodystructure import parse
from fermoposta.activesync.map.mail.envelope import Address, Envelope
from fermoposta.activesync.map.mail.errors import MailError
from fermoposta.activesync.map.mail.message import (
    Mail,
    application_data,
    changes,
    importance_of,
    timestamp,
)
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml import Element, encode

ADA = Address("Ada", "ada@example.org")
BOB = Address("Bob", "bob@example.org")
EVE = Address("", "eve@example.org")
MAIL = Mail(
    Envelope(
        subject="Re: lunch",
        from_=(ADA,),
        sender=(ADA,),
        reply_to=(ADA,),
        to=(BOB, EVE),
        cc=(EVE,),
        message_id="<m@x>",
    ),
    parse(multi("mixed", multi("related", multi("alternative", PLAIN, HTML), PICTURE), PDF)),
    datetime(2026, 11, 25, 23, 55, 39, 211_500, tzinfo=timezone(timedelta(hours=1))),
    frozenset({"\\Seen", "\\Flagged", "work"}),
)


def said(mail=MAIL, version="14.1", **rest):
    return application_data(
        mail, version, file_reference=lambda attachment: f"7:1:{attachment.section}", **rest
    )


def texts(element):
    return {each.name: each.text for each in element.elements if not each.elements}


def class_of(nested, partstat=""):
    found = texts(said(replace(MAIL, structure=parse(nested), partstat=partstat)))
    return found["MessageClass"], found["ContentClass"].rpartition(":")[2]


def test_says_what_a_list_of_mails_shows():
    """Addresses by commas, names by semicolons, times in UTC."""
    found = texts(said(native=2))

    assert found["To"] == '"Bob" <bob@example.org>, eve@example.org'
    assert (found["Cc"], found["From"]) == ("eve@example.org", '"Ada" <ada@example.org>')
    assert (found["Subject"], found["ThreadTopic"]) == ("Re: lunch", "lunch")
    assert (found["DateReceived"], found["DisplayTo"]) == (
        "2026-11-25T22:55:39.211Z",
        "Bob; eve@example.org",
    )
    assert (found["Importance"], found["Read"], found["InternetCPID"]) == ("1", "1", "65001")
    assert (found["MessageClass"], found["NativeBodyType"]) == ("IPM.Note", "2")
    assert not found.keys() & {"ReplyTo", "Sender", "LastVerbExecuted"}


def test_elements_come_in_one_order_each_once():
    """Text and attachments where Exchange has them, what is newer behind what is older."""
    body = Body(AS_HTML, 2, "hi")
    invitation = Element("Email:MeetingRequest")
    names = [each.name for each in said(body=body, meeting=invitation, native=2).elements]

    assert names == [
        "To", "Cc", "From", "Subject", "DateReceived", "DisplayTo", "ThreadTopic", "Importance",
        "Read", "Attachments", "Body", "MessageClass", "MeetingRequest", "InternetCPID", "Flag",
        "Categories", "ContentClass", "NativeBodyType", "ConversationId", "ConversationIndex",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("12.1", set()),
        ("14.0", {"ConversationId", "ConversationIndex", "Categories", "Sender"}),
        (
            "16.1",
            {"ConversationId", "ConversationIndex", "Categories", "Sender", "IsDraft", "Bcc"},
        ),
    ],
)
def test_a_version_is_sent_what_it_knows(version, known):
    """Nothing else; an older client would refuse the whole answer."""
    mail = replace(MAIL, envelope=replace(MAIL.envelope, sender=(EVE,), bcc=(BOB,)))
    found = said(mail, version)

    newer = {"ConversationId", "ConversationIndex", "Categories", "Sender", "IsDraft", "Bcc"}
    assert {each.name for each in found.elements} & newer == known


def test_conversations_are_opaque():
    """Their bytes are no text."""
    found = said()

    assert len(found.find("Email2:ConversationId").data) == 16
    assert isinstance(found.find("Email2:ConversationIndex").children[0], bytes)


def test_attachments_have_what_a_client_needs_to_fetch_and_to_show_them():
    """The picture of the HTML is inline, by its id; the file is not."""
    picture, pdf = said().find("AirSyncBase:Attachments").elements

    assert texts(picture) == {
        "DisplayName": "part-1.2.png",
        "FileReference": "7:1:1.2",
        "Method": "1",
        "EstimatedDataSize": "57",
        "ContentId": "logo@x",
        "IsInline": "1",
    }
    assert texts(pdf) == {
        "DisplayName": "a.pdf",
        "FileReference": "7:1:2",
        "Method": "1",
        "EstimatedDataSize": "570",
    }
    assert said(replace(MAIL, structure=parse(PLAIN))).find("AirSyncBase:Attachments") is None


@pytest.mark.parametrize(
    ("flags", "version", "found"),
    [
        ([], "12.1", ["Read 0", "Flag "]),
        ([], "14.0", ["Read 0", "Flag ", "Categories "]),
        (["\\Seen", "\\Flagged"], "12.1", ["Read 1", "Flag 2Flag for follow up"]),
        (
            ["red", "\\Answered", "$Forwarded"],
            "16.0",
            ["Read 0", "Flag ", "Categories red", "LastVerbExecuted 1"],
        ),
        (["$Forwarded"], "14.1", ["Read 0", "Flag ", "Categories ", "LastVerbExecuted 3"]),
    ],
)
def test_a_change_tells_the_flags(flags, version, found):
    """With empty elements for what there is no longer."""
    told = changes(flags, version).elements

    assert [
        f"{each.name} {each.text}{''.join(inner.text for inner in each.elements)}" for each in told
    ] == found


@pytest.mark.parametrize(
    ("nested", "partstat", "found"),
    [
        (PLAIN, "", ("IPM.Note", "message")),
        (INVITATION, "", ("IPM.Schedule.Meeting.Request", "calendarmessage")),
        (
            leaf("text", "calendar", params=("method", "cancel")),
            "",
            ("IPM.Schedule.Meeting.Canceled", "calendarmessage"),
        ),
        (
            leaf("text", "calendar", params=("method", "REPLY")),
            "declined",
            ("IPM.Schedule.Meeting.Resp.Neg", "calendarmessage"),
        ),
        (leaf("text", "calendar", params=("method", "REPLY")), "", ("IPM.Note", "message")),
        (leaf("text", "calendar"), "", ("IPM.Note", "message")),
        (leaf("application", "pkcs7-mime"), "", ("IPM.Note.SMIME", "message")),
        (
            multi("signed", PLAIN, leaf("application", "x-pkcs7-signature")),
            "",
            ("IPM.Note.SMIME.MultipartSigned", "message"),
        ),
        (
            multi("signed", PLAIN, leaf("application", "pgp-signature")),
            "",
            ("IPM.Note", "message"),
        ),
        (
            multi("report", PLAIN, params=("report-type", "delivery-status")),
            "",
            ("REPORT.IPM.NOTE.NDR", "message"),
        ),
    ],
)
def test_the_class_says_what_a_mail_is(nested, partstat, found):
    """An invitation gets its buttons, a signed mail is fetched as MIME."""
    assert class_of(nested, partstat) == found


@pytest.mark.parametrize(
    ("headers", "level"),
    [
        ({}, 1),
        ({"importance": " High"}, 2),
        ({"importance": "low", "x-priority": "1"}, 0),
        ({"x-priority": "2 (High)"}, 2),
        ({"x-priority": "5"}, 0),
        ({"importance": "?", "x-priority": "x"}, 1),
    ],
)
def test_importance_is_the_senders(headers, level):
    """By either header."""
    assert importance_of(headers) == level


def test_a_list_too_long_ends_between_addresses():
    """32,768 characters is what To may have."""
    many = tuple(Address("", f"user{number}@example.org") for number in range(3_000))
    found = texts(said(replace(MAIL, envelope=replace(MAIL.envelope, to=many))))

    assert len(found["To"]) <= 32_768
    assert found["To"].endswith("@example.org")
    assert said(replace(MAIL, envelope=Envelope())).find("Email:To") is None


def test_replies_go_where_the_sender_wants_them():
    """Told only where that is another address."""
    mail = replace(MAIL, envelope=replace(MAIL.envelope, reply_to=(BOB, EVE)))

    assert texts(said(mail))["ReplyTo"] == '"Bob" <bob@example.org>; eve@example.org'


def test_what_can_not_be_said_is_an_error_of_ours():
    """A time without a zone, a time that UTC doesn't have, a version that is none."""
    for moment in (
        datetime(2026, 1, 1),  # noqa: DTZ001
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
    ):
        with pytest.raises(MailError):
            said(replace(MAIL, received=moment))
    with pytest.raises(MailError):
        said(version="2.5")
    assert timestamp(datetime(1, 2, 3, tzinfo=UTC)) == "0001-02-03T00:00:00.000Z"


anything = st.text(st.characters(), max_size=9)
people = st.lists(st.builds(Address, anything, anything), max_size=2).map(tuple)


@given(
    st.builds(
        Envelope, anything, people, people, people, people, people, people, anything, anything
    ),
    st.frozensets(anything, max_size=3),
    st.sampled_from(VERSIONS),
)
def test_any_mail_can_be_sent(envelope, flags, version):
    """Control characters and halves of surrogate pairs don't stop a folder."""
    encode(said(replace(MAIL, envelope=envelope, flags=flags), version))
