"""Scripts of message rules and out-of-office answers."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
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
    r"(?:require|if|not|true|false|allof|anyof|header|address|size|currentdate|envelope|vacation|"
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
    text = compiled(rule, replace(AWAY, text=name + "\n.", subject=name)) or ""

    skeleton = _COMMENT.sub("", _STRING.sub("S", text))

    assert "\x00" not in text
    assert text.encode()
    assert _LANGUAGE.fullmatch(skeleton), skeleton


def test_an_answer_to_the_company_names_its_domains() -> None:
    """And follows them when there is a new one."""
    state = State.of_records([*BASE, replace(AWAY, audience="company", ends=date(2030, 1, 1))])

    assert '["example.org"]' in (compiler(state, None)(ADA.address) or "")


def test_a_new_domain_of_the_company_reaches_the_answers(tmp_path: Path) -> None:
    """The change of a domain compiles whoever answers the company's domains anew."""
    paths = Paths(sieve=tmp_path / "sieve", dkim=tmp_path / "dkim")
    paths.sieve.mkdir()
    paths.dkim.mkdir()
    state = State.of_records([*BASE, replace(AWAY, audience="company")])
    now = datetime.now(UTC)
    compile_touched(state, touched_by([Change(1, now, Kind.OUT_OF_OFFICE, ADA.address)]), paths)
    state.put(Domain("example.com", "acme"))

    compile_touched(state, touched_by([Change(2, now, Kind.DOMAINS, "example.com")]), paths)

    text = (paths.sieve / str(ADA.mailbox_id) / "rules.sieve").read_text()
    assert '["example.com", "example.org"]' in text
