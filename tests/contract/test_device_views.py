"""What the gateway is shown of policies of devices and of answers while away, as its role."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fermoposta.directory.device_policies import elements, policy_for
from fermoposta.directory.model import Kind, Owner
from fermoposta.directory.problem import ProblemsError
from fermoposta.directory.store import PostgresStore
from fermoposta.inventory.export import export
from tests.contract.states import DER, EVERYTHING, PNG, converge, everything, state_of

USERS = [f"{name}@{domain}" for name in ("ada", "bob") for domain in ("a.example", "b.example")]
GROUPS = [f"{name}@{domain}" for name in ("team", "all") for domain in ("a.example", "b.example")]


@pytest.fixture
def store(dsn):
    with PostgresStore(dsn) as store:
        yield store


@pytest.fixture
def ask(dsn):
    """Ask a question as the gateway; the answer is a list of rows."""

    def ask(query, *values):
        with psycopg.connect(dsn, user="fermoposta_gateway", autocommit=True) as connection:
            return connection.execute(query, values).fetchall()

    return ask


@st.composite
def demands(draw):
    """Draw two companies, people in groups in groups, and policies for some of them."""
    policies = {}
    for name in draw(st.lists(st.sampled_from("pQrS"), unique=True, max_size=4)):
        policy = {"position": draw(st.integers(0, 2))}
        if draw(st.booleans()):
            policy["company"] = draw(st.sampled_from("ab"))
        some = draw(st.lists(st.sampled_from(USERS + GROUPS), unique=True, max_size=3))
        near = [each for each in some if each.split("@")[1][0] == policy.get("company", each[-9])]
        if near:
            policy["applies_to"] = near
        if len(policy) == 1:
            policy["company"] = "a"
        policies[name] = policy
    members = {
        group: draw(st.lists(st.sampled_from(USERS + GROUPS[:at]), unique=True, max_size=3))
        for at, group in enumerate(GROUPS)
    }
    return {
        "mail_companies": {"a": {"name": "A"}, "b": {"name": "B"}},
        "mail_domains": {"a.example": {"company": "a"}, "b.example": {"company": "b"}},
        "mail_users": {user: {"name": user} for user in USERS},
        "mail_groups": {name: {"name": name, "members": of} for name, of in members.items()},
        "mail_device_policies": policies,
    }


@given(values=demands())
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_view_chooses_as_the_function_does(store, ask, values):
    """Whatever there is: each user's one policy, in the words that devices know."""
    converge(store, values)
    state = store.state()

    shown = {row[0]: row[1:] for row in ask("SELECT * FROM gateway.device_policies")}

    meant = {user: policy_for(state, user) for user in USERS}
    assert shown == {
        user: (each.name, elements(each), each.allow_non_provisionable, each.refresh_hours)
        for user, each in meant.items()
        if each is not None
    }


def test_a_users_word_on_new_devices_is_said_in_the_place_of_the_companys(store, ask):
    """Who has neither is not there: any device may come."""
    converge(store, EVERYTHING)

    query = "SELECT unknown, types, models FROM gateway.device_access WHERE address = %s"
    own = ("allow", {}, {"nexus 5": "quarantine"})

    assert ask(query, "ada@example.org") == [own]
    assert ask(query, "bob@example.org") == [("quarantine", {"iphone": "allow"}, {})]
    assert ask(query, "zoe@other.example") == []


def test_the_gateway_is_shown_both_texts_and_the_moments(store, ask):
    """As the user said them."""
    converge(store, EVERYTHING)
    answer = store.state().out_of_office["eve@example.net"]

    query = "SELECT text, external, starts, starts_at, ends_at FROM gateway.out_of_office"
    ((text, external, day, starts, ends),) = ask(f"{query} WHERE mailbox = %s", answer.mailbox)

    assert (text, external) == ("Gone & back <soon>", "In agosto non c'è nessuno")
    assert (day, starts, ends) == (None, answer.starts, answer.ends)


def test_colleagues_are_shown_pictures_and_certificates(store, ask):
    """Those of their company; another company's people are shown none."""
    converge(store, EVERYTHING)

    pictures = dict(ask("SELECT reader, content FROM gateway.pictures"))
    certificates = dict(ask("SELECT reader, content FROM gateway.certificates"))

    assert set(pictures) == set(certificates)
    assert set(pictures) == {"ada@example.org", "bob@example.org", "eve@example.net"}
    assert (pictures["bob@example.org"], certificates["bob@example.org"]) == (PNG, DER)


def test_a_picture_goes_with_its_user_and_comes_back_with_its_file_only(store, ask):
    """What an export says of one that is gone is no picture."""
    converge(store, EVERYTHING)
    exported = export(store.state(), hashes=True)
    assert converge(store, exported) == 0
    without = everything()
    del without["mail_pictures"], without["mail_certificates"]
    converge(store, without)

    assert ask("SELECT FROM gateway.pictures") == []
    with pytest.raises(ProblemsError, match="holds nothing with the digest"):
        converge(store, exported)


def test_who_adopts_a_picture_without_its_file_keeps_it(store, ask):
    """The digest says that it is the same; the contents stay."""
    converge(store, state_of(EVERYTHING), owner=Owner.PORTAL)
    exported = export(store.state(), hashes=True)

    converge(store, exported, kinds=[Kind.PICTURES, Kind.CERTIFICATES], adopt=True)

    assert store.state().pictures["ada@example.org"].managed_by is Owner.INVENTORY
    assert {content for (content,) in ask("SELECT content FROM gateway.pictures")} == {PNG}
    assert {content for (content,) in ask("SELECT content FROM gateway.certificates")} == {DER}


def test_nobody_reads_pictures_into_memory(store):
    """The directory is read whole by every service: by digest only."""
    converge(store, EVERYTHING)
    state = store.state()

    assert state.pictures["ada@example.org"].content is None
    assert [each.content for each in state.certificates.values()] == [None]


@pytest.mark.parametrize(
    "table", ["out_of_office", "device_policies", "device_access", "pictures", "certificates"]
)
def test_the_gateway_touches_no_table_of_the_directory(dsn, table):
    """It sees what its views show, and changes nothing by itself."""
    with psycopg.connect(dsn, user="fermoposta_gateway", autocommit=True) as connection:
        for statement in (
            f"SELECT 1 FROM directory.{table}",  # noqa: S608 - names of our own
            f"DELETE FROM directory.{table}",  # noqa: S608
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


@pytest.mark.parametrize("role", ["fermoposta_jobs", "fermoposta_policy", "fermoposta_agent"])
def test_services_that_hold_the_whole_directory_read_the_new_kinds(store, dsn, role):
    """A service that reads everything stumbles over no table."""
    converge(store, EVERYTHING)

    with PostgresStore(dsn.replace("user=fermoposta", f"user={role}"), secrets=False) as reader:
        state = reader.state()

    assert state.device_policies == store.state().device_policies != {}
    assert state.device_access == store.state().device_access != {}
    assert state.out_of_office == store.state().out_of_office
    assert state.pictures == store.state().pictures != {}
    assert state.certificates == store.state().certificates != {}
