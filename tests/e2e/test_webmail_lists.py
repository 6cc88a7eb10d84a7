"""Distribution lists of one's own, and every folder, calendar and book, in front of Chromium."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from clients.mail import token
from clients.portal import Visitor
from clients.web import Web
from selenium.webdriver.common.keys import Keys

from fermoposta_demo.webmail import SEND, SUGGESTION, Webmail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.mail import Mail

    from fermoposta_demo.appliance import Account, Appliance

HOST = "https://mail.example.org"
BOOK = f"{HOST}/SOGo/dav/ada@example.org/Contacts/personal/"
LIST_NAME = "input[ng-model='editor.card.c_cn']"
MEMBERS = "md-chips[ng-model='editor.card.refs']"
SAVE_CARD = "button[ng-click='editor.save(contactForm)']"
TO = "md-chips[ng-model='editor.message.editable.to']"
CARD = """BEGIN:VCARD\r
VERSION:3.0\r
UID:{uid}\r
FN:{name}\r
N:{name};;;;\r
EMAIL;TYPE=work:{address}\r
END:VCARD\r
"""
LIST = """BEGIN:VLIST\r
VERSION:1.0\r
UID:{uid}\r
FN:{name}\r
CARD;FN="{member}";EMAIL={address}:{card}\r
END:VLIST\r
"""
# SOGo takes a client without a name for Apple's, from which it hides lists.
CLIENT = {"User-Agent": "client.test/1"}
MAKE_COLLECTION = """<d:mkcol xmlns:d="DAV:"><d:set><d:prop>
<d:displayname>{name}</d:displayname></d:prop></d:set></d:mkcol>"""


@pytest.fixture
def ada_writes(appliance: Appliance, ada_reads: Webmail) -> Iterator[Webmail]:
    """The same; the cards and lists that the test made are gone afterwards."""
    web, ada = Web(appliance), appliance.account("ada@example.org")
    before = entries(web, ada)
    yield ada_reads
    for name in entries(web, ada) - before:
        web.ask("DELETE", f"{BOOK}{name}", account=ada, headers=CLIENT)


@pytest.mark.feature("F058", "F062", "F063")
def test_a_list_is_made_from_the_mail_and_written_to(
    appliance: Appliance, mail: Mail, ada: Account, ada_writes: Webmail
) -> None:
    """The menu of the button for a new message makes a list; its members get what is sent to it.

    One member is picked from the company's address book, one is typed with name and address. Other
    clients see the list by CardDAV, and another user does not.
    """
    name, subject = f"L{token()}", token()
    make_list(ada_writes, name, picked="bob@example", typed="Chiara Nuova <chiara@example.org>")
    ada_writes.open_module("Mail")
    write_to_list(ada_writes, name, subject)

    for address in ("bob@example.org", "chiara@example.org"):
        assert mail.wait_for(appliance.account(address), subject)
    card = next(text for text in cards(Web(appliance), ada) if f"FN:{name}" in text)
    assert "BEGIN:VLIST" in card
    assert "bob@example.org" in card
    assert "chiara@example.org" in card
    bob = appliance.account("bob@example.org")
    assert Web(appliance).ask("GET", BOOK, account=bob).status in {403, 404}


@pytest.mark.feature("F062")
def test_a_member_needs_an_address(ada_writes: Webmail) -> None:
    """A word that is no address does not become a member; an address alone does."""
    open_list_editor(ada_writes)

    type_member(ada_writes, "not an address")
    ada_writes.seen(f"{MEMBERS} input").clear()
    type_member(ada_writes, "someone@elsewhere.example")

    shown = ada_writes.wait("a member", lambda: ada_writes.texts(f"{MEMBERS} md-chip"))
    assert shown == ["someone@elsewhere.example"]


@pytest.mark.feature("F063", "F064")
def test_a_list_of_another_client_is_usable(
    appliance: Appliance, mail: Mail, ada: Account, ada_writes: Webmail
) -> None:
    """A list that a program stored by CardDAV is a recipient in the webmail."""
    name, subject, card = f"G{token()}", token(), f"{uuid.uuid4()}.vcf"
    web = Web(appliance)
    member = {"name": "Bob F", "address": "bob@example.org"}
    for file, content in (
        (card, CARD.format(uid=card, **member)),
        (
            f"{name}.vlf",
            LIST.format(
                uid=f"{name}.vlf", name=name, member="Bob F", address=member["address"], card=card
            ),
        ),
    ):
        assert (
            web.ask("PUT", f"{BOOK}{file}", account=ada, body=content, headers=CLIENT).status == 201
        )

    write_to_list(ada_writes, name, subject)

    assert mail.wait_for(appliance.account("bob@example.org"), subject)


@pytest.mark.feature("F062", "F063")
def test_a_list_of_the_portal_is_usable(
    appliance: Appliance, mail: Mail, ada: Account, ada_writes: Webmail
) -> None:
    """Made in the settings, written to in the webmail, and gone again."""
    name, subject, web = f"P{token()}", token(), Web(appliance)
    visitor = Visitor.signed_in(web, ada)
    where = "/settings/lists"
    members = "Bob F <bob@example.org>\nchiara@example.org"
    made = visitor.send(f"{where}/new", f"{where}/new", name=name, members=members)
    assert made.status == 303, made.body

    write_to_list(ada_writes, name, subject)

    for address in ("bob@example.org", "chiara@example.org"):
        assert mail.wait_for(appliance.account(address), subject)
    found = re.search(rf'edit\?id=([^"]+)">{name}<', visitor.get(where).body)
    assert found
    page = visitor.get(f"{where}/edit?id={found[1]}").body
    assert "Bob F &lt;bob@example.org&gt;" in page
    assert visitor.send(f"{where}/end", where, id=unquote(found[1])).status == 303
    assert name not in visitor.get(where).body


@pytest.mark.feature("F065")
def test_a_group_of_an_imap_client_is_nowhere_on_the_server(
    appliance: Appliance, mail: Mail, ada: Account, ada_writes: Webmail
) -> None:
    """Whoever writes to a group of their mail program alone leaves no list behind."""
    web, subject = Web(appliance), token()
    group = f"Gruppo{token()}"
    before = entries(web, ada)
    message = (
        f"From: ada@example.org\r\nTo: {group}: bob@example.org, chiara@example.org;\r\n"
        f"Subject: {subject}\r\n\r\nciao\r\n"
    )
    with mail.imap(ada) as client:
        client.append("INBOX", message.encode())

    ada_writes.wait_for_message(subject)
    open_editor(ada_writes)
    ada_writes.wait("no suggestion", lambda: asked_in_vain(ada_writes, group))

    assert entries(web, ada) == before


@pytest.mark.feature("F068")
def test_every_folder_calendar_and_book_is_within_reach(
    appliance: Appliance, mail: Mail, ada: Account, ada_writes: Webmail
) -> None:
    """What any other client made is in the webmail's lists, subscribed to or not."""
    name = f"T{token()}"
    web = Web(appliance)
    homes = {
        kind: f"{HOST}/SOGo/dav/ada@example.org/{kind}/{name}/" for kind in ("Calendar", "Contacts")
    }
    with mail.imap(ada) as client:
        client.create_folder(name)
    for home in homes.values():
        body = MAKE_COLLECTION.format(name=name)
        made = web.ask(
            "MKCOL", home, account=ada, body=body, headers={"Content-Type": "application/xml"}
        )
        assert made.status == 201

    try:
        ada_writes.driver.refresh()
        ada_writes.wait("the folder", lambda: name in ada_writes.folders())
        for module in homes:
            ada_writes.open_module(module)
            ada_writes.wait(module, lambda: name in " ".join(ada_writes.texts("md-list-item")))
    finally:
        for home in homes.values():
            web.ask("DELETE", home, account=ada)
        with mail.imap(ada) as client:
            client.delete_folder(name)


def test_a_folder_has_a_menu_with_its_sharing(ada_reads: Webmail) -> None:
    """The menu of a folder opens who may see it, and makes folders in it."""
    ada_reads.press(
        "//span[normalize-space()='Inbox']/ancestor::md-list-item[1]//md-icon[.='more_vert']"
    )

    ada_reads.wait("the menu", lambda: ada_reads.texts("md-menu-content button"))
    shown = ada_reads.texts("md-menu-content button")
    ada_reads.press("button[ng-click='$menuCtrl.share()']")

    assert "New Subfolder..." in shown
    assert ada_reads.seen("md-dialog md-autocomplete input")


# --- what a person does


def open_list_editor(webmail: Webmail) -> None:
    """Choose the list in the menu of the button for a new message."""
    webmail.press("md-fab-trigger button")
    webmail.press("a[aria-label='Distribution list']")
    webmail.seen(LIST_NAME)


def make_list(webmail: Webmail, name: str, *, picked: str, typed: str) -> None:
    """Fill in the editor of a list and save it."""
    open_list_editor(webmail)
    webmail.fill(LIST_NAME, name)
    webmail.seen(f"{MEMBERS} input").send_keys(picked)
    webmail.press(SUGGESTION)
    webmail.wait("the first member", lambda: len(webmail.texts(f"{MEMBERS} md-chip")) == 1)
    type_member(webmail, typed)
    webmail.wait("the second member", lambda: len(webmail.texts(f"{MEMBERS} md-chip")) == 2)
    webmail.press(SAVE_CARD)
    webmail.wait("the list", lambda: webmail.driver.current_url.endswith("/view"))


def type_member(webmail: Webmail, text: str) -> None:
    """Type a member, as somebody does who finds no suggestion."""
    webmail.seen(f"{MEMBERS} input").send_keys(text, Keys.ENTER)


def open_editor(webmail: Webmail) -> None:
    """Begin a new message."""
    webmail.press("md-fab-trigger button")
    webmail.press("button[ng-click='mailbox.newMessage($event)']")
    # What is typed before the editor has come to rest becomes a recipient as it stands.
    webmail.wait(
        "the focus",
        lambda: webmail.driver.switch_to.active_element == webmail.seen(f"{TO} input"),
    )


def write_to_list(webmail: Webmail, name: str, subject: str) -> None:
    """Send a message to a list by its name."""
    open_editor(webmail)
    webmail.wait("the list as recipient", lambda: suggested_list(webmail, name))
    webmail.fill("input[ng-model='editor.message.editable.subject']", subject)
    webmail.press(SEND)
    webmail.wait(
        "the editor to close", lambda: not webmail.driver.find_elements("css selector", SEND)
    )


def suggested_list(webmail: Webmail, name: str) -> bool:
    """Take a list from the suggestions, which puts its members there.

    Anew where the page, still moving, took the name for an address.
    """
    chips = webmail.texts(f"{TO} md-chip")
    if not chips:
        webmail.fill(f"{TO} input", name)
        webmail.wait("a suggestion", lambda: name in " ".join(webmail.texts(SUGGESTION)), 10)
        webmail.press(SUGGESTION)
    elif not all("@" in chip for chip in chips):
        webmail.press(f"{TO} .md-chip-remove")
    chips = webmail.texts(f"{TO} md-chip")
    return bool(chips) and all("@" in chip for chip in chips)


def asked_in_vain(webmail: Webmail, word: str) -> bool:
    """Type a word where recipients go; tell whether the address books knew nobody of that name."""
    chips = webmail.driver.find_elements("css selector", f"{TO} .md-chip-remove")
    if chips:
        chips[0].click()
    webmail.fill(f"{TO} input", word)
    asked = "return performance.getEntriesByType('resource').map(e => e.name).join()"
    webmail.wait("an answer", lambda: f"search={word}" in webmail.driver.execute_script(asked), 10)
    assert webmail.texts(SUGGESTION) == []
    return True


# --- what another client sees


def entries(web: Web, account: Account) -> set[str]:
    """Return the names of what is in somebody's own address book."""
    answer = web.ask("PROPFIND", BOOK, account=account, headers=CLIENT | {"Depth": "1"})
    assert answer.status == 207
    return {name for name in re.findall(r"<D:href>[^<]*/personal/([^<]+)<", answer.body) if name}


def cards(web: Web, account: Account) -> list[str]:
    """Return the cards and lists of somebody's own address book."""
    return [
        web.ask("GET", f"{BOOK}{name}", account=account, headers=CLIENT).body
        for name in entries(web, account)
    ]
