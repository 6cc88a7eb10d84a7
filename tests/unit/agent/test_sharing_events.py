import json

import pytest

from fermoposta.agent.sharing.events import Event, event_of


def told(user, command, arguments):
    return json.dumps(
        {"fields": {"user": user, "cmd_name": command, "cmd_args": arguments}}
    ).encode()


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            told("a@x.org", "SETACL", 'inbox/X "b@x.org" lr'),
            Event("a@x.org", "SETACL", "a@x.org", "INBOX/X"),
        ),
        (
            told("b@x.org", "DELETEACL", '"Condivise/a@x.org/INBOX/Con \\"X\\"" c@x.org'),
            Event("b@x.org", "DELETEACL", "a@x.org", 'INBOX/Con "X"'),
        ),
        (
            told("a@x.org", "RENAME", 'Attivit&AOA- "Nuovo nome"'),
            Event("a@x.org", "RENAME", "a@x.org", "Attività", "Nuovo nome"),
        ),
        (
            told("a@x.org", "RENAME", "Mine Condivise/b@x.org/Yours"),
            Event("a@x.org", "CREATE", "b@x.org", "Yours"),
        ),
        (told("a@x.org", "CREATE", "Nuova/"), Event("a@x.org", "CREATE", "a@x.org", "Nuova")),
        (
            told("a@x.org", "SETACL", '{9}\r\nCon "X" z {7}\r\nb@x.org lr'),
            Event("a@x.org", "SETACL", "a@x.org", 'Con "X" z'),
        ),
        (
            told("a@x.org", "RENAME", '"Vecchia" {8}\r\nPerché "'),
            Event("a@x.org", "RENAME", "a@x.org", "Vecchia", "Perché "),
        ),
    ],
)
def test_what_a_client_did_is_understood(line, event):
    """Whose folder it was, as the owner names it, with accents, quotes and capitals."""
    assert event_of(line, "Condivise") == event


@pytest.mark.parametrize(
    "line", [b"", b"x", b"[]", b"{}", told("a", "SETACL", ""), b'{"fields": 1}', b"\xff"]
)
def test_what_is_no_event_is_nothing(line):
    """A broken line harms nobody."""
    assert event_of(line, "Condivise") is None
