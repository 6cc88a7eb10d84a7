"""What administrators may do with the records of their domains, and what they may not."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from fermoposta.directory import passwords
from fermoposta.directory.model import (
    Alias,
    Company,
    DevicePolicy,
    Domain,
    Group,
    JunkRule,
    Kind,
    Owner,
    Role,
    State,
    User,
)
from fermoposta.directory.model.records import QUOTA_MB_DEFAULT
from fermoposta.directory.personal import put
from fermoposta.directory.plan import plan
from fermoposta.directory.problem import ProblemsError
from fermoposta.directory.store import MemoryStore
from fermoposta.portal.access import Scope
from fermoposta.portal.administration import (
    ANY,
    NONE,
    ConflictError,
    Desk,
    ForbiddenError,
    NotThereError,
    Query,
)
from fermoposta.portal.book import Book

PORTAL = Owner.PORTAL
NAMED = {"name": "Somebody"}


@pytest.fixture
def state(state: State) -> State:
    """The directory of the pages' tests, and what has been made in the portal."""
    made = [
        User(
            "dan@example.org",
            "Dan",
            mobile="+393331234567",
            managed_by=PORTAL,
            password_hash=passwords.hash_password("Segreta123"),
        ),
        User("fay@example.com", "Fay", managed_by=PORTAL),
        User("gus@example.net", "Gus", managed_by=PORTAL),
        User(
            "boss@example.net",
            "Boss",
            role=Role("administrator", companies=("acme",)),
            managed_by=PORTAL,
        ),
        Alias("info@example.org", ("dan@example.org", "bob@example.org"), managed_by=PORTAL),
        Group("all@example.com", "All", ("fay@example.com", "dan@example.org"), managed_by=PORTAL),
        JunkRule("bob@example.org", "@spam.example", "block", managed_by=PORTAL),
        DevicePolicy("strict", company="other", managed_by=PORTAL),
    ]
    for record in made:
        state.put(record)
    return state


def desk_of(book: Book, actor: str) -> Desk:
    role = book.state().users[actor].role
    return Desk(book, actor, role, Scope.of(book.state(), role))


@pytest.fixture
def ada(book: Book) -> Desk:
    """The administrator of the company acme."""
    return desk_of(book, "ada@example.org")


@pytest.fixture
def eve(book: Book) -> Desk:
    """The mail administrator of example.net alone."""
    return desk_of(book, "eve@example.net")


def problems(error: pytest.ExceptionInfo[ProblemsError]) -> dict[str, str]:
    return {each.path: each.message for each in error.value.problems}


class TestReading:
    def test_a_list_holds_what_is_within_alone(self, ada: Desk, eve: Desk) -> None:
        """Of two domains for the one, of one for the other."""
        assert [entry.key for entry in eve.find(Kind.USERS).entries] == [
            "boss@example.net",
            "eve@example.net",
            "gus@example.net",
        ]
        assert ada.find(Kind.USERS).total == 6
        assert [entry.key for entry in ada.find(Kind.COMPANIES).entries] == ["acme"]
        assert eve.find(Kind.COMPANIES).total == 0

    def test_a_list_is_searched_sorted_and_cut(self, ada: Desk) -> None:
        """By key and by name, whatever the capitals."""
        page = ada.find(Kind.USERS, Query(text="LOVE"))
        last = ada.find(Kind.USERS, Query(sort="name", descending=True, limit=1))
        third = ada.find(Kind.USERS, Query(offset=2, limit=1))
        org = ada.find(Kind.USERS, Query(domain="example.org"))

        assert [entry.key for entry in page.entries] == ["ada@example.org"]
        assert [entry.key for entry in last.entries] == ["gus@example.net"]
        assert ([entry.key for entry in third.entries], third.total) == (["boss@example.net"], 6)
        assert org.total == 3
        assert ada.find(Kind.USERS, Query(domain="example.com")).total == 0

    def test_an_order_that_there_is_not_is_a_problem(self, ada: Desk) -> None:
        """And a secret is no order: it would tell what begins alike."""
        for sort in ("colour", "password_hash"):
            with pytest.raises(ProblemsError, match="sort: is no field"):
                ada.find(Kind.USERS, Query(sort=sort))

    def test_an_entry_is_in_the_inventorys_form_without_secrets(self, ada: Desk) -> None:
        """With what is as usual, so that a form can be filled with it."""
        entry = ada.get(Kind.USERS, "Dan@Example.ORG")

        assert entry.key == "dan@example.org"
        assert entry.fields["quota_mb"] == QUOTA_MB_DEFAULT
        assert entry.fields["mobile"] == "+393331234567"
        assert not {"password", "password_hash", "security_questions"} & entry.fields.keys()
        assert (entry.owner, entry.why_fixed) == (PORTAL, None)

    def test_what_the_inventory_owns_says_so(self, ada: Desk) -> None:
        """It is shown, with the reason why it can't be changed."""
        assert "inventory" in (ada.get(Kind.USERS, "bob@example.org").why_fixed or "")
        with pytest.raises(ProblemsError, match="belongs to the inventory"):
            ada.patch(Kind.USERS, "bob@example.org", {"quota_mb": 500})
        with pytest.raises(ProblemsError, match="belongs to the inventory"):
            ada.remove([(Kind.USERS, "bob@example.org")])

    @pytest.mark.parametrize("key", ["fay@example.com", "nobody@example.org", "", "x y", "é@é.é"])
    def test_what_is_elsewhere_is_not_there(self, ada: Desk, key: str) -> None:
        """The same as what is nowhere."""
        with pytest.raises(NotThereError):
            ada.get(Kind.USERS, key)

    def test_peoples_own_junk_rules_are_theirs(self, ada: Desk) -> None:
        """Administrators have those of domains."""
        assert ada.find(Kind.JUNK_RULES).total == 0
        with pytest.raises(NotThereError):
            ada.get(Kind.JUNK_RULES, "bob@example.org @spam.example")
        with pytest.raises(ProblemsError, match="is no domain"):
            ada.put(Kind.JUNK_RULES, "bob@example.org @spam.example", {"action": "allow"})


class TestWriting:
    @pytest.mark.feature("F126", "F123")
    def test_an_address_is_in_an_administered_domain(self, ada: Desk, eve: Desk) -> None:
        """Not in somebody else's, and not in one that is nobody's."""
        made = eve.put(Kind.USERS, "new@example.net", NAMED)

        assert made.entry is not None
        assert [str(step) for step in made.steps] == ["create users new@example.net"]
        for address in ("new@example.org", "new@example.com", "new@nowhere.example"):
            with pytest.raises(NotThereError):
                eve.put(Kind.USERS, address, NAMED)
            with pytest.raises(NotThereError):
                eve.put(Kind.ALIASES, address, {"destinations": ["gus@example.net"]})
        with pytest.raises(ProblemsError, match="key: "):
            ada.put(Kind.USERS, "no address", NAMED)

    @pytest.mark.feature("F127")
    @pytest.mark.parametrize(
        ("password", "lacking"),
        [
            ("Segret1", "fewer than 8"),
            ("Segretaaa", "no digit"),
            ("segreta12", "no upper-case"),
            ("SEGRETA12", "no lower-case"),
        ],
    )
    def test_a_weak_password_is_refused(self, ada: Desk, password: str, lacking: str) -> None:
        """For somebody new and for somebody who has one; a good one of eight is taken."""
        with pytest.raises(ProblemsError) as error:
            ada.put(Kind.USERS, "new@example.org", {**NAMED, "password": password})
        assert lacking in problems(error)["password"]
        assert password not in str(error.value)
        with pytest.raises(ProblemsError):
            ada.patch(Kind.USERS, "dan@example.org", {"password": password})

        ada.put(Kind.USERS, "new@example.org", {**NAMED, "password": "Segret12"})

    @pytest.mark.feature("F130", "F131")
    def test_a_quota_is_from_100_mb_to_25_gb(self, ada: Desk) -> None:
        """Both are taken, one less and one more are not."""
        for quota in (100, 25_600):
            done = ada.put(Kind.USERS, "new@example.org", {**NAMED, "quota_mb": quota})
            assert done.entry is not None
            assert done.entry.fields["quota_mb"] == quota
        for quota in (99, 25_601):
            with pytest.raises(ProblemsError) as error:
                ada.put(Kind.USERS, "new@example.org", {**NAMED, "quota_mb": quota})
            assert list(problems(error)) == ["quota_mb"]

    @pytest.mark.feature("F145")
    def test_an_allow_list_is_a_domains(self, eve: Desk) -> None:
        """Not one account's."""
        eve.put(Kind.ALLOWED_DOMAINS, "example.net", {"allowed": ["partner.example"]})

        assert eve.get(Kind.ALLOWED_DOMAINS, "example.net").fields == {
            "allowed": ["partner.example"]
        }
        with pytest.raises(ProblemsError, match="is no domain"):
            eve.put(Kind.ALLOWED_DOMAINS, "gus@example.net", {"allowed": []})
        with pytest.raises(NotThereError):
            eve.put(Kind.ALLOWED_DOMAINS, "example.org", {"allowed": []})

    def test_what_is_not_named_stays(self, ada: Desk, book: Book) -> None:
        """A patch touches its fields; passwords and recovery data stay with a put too."""
        before = book.state().users["dan@example.org"]

        ada.patch(Kind.USERS, "dan@example.org", {"given_name": "Daniel"})
        ada.put(Kind.USERS, "dan@example.org", {"name": "Daniel"})

        after = book.state().users["dan@example.org"]
        assert (after.password_hash, after.mobile) == (before.password_hash, before.mobile)
        assert (after.name, after.given_name) == ("Daniel", "")

    def test_a_password_is_reset(self, ada: Desk, book: Book) -> None:
        """The steps say that there is a new one, and nothing says which."""
        done = ada.patch(Kind.USERS, "dan@example.org", {"password": "Rinnovata9"})

        stored = book.state().users["dan@example.org"].password_hash
        assert passwords.verify("Rinnovata9", stored or "")
        assert done.steps[0].to_json()["after"]["password"] == "(new)"
        assert "Rinnovata9" not in repr(done)
        assert (stored or "x") not in repr(done.entry)

    def test_a_dry_run_changes_nothing(self, ada: Desk, book: Book) -> None:
        """It says what would be done, and what would be wrong."""
        done = ada.put(Kind.USERS, "new@example.org", NAMED, dry_run=True)

        assert [str(step) for step in done.steps] == ["create users new@example.org"]
        assert done.entry is not None
        assert "new@example.org" not in book.state().users

    def test_many_are_made_or_none(self, ada: Desk, book: Book) -> None:
        """Every problem of every line at once, by its key."""
        alias = {"destinations": ["dan@example.org"]}
        with pytest.raises(ProblemsError) as error:
            ada.put_many(
                Kind.ALIASES,
                {
                    "a@example.org": alias,
                    "b@example.org": {"destinations": ["x@"]},
                    "c@example.com": alias,
                    "A@Example.org": alias,
                },
            )
        assert list(problems(error)) == [
            "A@Example.org",
            "b@example.org.destinations[0]",
            "c@example.com",
        ]
        with pytest.raises(ProblemsError) as error:
            ada.put_many(
                Kind.ALIASES,
                {"a@example.org": alias, "b@example.org": {"destinations": ["no@example.org"]}},
            )
        assert list(problems(error)) == ["b@example.org.destinations[0]"]
        assert "a@example.org" not in book.state().aliases

        done = ada.put_many(Kind.ALIASES, {"a@example.org": alias, "b@example.org": alias})

        assert len(done.steps) == 2

    def test_what_was_changed_by_others_is_not_overwritten(self, ada: Desk) -> None:
        """Who says what they read is told; so is who means to make something new."""
        etag = ada.get(Kind.USERS, "dan@example.org").etag
        ada.patch(Kind.USERS, "dan@example.org", {"password": "Rinnovata9"}, etag=etag)

        for stale in (etag, NONE):
            with pytest.raises(ConflictError):
                ada.put(Kind.USERS, "dan@example.org", NAMED, etag=stale)
            with pytest.raises(ConflictError):
                ada.remove([(Kind.USERS, "dan@example.org")], etag=stale)
        with pytest.raises(ConflictError):
            ada.put(Kind.USERS, "new@example.org", NAMED, etag=ANY)
        ada.put(Kind.USERS, "new@example.org", NAMED, etag=NONE)
        ada.remove([(Kind.USERS, "dan@example.org")], etag=ANY)

    def test_a_name_that_is_taken_is_a_problem_with_it(self, ada: Desk) -> None:
        """Of an address, and of what has a name of its own."""
        with pytest.raises(ProblemsError) as error:
            ada.put(Kind.ALIASES, "dan@example.org", {"destinations": ["ada@example.org"]})
        assert "mail_users already" in problems(error)["key"]
        with pytest.raises(ProblemsError) as error:
            ada.put(Kind.DEVICE_POLICIES, "strict", {"company": "acme"})
        assert problems(error) == {"key": "is taken"}

    def test_what_is_only_shown_is_not_written(self, ada: Desk) -> None:
        """Companies, domains; and of people's rules only away with them."""
        with pytest.raises(ForbiddenError):
            ada.patch(Kind.DOMAINS, "example.org", {"description": "x"})
        with pytest.raises(ForbiddenError):
            ada.remove([(Kind.DOMAINS, "example.org")])
        with pytest.raises(ForbiddenError):
            ada.put(Kind.MESSAGE_RULES, "dan@example.org x", {"actions": {"stop": True}})

    @pytest.mark.parametrize(
        ("kind", "key", "fields"),
        [
            (Kind.GROUPS, "g@example.org", {"name": "G", "members": ["dan@example.org"]}),
            (Kind.RESOURCES, "room@example.org", {"name": "Room", "kind": "location"}),
            (Kind.SEND_AS, "info@example.org", {"senders": ["dan@example.org"]}),
            (Kind.JUNK_RULES, "example.org @spam.example", {"action": "block"}),
            (Kind.OUT_OF_OFFICE, "dan@example.org", {"text": "Away", "from": "2026-08-01"}),
            (Kind.DEVICE_POLICIES, "phones", {"company": "acme", "camera": False}),
            (Kind.DEVICE_ACCESS, "acme", {"unknown": "quarantine"}),
            (
                Kind.DELEGATIONS,
                "dan@example.org bob@example.org",
                {"folders": {"calendar": "read_only"}},
            ),
            (Kind.GRANTS, "dan@example.org bob@example.org INBOX/My work", {"rights": "secretary"}),
        ],
    )
    def test_every_kind_comes_back_as_it_was_written(
        self, ada: Desk, kind: Kind, key: str, fields: dict[str, object]
    ) -> None:
        """Written again as it is shown, nothing changes; taken away, it is gone."""
        ada.put(kind, key, fields)

        entry = ada.get(kind, key)
        assert fields.items() <= entry.fields.items()
        assert ada.find(kind, Query(text=key[:5])).total == 1
        assert ada.put(kind, key, entry.fields).steps == ()
        ada.remove([(kind, key)])
        with pytest.raises(NotThereError):
            ada.get(kind, key)


class TestRemoving:
    def test_what_refers_to_somebody_who_is_gone_goes_too(self, ada: Desk, book: Book) -> None:
        """Also where others administer, who lose what is no more; only they are told of it."""
        done = ada.remove([(Kind.USERS, "dan@example.org")])

        state = book.state()
        assert state.aliases["info@example.org"].destinations == ("bob@example.org",)
        assert state.groups["all@example.com"].members == ("fay@example.com",)
        assert {step.key for step in done.steps} == {"dan@example.org", "info@example.org"}

    def test_what_the_inventory_refers_to_stays(
        self, ada: Desk, book: Book, directory: MemoryStore
    ) -> None:
        """The portal never changes what an inventory declares."""
        book.store.apply(
            _declaring(directory, Alias("sales@example.org", ("dan@example.org",))), actor="test"
        )

        with pytest.raises(ProblemsError) as error:
            ada.remove([(Kind.USERS, "dan@example.org")])

        assert "mail_aliases.sales@example.org" in problems(error)["key"]

    def test_a_redirect_elsewhere_is_not_told(self, ada: Desk, book: Book) -> None:
        """That somebody uses the address is; not who."""
        other = Desk(
            book,
            "fay@example.com",
            Role("administrator", companies=("other",)),
            Scope(frozenset({"example.com"}), frozenset({"other"})),
        )
        other.patch(Kind.USERS, "fay@example.com", {"redirect_to": ["dan@example.org"]})

        with pytest.raises(ProblemsError) as error:
            ada.remove([(Kind.USERS, "dan@example.org")])

        assert "fay" not in str(error.value)
        assert list(problems(error)) == ["key"]

    def test_several_go_together_or_none(self, ada: Desk, book: Book) -> None:
        """One that is not there keeps the others."""
        with pytest.raises(NotThereError):
            ada.remove([(Kind.USERS, "dan@example.org"), (Kind.USERS, "fay@example.com")])
        assert "dan@example.org" in book.state().users

        ada.remove([(Kind.USERS, "dan@example.org"), (Kind.ALIASES, "info@example.org")])

        assert "info@example.org" not in book.state().aliases


class TestRoles:
    @pytest.mark.feature("F122")
    def test_a_mail_administrator_gives_no_roles(self, eve: Desk, ada: Desk) -> None:
        """An administrator does; aliases and groups both manage."""
        role = {"role": {"name": "mail_administrator", "domains": ["example.net"]}}
        with pytest.raises(ForbiddenError):
            eve.patch(Kind.USERS, "gus@example.net", role)
        with pytest.raises(ForbiddenError):
            eve.put(Kind.USERS, "new@example.net", {**NAMED, **role})

        ada.patch(Kind.USERS, "gus@example.net", role)
        eve.put(Kind.ALIASES, "a@example.net", {"destinations": ["gus@example.net"]})
        eve.put(Kind.GROUPS, "g@example.net", {**NAMED, "members": ["gus@example.net"]})

        with pytest.raises(ForbiddenError):
            eve.patch(Kind.USERS, "gus@example.net", {"role": None})

    @pytest.mark.parametrize(
        "role",
        [
            {"name": "administrator", "companies": ["other"]},
            {"name": "mail_administrator", "domains": ["example.com"]},
            {"name": "mail_administrator", "domains": ["example.org", "example.com"]},
        ],
    )
    def test_nobody_gives_more_than_they_have(self, ada: Desk, role: dict[str, object]) -> None:
        """Neither a company nor a domain of others."""
        with pytest.raises(ForbiddenError):
            ada.patch(Kind.USERS, "dan@example.org", {"role": role})

    @pytest.mark.parametrize(
        ("kind", "key", "fields"),
        [
            (Kind.USERS, "boss@example.net", {"name": "Boss", "password": "Rinnovata9"}),
            (Kind.GRANTS, "boss@example.net gus@example.net /", {"rights": "owner"}),
            (Kind.SEND_AS, "boss@example.net", {"senders": ["gus@example.net"]}),
            (Kind.OUT_OF_OFFICE, "boss@example.net", {"text": "x"}),
            (
                Kind.DELEGATIONS,
                "boss@example.net gus@example.net",
                {"folders": {"inbox": "read_only"}},
            ),
        ],
    )
    def test_nobody_reaches_into_the_mailbox_of_who_administers_more(
        self, eve: Desk, kind: Kind, key: str, fields: dict[str, object]
    ) -> None:
        """Who reads their mail could become them."""
        with pytest.raises(ForbiddenError, match="more than you"):
            eve.put(kind, key, fields)

    @pytest.mark.parametrize("way", ["recovery_address", "redirect_to"])
    def test_nobody_reads_the_mail_of_who_administers_more(
        self, eve: Desk, directory: MemoryStore, way: str
    ) -> None:
        """Who gets their new password, or all their mail, is as out of reach as they are."""
        state = directory.state()
        value = "gus@example.net" if way == "recovery_address" else ("gus@example.net",)
        boss = replace(state.users["boss@example.net"], **{way: value})
        directory.apply(put(state, boss), actor="test")

        with pytest.raises(ForbiddenError):
            eve.patch(Kind.USERS, "gus@example.net", {"password": "Rinnovata9"})
        with pytest.raises(ForbiddenError):
            eve.remove([(Kind.USERS, "gus@example.net")])

    def test_a_policy_is_for_what_one_administers(self, eve: Desk) -> None:
        """Not for the whole company of which one has a domain, nor for others' users."""
        for fields in (
            {"company": "acme"},
            {"company": "nobodys"},
            {"applies_to": ["gus@example.net", "bob@example.org"]},
        ):
            with pytest.raises(ProblemsError) as error:
                eve.put(Kind.DEVICE_POLICIES, "phones", fields)
            assert list(problems(error)) == list(fields)

        eve.put(Kind.DEVICE_POLICIES, "phones", {"applies_to": ["gus@example.net"]})

    def test_nobody_closes_who_administers_more_or_themselves(self, eve: Desk, ada: Desk) -> None:
        """There is always somebody left."""
        with pytest.raises(ForbiddenError, match="more than you"):
            eve.remove([(Kind.USERS, "boss@example.net")])
        with pytest.raises(ForbiddenError, match="somebody else"):
            ada.remove([(Kind.USERS, "ada@example.org")])

    def test_nobody_changes_their_own_role(self, book: Book) -> None:
        """A slip would shut them out."""
        boss = desk_of(book, "boss@example.net")

        with pytest.raises(ForbiddenError, match="your own role"):
            boss.patch(Kind.USERS, "boss@example.net", {"role": None})
        boss.patch(Kind.USERS, "boss@example.net", {"name": "The Boss"})

    def test_the_audit_says_who(self, book: Book) -> None:
        """And by which token."""
        role = Role("administrator", companies=("acme",))
        desk = Desk(
            book, "ada@example.org", role, Scope.of(book.state(), role), via="token payroll"
        )

        desk.patch(Kind.USERS, "dan@example.org", {"name": "Daniel"})

        assert book.store.audit()[-1].actor == "ada@example.org (token payroll)"


def test_a_page_of_ten_thousand_is_quick() -> None:
    """A page is rendered, not the list."""
    role = Role("administrator", companies=("acme",))
    people = [User(f"u{n}@example.org", f"User {n}") for n in range(10_000)]
    book = Book(
        MemoryStore(
            State.of_records([Company("acme", "Acme"), Domain("example.org", "acme"), *people])
        )
    )
    desk = Desk(book, "ada@example.org", role, Scope.of(book.state(), role))
    desk.find(Kind.USERS)

    def took(query: Query) -> float:
        begun = time.process_time()
        desk.find(Kind.USERS, query)
        return time.process_time() - begun

    for query in (Query(), Query(text="user 99"), Query(offset=9_900)):
        assert min(took(query) for _ in range(5)) < 0.02


def _declaring(directory: MemoryStore, record: Alias):
    state = directory.state()
    desired = state.copy()
    desired.put(record)
    return plan(desired, state)
