import pytest
from tests.unit.activesync.map_mail.structures import (
    HTML,
    INVITATION,
    MAIL,
    PDF,
    PICTURE,
    PLAIN,
    leaf,
    multi,
)

from fermoposta.activesync.map.mail.bodystructure import parse
from fermoposta.activesync.map.mail.contents import Attachment, contents

BOTH = multi("alternative", PLAIN, HTML)
NOTE = leaf("text", "plain", disposition=("attachment", "note.txt"))


def chosen(nested):
    found = contents(parse(nested))
    texts = (found.plain, found.html, found.calendar)
    return (
        [part and part.section for part in texts],
        [each.section for each in found.attachments],
    )


@pytest.mark.parametrize(
    ("nested", "texts", "attachments"),
    [
        (PLAIN, ["1", None, None], []),
        (HTML, [None, "1", None], []),
        (PDF, [None, None, None], ["1"]),
        (NOTE, [None, None, None], ["1"]),
        (BOTH, ["1", "2", None], []),
        (multi("mixed", BOTH, PDF), ["1.1", "1.2", None], ["2"]),
        (multi("mixed", PDF, PLAIN), ["2", None, None], ["1"]),
        (multi("mixed", PLAIN, NOTE), ["1", None, None], ["2"]),
        (multi("mixed", PLAIN, HTML), ["1", None, None], ["2"]),
        (multi("related", HTML, PICTURE), [None, "1", None], ["2"]),
        (multi("alternative", PLAIN, multi("related", HTML, PICTURE)), ["1", "2.1", None], ["2.2"]),
        (multi("alternative", PLAIN, multi("mixed", HTML, PDF)), ["1", "2.1", None], ["2.2"]),
        (multi("alternative", PLAIN, HTML, INVITATION), ["1", "2", "3"], []),
        (multi("mixed", PLAIN, INVITATION), ["1", None, "2"], []),
        (multi("alternative", leaf("text", "enriched"), PLAIN), ["2", None, None], []),
        (multi("alternative", PLAIN, leaf("application", "x")), ["1", None, None], ["2"]),
        (multi("mixed", PLAIN, MAIL), ["1", None, None], ["2"]),
        (multi("signed", BOTH, leaf("application", "pgp-signature")), ["1.1", "1.2", None], ["2"]),
        (multi("related", PICTURE, HTML, params=("start", "<x>")), [None] * 3, ["1", "2"]),
    ],
)
def test_tells_texts_from_attachments(nested, texts, attachments):
    """Plain, HTML and invitation; then all that is shown as a file."""
    assert chosen(nested) == (texts, attachments)


def test_the_root_of_related_parts_need_not_be_the_first():
    """RFC 2387, section 3.2."""
    root = leaf("text", "html", id_="<root>")

    assert chosen(multi("related", PICTURE, root, params=("start", "<root>"))) == (
        [None, "2", None],
        ["1"],
    )


def test_a_file_has_a_name_a_size_and_a_method():
    """The size is of the content, not of its base64; what HTML shows is inline."""
    found = contents(parse(multi("mixed", multi("related", HTML, PICTURE), PDF, MAIL)))

    assert found.attachments == (
        Attachment("1.2", "part-1.2.png", "image/png", 57, "logo@x", inline=True),
        Attachment("2", "a.pdf", "application/pdf", 570),
        Attachment("3", "Äpfel  a b.eml", "message/rfc822", 900, method=5),
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("a\r\nb\0.txt", "a b.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("dir/", "part-1.pdf"),
    ],
)
def test_a_name_is_no_path_and_hides_nothing(given, shown):
    """Whatever the sender calls it."""
    nested = leaf("application", "pdf", disposition=("attachment", given))

    assert contents(parse(nested)).attachments[0].name == shown


def test_what_nothing_refers_to_is_not_hidden():
    """A picture that claims to be inline, but has no id, is a file."""
    picture = leaf("image", "png", disposition=("inline", "a.png"))

    assert not contents(parse(multi("mixed", PLAIN, picture))).attachments[0].inline
