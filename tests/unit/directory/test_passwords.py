import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.directory import passwords

ADAS = "Tr3buchet"


@pytest.mark.feature("F127")
@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Abcdef1", "fewer than 8 characters"),
        ("Abcdefgh", "no digit"),
        ("abcdefg1", "no upper-case letter"),
        ("ABCDEFG1", "no lower-case letter"),
        ("Abcdef1\0g", "control character"),
        ("Aa1" * 100, "more than 256 characters"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(password, reason):
    """Whoever picks a weak password hears what it lacks."""
    with pytest.raises(passwords.PasswordError, match=reason) as refusal:
        passwords.to_stored(password)

    assert password not in str(refusal.value)


@pytest.mark.feature("F127")
@pytest.mark.parametrize("password", ["Abcdefg1", "ÀÈÌòù12x", "two Words 3", "Pa55wörd🔑"])
def test_eight_characters_of_the_three_classes_are_enough(password):
    """The shortest good password has eight characters."""
    assert passwords.weaknesses(password) == []


def test_every_weakness_is_named_at_once():
    """Nobody has to try four times to hear four reasons."""
    assert len(passwords.weaknesses("")) == 4


@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(lambda text: "\0" not in text))
def test_what_was_hashed_is_verified(password):
    """A hash accepts its own password and not one with a character more."""
    stored = passwords.hash_password(password)

    assert stored.startswith("{ARGON2ID}$argon2id$")
    assert passwords.verify(password, stored)
    assert not passwords.verify(password + "x", stored)
    assert not passwords.needs_rehash(stored)


def test_two_hashes_of_one_password_differ():
    """Who reads the table can't see that two people chose the same password."""
    assert passwords.hash_password(ADAS) != passwords.hash_password(ADAS)


# Made by `doveadm pw` of Dovecot 2.4.1; the one of crypt(3)'s yescrypt by libxcrypt 4.4.
FOREIGN = {
    "ARGON2I": "$argon2i$v=19$m=32768,t=5,p=1$Wflulv3UNsUMhJldDwisJA$"
    "Z0nJtROFtezlDgX1Dzz46DI0CbVJu4n3Kp9qAC2a14I",
    "BLF-CRYPT": "$2y$05$mJZNqN4TeZhj8NwUFlNILuviTklQ/R2AQcDf58v/NiQh6Yd8SrM2q",
    "SHA512-CRYPT": "$6$rounds=1000$wEy2RY8Rt0YFu6jC$YNHe3/sqIW5aEBtyU4wgSbdCQRWwNtXCVXFlwraARpN1"
    "hiibY8pIvIPJThW2L4KYIEoeh0hOU2u/AZRajh74.1",
    "SHA256-CRYPT": "$5$rounds=1000$RvGJXjUw10zY5SSl$sAma3.GcILcf.vjsp6h00TRj8.sdEj0.yyugYAQcN80",
    "CRYPT": "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$dkDwBf4.ANAIi2KslmEXLlkUh5e2tiwRo5/E5tgFYy0",
    "PBKDF2": "$1$wMv8hpSWOd0BZH0j$5000$410f44e0a28e669324d3417651f5c84fadca5cf1",
    "SSHA512": "+ewICZwyHE7d33SfVycXuyCp6g2Lx6xkrBlylOluS3zTMMqhC62qldYv9gHDp+ikJIaUKbGMvOEBVPVI1x"
    "t3hOWdWuM=",
    "SSHA256": "s9dTuGMfzm2dZQzjz9gv+Yj3zdiLLV93GHhuiRDj+YT5+ewN",
}


@pytest.mark.parametrize("scheme", FOREIGN)
def test_a_hash_from_elsewhere_is_kept_and_verified(scheme):
    """People move in from another system with the passwords that they have."""
    given_hash = f"{{{scheme}}}{FOREIGN[scheme]}"

    stored = passwords.to_stored(given_hash)

    assert stored == given_hash
    assert passwords.verify(ADAS, stored)
    assert not passwords.verify(ADAS + "x", stored)
    assert passwords.needs_rehash(stored)


def test_every_scheme_that_is_taken_is_verified_here():
    """Who may read mail with a hash may also enter the portal with it."""
    assert set(FOREIGN) | {"ARGON2ID"} == set(passwords.SCHEMES)


def test_braces_may_be_missing_and_in_lower_case():
    """What other systems call the same hash ends up in Dovecot's notation."""
    stored = passwords.hash_password(ADAS)
    bare = stored.removeprefix("{ARGON2ID}")

    assert passwords.to_stored(bare) == stored
    assert passwords.to_stored("{argon2id}" + bare) == stored


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("{PLAIN}Tr3buchet", "weak or unknown"),
        ("{MD5-CRYPT}$1$abc$def", "weak or unknown"),
        ("{SHA512-CRYPT}Tr3buchet", "not a well-formed hash"),
        ("{BLF-CRYPT}", "not a well-formed hash"),
        (
            (
                "{ARGON2ID}$argon2id$v=19$m=1048576,t=5,p=1$0XedYj9c5cE354SOnTX4fA$"
                "RZa9Fv/Mi0WxWZb5ALujHeGgeRm/UnlORpLJe79pTKQ"
            ),
            "takes 1024 MiB to verify",
        ),
    ],
)
def test_what_only_looks_like_a_hash_is_refused(value, reason):
    """A damaged or weak hash is never taken for a plain password, nor stored."""
    with pytest.raises(passwords.PasswordError, match=reason) as refusal:
        passwords.to_stored(value)

    assert value not in str(refusal.value)


def test_a_damaged_row_is_not_a_wrong_password():
    """An operator hears of a damaged row; the user isn't told to type again."""
    with pytest.raises(passwords.PasswordError):
        passwords.verify(ADAS, "Tr3buchet")


def test_an_endless_password_is_not_hashed():
    """Nobody can keep the host busy by logging in with a megabyte."""
    assert not passwords.verify("Aa1" * 100_000, passwords.hash_password(ADAS))


@given(st.integers(min_value=8, max_value=40))
def test_generated_passwords_meet_the_policy(length):
    """A password that the appliance makes up is one that it would take."""
    password = passwords.generate(length)

    assert len(password) == length
    assert passwords.weaknesses(password) == []


def test_no_password_is_generated_that_could_not_be_good():
    """Too short a length is a mistake of the caller, not an endless loop."""
    with pytest.raises(ValueError, match="policy"):
        passwords.generate(7)
