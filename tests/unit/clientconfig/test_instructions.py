"""Instructions that people follow."""

import pytest

from fermoposta.clientconfig.facts import Site
from fermoposta.clientconfig.instructions import LANGUAGES, Guide, guides

ADA = "ada@example.org"


@pytest.fixture(params=LANGUAGES)
def every(request: pytest.FixtureRequest, site: Site) -> tuple[Guide, ...]:
    return guides(site, ADA, request.param)


@pytest.mark.feature("F017")
def test_every_guide_recommends_encryption(every: tuple[Guide, ...]) -> None:
    """Whatever the client and the language."""
    for guide in every:
        assert "SSL/TLS" in guide.advice
        assert "Consigliamo" in guide.advice or "We recommend" in guide.advice


@pytest.mark.feature("F014", "F015")
def test_every_guide_names_the_one_host_and_the_whole_address(every: tuple[Guide, ...]) -> None:
    """No other host, no other user name."""
    for guide in every:
        text = "\n".join(guide.steps)
        assert text.count("mail.example.org") >= 2
        assert ADA in text


def test_a_guide_says_every_port(every: tuple[Guide, ...]) -> None:
    """The ports of section A, each with its encryption."""
    outlook = next("\n".join(guide.steps) for guide in every if guide.slug == "outlook")

    for said in ("993 (SSL/TLS)", "143 (STARTTLS)", "9993 (SSL/TLS)", "995 (SSL/TLS)"):
        assert said in outlook
    for said in ("110 (STARTTLS)", "587 (STARTTLS)", "465 (SSL/TLS)"):
        assert said in outlook


def test_both_languages_say_the_same(site: Site) -> None:
    """The same guides, with as many steps."""
    italian, english = (guides(site, ADA, language) for language in LANGUAGES)

    assert [(g.slug, len(g.steps)) for g in italian] == [(g.slug, len(g.steps)) for g in english]
