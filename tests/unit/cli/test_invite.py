import pytest

from fermoposta.portal.digest import digest_of
from fermoposta.portal.recovery.memory import MemoryRecoveryStore

ADA, NEW = "ada@example.org", "postmaster@example.org"
LINK = "https://portal.example.org/reset?token="


@pytest.fixture
def links(inhabited):
    inhabited.links = MemoryRecoveryStore()
    return inhabited.links


def linked(answer, links):
    """Whose link was printed."""
    assert answer.text.startswith(LINK)
    return links.links[digest_of(answer.text.strip().removeprefix(LINK))].address


def test_a_user_is_invited(inhabited, links):
    """By a link that is remembered by its digest; the password stays until it is used."""
    before = inhabited.store.state()

    answer = inhabited.run("invite", ADA)

    assert (answer.code, linked(answer, links)) == (0, ADA)
    assert links.links[next(iter(links.links))].invited
    assert inhabited.store.state() == before
    assert inhabited.run("invite", "--json", ADA).json["link"].startswith(LINK)


def test_nobody_is_no_guest(inhabited, links):
    """An address that is nobody's is said to be, and nothing is kept."""
    answer = inhabited.run("invite", "nobody@example.org")

    assert answer.code == 3
    assert "there is no such user" in answer.errors
    assert links.links == {}


def test_the_first_administrator_is_made_and_invited(inhabited, links):
    """Once: from then on they invite the others in the portal."""
    answer = inhabited.run("invite", "--administrator", NEW)

    assert (answer.code, linked(answer, links)) == (0, NEW)
    user = inhabited.store.state().users[NEW]
    assert (user.role.name, user.role.companies) == ("administrator", ("acme",))
    assert user.managed_by == "portal"
    assert linked(inhabited.run("invite", "--administrator", NEW), links) == NEW

    second = inhabited.run("invite", "--administrator", "other@example.org")
    assert second.code == 0
    assert NEW in second.text
    assert "other@example.org" not in inhabited.store.state().users
    assert inhabited.run("invite", "--administrator", "--json", ADA).json == {
        "changed": False,
        "administrators": [NEW],
    }


def test_who_the_inventory_declares_gets_the_role_there(inhabited, links):
    """A run of it would take the role away again."""
    answer = inhabited.run("invite", "--administrator", ADA)

    assert answer.code == 4
    assert "inventory" in answer.errors
    assert links.links == {}


def test_a_stranger_administers_nothing(inhabited, links):
    """An address outside of the domains is said to be."""
    answer = inhabited.run("invite", "--administrator", "x@elsewhere.example")

    assert answer.code == 3
    assert "elsewhere.example is no domain of ours" in answer.errors
