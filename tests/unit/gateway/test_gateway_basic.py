"""The header in which a client says who it is."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.gateway.basic import Credentials, read


def header(pair: bytes) -> str:
    return "Basic " + base64.b64encode(pair).decode()


@pytest.mark.parametrize(
    ("pair", "login", "password"),
    [
        (b"ada@example.org:Segreta123", "ada@example.org", "Segreta123"),
        (b"EXAMPLE\\ada:a:b:c", "EXAMPLE\\ada", "a:b:c"),
        ("ada:pässwörd".encode(), "ada", "pässwörd"),
        ("ada:pässwörd".encode("latin-1"), "ada", "pässwörd"),
    ],
)
def test_name_and_password_are_read(pair: bytes, login: str, password: str) -> None:
    """In UTF-8, or as older clients have it; a colon in the password is the password's."""
    assert read(header(pair)) == Credentials(login, password)
    assert read(header(pair).replace("Basic", "bASIC")) == Credentials(login, password)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Basic",
        "Basic !!!!",
        "Bearer " + base64.b64encode(b"ada:x").decode(),
        header(b"ada"),
        header(b":x"),
        header(b"ada:"),
        header(b"ada:x\0y"),
        header(b"ada:" + b"x" * 2000),
    ],
)
def test_anything_else_is_nobody(said: str) -> None:
    """Another scheme, no base64, no password, far too long."""
    assert read(said) is None


@given(st.text(max_size=200))
def test_no_header_breaks_anything(said: str) -> None:
    """Whatever stands there, it is credentials or none."""
    assert read(f"Basic {said}") is None or ":" not in said


def test_a_password_is_not_shown() -> None:
    """Neither in a log nor in a traceback."""
    assert "Segreta123" not in repr(Credentials("ada", "Segreta123"))
