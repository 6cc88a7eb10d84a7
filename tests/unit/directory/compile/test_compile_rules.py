"""Scripts of message rules and out-of-office answers."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.directory.compile import Paths, compile_touched, touched_by
from fermoposta.directory.compile.rules import compiler
from fermoposta.directory.model import (
    Actions,
    Company,
    Condition,
    Domain,
    Kind,
    MessageRule,
    OutOfOffice,
    State,
    User,
)
from fermoposta.directory.store import Change

ADA = User("ada@example.org", "Ada", language="en", mailbox_id="0badcafe-0000-4000-8000-00000001")
BASE = (Company("acme", "Acme"), Domain("example.org", "acme"), ADA)
RULE = MessageRule(ADA.address, "Bills", actions=Actions(move="Bills"))
AWAY = OutOfOffice(ADA.address, "I am away")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_COMMENT = re.compile(r"^#.*$", re.MULTILINE)
_LANGUAGE = re.compile(
    r"(?:require|if|else|not|true|false|allof|anyof|header|address|size|currentdate|envelope|vacation|"
    r"redirect|addflag|fileinto|stop|:[a-z]+|\d+|S|[\[\](){},;\s])+"
)

anything = st.text(max_size=30)
conditions = st.one_of(
    st.builds(
        Condition,
        st.sampled_from(["from", "to", "subject"]),
        st.sampled_from(["is", "contains"]),
        anything,
    ),
    st.builds(Condition, st.just("header"), st.just("is"), anything, anything),
    st.builds(Condition, st.just("size"), st.just("over"), st.integers(1, 2**31)),
    st.builds(Condition, st.just("has_attachment"), st.just("is"), st.booleans()),
)
actions = st.builds(
    Actions,
    forward=st.lists(anything).map(tuple),
    redirect=st.lists(anything).map(tuple),
    mark=st.lists(anything).map(tuple),
    copy=anything,
    move=anything,
    discard=st.booleans(),
    stop=st.booleans(),
)


def compiled(*records: MessageRule | OutOfOffice) -> str | None:
    return compiler(State.of_records([*BASE, *records]), None)(ADA.address)


def test_who_has_no_rules_has_no_script() -> None:
    """Most mailboxes run none."""
    assert compiled() is None


@pytest.mark.feature("F051")
def test_what_is_not_enabled_does_nothing() -> None:
    """A saved rule, or answer, waits until it is applied."""
    off = (replace(RULE, enabled=False), replace(AWAY, enabled=False))

    assert compiled(*off) is None
    assert "Bills" in (compiled(RULE) or "")


def test_rules_stand_in_the_order_of_their_positions() -> None:
    """Then of their names."""
    later = MessageRule(ADA.address, "A", actions=Actions(move="Second"), position=2)
    text = compiled(later, replace(RULE, position=1)) or ""

    assert text.index("Bills") < text.index("Second")


def test_a_mailbox_without_a_user_has_no_script() -> None:
    """Who is closed neither forwards nor answers."""
    state = State.of_records([BASE[0], BASE[1], RULE])

    assert compiler(state, None)(ADA.address) is None


@given(name=anything, rule_actions=actions, tests=st.lists(conditions, max_size=4))
def test_nothing_that_a_user_writes_becomes_a_command(
    name: str, rule_actions: Actions, tests: list[Condition]
) -> None:
    """What is not inside of a quoted string is a word of the compiler's own."""
    rule = MessageRule(ADA.address, name, tuple(tests), rule_actions)
    answer = replace(AWAY, text=name + "\n.", subject=name, external=name + "\n}")
    text = compiled(rule, answer) or ""

    skeleton = _COMMENT.sub("", _STRING.sub("S", text))

    assert "\x00" not in text
    assert text.encode()
    assert _LANGUAGE.fullmatch(skeleton), skeleton


def test_an_answer_to_the_company_names_its_domains() -> None:
    """And follows them when there is a new one."""
    state = State.of_records([*BASE, replace(AWAY, audience="company", ends=date(2030, 1, 1))])

    assert '["example.org"]' in (compiler(state, None)(ADA.address) or "")


def test_strangers_are_told_something_else() -> None:
    """Each text stands in a branch of its own, and whatever it holds stays text."""
    away = replace(AWAY, text='Ask "Bob"', external="Gone & back <soon>")
    text = compiled(away) or ""

    inside, outside = text.split('envelope :domain :is "from" ["example.org"] {')[1].split("else")
    assert r'"Ask \"Bob\""' in inside
    assert '"Gone & back <soon>"' in outside
    assert text.count("vacation :days") == 2


@pytest.mark.parametrize(
    "away",
    [
        replace(AWAY, external=AWAY.text),
        replace(AWAY, external="Something else", audience="company"),
    ],
    ids=["the same", "the company only"],
)
def test_one_text_is_one_answer(away: OutOfOffice) -> None:
    """Neither the same words twice, nor words for those who get none."""
    text = compiled(away) or ""

    assert text.count("vacation :days") == 1
    assert "Something else" not in text


def test_an_answer_keeps_to_the_second() -> None:
    """A moment is compared in UTC, wherever it was said; a day by the host's clock."""
    rome = timezone(timedelta(hours=2))
    away = replace(AWAY, starts=datetime(2026, 8, 3, 18, 30, tzinfo=rome), ends=date(2026, 8, 21))
    later = replace(away, starts=None, ends=datetime(2026, 8, 3, 18, 30, tzinfo=rome))

    assert (
        'allof (currentdate :zone "+0000" :value "ge" "iso8601" "2026-08-03T16:30:00",'
        ' currentdate :value "le" "date" "2026-08-21")'
    ) in (compiled(away) or "")
    assert ':value "lt" "iso8601" "2026-08-03T16:30:00"' in (compiled(later) or "")


@pytest.mark.parametrize(
    "away", [replace(AWAY, audience="company"), replace(AWAY, external="Gone")], ids=["one", "two"]
)
def test_a_new_domain_of_the_company_reaches_the_answers(tmp_path: Path, away: OutOfOffice) -> None:
    """The change of a domain compiles whoever answers the company's domains anew."""
    paths = Paths(sieve=tmp_path / "sieve", dkim=tmp_path / "dkim")
    paths.sieve.mkdir()
    paths.dkim.mkdir()
    state = State.of_records([*BASE, away])
    now = datetime.now(UTC)
    compile_touched(state, touched_by([Change(1, now, Kind.OUT_OF_OFFICE, ADA.address)]), paths)
    state.put(Domain("example.com", "acme"))

    compile_touched(state, touched_by([Change(2, now, Kind.DOMAINS, "example.com")]), paths)

    text = (paths.sieve / str(ADA.mailbox_id) / "rules.sieve").read_text()
    assert '["example.com", "example.org"]' in text
