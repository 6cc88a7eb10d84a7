"""The webmail, as somebody in front of Debian's Chromium notices it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from clients.firefox import firefox
from clients.mail import compose, token
from clients.web import Web

from fermoposta_demo.browser import chromium
from fermoposta_demo.webmail import Webmail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clients.mail import Mail

    from fermoposta_demo.appliance import Account, Appliance

ADDRESS_BOOK = "Rubrica aziendale"
ENTER = "\ue007"
EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//client.test//EN\r
BEGIN:VEVENT\r
UID:{uid}\r
DTSTAMP:20260101T000000Z\r
DTSTART;VALUE=DATE:{day}\r
SUMMARY:{title}\r
END:VEVENT\r
END:VCALENDAR\r
"""
# Posts as the page's own scripts do, with the token against forged requests.
ASK_AS_THE_PAGE = """
const headers = {"Content-Type": "application/json"};
fetch("/SOGo/so/ada@example.org/" + arguments[0], {method: "POST", headers: headers, body: "{}"})
  .then(answer => answer.text()).then(arguments[1]);
"""
CARD = """BEGIN:VCARD\r
VERSION:3.0\r
UID:{uid}\r
FN:{name}\r
N:{name};;;;\r
END:VCARD\r
"""


@pytest.fixture
def stranger(appliance: Appliance) -> Iterator[Webmail]:
    """A browser in which nobody is logged in."""
    with chromium(appliance) as driver:
        yield Webmail(driver, appliance)


@pytest.mark.feature("F011", "F014", "F015", "F036")
def test_the_webmail_lets_people_in_by_address_and_password(
    appliance: Appliance, ada: Account, stranger: Webmail
) -> None:
    """The mail host's name leads to the page to sign in; address and password open the inbox."""
    port = appliance.ports["https"]

    stranger.driver.get(f"https://mail.example.org:{port}/")
    landed = stranger.driver.current_url
    stranger.log_in(ada)

    assert landed.startswith(f"{appliance.urls['portal']}login?next=")
    assert stranger.driver.current_url.startswith(appliance.urls["webmail"])
    assert "Inbox" in stranger.folders()


@pytest.mark.feature("F036")
def test_the_webmail_works_in_firefox(appliance: Appliance, ada: Account, tmp_path: Path) -> None:
    """Firefox, too, logs in, lists the folders and shows messages."""
    with firefox(appliance, tmp_path) as window:
        window.open(appliance.urls["webmail"])
        window.type("input[name='address']", ada.address)
        window.type("input[name='password']", f"{ada.password}{ENTER}")
        window.wait_for("!!document.querySelector('.sg-message-list-item .sg-tile-subject')")
        folders = window.ask(
            "[...document.querySelectorAll('.sg-mailbox-list-item .sg-item-name')]"
            ".map(folder => folder.textContent).join()"
        )

    assert "Inbox" in folders
    assert "Quarantena" in folders


@pytest.mark.feature("F011", "F015")
@pytest.mark.parametrize("address", ["ada@example.org", "nobody@example.org", "sales@example.org"])
def test_the_webmail_keeps_others_out(stranger: Webmail, address: str) -> None:
    """A wrong password, an unknown address and a group's get the same answer, and no mailbox."""
    stranger.fill_in(address, "Wrong-1234")

    refusal = stranger.seen("[role='alert']")

    assert refusal.text == "L'indirizzo o la password non è corretto."
    assert "/Mail" not in stranger.driver.current_url


@pytest.mark.feature("F049")
def test_the_service_page_leads_to_the_webmail(appliance: Appliance, stranger: Webmail) -> None:
    """The portal's menu Access has an entry Webmail, which leads to the page to sign in."""
    stranger.driver.get(appliance.urls["portal"])

    stranger.press("//nav//summary[normalize-space()='Accedi']")
    stranger.press("//nav//a[normalize-space()='Webmail']")

    assert stranger.seen("input[name='password']")
    assert "/login?next=/webmail" in unquote(stranger.driver.current_url)


def test_everybody_finds_their_own_language(appliance: Appliance, mail: Mail) -> None:
    """Chiara's webmail speaks Italian, and her sent mail lies where other clients look for it."""
    chiara = appliance.account("chiara@example.org")
    subject = token()

    with chromium(appliance, language="en") as driver:
        webmail = Webmail(driver, appliance)
        webmail.log_in(chiara)
        folders = webmail.folders()
        webmail.write("ada@example.org", subject)

    assert {"Posta in arrivo", "Quarantena"} <= set(folders)
    assert mail.special(chiara, b"\\Sent") == "Posta inviata"
    assert mail.wait_for(chiara, subject, "Posta inviata")


def test_a_written_message_arrives(
    appliance: Appliance, mail: Mail, ada: Account, ada_reads: Webmail
) -> None:
    """What Ada writes in the webmail reaches Bob, with a copy in her Sent folder."""
    subject = token()

    ada_reads.write("bob@example.org", subject)

    received = mail.wait_for(appliance.account("bob@example.org"), subject)
    assert "ada@example.org" in str(received["From"])
    assert mail.wait_for(ada, subject, mail.special(ada, b"\\Sent"))


@pytest.mark.feature("F047")
def test_new_mail_shows_up_by_itself(mail: Mail, ada_reads: Webmail) -> None:
    """A message that arrives is in the list within ten seconds, and nobody reloaded the page."""
    subject = token()
    ada_reads.driver.execute_script("window.stillThere = true")

    message = compose("bea@elsewhere.example", "ada@example.org", subject)
    mail.deliver("bea@elsewhere.example", ["ada@example.org"], message)

    assert ada_reads.wait_for_message(subject, seconds=10)
    assert ada_reads.driver.execute_script("return window.stillThere")


@pytest.mark.feature("F043", "F181")
def test_the_quarantine_can_be_read(mail: Mail, ada: Account, ada_reads: Webmail) -> None:
    """Quarantena stands among the folders, and what lies in it can be opened."""
    subject = token()
    message = compose("win@lottery.example", ada.address, subject, "Hai vinto!\n")
    with mail.imap(ada) as client:
        client.append("Quarantena", message.as_bytes())

    ada_reads.open_folder("Quarantena")
    text = ada_reads.open_message(subject)

    assert "Hai vinto!" in text


@pytest.mark.feature("F069")
def test_the_list_sorts_by_size(mail: Mail, ada: Account, ada_reads: Webmail) -> None:
    """The largest messages come first, so that what is too large is found; or last."""
    subject = token()
    message = compose(ada.address, ada.address, subject, ("y" * 70 + "\n") * 60_000)
    with mail.imap(ada) as client:
        client.append("INBOX", message.as_bytes())
    ada_reads.wait_for_message(subject)

    try:
        ada_reads.sort_by("size", ascending=False)
        ada_reads.wait("the largest first", lambda: ada_reads.subjects()[0] == subject)
        largest = ada_reads.sizes()
        ada_reads.sort_by("size", ascending=True)
        ada_reads.wait("the smallest first", lambda: ada_reads.sizes()[0] < largest[0])
        smallest = ada_reads.sizes()
    finally:
        ada_reads.sort_by("arrival", ascending=False)
        with mail.imap(ada) as client:
            client.select_folder("INBOX")
            client.delete_messages(client.search(["SUBJECT", subject]))
            client.expunge()

    assert largest == sorted(largest, reverse=True)
    assert smallest == sorted(smallest)


@pytest.mark.feature("F057")
def test_the_real_sender_can_be_seen(mail: Mail, ada_reads: Webmail) -> None:
    """The raw headers of a message name the sender of its envelope, which its From does not."""
    subject = token()
    message = compose("boss@bank.example", "ada@example.org", subject)
    mail.deliver("bounce@mailer.example", ["ada@example.org"], message)

    source = ada_reads.source_of(subject)

    line = next(line for line in source.splitlines() if "envelope-from" in line.lower())
    assert "bounce@mailer.example" in line


@pytest.mark.feature("F154", "F158", "F162")
def test_the_address_book_shows_groups_and_resources_but_no_alias(ada_reads: Webmail) -> None:
    """A company finds its people, groups and rooms; no list and no search shows an alias."""
    ada_reads.open_address_book(ADDRESS_BOOK)

    everybody = ada_reads.wait("everybody", ada_reads.cards)
    found = {
        word: ada_reads.search(word)
        for word in ("sales@example.org", "sala.riunioni", "info@example.org", "postmaster")
    }

    assert not [card for card in everybody if "info@" in card or "postmaster@" in card]
    assert len(found["sales@example.org"]) == 1
    assert len(found["sala.riunioni"]) == 1
    assert found["info@example.org"] == []
    assert found["postmaster"] == []


@pytest.mark.feature("F154", "F158")
def test_a_company_finds_nobody_of_another(appliance: Appliance, stranger: Webmail) -> None:
    """Hank of Globex finds his colleague and his group, and nothing of Acme's."""
    stranger.log_in(appliance.account("hank@example.net"))
    stranger.open_address_book(ADDRESS_BOOK)

    everybody = stranger.wait("everybody", stranger.cards)

    assert [card for card in everybody if "irene@example.net" in card]
    assert [card for card in everybody if "team@example.net" in card]
    assert not [card for card in everybody if "@example.org" in card or "@example.com" in card]
    assert stranger.search("ada@") == []
    assert stranger.search("sales") == []


def test_the_address_book_sends_no_password(ada_reads: Webmail) -> None:
    """What the page is sent of its people holds names and addresses, and no hash."""
    answer = ada_reads.driver.execute_async_script(ASK_AS_THE_PAGE, "Contacts/directory/view")

    assert "bob@example.org" in answer
    assert "argon2" not in answer.lower()


@pytest.mark.feature("F048")
def test_the_calendar_and_the_contacts_refresh_when_they_are_opened(
    appliance: Appliance, ada: Account, ada_reads: Webmail
) -> None:
    """What a phone stored meanwhile is there after moving inside and at the next access."""
    title, name = token(), f"A{token()}"
    day = f"{datetime.now(UTC):%Y%m%d}"
    ada_reads.open_module("Calendar")
    ada_reads.seen("button[ng-click='list.reload()']")

    store(
        appliance,
        ada,
        "Calendar",
        f"{title}.ics",
        EVENT.format(uid=uuid.uuid4(), day=day, title=title),
    )
    store(appliance, ada, "Contacts", f"{name}.vcf", CARD.format(uid=uuid.uuid4(), name=name))
    for arrow in ("chevron_right", "chevron_left"):
        ada_reads.press(
            f"//button[starts-with(@ng-click, 'calendar.changeDate')]/md-icon[.='{arrow}']"
        )

    ada_reads.wait("the event", lambda: title in ada_reads.driver.page_source)
    ada_reads.open_module("Contacts")
    ada_reads.wait("the contact", lambda: [card for card in ada_reads.cards() if name in card])


def test_a_log_in_cookie_travels_over_tls_only(ada_reads: Webmail) -> None:
    """The session's cookie is kept from scripts, from plain HTTP and from other sites' requests."""
    cookie = ada_reads.driver.get_cookie("__Host-fermoposta-webmail")

    assert cookie is not None
    assert cookie["secure"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"


def store(appliance: Appliance, account: Account, module: str, name: str, content: str) -> None:
    """Store an entry as another client does (RFC 4791, section 5.3.2)."""
    url = f"https://mail.example.org/SOGo/dav/{account.address}/{module}/personal/{name}"
    assert Web(appliance).ask("PUT", url, account=account, body=content).status == 201
