"""Which language a page has."""

import re
from pathlib import Path

import pytest

from fermoposta.portal import i18n, web


@pytest.mark.parametrize(
    ("wanted", "remembered", "accepted", "language"),
    [
        ("en", "it", "it", "en"),
        (None, "en", "it", "en"),
        (None, None, "de, en;q=0.5, it;q=0.8", "it"),
        (None, None, "en-US,en;q=0.9", "en"),
        (None, None, "de", "it"),
        (None, None, "", "it"),
        ("xx", "yy", "q=;;;,it;q=zwei,;q=1", "it"),
        (None, None, "en;q=0", "it"),
    ],
)
def test_the_reader_decides(
    wanted: str | None, remembered: str | None, accepted: str, language: str
) -> None:
    """Asked for now, chosen before, the browser's wish, the site's language: in this order."""
    assert i18n.choose(wanted, remembered, accepted, "it") == language


def test_a_choice_is_remembered(browser) -> None:
    """One click, and all pages are English."""
    browser.get("/?lang=en")

    assert '<html lang="en">' in browser.get("/clients").text


def test_every_word_of_every_page_is_in_the_catalogue() -> None:
    """No Italian page has an English sentence in it."""
    words = i18n.translations("it")
    templates = Path(web.__file__).parent / "templates"
    said = {
        found
        for template in templates.rglob("*.html")
        for found in re.findall(r"""_\("([^"]+)"|_\('([^']+)'""", template.read_text())
    }
    same = {"Webmail", "Antivirus", "Antispam", "Password", "Server"}

    missing = [
        word
        for pair in said
        if (word := pair[0] or pair[1]) not in same and words.gettext(word) == word
    ]

    assert len(said) > 60
    assert missing == []
