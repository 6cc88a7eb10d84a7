"""The manuals: every procedure in both languages, in the words that the pages use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fermoposta.portal import i18n
from fermoposta_demo.paths import ROOT

MANUAL = ROOT / "docs" / "manual"
PAIRS = (("it/utenti.md", "en/users.md"), ("it/amministratori.md", "en/administrators.md"))
# What users and administrators do by themselves, by the rows of the features.
PROCEDURES = (
    *range(49, 55), *range(57, 64), 66, 67, 69, 74, 75, *range(84, 91), 93, 98,
    *range(100, 115), *range(116, 121), *range(121, 140), *range(141, 180),
    181, 183, *range(184, 202), *range(203, 206), 212, 213, 214, 222, 223,
)  # fmt: skip


def rows_of(text: str) -> list[list[str]]:
    """The rows that each section says it is about."""
    return [found.split() for found in re.findall(r"<!-- rows: ([F0-9 ]+) -->", text)]


def bold(text: str) -> set[str]:
    """What stands in bold, on one line or over two; questions are no words of a page."""
    found = re.findall(r"\*\*(.+?)\*\*", text, re.DOTALL)
    said = {" ".join(words.split()) for words in found}
    return {
        words for words in said if not re.fullmatch(r".*(?<!password)(?<!dimenticata)[?.]", words)
    }


@pytest.mark.feature("F227")
@pytest.mark.parametrize("pair", PAIRS)
def test_both_languages_have_the_same_sections(pair: tuple[str, str]) -> None:
    """Section by section, about the same rows."""
    italian, english = ((MANUAL / name).read_text() for name in pair)

    assert rows_of(italian) == rows_of(english)
    assert italian.count("\n## ") == english.count("\n## ") == len(rows_of(italian))


@pytest.mark.feature("F227")
def test_every_procedure_is_in_a_manual() -> None:
    """Of users and of administrators."""
    told = {
        row
        for name, _ in PAIRS
        for section in rows_of((MANUAL / name).read_text())
        for row in section
    }

    assert {f"F{number:03}" for number in PROCEDURES} - told == set()


@pytest.mark.feature("F227")
@pytest.mark.parametrize("path", sorted(MANUAL.rglob("*.md")), ids=lambda path: path.name)
def test_words_in_bold_are_those_of_the_pages(path: Path) -> None:
    """A label that changes has to change in the manual too."""
    portal = Path(i18n.__file__).parent
    said = "\n".join(each.read_text() for each in portal.rglob("*.html"))
    said += "\n".join(each.read_text() for each in portal.rglob("*.py"))
    catalogue = "\n".join(each.read_text() for each in portal.rglob("*.po"))
    there = catalogue if path.parent.name == "it" else said + catalogue

    missing = [words for words in sorted(bold(path.read_text())) if f'"{words}' not in there]

    assert missing == []


@pytest.mark.feature("F227")
@pytest.mark.parametrize("pair", PAIRS)
def test_both_languages_show_the_same_pages_each_in_its_own(pair: tuple[str, str]) -> None:
    """Pictures of a real run, which are there."""
    shown = []
    for name in pair:
        path = MANUAL / name
        pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", path.read_text())
        assert all((path.parent / each).is_file() for each in pictures)
        language = name.partition("/")[0]
        shown.append([each.replace(f"-{language}-light", "-light") for each in pictures])

    assert shown[0] == shown[1]
    assert len(shown[0]) >= 4
