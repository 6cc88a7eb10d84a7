from tests.unit.activesync.documents import FIRST_SYNC

from fermoposta.activesync.wbxml import Element, decode, render
from fermoposta.activesync.wbxml.codepages import TOKENS
from fermoposta.activesync.wbxml.render import HIDDEN


def test_shows_the_shape_and_the_keys():
    """A namespace stands only where it changes."""
    assert render(decode(FIRST_SYNC)).splitlines() == [
        "AirSync:Sync",
        "  Collections",
        "    Collection",
        "      SyncKey '0'",
        "      CollectionId '2'",
        "      Options",
        "        AirSyncBase:BodyPreference",
        "          Type '1'",
        "          TruncationSize '32768'",
    ]


def test_hides_what_people_write_and_what_opens_their_mailbox():
    """Bodies, subjects, passwords, messages, pictures; and what we can't know."""
    secret = "s3cret"
    document = Element(
        "AirSync:Sync",
        [
            Element("AirSyncBase:Data", secret),
            Element("AirSyncBase:Preview", secret),
            Element("Email:Subject", secret),
            Element("ComposeMail:Mime", secret.encode()),
            Element("Settings:Password", secret),
            Element("Settings:ReplyMessage", secret),
            Element("ItemOperations:Password", secret),
            Element("Search:Password", secret),
            Element("Contacts:Picture", secret),
            Element("Unknown:02-0C", secret),
        ],
    )

    assert secret not in render(document)
    assert "  AirSyncBase:Data (6 characters hidden)" in render(document).splitlines()
    assert "  ComposeMail:Mime (6 bytes)" in render(document).splitlines()
    assert "  AirSyncBase:Data 's3cret'" in render(document, reveal=True).splitlines()


def test_what_is_hidden_are_tags():
    """A misspelt one would hide nothing."""
    assert set(TOKENS) >= HIDDEN
    bodies = {tag for tag in TOKENS if tag.endswith((":Password", ":Subject", ":Preview"))}
    assert bodies <= HIDDEN


def test_a_text_makes_no_line_of_its_own():
    """Who names a folder can't write a line of our log; nor fill it."""
    folder = Element(
        "FolderHierarchy:DisplayName", "a\nlogin refused: address=ada@example.org\x1b[2J\u2028"
    )

    assert len(render(folder).splitlines()) == 1
    assert "\x1b" not in render(folder)
    assert render(Element("Email:To", "x" * 5000)).endswith("x'… (5000 characters)")
    assert len(render(Element("Email:To", "x" * 5000))) < 300
