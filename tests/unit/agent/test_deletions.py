"""Which deletions the agent looks after, and which it has kept already."""

import asyncio
from collections import Counter

import pytest
from structlog.testing import capture_logs

from fermoposta.agent.deletions import Expected, Keeper, place_of
from fermoposta.directory.store import StoreError


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


@pytest.mark.parametrize("error", [StoreError("the directory has not been read yet"), KeyError()])
def test_what_can_not_be_kept_is_said(error):
    """Whatever it is, the client who deletes gets an answer, and the operator a line."""

    class Tools:
        @property
        def directory(self):
            raise error

    with capture_logs() as logged:
        asyncio.run(
            Keeper(Tools()).told(
                {"USER": "bob@example.org"}, ["Condivise/ada@example.org/INBOX", "<1@x>"]
            )
        )

    assert [(each["event"], each["by"]) for each in logged] == [
        ("a deletion is not kept", "bob@example.org")
    ]
