"""Bytes into answers into values, whatever the bytes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.mailstore.aioimap import frame
from fermoposta.mailstore.aioimap.errors import ProtocolError
from fermoposta.mailstore.aioimap.frame import Framer
from fermoposta.mailstore.aioimap.parse import (
    DEEPEST,
    Continue,
    Counted,
    Fetched,
    Found,
    Listed,
    Other,
    Reader,
    Rights,
    Status,
    parse,
)


def read(data: bytes):
    (pieces,) = Framer().feed(data)
    return parse(pieces)


def value(data: bytes):
    (pieces,) = Framer().feed(data + b"\r\n")
    return Reader(pieces).value()


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"* OK [UIDNEXT 4] Next\r\n", Status("*", "OK", "UIDNEXT", "4", "Next")),
        (b"a1 NO [NONEXISTENT] No {3}\r\n", Status("a1", "NO", "NONEXISTENT", "", "No {3}")),
        (b"* BYE\r\n", Status("*", "BYE", "", "", "")),
        (b"a1 OK\r\n", Status("a1", "OK", "", "", "")),
        (b"* bad [x y z] w\r\n", Status("*", "BAD", "X", "y z", "w")),
        (b"+ idling\r\n", Continue()),
        (b"+\r\n", Continue()),
        (b"* 4 EXISTS\r\n", Other("EXISTS")),
        (b"* VANISHED 1:4\r\n", Other("VANISHED")),
        (b'* LIST (\\Junk) "/" 007\r\n', Listed(frozenset({"\\Junk"}), b"007")),
        (b'* LIST () NIL "a \\"b\\""\r\n', Listed(frozenset(), b'a "b"')),
        (b'* LIST () "/" {3}\r\nNIL\r\n', Listed(frozenset(), b"NIL")),
        (b'* LIST () "/" NIL\r\n', Listed(frozenset(), b"NIL")),
        (b"* STATUS x (UNSEEN 0 X-GUID ab1)\r\n", Counted(b"x", {"UNSEEN": 0, "X-GUID": "ab1"})),
        (b'* ESEARCH (TAG "f1") UID ALL 1:3,5\r\n', Found("f1", "1:3,5")),
        (b'* ESEARCH (TAG "f1") UID ALL 7\r\n', Found("f1", "7")),
        (b'* ESEARCH (TAG "f1") UID\r\n', Found("f1", "")),
        (b"* MYRIGHTS INBOX lrs\r\n", Rights(b"INBOX", "lrs")),
        (b"* 1 FETCH (UID 4 MODSEQ (26))\r\n", Fetched({"UID": 4, "MODSEQ": (26,)})),
        (
            b"* 1 FETCH (FLAGS (\\Seen 12 NIL a[b))\r\n",
            Fetched({"FLAGS": ("\\Seen", "12", "NIL", "a[b")}),
        ),
        (
            b"* 1 FETCH (BODY[HEADER.FIELDS (A B)] {3}\r\nx\r\n BINARY[1]<0> ~{2}\r\n)\0)\r\n",
            Fetched({"BODY[HEADER.FIELDS (A B)]": b"x\r\n", "BINARY[1]<0>": b")\0"}),
        ),
        (b"* 1 FETCH (BODY[] NIL)\r\n", Fetched({"BODY[]": None})),
        (b"* 1 FETCH ()\r\n", Fetched({})),
    ],
)
def test_an_answer_is_read(data: bytes, answer: object) -> None:
    """Names and keywords stay text, even where they look like a number, NIL or a section."""
    assert read(data) == answer


@pytest.mark.parametrize(
    ("data", "nested"),
    [
        (b"NIL", None),
        (b'"NIL"', b"NIL"),
        (b"12", 12),
        (b"012", "012"),
        (b'"12"', b"12"),
        (b'""', b""),
        (b'"a \\\\ \\" (b)"', b'a \\ " (b)'),
        (b"{0}\r\n", b""),
        (b"()", ()),
        (b'((a "b")(NIL 3))', (("a", b"b"), (None, 3))),
        (b'("a" {2}\r\n() "c")', (b"a", b"()", b"c")),
        ('"caffè"'.encode(), "caffè".encode()),
    ],
)
def test_a_value_is_read(data: bytes, nested: object) -> None:
    """Strings are bytes, atoms text, numbers numbers; a quoted number or NIL is a string."""
    assert value(data) == nested


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n", b"*\r\n", b"* \r\n", b"* 1\r\n", b"x\r\n", b"x y z\r\n", b"* 1 FETCH\r\n",
        b"* 1 FETCH (UID\r\n", b"* 1 FETCH (UID 1\r\n", b"* 1 FETCH (UID (1)\r\n",
        b'* 1 FETCH (X "a)\r\n', b"* 1 FETCH (FLAGS 1)\r\n", b"* LIST\r\n", b'* LIST () "/"\r\n',
        b"* STATUS x\r\n", b"* STATUS x (A)\r\n", b"* STATUS x A\r\n", b"* STATUS () (A 1)\r\n",
        b"* 1 FETCH (BODY[ 1)\r\n",
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    """Where something lacks, it is a ProtocolError rather than a guess."""
    with pytest.raises(ProtocolError):
        read(data)


def test_lists_are_deep_but_not_bottomless() -> None:
    """As deep as mail gets they are read; a list made to do harm is refused."""
    fine = value(b"(" * DEEPEST + b")" * DEEPEST)
    for _ in range(DEEPEST - 1):
        (fine,) = fine
    assert fine == ()
    with pytest.raises(ProtocolError):
        value(b"(" * (DEEPEST + 1) + b")" * (DEEPEST + 1))


def test_lengths_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a line without an end nor a giant literal fills the memory."""
    monkeypatch.setattr(frame, "LONGEST_LINE", 100)
    monkeypatch.setattr(frame, "LARGEST_LITERAL", 100)
    assert Framer().feed(b"* %b\r\n* 1 FETCH (A {100}\r\n" % (b"x" * 90))
    with pytest.raises(ProtocolError):
        Framer().feed(b"* 1 FETCH (A {101}\r\n")
    framer = Framer()
    assert framer.feed(b"x" * 60) == []
    with pytest.raises(ProtocolError):
        framer.feed(b"x" * 60)
    framer = Framer()
    with pytest.raises(ProtocolError):
        framer.feed(b"* 1 FETCH (A {1}\r\nx" + b" 1234567890 {1}\r\nx" * 10)


ANSWERS = [
    b"* OK [UIDNEXT 4] Next {7}\r\n",
    b'* 1 FETCH (UID 4 BODY[] {8}\r\n* OK x\r\n BODY[1] "a")\r\n',
    b"* 2 FETCH (BINARY[1]<0> ~{0}\r\n)\r\n",
    b'* ESEARCH (TAG "f1") UID ALL 1:3,5\r\n',
    b"f1 OK done\r\n",
]


@given(st.lists(st.integers(1, 40)))
def test_it_does_not_matter_where_the_bytes_are_cut(cuts: list[int]) -> None:
    """Piece by piece the same answers come out as at once."""
    data = b"".join(ANSWERS)
    framer, found = Framer(), []
    for cut in cuts:
        found += framer.feed(data[:cut])
        data = data[cut:]
    found += framer.feed(data)
    assert [parse(each) for each in found] == [read(each) for each in ANSWERS]


def spelt(nested) -> bytes:
    """Spell a value as a server may."""
    if isinstance(nested, tuple):
        return b"(%b)" % b" ".join(map(spelt, nested))
    if isinstance(nested, bytes):
        return b"{%d}\r\n%b" % (len(nested), nested)
    return b"NIL" if nested is None else b"%d" % nested


VALUES = st.recursive(
    st.none() | st.integers(0, 2**63) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
)


@given(VALUES)
def test_what_is_spelt_is_read(nested) -> None:
    """Any nesting of numbers, NIL and literals of any bytes comes back."""
    assert value(spelt(nested)) == nested


TOKENS = st.sampled_from(
    [
        b"* ", b"1 ", b"FETCH ", b"(", b")", b'"', b"\\", b"{3}", b"{3}\r\n", b"~{1}\r\n", b"abc",
        b"\r\n", b"\n", b" ", b"BODY[", b"]", b"<0>", b"UID ", b"FLAGS ", b"NIL", b"[", b"ESEARCH ",
        b"TAG ", b"ALL ", b"LIST ", b"STATUS ", b"OK ", b"a1 ", b"\0", b"\xff", b"MYRIGHTS ",
    ]
)  # fmt: skip


@given(st.lists(TOKENS | st.binary(max_size=8)).map(b"".join))
def test_garbage_is_refused_and_nothing_else(data: bytes) -> None:
    """No bytes whatsoever raise anything but a ProtocolError."""
    try:
        pieces = Framer().feed(data)
    except ProtocolError:
        return
    for each in pieces:
        try:
            parse(each)
        except ProtocolError:
            continue
