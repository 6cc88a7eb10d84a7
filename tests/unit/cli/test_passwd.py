import pytest

from fermoposta.directory import passwords

ADA = "ada@example.org"


def stored(host):
    return host.store.state().users[ADA].password_hash


@pytest.mark.feature("F115")
def test_the_password_comes_from_standard_input(inhabited):
    """A new password never stands in `ps`; it is that of the mailbox and of the portal."""
    answer = inhabited.run("passwd", ADA, typed="Analytical2\n")

    assert (answer.code, answer.text) == (0, "changed\n")
    assert passwords.verify("Analytical2", stored(inhabited))
    assert not passwords.verify("Engine1843", stored(inhabited))


@pytest.mark.feature("F127")
def test_a_weak_password_is_refused(inhabited):
    """The old one stays."""
    answer = inhabited.run("passwd", ADA, typed="analytical\n")

    assert answer.code == 3
    assert "no digit" in answer.errors
    assert "analytical" not in answer.errors
    assert passwords.verify("Engine1843", stored(inhabited))


def test_a_hash_is_taken_as_it_is(inhabited):
    """An administrator can set a password without knowing it."""
    hashed = passwords.hash_password("Analytical2")

    inhabited.run("passwd", ADA, typed=f"{hashed}\n")

    assert stored(inhabited) == hashed


def test_a_generated_password_is_printed_once(inhabited):
    """It is good enough, and is the one that now works."""
    answer = inhabited.run("passwd", "--generate", "--json", ADA)

    assert passwords.weaknesses(answer.json["password"]) == []
    assert passwords.verify(answer.json["password"], stored(inhabited))


def test_nobody_has_no_password(inhabited):
    """A mistyped address makes no user."""
    answer = inhabited.run("passwd", "eve@example.org", typed="Analytical2\n")

    assert answer.code == 4
    assert "eve@example.org" not in inhabited.store.state().users


def test_there_is_no_way_to_give_it_as_an_argument(inhabited):
    """What stands in `ps` is no secret."""
    assert inhabited.run("passwd", ADA, "Analytical2").code == 2
