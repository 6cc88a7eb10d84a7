"""Whatever a scoped administrator tries, what others administer stays as it was."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.directory.cascade import consequences
from fermoposta.directory.model import (
    ADDRESS_KINDS,
    Alias,
    Company,
    Domain,
    Group,
    JunkRule,
    Kind,
    Owner,
    Role,
    State,
    User,
)
from fermoposta.directory.problem import ProblemsError
from fermoposta.directory.store import MemoryStore
from fermoposta.portal.access import Scope
from fermoposta.portal.administration import (
    ConflictError,
    Desk,
    ForbiddenError,
    NotThereError,
)
from fermoposta.portal.book import Book

ROLE = Role("administrator", companies=("acme",))
STATE = State.of_records(
    replace(record, managed_by=Owner.PORTAL)
    for record in (
        Company("acme", "Acme"),
        Company("other", "Other"),
        Domain("example.org", "acme"),
        Domain("example.com", "other"),
        User("a@example.org", "A", role=ROLE),
        User("b@example.org", "B"),
        User("a@example.com", "A", role=Role("administrator", companies=("other",))),
        User("b@example.com", "B"),
        Alias("c@example.com", ("b@example.org", "b@example.com")),
        Group("d@example.com", "D", ("a@example.com", "b@example.org")),
        JunkRule("example.com", "@spam.example", "block"),
    )
)
SCOPE = Scope.of(STATE, ROLE)

addresses = st.builds(
    "{}@{}".format, st.sampled_from("abcdeA"), st.sampled_from(["example.org", "example.com"])
)
many = st.lists(addresses, max_size=3, unique=True)
ROLES = [
    None,
    {"name": "administrator", "companies": ["other"]},
    {"name": "mail_administrator", "domains": ["example.org"]},
]
operations = st.one_of(
    st.tuples(
        st.just(Kind.USERS),
        addresses,
        st.fixed_dictionaries(
            {"name": st.just("X")},
            optional={"redirect_to": many, "role": st.sampled_from(ROLES)},
        ),
    ),
    st.tuples(st.just(Kind.ALIASES), addresses, st.fixed_dictionaries({"destinations": many})),
    st.tuples(
        st.just(Kind.GROUPS),
        addresses,
        st.fixed_dictionaries({"name": st.just("X"), "members": many}),
    ),
    st.tuples(st.just(Kind.SEND_AS), addresses, st.fixed_dictionaries({"senders": many})),
    st.tuples(
        st.just(Kind.DELEGATIONS),
        st.builds("{} {}".format, addresses, addresses),
        st.just({"folders": {"inbox": "read_only"}}),
    ),
    st.tuples(
        st.just(Kind.JUNK_RULES),
        st.sampled_from(["example.org @x.example", "example.com @spam.example"]),
        st.just({"action": "allow"}),
    ),
    st.tuples(
        st.just(Kind.DEVICE_POLICIES),
        st.sampled_from(["p", "q"]),
        st.fixed_dictionaries(
            {}, optional={"company": st.sampled_from(["acme", "other"]), "applies_to": many}
        ),
    ),
)
VERBS = st.sampled_from(["put", "patch", "remove"])


def elsewhere(state: State, gone: set[str]) -> dict[tuple[Kind, str], object]:
    """What is outside of the scope, as it has to be once *gone* is no more."""
    kept = state.copy()
    for step in consequences(state, gone):
        if step.after is None:
            kept.of(step.kind).pop(step.key, None)
        else:
            kept.put(step.after)
    return {
        (record.kind, record.key): record for record in kept.records() if not SCOPE.holds(record)
    }


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(VERBS, operations), max_size=6))
def test_nothing_outside_of_the_scope_changes(tried: list[tuple[str, tuple]]) -> None:
    """But that lists lose an address that is no more, with what was only said of it."""
    book = Book(MemoryStore(STATE))
    desk = Desk(book, "a@example.org", ROLE, SCOPE)

    for verb, (kind, key, fields) in tried:
        before = book.state()
        try:
            if verb == "remove":
                done = desk.remove([(kind, key)])
            else:
                done = getattr(desk, verb)(kind, key, fields)
        except (ConflictError, ForbiddenError, NotThereError, ProblemsError):
            done = None
        after = book.state()

        gone = {
            address
            for each in ADDRESS_KINDS
            for address in before.of(each)
            if SCOPE.covers(address) and after.kind_of(address) is None
        }
        assert elsewhere(after, set()) == elsewhere(before, gone)
        assert done is None or all(SCOPE.holds(step.record) for step in done.steps)
        if done is None:
            assert after is before or after.revision == before.revision
