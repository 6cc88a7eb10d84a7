"""Debian's Firefox without a screen, spoken to by WebDriver BiDi: Debian has no geckodriver."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from websocket import create_connection

from clients.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from websocket import WebSocket

    from fermoposta_demo.appliance import Appliance

PROGRAM = ("firefox-esr", "--headless", "--no-remote", "--remote-debugging-port", "0")
PREFERENCES = """
user_pref("network.dns.localDomains", "mail.example.org,portal.example.org");
user_pref("intl.accept_languages", "it");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.normandy.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
"""


@dataclass
class Firefox:
    """One window."""

    socket: WebSocket
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    context: str = ""

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; AssertionError with what Firefox said."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == number:
                break
        assert answer["type"] == "success", answer
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded."""
        self.command("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def ask(self, expression: str) -> Any:
        """Return the value of a JavaScript expression: text, a number or a truth."""
        answer = self.command(
            "script.evaluate",
            expression=expression,
            target={"context": self.context},
            awaitPromise=True,
        )
        return answer.get("result", {}).get("value")

    def wait_for(self, expression: str, seconds: float = 30) -> Any:
        """Return the value as soon as it is true."""
        return wait_for(expression, lambda: self.ask(expression), seconds=seconds)

    def type(self, selector: str, text: str) -> None:
        """Put the cursor into a field and press keys."""
        found = f"document.querySelector({json.dumps(selector)})"
        # A field takes the cursor only when it is there to be seen.
        self.wait_for(f"({found}?.focus(), !!{found} && document.activeElement === {found})")
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self.command(
            "input.performActions",
            context=self.context,
            actions=[{"type": "key", "id": "keyboard", "actions": keys}],
        )


@contextmanager
def firefox(appliance: Appliance, folder: Path) -> Iterator[Firefox]:
    """Run Firefox with an empty profile until the block ends."""
    profile = folder / "profile"
    profile.mkdir()
    (profile / "user.js").write_text(PREFERENCES)
    log = folder / "firefox.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*PROGRAM, "--profile", str(profile), "about:blank"],
            stdout=output,
            stderr=output,
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "MOZ_HEADLESS": "1"},
        )
    try:
        found = wait_for(
            "Firefox",
            lambda: re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text()),
            seconds=60,
        )
        socket = create_connection(f"{found[1]}/session", timeout=60, suppress_origin=True)
        window = Firefox(socket)
        # The certificate is examined by other clients; here it is about the pages.
        window.command("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        tree = window.command("browsingContext.getTree")
        window.context = tree["contexts"][0]["context"]
        yield window
        socket.close()
    finally:
        process.terminate()
        process.wait(timeout=30)
