"""Names, dates and sets as they stand in commands and answers."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.mailstore.aioimap import command, utf7, values
from fermoposta.mailstore.aioimap.errors import ProtocolError, refusal
from fermoposta.mailstore.mailbox import (
    FolderMissingError,
    ForbiddenError,
    Placed,
    Query,
    QuotaError,
    RefusedError,
)


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", b"INBOX"),
        ("Caffè & tè", b"Caff&AOg- &- t&AOg-"),
        ("&-", b"&--"),
        ("😀", b"&2D3eAA-"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
    ],
)
def test_a_name_is_spelt_in_modified_utf7(name: str, wire: bytes) -> None:
    """The example of RFC 3501, and an ampersand is never taken for a shift."""
    assert utf7.encode(name) == wire
    assert utf7.decode(wire) == name


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_comes_back(name: str) -> None:
    """Any text that has no half characters is spelt in ASCII, and read again."""
    wire = utf7.encode(name)
    assert wire.isascii()
    assert utf7.decode(wire) == name


@given(st.binary())
def test_no_name_on_the_wire_is_an_error(wire: bytes) -> None:
    """What is no modified UTF-7 stays text of some kind."""
    assert isinstance(utf7.decode(wire), str)


@given(st.binary().filter(lambda value: b"\0" not in value))
def test_nobody_smuggles_a_second_command(value: bytes) -> None:
    """A text is an atom of harmless letters, or counted to the byte."""
    spelt = command.string(value)
    if spelt != value:
        head, _, rest = spelt.partition(b"\r\n")
        assert head == b"{%d+}" % len(value)
        assert rest == value
    else:
        assert not set(spelt) & set(b' \r\n"(){}*%\\')


@pytest.mark.parametrize("flag", ["a b", "a\r\nX", "(", "", "a)", '"', "\\", "caffè", "a{3}"])
def test_what_can_be_no_keyword_is_refused(flag: str) -> None:
    """It would end the list, or the line."""
    with pytest.raises(RefusedError):
        command.flags([flag])


def test_a_text_with_a_nul_is_refused() -> None:
    """A literal may not have one."""
    with pytest.raises(RefusedError):
        command.search(Query(words=("a\0b",)))


def test_a_query_is_spelt() -> None:
    """All that is asked stands there; nothing asked is everything."""
    query = Query(
        words=("perché",),
        since=date(2026, 1, 5),
        before=date(2026, 12, 31),
        keywords=("kw",),
        header=(("Subject", "x"),),
    )
    assert command.search(query) == (
        b"SINCE 5-Jan-2026 BEFORE 31-Dec-2026 KEYWORD kw HEADER Subject x "
        b"TEXT {7+}\r\nperch\xc3\xa9"
    )
    assert command.search(Query()) == b"ALL"


def test_large_sets_become_several_commands() -> None:
    """Each is far below the 64 kB that Dovecot takes as a line, and no UID is lost."""
    uids = range(1_000_000_000, 1_000_010_000, 2)
    parts = list(command.sets(uids))
    assert len(parts) > 1
    assert all(len(part) < 16_000 for part in parts)
    assert [int(uid) for part in parts for uid in part.split(b",")] == list(uids)
    assert list(command.sets([])) == []
    assert list(command.sets(range(1, 10_000))) == [b"1:9999"]


def test_moments_are_spelt_and_read() -> None:
    """In English, whatever the host speaks, with their zone."""
    when = datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))
    assert command.moment(when) == b'"03-Feb-2026 04:05:06 -0330"'
    assert values.moment(b"03-Feb-2026 04:05:06 -0330") == when
    assert values.moment(b" 3-Feb-2026 04:05:06 +0000") == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert values.moment(b"31-Feb-2026 04:05:06 +0000").year == 1970
    for wrong in (b"", b"03-Xyz-2026 04:05:06 +0000", None, 3):
        with pytest.raises(ProtocolError):
            values.moment(wrong)


def test_copies_are_told_in_their_order() -> None:
    """Ranges may run downwards; more or fewer copies than messages are nonsense."""
    assert values.copied("9 4,7:5 1:4") == {
        4: Placed(9, 1), 7: Placed(9, 2), 6: Placed(9, 3), 5: Placed(9, 4),
    }  # fmt: skip
    assert values.copied(None) == {}
    for wrong in ("9 1:2 1", "9 1", "", "9 1:4294967295 1:4294967295", "9 : 1", "9 , ,"):
        with pytest.raises(ProtocolError):
            values.copied(wrong)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("OVERQUOTA", QuotaError),
        ("NOPERM", ForbiddenError),
        ("TRYCREATE", FolderMissingError),
        ("NONEXISTENT", FolderMissingError),
        ("CANNOT", RefusedError),
        ("", RefusedError),
    ],
)
def test_a_refusal_means_something(code: str, kind: type[Exception]) -> None:
    """What is not known by its code has the server's words."""
    error = refusal(code, "the words")
    assert type(error) is kind
    assert "the words" in str(error)
