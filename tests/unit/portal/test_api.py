"""The API for programs: what it answers, to whom, and what it says where something is wrong."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from fermoposta.directory.model import Alias, JunkRule, Owner, State, User
from fermoposta.directory.plan import plan
from fermoposta.inventory.fields import FORMS
from fermoposta.portal.administration import KINDS
from fermoposta.portal.api import tokens as tokens_module
from fermoposta.portal.book import Book

if TYPE_CHECKING:
    import httpx

V1 = "/api/v1"
ALIAS = {"destinations": ["ada@example.org"]}


@pytest.fixture
def state(state: State) -> State:
    for record in (
        User("dan@example.org", "Dan", managed_by=Owner.PORTAL),
        User("fay@example.com", "Fay", managed_by=Owner.PORTAL),
        Alias("info@example.com", ("fay@example.com",), managed_by=Owner.PORTAL),
        JunkRule("example.com", "@spam.example", "block", managed_by=Owner.PORTAL),
    ):
        state.put(record)
    return state


@dataclass
class Program:
    """A program with a token."""

    browser: object
    token: str

    def __call__(self, method: str, path: str, value: object = None, **headers: str):
        given = {"authorization": f"Bearer {self.token}"}
        body = None
        if value is not None:
            media = "merge-patch+json" if method == "PATCH" else "json"
            given["content-type"] = f"application/{media}"
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
        given |= {name.replace("_", "-"): each for name, each in headers.items()}
        return self.browser.ask(method, f"{V1}{path}", headers=given, content=body)


@pytest.fixture
def program(browser, tokens, clock):
    """Make a program for somebody."""

    def made(owner: str = "ada@example.org", *, writes: bool = True, **more: object) -> Program:
        facts = {"writes": writes, "days": 30, "now": clock(), **more}
        return Program(browser, tokens_module.make(tokens, owner, "payroll", **facts)[1])

    return made


@pytest.fixture
def api(program) -> Program:
    return program()


def problem(answer: httpx.Response, status: int) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["title"]
    return told


class TestTokens:
    def test_nothing_opens_without_one(self, browser, api) -> None:
        """Neither a cookie nor anything that looks like a token; each says what is needed."""
        browser.sign_in("ada@example.org")
        for headers in (
            {},
            {"authorization": "Basic YWRhOng="},
            {"authorization": "Bearer"},
            {"authorization": "Bearer fp_wrong"},
            {"authorization": f"Bearer {api.token}x"},
            {"authorization": f"Bearer {api.token[3:]}"},
        ):
            answer = browser.ask("GET", f"{V1}/users", headers=headers)

            problem(answer, 401)
            assert answer.headers["www-authenticate"].startswith("Bearer ")
            assert "set-cookie" not in answer.headers
        assert api("GET", "/users").status_code == 200

    def test_a_refusal_is_logged_without_the_token(self, browser) -> None:
        """The line names the client."""
        with capture_logs() as logs:
            browser.ask("GET", f"{V1}/users", headers={"authorization": "Bearer fp_s3cret"})

        assert logs == [{"event": "token refused", "log_level": "warning", "client": "192.0.2.7"}]

    def test_it_ends_by_itself(self, api, clock) -> None:
        """After the days it was made for."""
        clock.later(days=29)
        assert api("GET", "/users").status_code == 200
        clock.later(days=1)
        problem(api("GET", "/users"), 401)

    def test_it_ends_with_its_owners_role(self, program, book: Book, directory) -> None:
        """For good: who gets the role back makes a new one."""
        eve = program("eve@example.net")
        assert eve("GET", "/users").status_code == 200
        was = directory.state().users["eve@example.net"]

        for role in (None, was.role):
            state = directory.state()
            desired = state.copy()
            desired.put(User("eve@example.net", was.name, role=role))
            directory.apply(plan(desired, state), actor="test")

            problem(eve("GET", "/users"), 401)

    def test_it_reaches_what_was_chosen_and_never_more_than_its_owner(self, program) -> None:
        """Of the company one domain; of what is another's nothing."""
        narrow = program(domains=("example.net", "example.com"))

        assert {e["key"] for e in narrow("GET", "/users").json()["entries"]} == {"eve@example.net"}
        problem(narrow("GET", "/users/bob@example.org"), 404)
        problem(narrow("GET", "/users/fay@example.com"), 404)
        # By the owner's own mailbox, or by a role, it would become the owner.
        problem(narrow("PATCH", "/users/eve@example.net", {"role": None}), 409)

    def test_one_that_only_reads_changes_nothing(self, program, book: Book) -> None:
        """Whatever the verb, and dry runs too."""
        reader = program(writes=False)

        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = reader(method, "/users/dan@example.org?dry_run=true", {})
            assert "may only read" in problem(answer, 403)["detail"]
            assert "insufficient_scope" in answer.headers["www-authenticate"]
        assert reader("GET", "/users/dan@example.org").status_code == 200

    def test_its_last_use_is_known_to_the_minute(self, api, tokens, clock) -> None:
        """And not written more often."""
        first = clock()
        api("GET", "/users")
        clock.later(seconds=59)
        api("GET", "/users")
        assert [each.used_at for each in tokens.tokens.values()] == [first]
        clock.later(seconds=1)
        api("GET", "/users")
        assert [each.used_at for each in tokens.tokens.values()] == [clock()]


class TestReading:
    def test_a_list_comes_in_pages_with_links(self, api) -> None:
        """RFC 8288: first, previous, next, last; what was asked is in them."""
        answer = api("GET", "/users?limit=2&offset=2&sort=-name&domain=")

        told = answer.json()
        links = {
            relation: target
            for target, relation in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["link"])
        }
        assert told["total"] == 4
        assert len(told["entries"]) == 2
        assert links.keys() == {"first", "last", "prev"}
        assert links["prev"] == f"{V1}/users?sort=-name&domain=&offset=0&limit=2"
        assert "next" in api("GET", "/users?limit=2").headers["link"]

    def test_what_is_searched_is_found(self, api) -> None:
        """In keys and names, whatever the capitals."""
        told = api("GET", "/users?text=LOVEL").json()

        assert [entry["key"] for entry in told["entries"]] == ["ada@example.org"]

    def test_an_entry_has_its_etag(self, api) -> None:
        """Whoever has it already is told so."""
        answer = api("GET", "/users/dan@example.org")

        assert answer.headers["etag"] == f'"{answer.json()["etag"]}"'
        assert answer.headers["cache-control"] == "no-store"
        again = api("GET", "/users/dan@example.org", if_none_match=answer.headers["etag"])
        assert (again.status_code, again.content) == (304, b"")
        assert api("HEAD", "/users/dan@example.org").status_code == 200

    @pytest.mark.parametrize(
        "query",
        ["limit=0", "limit=201", "limit=x", "offset=-1", "offset=99999999999", "limit=1&limit=٣"],
    )
    def test_numbers_that_are_none_are_told(self, api, query: str) -> None:
        """Never guessed."""
        told = problem(api("GET", f"/users?{query}"), 400)

        assert told["errors"][0]["path"] in query
        assert problem(api("GET", "/users?sort=colour"), 422)["errors"][0]["path"] == "sort"

    @pytest.mark.parametrize(
        "path",
        [
            "/nothing",
            "/pictures",
            "/users/",
            "/users/x",
            "/Users",
            "/",
            "",
            "/../v1",
            "/x/y/z",
            "/users/x%0Ay",
        ],
    )
    def test_what_is_not_there_is_a_problem(self, api, path: str) -> None:
        """Not a page for people."""
        problem(api("GET", path), 404)


class TestWriting:
    @pytest.mark.feature("F123", "F126")
    def test_the_life_of_an_alias(self, api, book: Book) -> None:
        """Made, read, patched, put in place of, taken away; the audit says by what."""
        made = api("PUT", "/aliases/Info@Example.ORG", ALIAS)
        assert (made.status_code, made.headers["location"]) == (
            201,
            f"{V1}/aliases/info@example.org",
        )
        assert [step["action"] for step in made.json()["steps"]] == ["create"]
        assert book.store.audit()[-1].actor == "ada@example.org (token payroll)"
        assert book.state().aliases["info@example.org"].managed_by is Owner.PORTAL

        patched = api(
            "PATCH",
            "/aliases/info@example.org",
            {"destinations": ["dan@example.org"]},
            if_match=made.headers["etag"],
        )
        assert patched.json()["entry"]["fields"] == {"destinations": ["dan@example.org"]}

        stale = api("PUT", "/aliases/info@example.org", ALIAS, if_match=made.headers["etag"])
        problem(stale, 412)
        weak = api("DELETE", "/aliases/info@example.org", if_match=f"W/{patched.headers['etag']}")
        problem(weak, 412)
        several = f'"x", {patched.headers["etag"]}'
        assert api("PUT", "/aliases/info@example.org", ALIAS, if_match=several).status_code == 200
        problem(api("PUT", "/aliases/info@example.org", ALIAS, if_none_match="*"), 412)
        problem(api("PUT", "/aliases/info@example.org", ALIAS, if_none_match='"x"'), 400)

        gone = api("DELETE", "/aliases/info@example.org", if_match="*")
        assert [step["action"] for step in gone.json()["steps"]] == ["remove"]
        problem(api("GET", "/aliases/info@example.org"), 404)
        problem(api("DELETE", "/aliases/info@example.org"), 404)

    @pytest.mark.feature("F127", "F130", "F131")
    def test_every_problem_is_told_with_its_field(self, api) -> None:
        """At once, with what to do; and no secret."""
        answer = api(
            "PUT",
            "/users/new@example.org",
            {"quota_mb": 99, "password": "s3cret", "colour": "red", "redirect_to": ["x"]},
        )

        told = problem(answer, 422)
        assert {each["path"] for each in told["errors"]} == {
            "colour",
            "name",
            "password",
            "quota_mb",
            "redirect_to[0]",
        }
        assert all(each["message"] and each["remedy"] for each in told["errors"])
        assert "s3cret" not in answer.text

    def test_a_dry_run_says_the_steps_and_does_nothing(self, api, book: Book) -> None:
        """For every verb."""
        before = book.state().revision
        for method, path, value in (
            ("PUT", "/users/new@example.org", {"name": "New", "password": "Segreta123"}),
            ("PATCH", "/users/dan@example.org", {"name": "Daniel"}),
            ("DELETE", "/users/dan@example.org", None),
            ("POST", "/users", {"new@example.org": {"name": "New"}}),
        ):
            answer = api(method, f"{path}?dry_run=true", value)

            assert answer.status_code == 200
            assert len(answer.json()["steps"]) == 1
            assert "Segreta123" not in answer.text
            assert "etag" not in answer.headers
        assert book.state().revision == before
        problem(api("DELETE", "/users/dan@example.org?dry_run=yes"), 400)

    def test_many_are_made_at_once_or_none(self, api, book: Book) -> None:
        """The problems begin with the key."""
        told = problem(
            api(
                "POST",
                "/aliases",
                {"a@example.org": ALIAS, "b@example.com": ALIAS, "c@example.org": 1},
            ),
            422,
        )
        assert [each["path"] for each in told["errors"]] == ["c@example.org"]
        told = problem(
            api("POST", "/aliases", {"a@example.org": ALIAS, "b@example.com": ALIAS}), 422
        )
        assert [each["path"] for each in told["errors"]] == ["b@example.com"]
        assert "a@example.org" not in book.state().aliases

        answer = api("POST", "/aliases", {"a@example.org": ALIAS, "b@example.org": ALIAS})

        assert len(answer.json()["steps"]) == 2

    def test_too_many_at_once_are_refused(self, api) -> None:
        """Hashing so many passwords would keep everybody waiting."""
        many = {f"a{n}@example.org": ALIAS for n in range(1001)}

        assert "1000" in problem(api("POST", "/aliases", many), 413)["detail"]

    def test_keys_of_several_parts_go_into_a_path(self, api) -> None:
        """Quoted as any path; a folder has slashes of its own."""
        rule = f"/junk_rules/{quote('example.org @spam.example')}"
        grant = f"/grants/{quote('dan@example.org bob@example.org INBOX/My work', safe='')}"

        assert api("PUT", rule, {"action": "block"}).status_code == 201
        made = api("PUT", grant, {"rights": "read_only"})
        assert made.status_code == 201
        assert api("GET", made.headers["location"].removeprefix(V1)).json()["fields"] == {
            "rights": "read_only"
        }
        assert api("DELETE", rule).status_code == 200

    def test_what_belongs_to_the_inventory_is_a_conflict(self, api) -> None:
        """It says whose it is."""
        for method, value in (("PUT", {"name": "B"}), ("PATCH", {"name": "B"}), ("DELETE", None)):
            told = problem(api(method, "/users/bob@example.org", value), 409)
            assert "inventory" in told["detail"]

    def test_what_the_role_may_not_is_forbidden(self, program) -> None:
        """It says why."""
        role = {"role": {"name": "mail_administrator", "domains": ["example.net"]}}
        answer = program("eve@example.net")("PUT", "/users/n@example.net", {"name": "N", **role})

        assert "gives no roles" in problem(answer, 403)["detail"]

    @pytest.mark.parametrize(
        ("body", "media", "status"),
        [
            (b"{}", "text/plain", 415),
            (b"{}", "", 415),
            (b"{", "application/json", 400),
            (b'{"a":1,"a":2}', "application/json", 400),
            (b'{"a":NaN}', "application/json", 400),
            (b'{"name":"\\ud800"}', "application/json", 400),
            (b"\xff", "application/json", 400),
            (b"[]", "application/json", 400),
            (b"", "application/json", 400),
            (b"[" * 60_000, "application/json", 400),
            (b" " * 70_000, "application/json", 413),
            (b'{"name":1e999}', "application/json; charset=utf-8", 422),
            (b'{"name":{"a":[{}]},"role":[],"quota_mb":true}', "application/json", 422),
        ],
    )
    def test_a_body_that_is_none_is_told(self, api, body: bytes, media: str, status: int) -> None:
        """Whatever it is, never an error of ours."""
        problem(api("PUT", "/users/new@example.org", body, content_type=media), status)

    def test_a_method_that_is_not_there_says_which_are(self, api) -> None:
        """For records that are only shown, too."""
        assert api("PATCH", "/users", {}).headers["allow"] == "GET, HEAD, POST"
        assert problem(api("OPTIONS", "/users"), 405)
        answer = api("PUT", "/domains/example.org", {"company": "acme"})
        assert (problem(answer, 405)["status"], answer.headers["allow"]) == (405, "GET, HEAD")
        answer = api("PUT", f"/rules/{quote('dan@example.org x')}", {})
        assert answer.headers["allow"] == "DELETE, GET, HEAD"

    def test_a_database_that_is_away_is_said_so(self, api, monkeypatch) -> None:
        """And when to ask again; what nobody foresaw is logged by its place alone."""
        for error, status in (
            (OperationalError("", {}, Exception("s3cret")), 503),
            (KeyError("s3cret"), 500),
        ):

            def fails(_book: Book, failing: Exception = error) -> None:
                raise failing

            monkeypatch.setattr(Book, "state", fails)
            with capture_logs() as logs:
                answer = api("GET", "/users")

            problem(answer, status)
            assert "s3cret" not in f"{answer.text}{logs}"
            assert len(logs) == 1


KEYS = {
    "companies": "other",
    "domains": "example.com",
    "junk_rules": "example.com @spam.example",
    "allowed_domains": "example.com",
    "device_access": "other",
    "device_policies": "strict",
    "delegations": "fay@example.com info@example.com",
    "grants": "fay@example.com info@example.com /",
    "rules": "fay@example.com x",
    "aliases": "info@example.com",
}


@pytest.mark.feature("F123")
@pytest.mark.parametrize("kind", [kind.value for kind in KINDS])
def test_a_foreign_administrator_reaches_nothing(program, book: Book, kind: str) -> None:
    """By no route: what is there is answered as what is not, and stays."""
    eve = program("eve@example.net")
    before = book.state().revision
    key = quote(KEYS.get(kind, "fay@example.com"))
    nowhere = quote(KEYS.get(kind, "fay@example.com").replace("example.com", "nowhere.example"))

    assert "example.com" not in eve("GET", f"/{kind}").text
    assert "example.com" not in eve("GET", f"/{kind}?domain=example.com").text
    for method, value in (
        ("GET", None),
        ("PUT", {"name": "X"}),
        ("PATCH", {"name": "X"}),
        ("DELETE", None),
    ):
        there, not_there = (eve(method, f"/{kind}/{each}", value) for each in (key, nowhere))
        assert there.status_code == not_there.status_code
        assert there.status_code in (404, 405, 422)
        assert there.text.replace("example.com", "nowhere.example") == not_there.text
    bulk = eve("POST", f"/{kind}", {KEYS.get(kind, "fay@example.com"): {}})
    assert bulk.status_code in (405, 422)
    assert book.state().revision == before


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(["example.org", "dan@example.org", "@x.example", "{{ x }}", "2026-08-01"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.text(max_size=6) | st.sampled_from(["name", "role", "members", "rights", "INBOX"]),
            below,
            max_size=3,
        )
    ),
    max_leaves=6,
)
NAMES = sorted(
    {
        *(name for form in FORMS.values() for name in form.fields),
        *("action", "allowed", "folders", "rights", "actions", "conditions"),
    }
)
PARTS = st.sampled_from(["dan@example.org", "example.org", "x@example.org", "INBOX", "acme", "/"])


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    st.sampled_from([kind.value for kind in KINDS]),
    st.lists(PARTS | st.text(max_size=8), min_size=1, max_size=3).map(" ".join),
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4),
    st.text(max_size=10),
)
def test_no_input_breaks_it(
    api: Program, method: str, kind: str, key: str, fields: dict, text: str
) -> None:
    """Whatever programs send, the answer is theirs to mend."""
    path = f"/{kind}" if method == "POST" else f"/{kind}/{quote(key, safe='', errors='replace')}"
    value = {key.encode(errors="replace").decode(): fields} if method == "POST" else fields

    answer = api(method, path, None if method in ("GET", "DELETE") else value)
    found = api(
        "GET",
        f"/{kind}?text={quote(text, errors='replace')}&domain={quote(text, errors='replace')}",
    )

    assert answer.status_code < 500, answer.text
    assert found.status_code == 200


class TestPage:
    def test_an_administrator_makes_and_ends_a_token(self, browser, tokens) -> None:
        """It is shown once, opens the API, and does no more when it is ended."""
        browser.sign_in("ada@example.org")

        page = browser.send(
            "/tokens", page="/tokens", name="Payroll", days="7", scope="example.net"
        )

        secret = re.search(r"fp_[\w-]{43}", page.text)
        assert page.status_code == 201
        assert secret
        (token,) = tokens.tokens.values()
        assert (token.domains, token.companies, token.writes) == (("example.net",), (), False)
        assert secret[0] not in browser.get("/tokens").text
        assert "Payroll" in browser.get("/tokens").text
        assert Program(browser, secret[0])("GET", "/users").status_code == 200

        assert browser.send(f"/tokens/{token.id}/end", page="/tokens").status_code == 303

        problem(Program(browser, secret[0])("GET", "/users"), 401)

    def test_what_is_wrong_is_said_at_its_field(self, browser, tokens) -> None:
        """With what was typed still there, and nothing is made."""
        browser.sign_in("ada@example.org")

        page = browser.send(
            "/tokens", page="/tokens", name="", days="900", scope="example.com", writes="on"
        )

        assert page.status_code == 422
        assert all(f'id="{field}-wrong"' in page.text for field in ("name", "days", "scope"))
        assert 'value="900"' in page.text
        assert 'value="example.com"' in page.text
        assert " checked" in page.text
        assert tokens.tokens == {}

    def test_nobody_else_makes_or_ends_one(self, browser, tokens, clock) -> None:
        """Neither a plain user, nor another administrator, nor a page from elsewhere."""
        token, _ = tokens_module.make(
            tokens, "ada@example.org", "x", writes=True, days=1, now=clock()
        )
        assert browser.get("/tokens").headers["location"].startswith("/login")
        browser.sign_in("bob@example.org")
        assert browser.get("/tokens").status_code == 403
        browser.cookies.clear()
        browser.sign_in("eve@example.net")

        for path in (token.id, "0" * 32, "x", "%00"):
            assert browser.send(f"/tokens/{path}/end", page="/tokens").status_code == 404
        assert browser.ask("POST", "/tokens", data={"name": "x", "days": "1"}).status_code == 403
        assert list(tokens.tokens) == [token.id]


def test_what_can_not_be_done_is_said_before_how_it_was_asked(api) -> None:
    """Whoever writes to what only the inventory makes hears that, whatever they send."""
    for method, path in (("POST", "/companies"), ("PUT", "/companies/acme"), ("PUT", "/users")):
        answer = api(method, path, content_type="text/plain")
        assert answer.status_code == 405, path
        assert "GET" in answer.headers["allow"]
    assert api("POST", "/users", content_type="text/plain").status_code == 415
    assert api("POST", "/nonsense", content_type="text/plain").status_code == 404
