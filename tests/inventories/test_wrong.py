"""Every wrong inventory of the corpus: each problem is told, with its place and a remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fermoposta.inventory import InventoryError, load, parse

WRONG = Path(__file__).parent / "wrong"
CASES = sorted(WRONG.iterdir())
SECRETS = ("Abc1234", "Abcdefgh", "abcdefg1", "ABCDEFG1", "Correct8horse", "5f4dcc3b", "short")


def expected(case: Path) -> list[list[str]]:
    """Return path, words of the message, words of the remedy, for each problem of *case*."""
    lines = re.findall(r"^# expect: (.*)$", case.read_text(), re.MULTILINE)
    return [[part.strip() for part in line.split(" | ")] for line in lines]


def problems_of(case: Path):
    with pytest.raises(InventoryError) as caught:
        parse(load(case))
    return list(caught.value.problems)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_problem_is_told_with_place_and_remedy(case):
    """Exactly the expected problems, each by path, reason, remedy and line of the file."""
    problems = problems_of(case)

    for path, message, remedy in expected(case):
        matching = [
            problem
            for problem in problems
            if problem.path == (path or str(case))
            and message in problem.message
            and remedy in problem.remedy
        ]
        assert len(matching) == 1, "\n".join(map(str, problems))
        assert matching[0].where.startswith(str(case))
        problems.remove(matching[0])
    assert problems == []


@pytest.mark.parametrize("case", [c for c in CASES if "password" in c.stem], ids=lambda c: c.stem)
def test_no_problem_quotes_a_secret(case):
    """What is said about a password never holds it."""
    told = " ".join(map(str, problems_of(case))).replace(str(case), "")

    assert not [secret for secret in SECRETS if secret in told]


def test_the_corpus_is_large():
    """There are at least sixty ways to be wrong, each in a file of its own."""
    assert len(CASES) >= 60


def test_problems_say_the_line():
    """A problem names the line that it stands in, not only the file."""
    (problem,) = problems_of(WRONG / "duplicate_field.yml")
    assert problem.where.endswith(":9")

    (problem,) = problems_of(WRONG / "alias_loop.yml")
    assert problem.where.endswith(":6")
