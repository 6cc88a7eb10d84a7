"""What administrators do in the browser."""

from __future__ import annotations

import html
import re

import pytest

from fermoposta.directory import personal
from fermoposta.directory.model import Actions, Condition, Kind, MessageRule, Owner, names_of
from fermoposta.inventory.fields import FORMS
from fermoposta.portal.admin.sheets import NOT_SHOWN, SHEETS

ADA, EVE, BOB = "ada@example.org", "eve@example.net", "bob@example.org"
PASSWORD = "Nuova2026x"
EVERY = [sheet.slug for sheet in SHEETS]
MADE = [sheet.slug for sheet in SHEETS if sheet.made]


@pytest.fixture
def ada(browser):
    """A browser of the administrator of acme."""
    browser.sign_in(ADA)
    return browser


@pytest.fixture
def eve(browser):
    """A browser of the mail administrator of example.net."""
    browser.sign_in(EVE)
    return browser


def made(browser, slug: str, domain: str = "example.org", **fields: str) -> int:
    given = {f"key.{name}": value for name, value in fields.pop("key", {}).items()}
    given.setdefault("key.domain", domain)
    page = f"/admin/{slug}/new"
    return browser.send(page, page=page, **(given | fields))


def user(browser, local: str = "new", **fields: str):
    usual = {
        "name": "Nuova Persona",
        "quota_mb": "1000",
        "language": "it",
        "local_delivery": "on",
        "antivirus": "on",
        "password": PASSWORD,
        "password.again": PASSWORD,
    }
    return made(browser, "users", key={"local": local}, **(usual | fields))


def text_of(answer) -> str:
    return html.unescape(answer.text)


@pytest.mark.parametrize("slug", MADE)
@pytest.mark.feature("F117")
@pytest.mark.feature("F118")
@pytest.mark.feature("F119")
def test_each_kind_has_a_page_with_a_button_to_add(ada, slug: str) -> None:
    """Each list has a button below it that adds, and stands in the menu."""
    page = ada.get(f"/admin/{slug}")

    assert page.status_code == 200
    assert f'href="/admin/{slug}/new"' in page.text
    assert all(f'href="/admin/{each}"' in page.text for each in EVERY)
    assert ada.get(f"/admin/{slug}/new").status_code == 200


def test_rules_of_others_are_shown_and_taken_away_not_made(ada, book) -> None:
    """In words; what people want with their mail is theirs to say."""
    state = book.state()
    rule = MessageRule(
        BOB,
        "Fatture <b>",
        (Condition("subject", "contains", "fattura"), Condition("header", "is", "x", "List-Id")),
        Actions(forward=("ada@example.org",), discard=True),
        managed_by=Owner.PORTAL,
    )
    book.change(lambda now: personal.put(now, rule), actor=BOB)
    key = f"{BOB} Fatture <b>"

    page = text_of(ada.get(f"/admin/message-rules/edit?key={key}"))

    for words in ("contiene fattura", "List-Id è x", "Inoltra", "ada@example.org", "cestino"):
        assert words in page
    assert "<b>" not in ada.get("/admin/message-rules").text
    assert 'href="/admin/message-rules/new"' not in ada.get("/admin/message-rules").text
    assert ada.get("/admin/message-rules/new").status_code == 404
    form = f"/admin/message-rules/delete?key={key}"
    changed = ada.send(f"/admin/message-rules/edit?key={key}", page=form, enabled="off")
    assert changed.status_code == 403
    assert ada.send("/admin/message-rules/delete", page=form, key=key).status_code == 303
    assert book.state().of(Kind.MESSAGE_RULES) == state.of(Kind.MESSAGE_RULES)


def test_single_rights_and_other_profiles_come_back_as_they_were(ada, book) -> None:
    """What is shown and saved unchanged changes nothing."""
    rights = ["read", "create"]
    made(ada, "grants", key={"address": BOB, "other": ADA, "folder": "calendar"}, rights="owner")
    page = f"/admin/grants/edit?key={BOB} {ADA} calendar"
    etag = re.search(r'name="etag" value="(\w+)"', ada.get(page).text)[1]

    saved = ada.send(page, page=page, etag=etag, rights="", **{"rights.single": rights})

    assert saved.status_code == 303
    shown = ada.get(page).text
    assert all(f'value="{each}" checked' in shown for each in rights)
    assert 'value="edit_all" checked' not in shown
    grant = book.state().grants[f"{BOB} {ADA} calendar"]
    assert names_of(grant.rights) == rights

    line = f"key,folders.calendar,folders.inbox\n{BOB} {ADA},visible read create,secretary\n"
    page = "/admin/delegations/import"
    assert ada.send(page, page=page, csv=line, step="do").status_code == 303
    shown = ada.get(f"/admin/delegations/edit?key={BOB} {ADA}").text
    assert '<option value="visible read create" selected>' in shown
    assert ";visible read create;;secretary;;;" in ada.get("/admin/delegations/export.csv").text


@pytest.mark.parametrize(
    "path",
    ["", "/users", "/users/new", "/users/edit?key=bob@example.org", "/send-as", "/send-as/new"],
)
def test_who_administers_nothing_sees_nothing(browser, path: str) -> None:
    """A user is refused, and a stranger asked to sign in."""
    assert browser.get(f"/admin{path}").status_code == 303

    browser.sign_in(BOB)

    assert browser.get(f"/admin{path}").status_code == 403


@pytest.mark.feature("F104")
@pytest.mark.parametrize("slug", EVERY)
def test_users_make_no_rule_and_no_address(browser, book, slug: str) -> None:
    """Whatever form they send: an administrator alone does."""
    browser.sign_in(BOB)
    before = book.state()
    fields = {"key.address": BOB, "key.local": "x", "key.domain": "example.org", "senders": ADA}

    for path in ("new", f"edit?key={BOB}", "delete", "import", "change"):
        answer = browser.send(f"/admin/{slug}/{path}", page="/home", key=BOB, csv="key", **fields)
        assert answer.status_code == 403

    assert book.state() == before


@pytest.mark.feature("F120")
@pytest.mark.feature("F124")
def test_a_user_is_made_and_signs_in(ada, book) -> None:
    """Save makes the mailbox and the portal's user in one; a second Save changes it."""
    assert user(ada).status_code == 303

    there = book.state().users["new@example.org"]
    assert (there.name, there.quota_mb, there.antispam) == ("Nuova Persona", 1000, False)
    page = "/admin/users/edit?key=new@example.org"
    shown = ada.get(page)
    assert 'value="Nuova Persona"' in shown.text
    assert PASSWORD not in shown.text
    etag = re.search(r'name="etag" value="(\w+)"', shown.text)[1]
    saved = {"name": "Altra", "quota_mb": "2000", "language": "en", "local_delivery": "on"}
    assert ada.send(page, page=page, etag=etag, **saved).status_code == 303
    there = book.state().users["new@example.org"]
    assert (there.name, there.quota_mb, there.language) == ("Altra", 2000, "en")
    assert ada.send(page, page=page, etag=etag, **saved).status_code == 409
    ada.send("/logout", page="/home")
    assert ada.sign_in("new@example.org", PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": "Corta1a", "password.again": "Corta1a"}, "Ha meno di 8 caratteri"),
        ({"password.again": "Altra2026x"}, "Le due password non coincidono"),
        ({"quota_mb": "99"}, "È 99, meno di 100"),
        ({"quota_mb": "25601"}, "È 25601, più di 25600"),
        ({"quota_mb": "tanto"}, "È testo, non un numero intero"),
        ({"name": " "}, "È vuoto"),
        ({"local_delivery": ""}, "La posta non andrebbe da nessuna parte"),
        ({"redirect_to": "a@elsewhere.example\nb@"}, "“b@” non è un"),
        ({"mobile": "123"}, "Non è un numero di telefono internazionale"),
        ({"key.local": "bob"}, "C'è già"),
        ({"key.local": "nè"}, "accenti"),
        ({"key.domain": "example.com"}, "In nessun dominio che amministrate"),
        ({"key.domain": "nowhere.example"}, "In nessun dominio che amministrate"),
        ({"role": "administrator", "role.companies": "other"}, "oltre il proprio"),
    ],
)
@pytest.mark.feature("F123")
@pytest.mark.feature("F126")
@pytest.mark.feature("F128")
def test_what_is_wrong_is_said_at_its_field(ada, book, fields, said: str) -> None:
    """In the reader's language, with what was typed still there, and nothing is made."""
    before = book.state()

    answer = user(ada, **fields)

    assert answer.status_code in {403, 409, 422}
    assert said.lower() in text_of(answer).lower()
    assert 'value="Nuova Persona"' in answer.text or fields.get("name") == " "
    assert PASSWORD not in answer.text
    assert book.state() == before


OF_EACH_KIND = [
    (
        "aliases",
        {"key": {"local": "info"}, "destinations": "ada@example.org, x@far.example"},
        Kind.ALIASES,
        "info@example.org",
    ),
    (
        "groups",
        {"key": {"local": "team"}, "name": "Team", "members": ADA, "senders": "company"},
        Kind.GROUPS,
        "team@example.org",
    ),
    (
        "resources",
        {
            "key": {"local": "room"},
            "name": "Sala",
            "kind": "location",
            "multiple_bookings": "1",
            "quota_mb": "100",
            "language": "it",
        },
        Kind.RESOURCES,
        "room@example.org",
    ),
    (
        "send-as",
        {"key": {"address": "sales@example.org"}, "senders": "ada@example.org"},
        Kind.SEND_AS,
        "sales@example.org",
    ),
    (
        "allowed-domains",
        {"key": {}, "allowed": "one.example two.example"},
        Kind.ALLOWED_DOMAINS,
        "example.org",
    ),
    (
        "junk-rules",
        {"key": {"sender": "@spam.example"}, "action": "block"},
        Kind.JUNK_RULES,
        "example.org @spam.example",
    ),
    (
        "delegations",
        {"key": {"address": BOB, "other": ADA}, "folders.calendar": "secretary"},
        Kind.DELEGATIONS,
        f"{BOB} {ADA}",
    ),
    (
        "grants",
        {"key": {"address": BOB, "other": ADA, "folder": "calendar"}, "rights": "read_only"},
        Kind.GRANTS,
        f"{BOB} {ADA} calendar",
    ),
    (
        "out-of-office",
        {"key": {"address": BOB}, "text": "Sono via.", "audience": "company", "days": "7"},
        Kind.OUT_OF_OFFICE,
        BOB,
    ),
    (
        "device-policies",
        {"key": {"name": "severa"}, "company": "acme", "password_required": "on"},
        Kind.DEVICE_POLICIES,
        "severa",
    ),
    (
        "device-access",
        {"key": {"name": BOB}, "unknown": "block", "types": "iPhone: allow\n"},
        Kind.DEVICE_ACCESS,
        BOB,
    ),
]
"""A page, what is typed there, and the record that comes of it."""


@pytest.mark.parametrize(("slug", "fields", "kind", "key"), OF_EACH_KIND)
@pytest.mark.feature("F121")
@pytest.mark.feature("F122")
def test_what_is_made_is_shown_and_goes_after_a_question(
    ada, book, slug: str, fields, kind: Kind, key: str
) -> None:
    """Nothing is deleted until it is confirmed."""
    assert made(ada, slug, **fields).status_code == 303
    assert key in book.state().of(kind)
    again = made(ada, slug, **fields)
    assert again.status_code == 409
    assert "C'è già" in text_of(again)

    page = f"/admin/{slug}/delete?key={key}"
    question = ada.get(page)
    assert "Confermo" in question.text
    assert key in book.state().of(kind)

    assert ada.send(f"/admin/{slug}/delete", page=page, key=key).status_code == 303
    assert key not in book.state().of(kind)
    assert ada.get(page).status_code == 404


@pytest.mark.feature("F175")
def test_a_junk_rule_gets_another_sender(ada, book) -> None:
    """Sender and action can be changed; the domain stays."""
    made(ada, "junk-rules", key={"sender": "@spam.example"}, action="block")
    page = "/admin/junk-rules/edit?key=example.org @spam.example"
    etag = re.search(r'name="etag" value="(\w+)"', ada.get(page).text)[1]
    given = {"key.domain": "example.org", "key.sender": "x@spam.example", "action": "allow"}

    assert ada.send(page, page=page, etag=etag, **given).status_code == 303

    rules = book.state().of(Kind.JUNK_RULES)
    assert [(key, rule.action) for key, rule in rules.items()] == [
        ("example.org x@spam.example", "allow")
    ]


@pytest.mark.feature("F123")
def test_nobody_reaches_beyond_their_scope(eve, book) -> None:
    """On every page, whatever is put into the address or into a form."""
    before = book.state()
    for path in ("edit", "delete", "change"):
        answer = eve.get(f"/admin/users/{path}?key={BOB}")
        assert answer.status_code == 404
    page = "/admin/users/new"
    for path in (f"edit?key={BOB}", "delete", "change"):
        answer = eve.send(f"/admin/users/{path}", page=page, key=BOB, quota_mb="100", name="x")
        assert answer.status_code == 404
    assert BOB not in eve.get("/admin/users?text=bob&domain=example.org").text
    assert BOB not in eve.get("/admin/users/export.csv").text
    line = f"key,quota_mb\n{BOB},100\n"
    answer = eve.send("/admin/users/import", page="/admin/users/import", csv=line, step="do")
    assert answer.status_code == 422
    assert book.state() == before


@pytest.mark.parametrize(("slug", "fields", "kind", "key"), OF_EACH_KIND)
@pytest.mark.feature("F123")
def test_no_route_reaches_what_is_elsewhere(
    browser, book, slug: str, fields, kind: Kind, key: str
) -> None:
    """Whoever knows a name of another domain's neither sees nor changes what is there."""
    browser.sign_in(ADA)
    assert made(browser, slug, **dict(fields)).status_code == 303
    before = book.state()
    browser.send("/logout", page="/home")
    browser.sign_in(EVE)
    form, etag = "/admin/users/new", {"etag": "*"}

    for path in ("edit", "delete", "change"):
        assert browser.get(f"/admin/{slug}/{path}?key={key}").status_code in (303, 404)
    for path in (f"edit?key={key}", "delete", "change", "invite", "second-factor"):
        given = {name: value for name, value in fields.items() if name != "key"} | etag
        answer = browser.send(f"/admin/{slug}/{path}", page=form, key=key, **given)
        assert answer.status_code in (303, 404)
    again = made(browser, slug, **dict(fields)).status_code
    assert again in (404, 422)
    lines = f"key\n{key}\n"
    taken = browser.send(f"/admin/{slug}/import", page=form, csv=lines, step="do")
    assert taken.status_code == 422
    assert "/edit?key=" not in browser.get(f"/admin/{slug}").text
    assert len(browser.get(f"/admin/{slug}/export.csv").text.splitlines()) == 1
    assert book.state() == before


def test_what_the_inventory_owns_is_only_shown(ada) -> None:
    """With the reason, and without a button; a form sent all the same changes nothing."""
    page = f"/admin/users/edit?key={BOB}"
    shown = text_of(ada.get(page))

    assert "appartiene all'inventario" in shown
    assert "<button>Salva" not in shown
    answer = ada.send(page, page=page, name="x", quota_mb="100", language="it")
    assert answer.status_code in {409, 422}


@pytest.mark.feature("F122")
def test_a_mail_administrator_gives_no_role_and_takes_none(eve, book) -> None:
    """Who is not asked for one can't slip it in; addresses they make as others do."""
    answer = made(
        eve,
        "users",
        "example.net",
        key={"local": "zoe"},
        name="Zoe",
        quota_mb="100",
        language="it",
        local_delivery="on",
        **{"role": "administrator", "role.companies": "acme", "password": "", "password.again": ""},
    )

    assert answer.status_code == 303
    assert book.state().users["zoe@example.net"].role is None
    alias = made(eve, "aliases", "example.net", key={"local": "i"}, destinations=EVE)
    assert alias.status_code == 303


def test_lists_are_searched_sorted_and_paged(ada) -> None:
    """By a part of key or name, by a column both ways, fifty at a time."""
    lines = "".join(f"u{n:03}@example.org;Utente {999 - n}\n" for n in range(60))
    sent = ada.send(
        "/admin/users/import", page="/admin/users/import", csv=f"key;name\n{lines}", step="do"
    )
    assert sent.status_code == 303

    def rows(query: str) -> list[str]:
        page = ada.get(f"/admin/users?{query}").text
        return re.findall(r'<th scope="row"><a [^>]*>([^<]+)<', page)

    assert len(rows("")) == 50
    assert rows("page=2")[-1] == "u059@example.org"
    assert rows("text=u01")[0] == "u010@example.org"
    assert rows("text=Utente&sort=name")[0] == "u059@example.org"
    assert rows("text=Utente&sort=-name")[0] == "u000@example.org"
    assert rows("page=99999999&sort=nothing&domain=example.com")[0] == ADA


def test_a_spreadsheet_goes_out_and_comes_back(ada, book) -> None:
    """First it is shown what would change; what nobody changed changes nothing."""
    user(ada, name="=1+1")
    out = ada.get("/admin/users/export.csv?text=new@").content.decode("utf-8-sig")
    page = "/admin/users/import"

    assert "'=1+1" in out
    unchanged = ada.send(page, page=page, csv=out)
    assert "Niente" in unchanged.text

    shown = ada.send(page, page=page, csv=out.replace(";1000;", ";1500;"))
    assert "new@example.org" in shown.text
    assert book.state().users["new@example.org"].quota_mb == 1000
    done = ada.send(page, page=page, csv=out.replace(";1000;", ";1500;"), step="do")
    assert done.status_code == 303
    there = book.state().users["new@example.org"]
    assert (there.quota_mb, there.name) == (1500, "=1+1")


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "name\nx\n",
        "key,nosuch\na@example.org,1\n",
        "key,name\na@example.org,x\na@example.org,y\n",
        "key,name\n,x\n",
        "key,name\na@example.org,x,y,z\n",
        'key,name\n"a@example.org,x\n',
        "key,name,quota_mb\na@example.org,x,5\n",
        "key,name\na@example.com,x\n",
        "\x00\x01",
        "key,name,password\n" + "".join(f"u{n}@example.org,x,Abcdef12\n" for n in range(301)),
    ],
)
def test_a_bad_file_changes_nothing(ada, book, lines: str) -> None:
    """All or nothing, and why."""
    before = book.state()

    answer = ada.send("/admin/users/import", page="/admin/users/import", csv=lines, step="do")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert book.state() == before


def test_a_file_is_sent_as_one(ada, book) -> None:
    """Also as a spreadsheet on Windows writes it."""
    page = ada.get("/admin/aliases/import")
    token = re.search(r'name="form_token" value="([^"]+)"', page.text)[1]
    lines = "key;destinations\nperché@example.org;ada@example.org\ni@example.org;ada@example.org\n"

    def send(text: bytes):
        return ada.ask(
            "POST",
            "/admin/aliases/import",
            data={"form_token": token, "step": "do"},
            files={"file": ("a.csv", text, "text/csv")},
        )

    assert "accenti" in send(lines.encode("cp1252")).text
    assert send(lines.replace("perché", "perche").encode("utf-8-sig")).status_code == 303
    assert "i@example.org" in book.state().aliases


def test_fields_are_set_for_many(ada, book) -> None:
    """For all that are chosen; what is left as it is stays so."""
    user(ada, "one")
    user(ada, "two", quota_mb="500")
    keys = ["one@example.org", "two@example.org"]
    page = "/admin/users/change?key=one@example.org&key=two@example.org"

    answer = ada.send("/admin/users/change", page=page, key=keys, antispam="on", antivirus="off")

    assert answer.status_code == 303
    users = book.state().users
    assert [users[key].quota_mb for key in keys] == [1000, 500]
    assert all(users[key].antispam and not users[key].antivirus for key in keys)
    assert (
        ada.send("/admin/users/change", page=page, key=[*keys, BOB], antispam="off").status_code
        == 422
    )
    assert users == book.state().users


def test_names_stay_text(ada) -> None:
    """A name with a script in it is shown, and doesn't run."""
    user(ada, name="<script>alert(1)</script>")

    for path in ("?text=new", "/edit?key=new@example.org", "/delete?key=new@example.org"):
        page = ada.get(f"/admin/users{path}")
        assert "<script" not in page.text.lower()


def test_every_field_of_an_inventory_is_on_a_page() -> None:
    """But for those that are left out for a reason that stands there."""
    for sheet in SHEETS:
        form = FORMS.get(sheet.kind)
        if form is None:
            continue
        shown = {field.name for field in sheet.fields}
        left_out = {name for kind, name in NOT_SHOWN if kind is sheet.kind}
        assert shown | left_out == set(form.fields)
        assert shown.isdisjoint(left_out)
        assert {field.name for field in sheet.fields if field.required} <= set(form.required)


def test_changes_are_listed_within_the_scope(ada) -> None:
    """With who made them and what differs; never a password, never another domain's."""
    user(ada)

    page = html.unescape(ada.get("/admin/audit").text)

    assert "create users" in page
    assert "new@example.org" in page
    assert "Nuova Persona" in page
    assert PASSWORD not in page
    assert "argon2" not in page.lower()
    ada.send("/logout", page="/home")
    ada.sign_in(EVE)
    assert "new@example.org" not in ada.get("/admin/audit?before=999999").text
    assert ada.get("/admin/audit?before=x").status_code == 200
