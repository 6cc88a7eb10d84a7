"""The UID of an appointment as Outlook has it."""

import base64
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.map.global_id import decode, encode

FOREIGN = (
    "BAAAAIIA4AB0xbcQGoLgCAAAAAAAAAAAAAAAAAAAAAAAAAAAMwAAAHZDYWwtVWlkAQAAAHs4MTQxMkQzQy0yQTI0"
    "LTRFOUQtQjIwRS0xMUY3QkJFOTI3OTl9AA=="
)
OUTLOOK = "BAAAAIIA4AB0xbcQGoLgCAfUCRDgQMnBJoXEAQAAAAAAAAAAEAAAAAvw7UtuTulOnjnjhns3jvM="
OUTLOOK_UID = (
    "040000008200E00074C5B7101A82E00800000000E040C9C12685C401000000000000000010000000"
    "0BF0ED4B6E4EE94E9E39E3867B378EF3"
)


def test_the_examples_of_the_specification():
    """MS-ASEMAIL, section 4.3: one id is of a foreign UID, one of an occurrence of Outlook's."""
    assert decode(FOREIGN) == "{81412D3C-2A24-4E9D-B20E-11F7BBE92799}"
    assert encode("{81412D3C-2A24-4E9D-B20E-11F7BBE92799}") == FOREIGN
    assert decode(OUTLOOK) == OUTLOOK_UID
    assert encode(OUTLOOK_UID, date(2004, 9, 16)) == OUTLOOK


uids = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=80)


@given(uids | st.just(OUTLOOK_UID) | st.just(OUTLOOK_UID.lower()), st.none() | st.dates())
def test_the_uid_comes_back(uid, instance):
    """Whatever a program calls its appointments, and of whichever occurrence."""
    assert decode(encode(uid, instance)) == uid


@given(st.integers(0, 111), st.sampled_from("0123456789ABCDEF"))
def test_what_only_looks_like_an_id_of_outlook_comes_back(at, digit):
    """A UID with one digit changed is that UID, and no other."""
    uid = OUTLOOK_UID[:at] + digit + OUTLOOK_UID[at + 1 :]

    assert decode(encode(uid)) == uid


@pytest.mark.parametrize(
    "text", ["", "rubbish", "====", base64.b64encode(b"x" * 60).decode(), FOREIGN[:-8], "é"]
)
def test_what_is_no_id_is_refused(text):
    """A device that sends something else is told so."""
    with pytest.raises(MalformedError):
        decode(text)
