import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.activesync.request import RequestError, address_of

ONE = ["example.org"]
TWO = ["example.org", "example.net"]


@pytest.mark.parametrize(
    ("login", "hosted"),
    [
        ("ada@example.org", ONE),
        ("Ada@Example.ORG", TWO),
        (" ada@example.org ", ONE),
        ("ada", ONE),
        ("\\ada", ONE),
        ("\\ada@example.org", TWO),
        ("EXAMPLE\\ada", ONE),
        ("example.org\\Ada", TWO),
        ("EXAMPLE\\ada@example.org", TWO),
        ("CORP\\ada@example.org", ONE),
        ("EXAMPLE\\ada", ["example.org", "other.net"]),
    ],
)
def test_every_spelling_is_the_same_address(login, hosted):
    """As phones, Outlook and people write it."""
    assert address_of(login, hosted) == "ada@example.org"


def test_a_short_name_is_cut_as_windows_cuts_it():
    """15 characters of the first label (MS-NBTE)."""
    hosted = ["comune-di-castelfranco.it"]

    assert address_of("COMUNE-DI-CASTE\\ada", hosted) == "ada@comune-di-castelfranco.it"


def test_a_domain_is_stored_in_ascii():
    """As everywhere in the directory."""
    assert address_of("ada@città.it", ONE) == "ada@xn--citt-3na.it"


@pytest.mark.parametrize(
    ("login", "hosted", "problem"),
    [
        ("ada", TWO, "could be of several domains"),
        ("EXAMPLE\\ada", TWO, "could be of several domains"),
        ("CORP\\ada", ONE, "is of no domain of this host"),
        ("ada", [], "is of no domain of this host"),
        ("", ONE, "is no address"),
        ("EXAMPLE\\", ONE, "is no address"),
        ("@example.org", ONE, "is no address"),
        ("ada@", ONE, "is no domain"),
        ("àda@example.org", ONE, "has letters before the @"),
        ("a" * 400, ONE, "is too long"),
    ],
)
def test_a_log_in_that_leaves_a_doubt_is_refused(login, hosted, problem):
    """Whose mailbox it is must not depend on the order of domains."""
    with pytest.raises(RequestError) as caught:
        address_of(login, hosted)

    assert caught.value.place == "User"
    assert caught.value.problem.startswith(problem)
    assert caught.value.remedy


@settings(deadline=None)
@given(st.text(max_size=330), st.sampled_from([[], ONE, TWO]))
def test_any_text_is_an_address_or_refused(login, hosted):
    """And an address stays itself."""
    try:
        address = address_of(login, hosted)
    except RequestError:
        return

    assert address_of(address, []) == address
