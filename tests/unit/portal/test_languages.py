"""Which language a page has."""

from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

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


def said() -> set[str]:
    """Everything that pages say: in templates, and in code that speaks to a page."""
    portal = Path(web.__file__).parent
    ways = [("**.html", "jinja2"), ("**.py", "python")]
    return {
        message if isinstance(message, str) else message[0]
        for _, _, message, _, _ in extract_from_dir(
            portal, ways, keywords=DEFAULT_KEYWORDS, directory_filter=lambda _: True
        )
    }


def test_every_word_of_every_page_is_in_the_catalogue() -> None:
    """No Italian page has an English sentence in it."""
    words = i18n.translations("it")
    same = {
        "Webmail",
        "Antivirus",
        "Antispam",
        "Password",
        "Server",
        "File",
        "Alias",
        "Bluetooth",
        "Account",
        "SMS",
        "E-mail",
    }
    all_said = said()

    missing = sorted(
        word
        for word in all_said
        if word not in same and word == words.gettext(word) == words.ngettext(word, word, 1)
    )

    assert len(all_said) > 200
    # What a template translates is taken for markup, and not escaped.
    assert [words for words in all_said if "<" in words] == []
    assert missing == []


def test_catalogues_agree_and_say_nothing_for_nobody() -> None:
    """Two parts give a word one translation, and no entry is left behind by a change."""
    there: dict[str, str] = {}
    for path in sorted((Path(i18n.__file__).parent / "locale/it").rglob("*.po")):
        with path.open("rb") as source:
            for message in read_po(source):
                if message.id:
                    key = message.id if isinstance(message.id, str) else message.id[0]
                    assert there.setdefault(key, str(message.string)) == str(message.string), key

    assert sorted(set(there) - said()) == []


def test_a_language_goes_with_its_owner_into_every_browser(app, browser) -> None:
    """Chosen in the account; another browser has it once they sign in there."""
    ada, other = "ada@example.org", type(browser)(app, _runner=browser._runner)
    browser.sign_in(ada)
    assert '<html lang="it">' in browser.get("/account").text
    sent = browser.send("/account/language", page="/account", language="en")
    assert sent.status_code == 303
    assert '<html lang="en">' in browser.get(sent.headers["location"]).text
    assert browser.send("/account/language", page="/account", language="xx").status_code == 400

    assert '<html lang="it">' in other.get("/login").text
    other.sign_in(ada)
    assert '<html lang="en">' in other.get("/home").text
