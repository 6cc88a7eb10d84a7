"""The webmail as somebody at a screen uses it: log in, read, write, look people up."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from fermoposta_demo.browser import chromium

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeVar

    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

    from fermoposta_demo.appliance import Account, Appliance

    T = TypeVar("T")

MESSAGE = ".sg-message-list-item"
FOLDER = ".sg-mailbox-list-item .sg-item-name span[ng-bind$='displayName']"
FOLDER_PATH = "span[@ng-bind='$ctrl.mailbox.$displayName']"
SEND = 'button[ng-click="editor.send()"]'
SUGGESTION = ".md-autocomplete-suggestions li"
SENDER = "input[name='from']"
ADD_IDENTITIES = """
const [addresses, done] = arguments;
const preferences = angular.element(document.body).injector().get("Preferences");
const identities = preferences.defaults.AuxiliaryMailAccounts[0].identities;
for (const address of addresses)
  if (!identities.some(known => known.email === address))
    identities.push({email: address, fullName: address, isDefault: 0});
preferences.$save().then(() => done("saved"), error => done(JSON.stringify(error)));
"""
UNITS = {"B": 1, "KB": 1024, "KiB": 1024, "MB": 1024**2, "MiB": 1024**2}
MENU = ".md-open-menu-container.md-active"


@dataclass(frozen=True)
class Webmail:
    """A browser in front of an appliance's webmail."""

    driver: WebDriver
    appliance: Appliance
    seconds: float = 30

    # --- doors

    def log_in(self, account: Account) -> None:
        """Fill in the log-in page and wait for the list of messages."""
        self.fill_in(account.address, account.password or "")
        self.wait("the inbox", lambda: self.driver.find_elements(By.CSS_SELECTOR, FOLDER))
        # Until the list says how many messages there are, the page may still go elsewhere.
        self.wait("the list", lambda: "".join(self.texts(".md-subheader-content")).strip())

    def fill_in(self, address: str, password: str) -> None:
        """Open the webmail, which leads to the page to sign in, and send what a person types."""
        self.driver.get(self.appliance.urls["webmail"])
        self.seen("input[name='address']").send_keys(address)
        self.seen("input[name='password']").send_keys(password, Keys.ENTER)

    def open_module(self, name: str) -> None:
        """Go to Mail, Calendar or Contacts by the button in the toolbar."""
        self.press(f"a[href$='../{name}'], a[href$='/{name}']")

    # --- mail

    def folders(self) -> list[str]:
        """Return the names of the folders as they are shown."""
        return self.texts(FOLDER)

    def open_folder(self, name: str) -> None:
        """Click a folder and wait until its list is shown."""
        self.press(f"//{FOLDER_PATH}[normalize-space()='{name}']")
        title = "a[ng-bind='mailbox.service.selectedFolder.$displayName']"
        self.wait(f"the list of {name}", lambda: self.texts(title) == [name])

    def subjects(self) -> list[str]:
        """Return the subjects in the list of messages, top first."""
        return self.texts(f"{MESSAGE} .sg-tile-subject")

    def sizes(self) -> list[float]:
        """Return the sizes of the messages in the list, in bytes, top first."""
        shown = [text.split() for text in self.texts(f"{MESSAGE} .sg-tile-size")]
        return [float(number.replace(",", ".")) * UNITS[unit] for number, unit in shown]

    def wait_for_message(self, subject: str, seconds: float | None = None) -> WebElement:
        """Return the list's row of a message as soon as it is shown."""
        return self.wait(
            f"the message {subject}",
            lambda: next(
                (
                    row
                    for row in self.driver.find_elements(By.CSS_SELECTOR, MESSAGE)
                    if subject in row.text
                ),
                None,
            ),
            seconds,
        )

    def open_message(self, subject: str) -> str:
        """Click a message and return its text as it is shown."""
        self.click(lambda: self.wait_for_message(subject), subject)
        content = "#messageView .mailer_mailcontent, .sg-mail-part, .mailer_plaincontent"
        return self.seen(content).text

    def source_of(self, subject: str) -> str:
        """Open a message and return its raw text, headers first, as the webmail shows it."""
        self.open_message(subject)
        self.menu(
            "//md-card-actions//md-menu/button[md-icon[.='more_vert']]",
            "button[ng-click='viewer.toggleRawSource($event)']",
        )
        return self.seen("pre[ng-bind-html='viewer.message.$rawSource']").text

    def mark_as_junk(self, subject: str) -> None:
        """Select a message by its picture and press the button with the thumb turned down."""

        def picture() -> WebElement:
            row = self.wait_for_message(subject)
            return row.find_element(By.CSS_SELECTOR, ".sg-avatar-selectable")

        self.click(picture, subject)
        self.press("button[ng-click='mailbox.markOrUnMarkMessagesAsJunk()']")

    def sort_by(self, field: str, *, ascending: bool) -> None:
        """Choose a field, by its name in SOGo, in the menu above the list of messages."""
        self.sort_menu(f"button[ng-click=\"mailbox.sort('{field}')\"]")

        def turned() -> bool:
            upwards = self.driver.find_elements(By.CSS_SELECTOR, ".md-subheader-content .md-flip")
            return bool(upwards) == ascending

        if not turned():
            self.sort_menu("[ng-model='mailbox.service.$query.asc']")
        self.wait("the order", turned)

    def sort_menu(self, entry: str) -> None:
        """Open the menu of orders and click an entry."""
        self.menu("//md-menu/button[md-icon[normalize-space()='sort']]", entry)

    def menu(self, button: str, entry: str) -> None:
        """Open a menu and click an entry, anew where the page redrew itself meanwhile."""

        def choose() -> bool:
            if not self.driver.find_elements(By.CSS_SELECTOR, MENU):
                self.press(button)
            self.wait(entry, lambda: self.texts(f"{MENU} {entry}"), 5)
            self.press(f"{MENU} {entry}")
            return True

        self.wait(entry, choose)
        self.wait("the menu to close", lambda: not self.driver.find_elements(By.CSS_SELECTOR, MENU))

    def add_identities(self, *addresses: str) -> None:
        """Save further addresses to write as, by the page's own means for its preferences."""
        said = self.driver.execute_async_script(ADD_IDENTITIES, addresses)
        if said != "saved":
            message = f"the identities were not saved: {said}"
            raise RuntimeError(message)
        self.driver.refresh()
        self.wait("the inbox", self.folders)

    def write(self, to: str, subject: str, *, sender: str | None = None) -> None:
        """Write a message and send it; *sender* is chosen among the identities."""
        self.press("md-fab-trigger button")
        self.press("button[ng-click='mailbox.newMessage($event)']")
        if sender is not None:
            self.choose_sender(sender)
        self.address(to)
        self.fill("input[ng-model='editor.message.editable.subject']", subject)
        self.press(SEND)
        self.wait(
            "the editor to close", lambda: not self.driver.find_elements(By.CSS_SELECTOR, SEND)
        )

    def choose_sender(self, sender: str) -> None:
        """Type a sender into the field From and take what is suggested."""
        looks = itertools.count()

        def chosen() -> bool:
            value = self.seen(SENDER).get_attribute("value") or ""
            if f"<{sender}>" in value:
                return True
            # The page's own sender, or what it made of ours. A list that closed again, as it does
            # where the editor is still being drawn, opens when the sender is typed anew.
            if value != sender or next(looks) % 6 == 5:
                self.fill(SENDER, sender)
            suggested = self.driver.find_elements(By.CSS_SELECTOR, SUGGESTION)
            for entry in suggested:
                if entry.is_displayed() and sender in (entry.get_attribute("textContent") or ""):
                    entry.click()
                    break
            return False

        self.wait(f"the sender {sender}", chosen)

    def address(self, to: str) -> None:
        """Type a recipient and take what the address book suggests, or else what was typed."""
        recipients = "md-chips[ng-model='editor.message.editable.to']"
        field = self.seen(f"{recipients} input")
        field.send_keys(to)

        def taken() -> bool:
            # The list below the field From is there too, though not to be seen.
            found = self.driver.find_elements(By.CSS_SELECTOR, SUGGESTION)
            suggested = [entry for entry in found if entry.is_displayed()]
            if suggested:
                suggested[0].click()
            else:
                field.send_keys(Keys.ENTER)
            return bool("".join(self.texts(f"{recipients} md-chip")))

        self.wait("the recipient", taken)

    # --- people

    def open_address_book(self, name: str) -> None:
        """Go to an address book, by the name that stands in the list at the left."""
        self.open_module("Contacts")
        label = f"starts-with(normalize-space(), '{name}')"
        entry = self.seen(f"//p[contains(@class, 'sg-item-name') and {label}]")
        # A transparent button lies over the whole entry.
        ActionChains(self.driver).move_to_element(entry).click().perform()
        title = "a[ng-click='addressbook.searchMode($event)']"
        self.wait(name, lambda: self.texts(title) == [name])
        self.press("button[ng-click='addressbook.searchMode()']")

    def search(self, word: str) -> list[str]:
        """Return whom the open address book finds, once it says who or that nobody."""
        self.fill("input[name='folderSearch']", word)

        def found() -> list[str] | None:
            cards = self.cards()
            nobody = self.texts(".md-subheader-content [ng-switch-when='0']")
            return (
                cards if nobody or (cards and all(word in card.lower() for card in cards)) else None
            )

        answer = self.wait(
            f"an answer to {word}", lambda: (found(),) if found() is not None else None
        )
        return answer[0] or []

    def cards(self) -> list[str]:
        """Return whom the address book shows: name and address."""
        return self.texts("md-list-item .sg-tile-content")

    # --- looking

    def seen(self, selector: str) -> WebElement:
        """Return the first element (CSS, or XPath) that is shown and enabled, once there is one."""
        by = By.XPATH if selector.startswith("//") else By.CSS_SELECTOR
        return self.wait(
            selector,
            lambda: next(
                (
                    element
                    for element in self.driver.find_elements(by, selector)
                    if element.is_displayed() and element.is_enabled()
                ),
                None,
            ),
        )

    def press(self, selector: str) -> None:
        """Click the first such element that is shown, anew where the page redrew it meanwhile."""
        self.click(lambda: self.seen(selector), selector)

    def click(self, find: Callable[[], WebElement], what: str) -> None:
        """Click what `find` returns, until a click goes through."""

        def attempt() -> bool:
            find().click()
            return True

        self.wait(what, attempt)

    def fill(self, selector: str, text: str) -> None:
        """Type into a field, anew where the page moved the focus elsewhere meanwhile."""

        def attempt() -> bool:
            field = self.seen(selector)
            field.clear()
            field.send_keys(text)
            return field.get_attribute("value") == text

        self.wait(selector, attempt)

    def texts(self, selector: str) -> list[str]:
        """Return the texts of what is shown, top first: a long list reuses rows in any order."""
        try:
            elements = self.driver.find_elements(By.CSS_SELECTOR, selector)
            shown = [element for element in elements if element.is_displayed()]
            return [element.text for element in sorted(shown, key=lambda each: each.rect["y"])]
        except StaleElementReferenceException:
            return []

    def wait(self, what: str, look: Callable[[], T | None], seconds: float | None = None) -> T:
        """Return what `look` finds; TimeoutException names what was waited for."""
        found = WebDriverWait(
            self.driver,
            self.seconds if seconds is None else seconds,
            poll_frequency=0.2,
            ignored_exceptions=[WebDriverException],
        ).until(lambda _: look(), f"waited for {what}")
        return cast("T", found)


def take_picture(appliance: Appliance, account: Account, file: Path) -> None:
    """Save a PNG of an account's inbox with its newest message open."""
    with chromium(appliance, width=1440, height=900) as driver:
        webmail = Webmail(driver, appliance)
        webmail.log_in(account)
        subject = webmail.wait("a message", webmail.subjects)[0]
        webmail.open_message(subject)
        file.parent.mkdir(parents=True, exist_ok=True)
        driver.save_screenshot(str(file))
