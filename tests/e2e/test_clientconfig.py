"""What clients are told works: each port that is named is tried as the client would."""

from __future__ import annotations

import json
import plistlib
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from clients.web import Web

if TYPE_CHECKING:
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

HOST = "mail.example.org"
OUTLOOK = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
# Logs in at each of SETTINGS with TLS for the very name that is given; says OK or what failed.
TRY = """
import imaplib, poplib, smtplib, ssl
context = ssl.create_default_context()
for ca in ("/etc/fermoposta/tls/ca.pem",):
    context.load_verify_locations(ca)
for kind, host, port, encryption in SETTINGS:
    implicit = encryption in ("SSL", "SSL/TLS")
    try:
        if kind == "imap":
            client = (imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=60) if implicit
                      else imaplib.IMAP4(host, port, timeout=60))
            implicit or client.starttls(context)
            client.login(USER, PASSWORD)
            client.select("INBOX")
            client.logout()
        elif kind == "pop3":
            client = (poplib.POP3_SSL(host, port, context=context, timeout=60) if implicit
                      else poplib.POP3(host, port, timeout=60))
            implicit or client.stls(context)
            client.user(USER)
            client.pass_(PASSWORD)
            client.quit()
        else:
            client = (smtplib.SMTP_SSL(host, port, context=context, timeout=60) if implicit
                      else smtplib.SMTP(host, port, timeout=60))
            implicit or client.starttls(context=context)
            client.login(USER, PASSWORD)
            client.quit()
        print("OK", kind, port)
    except Exception as error:
        print("FAILED", kind, port, type(error).__name__, error)
"""

Setting = tuple[str, str, int, str]


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


def tried(shell: Shell, settings: list[Setting], user: str, password: str) -> list[str]:
    """Return what became of each setting; the password goes over standard input."""
    head = f"SETTINGS, USER, PASSWORD = {json.dumps([settings, user, password])}\n"
    return shell.python(head + TRY).splitlines()


def thunderbirds(web: Web, url: str) -> list[Setting]:
    root = ET.fromstring(web.ask("GET", url).body)  # noqa: S314 - our own document
    return [
        (
            server.get("type", ""),
            server.findtext("hostname", ""),
            int(server.findtext("port", "")),
            server.findtext("socketType", ""),
        )
        for server in root.iterfind("emailProvider/*[@type]")
    ]


@pytest.mark.feature("F021", "F014", "F015", "F017", "F025")
def test_thunderbirds_settings_work(web: Web, shell: Shell, ada: Account) -> None:
    """Every port that autoconfig names takes address and password, at one host, encrypted."""
    settings = thunderbirds(
        web, f"https://autoconfig.example.org/mail/config-v1.1.xml?emailaddress={ada.address}"
    )

    outcome = tried(shell, settings, ada.address, ada.password or "")

    assert {(kind, port) for kind, _, port, _ in settings} == {
        *(("imap", 993), ("imap", 143), ("imap", 9993)),
        *(("pop3", 995), ("pop3", 110)),
        *(("smtp", 587), ("smtp", 465)),
    }
    assert {host for _, host, _, _ in settings} == {HOST}
    assert all(encryption in {"SSL", "STARTTLS"} for _, _, _, encryption in settings)
    assert outcome == [f"OK {kind} {port}" for kind, _, port, _ in settings]


@pytest.mark.feature("F015")
def test_half_an_address_is_no_user_name(shell: Shell, ada: Account) -> None:
    """Without the domain nobody logs in."""
    settings: list[Setting] = [
        ("imap", HOST, 993, "SSL"),
        ("pop3", HOST, 995, "SSL"),
        ("smtp", HOST, 465, "SSL"),
    ]

    outcome = tried(shell, settings, ada.address.partition("@")[0], ada.password or "")

    assert [line.split()[0] for line in outcome] == ["FAILED"] * 3


@pytest.mark.feature("F020", "F014")
@pytest.mark.parametrize(
    "url",
    [
        f"https://{HOST}/autodiscover/autodiscover.xml",
        f"https://{HOST}/Autodiscover/Autodiscover.xml",
        "https://autodiscover.example.org/autodiscover/autodiscover.xml",
    ],
)
def test_outlooks_settings_work(web: Web, shell: Shell, ada: Account, url: str) -> None:
    """IMAP, POP3 and SMTP as autodiscover names them take address and password."""
    question = (
        "<Autodiscover xmlns='http://schemas.microsoft.com/exchange/autodiscover/outlook"
        f"/requestschema/2006'><Request><EMailAddress>{ada.address}</EMailAddress>"
        f"<AcceptableResponseSchema>{OUTLOOK[1:-1]}</AcceptableResponseSchema></Request>"
        "</Autodiscover>"
    )
    answer = web.ask("POST", url, body=question, headers={"Content-Type": "text/xml"})
    root = ET.fromstring(answer.body)  # noqa: S314 - our own document
    settings = [
        (
            protocol.findtext(f"{OUTLOOK}Type", "").lower(),
            protocol.findtext(f"{OUTLOOK}Server", ""),
            int(protocol.findtext(f"{OUTLOOK}Port", "")),
            protocol.findtext(f"{OUTLOOK}Encryption", ""),
        )
        for protocol in root.iter(f"{OUTLOOK}Protocol")
    ]

    outcome = tried(shell, settings, ada.address, ada.password or "")

    assert outcome == ["OK imap 993", "OK pop3 995", "OK smtp 587"]


@pytest.mark.feature("F022", "F014")
def test_apples_settings_work(web: Web, shell: Shell, ada: Account) -> None:
    """The profile's mail servers take address and password; its calendar is where it says."""
    answer = web.ask(
        "GET", f"https://portal.example.org/clients/mail.mobileconfig?address={ada.address}"
    )
    parts: dict[str, dict[str, Any]] = {
        part["PayloadType"]: part for part in plistlib.loads(answer.body.encode())["PayloadContent"]
    }
    mail, caldav = parts["com.apple.mail.managed"], parts["com.apple.caldav.account"]
    settings: list[Setting] = [
        ("imap", mail["IncomingMailServerHostName"], mail["IncomingMailServerPortNumber"], "SSL"),
        (
            "smtp",
            mail["OutgoingMailServerHostName"],
            mail["OutgoingMailServerPortNumber"],
            "STARTTLS",
        ),
    ]

    outcome = tried(shell, settings, mail["IncomingMailServerUsername"], ada.password or "")
    calendar = web.ask(
        "PROPFIND",
        f"https://{caldav['CalDAVHostName']}{caldav['CalDAVPrincipalURL']}",
        account=ada,
        headers={"Depth": "0"},
    )

    assert outcome == ["OK imap 993", "OK smtp 587"]
    assert calendar.status == 207


@pytest.mark.feature("F017", "F014", "F015")
@pytest.mark.parametrize(("language", "advice"), [("it", "Consigliamo"), ("en", "We recommend")])
def test_printed_instructions_recommend_encryption(
    web: Web, ada: Account, language: str, advice: str
) -> None:
    """In both languages, for every client, with the one host and the reader's own address."""
    page = web.ask(
        "GET", f"https://portal.example.org/clients?lang={language}&address={ada.address}"
    ).body
    instructions = page.split('<details class="guide"')[1:]

    assert len(instructions) == 4
    for guide in instructions:
        assert advice in guide
        assert HOST in guide
        assert ada.address in guide


@pytest.mark.feature("F179", "F182", "F180")
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("it", ("intero dominio", "truffe, lotterie", "password e dati personali", "commerciali")),
        ("en", ("whole domain", "scams, lotteries", "passwords and personal data", "commercial")),
    ],
)
def test_the_page_says_what_to_do_about_spam(
    web: Web, ada: Account, language: str, said: tuple[str, ...]
) -> None:
    """What spam is, that a newsletter needs a rule on its domain, where to report, who decides."""
    page = web.ask(
        "GET", f"https://portal.example.org/clients?lang={language}&address={ada.address}"
    ).body
    advice = page.split('<section id="junk">')[1].split("</section>")[0]

    for words in (*said, "Quarantena", f"spam@{HOST}", f"ham@{HOST}", "server"):
        assert words in advice


def test_each_domain_has_its_policy_and_strangers_have_none(web: Web, appliance: Appliance) -> None:
    """MTA-STS names our host for every domain of ours (RFC 8461)."""
    for domain in appliance.domains:
        policy = web.ask("GET", f"https://mta-sts.{domain}/.well-known/mta-sts.txt")
        assert policy.status == 200
        assert f"mx: {HOST}\r\n" in policy.body


def test_settings_tell_nobody_who_exists(web: Web, ada: Account) -> None:
    """A made-up address gets the same document as a real one."""
    url = "https://autoconfig.example.org/mail/config-v1.1.xml?emailaddress="

    assert web.ask("GET", url + ada.address).body == web.ask("GET", url + "zoe@example.org").body
