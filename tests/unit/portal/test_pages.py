"""Pages for people: what they show, to whom, and in which language."""

import re
from urllib.parse import unquote

import pytest
from sqlalchemy.exc import OperationalError

from fermoposta.directory.store import StoreError
from fermoposta.portal.book import Book


@pytest.mark.feature("F049")
@pytest.mark.parametrize(("language", "menu"), [("it", "Accedi"), ("en-GB,en;q=0.9", "Access")])
def test_the_webmail_is_in_the_menu_of_every_page(browser, language: str, menu: str) -> None:
    """Accedi > Webmail, Access > Webmail."""
    browser.language = language
    for path in ("/", "/clients", "/login", "/nowhere"):
        page = browser.get(path).text
        found = re.search(rf"<summary>{menu}</summary>(.*?)</details>", page, re.DOTALL)
        assert found
        assert '<a href="https://mail.example.org/SOGo/">Webmail</a>' in found[1]


@pytest.mark.feature("F014", "F015", "F017")
def test_client_set_up_fills_in_the_readers_data(browser) -> None:
    """The one host, the whole address, and the advice to encrypt."""
    page = browser.get("/clients?address=Ada@example.org").text

    assert page.count("mail.example.org") > 5
    assert page.count("<code>ada@example.org</code>") == 4
    assert "Consigliamo la crittografia" in page
    assert "/clients/mail.mobileconfig?address=ada%40example.org" in page


def test_client_set_up_does_not_say_who_exists(browser) -> None:
    """A made-up address gets the same page as a real one."""
    real = browser.get("/clients?address=bob@example.org").text
    made_up = browser.get("/clients?address=zoe@example.org").text

    assert made_up.replace("zoe", "bob") == real


@pytest.mark.parametrize(
    ("asked", "answer"),
    [("ada", "non è un indirizzo"), ("ada@elsewhere.example", "non si trova qui")],
)
def test_what_cannot_be_set_up_is_said(browser, asked: str, answer: str) -> None:
    """No instructions for mail that is not here."""
    page = browser.get("/clients", params={"address": asked}).text

    assert answer in page
    assert "<ol>" not in page


def test_who_is_signed_in_finds_the_own_address_filled_in(browser) -> None:
    """Nothing to type."""
    browser.sign_in("bob@example.org")

    assert 'value="bob@example.org"' in browser.get("/clients").text


def test_a_user_sees_the_own_mailbox_and_no_domains(browser) -> None:
    """Quota, switches and redirect; nothing to administer."""
    browser.sign_in("bob@example.org")

    page = browser.get("/home").text

    assert "Bob Frankston" in page
    assert "500 MB" in page
    assert "bob@elsewhere.example" in page
    assert "Non attivo" in page
    assert "Domini" not in page
    assert "ada@example.org" not in page


@pytest.mark.feature("F114")
def test_an_administrator_sees_the_domains_in_their_scope(browser) -> None:
    """A company's administrator all of its domains, with what is in them, and no other's."""
    browser.sign_in("ada@example.org")

    page = browser.get("/admin/domains").text

    row = re.search(r"example\.org</th>(.*?)</tr>", page, re.DOTALL)
    assert row
    cells = re.findall(r"<td[^>]*>(?:<a [^>]*>)?([^<]*)", row[1])
    assert cells[:5] == ["Acme S.r.l.", "2", "1", "0", "0"]
    assert "example.net" in page
    assert "example.com" not in page


def test_a_domains_administrator_sees_that_domain_only(browser) -> None:
    """The company's other domains are somebody else's care."""
    browser.sign_in("eve@example.net")

    page = browser.get("/admin/domains").text

    assert "example.net</th>" in page
    assert "example.org</th>" not in page


def test_a_user_may_not_look_at_domains(browser) -> None:
    """The page is refused, not just hidden."""
    browser.sign_in("bob@example.org")

    assert browser.get("/admin/domains").status_code == 403


def test_strangers_are_asked_to_sign_in(browser) -> None:
    """Nothing of anybody's is shown to nobody."""
    for path in ("/home", "/admin/domains"):
        response = browser.get(path)
        target = f"/login?next={path.replace('/', '%2F')}"
        assert (response.status_code, response.headers["location"]) == (303, target)


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/admin/domains", "/admin/domains"),
        ("/clients?address=ada@example.org", "/clients?address=ada@example.org"),
        ("https://elsewhere.example/", "/home"),
        ("//elsewhere.example/", "/home"),
        ("/\\elsewhere.example/", "/home"),
        ("/%0d%0aX: y", "/home"),
        ("home", "/home"),
        ("", "/home"),
    ],
)
def test_who_signs_in_goes_on_where_they_wanted_to(browser, target: str, location: str) -> None:
    """Within the portal, and nowhere else."""
    response = browser.send(
        "/login", address="ada@example.org", password="Segreta123", next=unquote(target)
    )

    assert (response.status_code, response.headers["location"]) == (303, location)


def test_a_name_is_text_and_never_markup(browser) -> None:
    """Whoever calls themselves a script stays a name."""
    browser.sign_in("eve@example.net")

    assert "Eve &lt;script&gt;" in browser.get("/home").text


@pytest.mark.parametrize("path", ["/", "/login", "/clients", "/nowhere", "/static/portal.css"])
def test_every_answer_forbids_scripts_and_strangers(browser, path: str) -> None:
    """Nothing runs, nothing is fetched from elsewhere, nobody frames us."""
    response = browser.get(path)

    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert ("script-src 'self';" in policy) == (path == "/login"), "passkeys need one of our own"
    assert response.headers["cross-origin-opener-policy"] == "same-origin"


def test_no_page_needs_a_script_or_another_host(browser) -> None:
    """Links lead to the mail host; everything else is ours."""
    browser.sign_in("ada@example.org")
    for path in ("/", "/clients?address=ada@example.org", "/home", "/admin/domains"):
        page = browser.get(path).text
        assert "<script" not in page
        assert " style=" not in page
        assert set(re.findall(r'(?:src|href)="https://([^/"]+)', page)) <= {"mail.example.org"}


def test_pages_are_not_kept_by_anyone(browser) -> None:
    """After signing out, the back button shows nothing."""
    assert browser.get("/").headers["cache-control"] == "no-store"


def test_a_published_port_is_kept_in_links(browser) -> None:
    """A demo on other ports leads to its own webmail."""
    browser.host = "portal.example.org:8443"

    assert 'href="https://mail.example.org:8443/SOGo/"' in browser.get("/").text


def test_an_error_of_ours_shows_a_page_and_no_inside(browser, store, monkeypatch) -> None:
    """The reader learns that it broke, and not what with."""

    def broken(_domain: str) -> bool:
        raise RuntimeError("password=Segreta123")

    monkeypatch.setattr(store, "hosts", broken)
    response = browser.get("/clients?address=ada@example.org")

    assert response.status_code == 500
    assert "Segreta123" not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_the_portal_answers_while_the_database_is_away(browser) -> None:
    """Health is about the portal alone."""
    assert browser.get("/healthz").text == "ok\n"


@pytest.mark.parametrize(
    "error", [StoreError("the directory cannot be used"), OperationalError("", {}, Exception())]
)
def test_a_page_says_when_the_database_is_away(browser, monkeypatch, error: Exception) -> None:
    """And when to come back."""
    browser.sign_in("ada@example.org")

    def fails(_book: Book) -> None:
        raise error

    monkeypatch.setattr(Book, "state", fails)
    response = browser.get("/admin/domains")

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
