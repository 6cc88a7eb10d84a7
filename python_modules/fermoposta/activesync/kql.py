"""
What is looked for in a mailbox, as people write it (KQL, MS-KQL; FreeText, MS-ASCMD, 2.2.3.80.1).

Words and phrases in quotes must all be there, anywhere in a mail. ``from:``, ``to:``, ``cc:``,
``bcc:`` and ``subject:`` look into that field, ``body:`` is as without it. ``received:`` takes a
day, a comparison with one (``>=2026-11-09``) or two (``2026-11-01..2026-11-09``), by UTC. A ``*``
behind a word is what the search does anyway. ``AND`` may stand between; ``OR``, ``NOT`` and
brackets can't be carried out. Anything else with a colon is a text like any other.

* KqlError               the question can't be carried out; says why
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

MOST = 20
"""Words of a question: each is a search of its own to the store."""
LONGEST = 1_024
"""Characters of a word or a phrase."""
_PART = re.compile(
    r"""(?P<field>[A-Za-z]+):(?P<compared>>=|<=|>|<|=)?(?P<wanted>"[^"]*"|[^\s"()]+)"""
    r"""|(?P<phrase>"[^"]*")|(?P<bracket>[()])|(?P<word>[^\s"()]+)|(?P<stray>")"""
)
_FIELDS = {"from": "From", "to": "To", "cc": "Cc", "bcc": "Bcc", "subject": "Subject"}
_DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_ONE = timedelta(days=1)
_YEARS = range(1970, 2200)


class KqlError(Exception):
    """The question can't be carried out."""


@dataclass(frozen=True, slots=True)
class Question:
    """What must hold of a mail; *after* and *before* are when it was received."""

    words: tuple[str, ...] = ()
    header: tuple[tuple[str, str], ...] = ()
    after: datetime | None = None
    """This moment or later."""
    before: datetime | None = None

    def __bool__(self) -> bool:
        """Tell whether anything is asked for."""
        return bool(self.words or self.header or self.after or self.before)


def plain(texts: Sequence[str]) -> Question:
    """Return the question of *texts* that are nothing but words, and phrases in quotes."""
    words: list[str] = []
    for text in texts:
        for found in re.finditer(r'"([^"]*)"|([^\s"]+)', text):
            words += filter(None, [(found[1] or found[2] or "").strip()])
    return _checked(Question(tuple(dict.fromkeys(words))))


def parse(text: str) -> Question:
    """Return the question that *text* is. Raises KqlError."""
    words: list[str] = []
    header: list[tuple[str, str]] = []
    after: list[datetime] = []
    before: list[datetime] = []
    for found in _PART.finditer(text):
        if found["stray"] or found["word"] == "AND":
            continue
        if found["bracket"] or found["word"] in {"OR", "NOT"}:
            raise KqlError("OR, NOT and brackets are not understood")
        name = (found["field"] or "").lower()
        wanted = _unquoted(found["wanted"] or "")
        if name == "received":
            first, behind = _received(found["compared"] or "=", wanted)
            after += [] if first is None else [first]
            before += [] if behind is None else [behind]
        elif name in _FIELDS and wanted:
            header.append((_FIELDS[name], wanted))
        elif name == "body" and wanted:
            words.append(wanted)
        elif said := _unquoted(found[0]):
            words.append(said)
    return _checked(
        Question(
            tuple(dict.fromkeys(words)),
            tuple(dict.fromkeys(header)),
            max(after, default=None),
            min(before, default=None),
        )
    )


def days(question: Question) -> tuple[date | None, date | None]:
    """
    Return the days that a store is asked for: the first one, and the one behind the last.

    It judges by a mail's own time zone, so a day more on either side; what is more is left out when
    the moments are known.
    """
    return (
        None if question.after is None else (question.after - _ONE).date(),
        None if question.before is None else (question.before + 2 * _ONE).date(),
    )


def _checked(question: Question) -> Question:
    if len(question.words) + len(question.header) > MOST:
        raise KqlError(f"more than {MOST} words")
    texts = (*question.words, *(wanted for _, wanted in question.header))
    if any(len(text) > LONGEST for text in texts):
        raise KqlError(f"a word of more than {LONGEST} characters")
    return question


def _unquoted(text: str) -> str:
    if text.startswith('"'):
        return text.strip('"').strip()
    return text.rstrip("*").strip('"')


def _received(compared: str, wanted: str) -> tuple[datetime | None, datetime | None]:
    """Return since when, and until before when, a mail was received."""
    first, dots, last = wanted.partition("..")
    if dots:
        return _day(first), _day(last) + _ONE
    day = _day(wanted)
    return {
        "=": (day, day + _ONE),
        ">=": (day, None),
        ">": (day + _ONE, None),
        "<": (None, day),
        "<=": (None, day + _ONE),
    }[compared]


def _day(text: str) -> datetime:
    found = _DAY.fullmatch(text)
    year, month, day = map(int, found.groups()) if found else (0, 0, 0)
    try:
        moment = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        raise KqlError("received: takes days as 2026-11-09") from None
    if moment.year not in _YEARS:
        raise KqlError(f"no mail is of the year {moment.year}")
    return moment
