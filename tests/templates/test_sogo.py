"""What SOGo reads: an OpenStep property list."""

from __future__ import annotations

import re
from typing import Any

import pytest

TOKEN = re.compile(
    r'\s+|/\*.*?\*/|//[^\n]*|"(?:[^"\\]|\\.)*"|[{}();=,]|[A-Za-z0-9_./$-]+', re.DOTALL
)


def plist(text: str) -> dict[str, Any]:
    """Return an OpenStep property list as Python values; its syntax is checked on the way."""
    tokens, end = [], 0
    for match in TOKEN.finditer(text):
        assert match.start() == end, text[end : match.start()]
        end = match.end()
        if not match[0].isspace() and not match[0].startswith(("/*", "//")):
            tokens.append(match[0])
    assert end == len(text)
    value = read(tokens)
    assert tokens == []
    return value


def read(tokens: list[str]) -> Any:
    first = tokens.pop(0)
    if first == "{":
        found = {}
        while tokens[0] != "}":
            name = read(tokens)
            assert tokens.pop(0) == "="
            assert name not in found
            found[name] = read(tokens)
            assert tokens.pop(0) == ";"
        tokens.pop(0)
        return found
    if first == "(":
        items = []
        while tokens[0] != ")":
            items.append(read(tokens))
            assert tokens[0] == ")" or tokens.pop(0) == ","
        tokens.pop(0)
        return items
    return re.sub(r"\\(.)", r"\1", first[1:-1]) if first.startswith('"') else first


@pytest.fixture
def conf(render):
    return lambda **variables: plist(
        render("sogo", "sogo.conf.j2", **({"sogo_mail_domain": "example.org"} | variables))
    )


@pytest.mark.feature("F015", "F154", "F158", "F162")
def test_people_come_from_the_directorys_view(conf):
    """One source, which shows a company its own rows and lets users log in, not groups or rooms."""
    (source,) = conf()["SOGoUserSources"]

    assert source["viewURL"].endswith("/fermoposta/sogo.users")
    assert source["DomainFieldName"] == "c_domain"
    assert source["KindFieldName"] == "kind"
    assert source["authenticationFilter"] == "kind = 'user'"
    assert source["userPasswordAlgorithm"] == "argon2id"


def test_no_password_stands_in_the_configuration(conf):
    """SOGo is its system user at the database; each URL names the socket and no password."""
    urls = [value for name, value in conf().items() if str(value).startswith("postgresql:")]

    assert len(urls) >= 8
    assert all(url.startswith("postgresql://sogo@%2Frun%2Fpostgresql/") for url in urls)


def test_collections_share_their_tables(conf):
    """Ten thousand users with three collections each do not make a hundred thousand tables."""
    assert {"OCSStoreURL", "OCSAclURL", "OCSCacheFolderURL"} <= set(conf())


@pytest.mark.feature("F047")
def test_looks_for_mail_every_few_seconds(render, conf):
    """The page looks every minute by its own setting, which our script makes a few seconds."""
    settings = conf()
    script = render("sogo", "fermoposta.js.j2", sogo_refresh_seconds=5)

    assert settings["SOGoRefreshViewCheck"] == "every_minute"
    assert settings["SOGoUIAdditionalJSFiles"] == ["js/fermoposta.js"]
    assert "return 5;" in script


@pytest.mark.feature("F043", "F181")
def test_junk_goes_to_the_quarantine(conf):
    """The folder for junk is the one in which the filter files it."""
    assert conf()["SOGoJunkFolderName"] == "Quarantena"


def test_users_may_not_have_the_host_log_in_elsewhere(conf):
    """Foreign accounts would open connections from our network to wherever a user likes."""
    settings = conf()

    assert settings["SOGoMailAuxiliaryUserAccountsEnabled"] == "NO"
    assert settings["SOGoEnablePublicAccess"] == "NO"
    assert "SOGoSuperUsernames" not in settings


def test_only_the_pages_instance_takes_the_web_servers_word(conf):
    """Where it does, any password is taken: programs and services have instances that don't."""
    assert conf(sogo_conf_web=True)["SOGoTrustProxyAuthentication"] == "YES"
    for other in ({}, {"sogo_conf_for_agent": True}, {"sogo_conf_quiet": True}):
        assert "SOGoTrustProxyAuthentication" not in conf(**other)
    instances = ({}, {"sogo_conf_web": True}, {"sogo_conf_quiet": True})
    both = {"sogo_conf_web": True, "sogo_conf_quiet": True}
    assert len({conf(**each)["WOPort"] for each in (*instances, both)}) == 4
    assert conf(**both)["SOGoAppointmentSendEMailNotifications"] == "NO"


def test_the_quiet_instance_is_the_webmails_but_for_letters(conf):
    """It lets the same people in, remembers the same log-ins and rights, and mails nobody."""
    loud, quiet = conf(), conf(sogo_conf_quiet=True)

    assert {name for name in loud if loud[name] != quiet[name]} == {
        "SOGoAppointmentSendEMailNotifications",
        "WOPort",
    }
    assert quiet["SOGoAppointmentSendEMailNotifications"] == "NO"
    assert loud["SOGoAppointmentSendEMailNotifications"] == "YES"
    assert quiet["WOPort"].startswith("127.0.0.1:")


def test_names_may_hold_quotes_and_accents(conf):
    """An operator's title comes through, whatever stands in it."""
    title = 'Società "La Posta" \\ Figli'

    assert conf(sogo_title=title)["SOGoPageTitle"] == title


@pytest.mark.parametrize(("lists", "dot"), [(True, "NO"), (False, "YES")])
def test_a_large_company_searches_instead_of_listing(conf, lists, dot):
    """The switch says whether the book opens with everybody in it."""
    (source,) = conf(sogo_address_book_lists_all=lists)["SOGoUserSources"]

    assert source["listRequiresDot"] == dot


def test_folder_names_are_those_of_the_mail_store(render):
    """The names in the profiles are the ones under which Dovecot makes the folders."""
    sql = render("sogo", "profile.sql.j2")
    dovecot = render("dovecot", "dovecot.conf.j2")
    made = set(re.findall(r"^\s+name = (.+)$", dovecot, re.MULTILINE))

    rows = re.findall(r"^\s+\('(\w+)', '\w+', '([^']+)', '([^']+)', '([^']+)'", sql, re.MULTILINE)
    assert {code for code, *_ in rows} == {"en", "it"}
    for _, *folders in rows:
        assert set(folders) <= made
