import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.cli import resolver


def answer(number, *records, flags=0x8180):
    """A message with *records* (type, data), each for the name in the question."""
    question = resolver.encode_question(number, "example.org", "MX")[12:]
    body = b"".join(
        b"\xc0\x0c" + struct.pack("!2HIH", kind, 1, 60, len(data)) + data for kind, data in records
    )
    return struct.pack("!6H", number, flags, 1, len(records), 0, 0) + question + body


def test_mail_exchangers_are_read_through_pointers():
    """A name that points back into the message is followed (RFC 1035, section 4.1.4)."""
    message = answer(7, (15, b"\x00\x0a\x04mail\xc0\x0c"))

    assert resolver.decode_answer(message, 7, "MX") == ["10 mail.example.org"]


def test_the_strings_of_a_text_are_joined():
    """A long DKIM key comes in pieces and is read whole."""
    assert resolver.decode_answer(answer(7, (16, b"\x03v=s\x03pf1")), 7, "TXT") == ["v=spf1"]


def test_other_types_in_between_are_passed_over():
    """An alias in front of an address does not hide it."""
    message = answer(7, (5, b"\x04host\xc0\x0c"), (1, bytes([192, 0, 2, 1])))

    assert resolver.decode_answer(message, 7, "A") == ["192.0.2.1"]


def test_a_name_that_does_not_exist_has_no_records():
    """NXDOMAIN is an answer."""
    assert resolver.decode_answer(answer(7, flags=0x8183), 7, "MX") == []


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(answer(8), id="another question's"),
        pytest.param(answer(7, flags=0x8182), id="server failure"),
        pytest.param(b"", id="empty"),
        pytest.param(answer(7, (15, b"\x00\x0a\xc0\x29"))[:-2] + b"\xc0\x2b", id="circle"),
    ],
)
def test_what_is_no_answer_is_refused(message):
    """A forged or broken message is not believed, and ends."""
    with pytest.raises(resolver.AnswerError):
        resolver.decode_answer(message, 7, "MX")


@given(st.binary(max_size=200))
def test_no_message_breaks_it(data):
    """Whatever comes from the network: an answer or an AnswerError."""
    message = struct.pack("!6H", 7, 0x8180, 1, 2, 0, 0) + data

    for kind in resolver.TYPES:
        try:
            resolver.decode_answer(message, 7, kind)
        except resolver.AnswerError:
            continue


def test_the_machine_s_name_servers_are_asked(tmp_path):
    """The doctor sees what the mail server sees."""
    path = tmp_path / "resolv.conf"
    path.write_text("search example.org\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n")

    assert resolver.system_resolver(path)._servers == ("192.0.2.53", "2001:db8::53")
    assert resolver.system_resolver(tmp_path / "none").query("example.org", "MX") is None


def test_a_silent_network_is_not_asked_for_ever(monkeypatch):
    """A host without a network hears so in seconds, however many domains it has."""
    asked = []

    def silent(server, _question):
        asked.append(server)
        raise TimeoutError

    monkeypatch.setattr(resolver, "_over_udp", silent)
    mute = resolver.Resolver(["192.0.2.53"])

    assert [mute.query(f"d{n}.example", "MX") for n in range(50)] == [None] * 50
    assert len(asked) == resolver.PATIENCE
