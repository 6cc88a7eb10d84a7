"""The milter protocol: packets as Postfix sends them, and the answers to them."""

from __future__ import annotations

import struct

import pytest

from fermoposta.policy import milter
from fermoposta.policy.message import HEADERS_MAX, Changes, Recipient, Rejected
from fermoposta.policy.session import Session, encode

ALL = 0xFFFFFFFF


def packet(letter, data=b""):
    return struct.pack("!I", len(data) + 1) + letter + data


SESSION = b"".join(
    (
        packet(b"D", b"Cj\0mail.example.org\0"),
        packet(b"C", b"client.test\0004\x04\xd2192.0.2.10\0"),
        packet(b"D", b"Mi\0Q1\0{auth_authen}\0ada@example.org\0"),
        packet(b"M", b"<ada@example.org>\0SIZE=10\0"),
        packet(b"R", b"<Bob@Example.org>\0NOTIFY=NEVER\0"),
        packet(b"L", b"From\0Ad\xc3\xa0 <ada@example.org>\0"),
        packet(b"L", b"X-Odd\0\xff\0"),
        packet(b"D", b"Ei\0Q1\0"),
        packet(b"E"),
        packet(b"M", b"<>\0"),
        packet(b"A"),
        packet(b"M", b"<x@far.test>\0"),
        packet(b"E"),
        packet(b"Q"),
    )
)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_session_in_pieces(size):
    """Two messages in one connection; each is whole, and knows its client."""
    commands, session = milter.Commands(), Session(host=False)
    letters = [
        letter
        for start in range(0, len(SESSION), size)
        for command in commands.feed(SESSION[start : start + size])
        if (letter := session.take(command))
    ]

    first, second = letters
    assert (first.client, first.login, first.queue_id) == ("192.0.2.10", "ada@example.org", "Q1")
    assert first.envelope == "<ada@example.org>"
    assert first.recipients == [Recipient("<Bob@Example.org>", ("NOTIFY=NEVER",))]
    assert first.headers == [("From", "Adà <ada@example.org>"), ("X-Odd", "\udcff")]
    assert second.envelope == "<x@far.test>"
    assert second.recipients == []
    assert second.client == "192.0.2.10"


def test_a_log_in_holds_for_its_message_only():
    """Who comes next on a connection without a log-in has none."""
    session = Session(host=False)
    session.take(milter.Macros("M", {"auth_authen": "ada@example.org"}))
    session.take(milter.Mail("<a@x.test>", ()))
    session.take(milter.EndOfMessage())
    session.take(milter.Macros("M", {"i": "Q2"}))
    session.take(milter.Mail("<b@x.test>", ()))

    assert session.take(milter.EndOfMessage()).login == ""


def test_we_ask_for_no_more_than_we_need():
    """The body is not sent to us, and who cannot do what we need is refused."""
    answer = milter.negotiated(milter.Negotiate(6, ALL, ALL))
    _, actions, protocol = struct.unpack("!III", answer[5:])

    assert protocol & 0x10
    assert actions & ~0xDD == 0
    for offer in (milter.Negotiate(5, ALL, ALL), milter.Negotiate(6, 1, ALL)):
        with pytest.raises(milter.ProtocolError):
            milter.negotiated(offer)


@pytest.mark.parametrize("data", [struct.pack("!I", 0), struct.pack("!I", 2**31), packet(b"O")])
def test_nonsense_ends_the_connection(data):
    with pytest.raises(milter.ProtocolError):
        list(milter.Commands().feed(data))


def test_changes_as_packets():
    """Headers go before they come, and the answer that ends it all comes last."""
    changes = Changes(
        deleted_recipients=["<list@x.test>"],
        added_recipients=[Recipient("a@x.test", ("ORCPT=rfc822;list@x.test",))],
        envelope="info@x.test",
        deleted_headers=[("Sender", 2), ("Sender", 1)],
        added_headers=[("Sender", "<b@x.test>")],
    )

    assert encode(changes) == b"".join(
        (
            packet(b"m", b"\0\0\0\x02Sender\0\0"),
            packet(b"m", b"\0\0\0\x01Sender\0\0"),
            packet(b"h", b"Sender\0<b@x.test>\0"),
            packet(b"-", b"<list@x.test>\0"),
            packet(b"2", b"<a@x.test>\0ORCPT=rfc822;list@x.test\0"),
            packet(b"e", b"<info@x.test>\0"),
            packet(b"c"),
        )
    )


def test_a_refusal_is_one_line():
    """What a stranger wrote into an address makes neither lines nor directives of it."""
    assert encode(Rejected("550 5.7.1", "No\r\n%s à")) == packet(b"y", b"550 5.7.1 No???s ?\0")


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("bob+x@example.org", "<bob+x@example.org>"),
        ("bob+x@far.test> <@example.org", '<"bob+x@far.test> <"@example.org>'),
        ('a"\\b@example.org', '<"a\\"\\\\b"@example.org>'),
        ("", "<>"),
    ],
)
def test_what_a_client_puts_into_a_name_stays_one_address(address, written):
    """Otherwise Postfix would find another recipient in it, whom nobody asked about."""
    assert milter.add_recipient(address) == packet(b"2", f"{written}\0\0".encode())
    assert milter.change_sender(address) == packet(b"e", f"{written}\0".encode())


def test_hosts_on_the_way_are_left_out():
    """Postfix takes them away (RFC 5321, appendix C): they must not hide the recipient."""
    session = Session(host=False)
    session.take(milter.Mail("<@b.test:a@x.test>", ()))
    for written in ("<@a.test,@b.test:bob@x.test>", '<"@a:b"@x.test>', "<bob@x.test>"):
        session.take(milter.Recipient(written, ()))

    letter = session.take(milter.EndOfMessage())

    assert letter.envelope == "<a@x.test>"
    assert [each.written for each in letter.recipients] == [
        "<bob@x.test>", '<"@a:b"@x.test>', "<bob@x.test>",
    ]  # fmt: skip


def test_headers_without_end_cost_no_memory():
    """They are gathered until there are too many."""
    session = Session(host=False)
    session.take(milter.Mail("<a@x.test>", ()))
    for _ in range(2 * HEADERS_MAX):
        session.take(milter.Header("X", ""))

    assert len(session.take(milter.EndOfMessage()).headers) == HEADERS_MAX + 1
