"""The pictures in the README, taken of a demo host that runs."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from fermoposta_demo.browser import chromium
from fermoposta_demo.paths import ROOT
from fermoposta_demo.webmail import take_picture

if TYPE_CHECKING:
    from pathlib import Path

    from fermoposta_demo.appliance import Appliance

FOLDER = ROOT / "docs" / "images"
STYLE = (
    "body{margin:0;background:#1b2027}"
    "pre{margin:24px;color:#d7dde5;font:15px/1.35 'DejaVu Sans Mono',monospace}"
)


def take(appliance: Appliance, screen: Path) -> None:
    """Write webmail.png and make-up.png."""
    take_picture(appliance, appliance.accounts[0], FOLDER / "webmail.png")
    text = f"$ make up\n…\n\n{screen.read_text()}"
    height = 20 * (len(text.splitlines()) + 4) + 140
    with chromium(appliance, width=1120, height=height) as browser:
        page = f"<style>{STYLE}</style><pre>{escape(text)}</pre>"
        browser.get(f"data:text/html;charset=utf-8,{quote(page)}")
        browser.save_screenshot(str(FOLDER / "make-up.png"))
