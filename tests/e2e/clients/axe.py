"""axe-core, which finds what people with a screen reader or a keyboard stumble over."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

SCRIPT = files("axe_playwright_python").joinpath("axe.min.js").read_text()
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(found => done(found.violations));
"""
SERIOUS = {"serious", "critical"}


def faults(driver: WebDriver) -> list[str]:
    """Return what is seriously wrong with the page that is shown: the rule, and where."""
    driver.execute_script(SCRIPT)
    found: list[dict[str, Any]] = driver.execute_async_script(RUN)
    return [
        f"{each['id']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]
