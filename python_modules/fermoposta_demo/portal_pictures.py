"""Pictures of the portal's pages for docs/screens.md: two languages, two schemes, two widths."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from fermoposta_demo.browser import chromium
from fermoposta_demo.paths import ROOT

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

    from fermoposta_demo.appliance import Account, Appliance

FOLDER = ROOT / "docs" / "images" / "portal"
INDEX = ROOT / "docs" / "screens.md"
QUALITY = 60
"""Of WebP, 0 to 100: letters stay sharp."""
LANGUAGES = ("it", "en")
SCHEMES = ("light", "dark")
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@dataclass(frozen=True)
class Page:
    """A page, by the name of its picture."""

    name: str
    title: str
    path: str
    signed_in: bool = True


PAGES = (
    Page("sign-in", "Signing in", "/login", signed_in=False),
    Page("clients", "Setting up a program", "/clients?address=ada@example.org", signed_in=False),
    Page("home", "Home", "/home"),
    Page("rules", "Message rules", "/settings/rules/new"),
    Page("restore", "Restoring what was deleted", "/settings/restore"),
    Page("sharing", "Sharing", "/settings/sharing"),
    Page("passkeys", "Passkeys", "/account/passkeys"),
    Page("passwords", "Passwords of programs", "/settings/passwords"),
    Page("sign-ins", "Who signed in", "/settings/sign-ins"),
    Page("users", "Users", "/admin/users"),
    Page("user", "A user", "/admin/users/edit?key=bob@example.org"),
    Page("quarantine", "Quarantine", "/admin/quarantine?mailbox=ada@example.org"),
    Page("trace", "Where is a mail?", "/admin/trace?recipient=ada@example.org"),
    Page("health", "Health", "/admin/health"),
)


def take(appliance: Appliance) -> None:
    """Write the pictures, and the page that shows them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    portal, account = appliance.urls["portal"].rstrip("/"), appliance.accounts[0]
    for language, (size, (width, height)) in product(LANGUAGES, SIZES.items()):
        with chromium(appliance, language=language, width=width, height=height) as driver:
            _frame(driver, width, height)
            for signed_in in (False, True):
                if signed_in:
                    _sign_in(driver, portal, account)
                for page, scheme in product(PAGES, SCHEMES):
                    if page.signed_in is signed_in:
                        name = f"{page.name}-{language}-{scheme}-{size}.webp"
                        (FOLDER / name).write_bytes(_picture(driver, portal + page.path, scheme))
    INDEX.write_text(index(), encoding="utf-8")


def index() -> str:
    """Return docs/screens.md."""
    lines = [
        "# The portal in pictures",
        "",
        "Taken of the demo appliance: in Italian and English, light and dark, at a desk and on a",
        "phone. Their links lead to the pictures in full.",
    ]
    for page in PAGES:
        lines += ["", f"## {page.title}", "", "| | light | dark |", "|---|---|---|"]
        for language, size in product(LANGUAGES, SIZES):
            stem = f"images/portal/{page.name}-{language}"
            names = [f"{stem}-{scheme}-{size}.webp" for scheme in SCHEMES]
            cells = [
                f'<a href="{each}"><img src="{each}" width="300" alt=""></a>' for each in names
            ]
            lines.append(f"| {language}, {size} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _frame(driver: WebDriver, width: int, height: int) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def _sign_in(driver: WebDriver, portal: str, account: Account) -> None:
    driver.get(f"{portal}/login")
    driver.find_element(By.NAME, "address").send_keys(account.address)
    driver.find_element(By.NAME, "password").send_keys(account.password or "", Keys.ENTER)


def _picture(driver: WebDriver, url: str, scheme: str) -> bytes:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    driver.get(url)
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(shot["data"])
