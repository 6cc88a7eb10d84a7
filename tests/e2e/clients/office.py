from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

    from fermoposta_demo.appliance import Account


@dataclass(frozen=True)
class Office:
    """The portal in a browser, in Italian."""

    driver: WebDriver
    address: str

    def go(self, path: str) -> None:
        self.driver.get(f"{self.address}{path}")

    def open(self, path: str) -> None:
        """Open a page of the administration."""
        self.go(f"/admin/{path}")

    def sign_in(self, account: Account) -> None:
        self.go("/login")
        self.fill(address=account.address, password=account.password or "")
        self.press("Accedi")

    def sign_out(self) -> None:
        self.driver.delete_all_cookies()

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            found = self.driver.find_elements(By.NAME, name.replace("__", "."))
            control = next(each for each in found if each.is_displayed())
            if control.tag_name == "select":
                Select(control).select_by_value(value)
            else:
                control.clear()
                control.send_keys(value)

    def press(self, words: str) -> None:
        """Press a button, or follow a link, and wait for the page after it."""
        page = self.driver.find_element(By.TAG_NAME, "html")
        found = self.driver.find_elements(
            By.XPATH, f'//main//*[self::button or self::a][normalize-space()="{words}"]'
        )
        next(each for each in found if each.is_displayed()).click()
        # While the pages change, the driver may have other things to say of the old one.
        waiting = WebDriverWait(self.driver, 20, ignored_exceptions=[WebDriverException])
        waiting.until(expected_conditions.staleness_of(page))

    def add(self, slug: str, **fields: str) -> None:
        """Add one by the button below the list; it must be taken."""
        self.open(slug)
        button = f"a.button[href^='/admin/{slug}/new']"
        self.press(self.driver.find_element(By.CSS_SELECTOR, button).text)
        self.fill(**fields)
        self.press("Salva")
        assert "done=saved" in self.driver.current_url, self.text

    def delete(self, slug: str, key: str) -> None:
        """Delete one, with the question."""
        self.open(f"{slug}/edit?key={key}")
        self.press("Elimina …")
        self.press("Confermo")
        assert "done=removed" in self.driver.current_url, self.text

    @property
    def used(self) -> str:
        return self.driver.find_element(By.CSS_SELECTOR, "main dl dd").text

    @property
    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "main").text
