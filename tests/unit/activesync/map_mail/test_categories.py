import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.map.mail.categories import keyword_of, of_keywords
from fermoposta.activesync.wbxml.text import clean

names = st.text(min_size=1, max_size=20).map(clean)


@given(names)
def test_every_category_comes_back_from_its_keyword(name):
    """The keyword is an atom, as IMAP demands."""
    keyword = keyword_of(name)

    assert re.fullmatch(r"[A-Za-z0-9_=.,:;@!/&+'-]+", keyword)
    assert of_keywords([keyword]) == [name]


@pytest.mark.parametrize(
    ("name", "keyword"),
    [
        ("Red Category", "Red_Category"),
        ("a_b", "a=5Fb"),
        ("Grün", "Gr=C3=BCn"),
        ("$x", "=24x"),
        ("Junk", "=4Aunk"),
    ],
)
def test_a_keyword_can_be_read_in_other_programs(name, keyword):
    """As far as an atom allows."""
    assert keyword_of(name) == keyword


def test_what_programs_remember_is_no_category():
    """System flags, registered keywords and spam filters' marks."""
    flags = ["\\Seen", "$Forwarded", "$MDNSent", "NonJunk", "junk", "work", "a=zz", "100=25"]

    assert of_keywords(flags) == ["100%", "a=zz", "work"]


def test_a_mail_has_no_more_than_300():
    """MS-ASEMAIL, section 2.2.2.17."""
    assert len(of_keywords(str(number) for number in range(400))) == 300


@given(st.text(max_size=20))
def test_any_keyword_is_read(flag):
    """Never an exception."""
    of_keywords([flag])
