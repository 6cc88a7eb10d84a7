"""Which deletions the agent looks after, and which it has kept already."""

from collections import Counter

import pytest

from fermoposta.agent.deletions import Expected, place_of


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("Condivise/ada@example.org/INBOX", ("ada@example.org", "INBOX")),
        ("Condivise/Ada@example.org/INBOX/a/b", ("ada@example.org", "INBOX/a/b")),
        ("Condivise/ada@example.org", None),
        ("INBOX/ada@example.org/INBOX", None),
        ("", None),
    ],
)
def test_a_path_names_owner_and_folder(path, place):
    assert place_of(path) == place


def test_each_message_is_expected_once_and_not_for_long():
    expected = Expected(10.0, Counter({"<a@x>": 1, "": 2}))

    assert expected.met("<a@x>", 9.0)
    assert not expected.met("<a@x>", 9.0)
    assert not expected.met("<b@x>", 9.0)
    assert expected.met("", 9.0)
    assert not expected.met("", 11.0)


def test_a_message_that_is_told_of_twice_is_not_owed():
    """A count below nothing would otherwise count as a message."""
    assert not Expected(10.0, Counter({"<a@x>": -1})).met("<a@x>", 9.0)
