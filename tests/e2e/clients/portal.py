from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from clients.waiting import wait_for
from clients.web import WEBMAIL

if TYPE_CHECKING:
    from clients.web import Answer, Web
    from fermoposta_demo.appliance import Account

PORTAL = "https://portal.example.org"


def cookies_of(answer: Answer) -> str:
    """Return the cookies that *answer* sets, as a browser sends them back."""
    return "; ".join(each.split(";")[0] for each in answer.headers.get_all("Set-Cookie") or [])


@dataclass
class Visitor:
    """Somebody with a browser without JavaScript: cookies, pages and forms of the portal."""

    web: Web
    cookies: dict[str, str] = field(default_factory=dict)

    @classmethod
    def signed_in(cls, web: Web, account: Account) -> Visitor:
        """Return somebody who has signed in."""
        visitor = cls(web)
        answer = visitor.sign_in(account)
        assert answer.status == 303, answer.body
        return visitor

    def sign_in(self, account: Account) -> Answer:
        """Sign in; the web server may ask to wait after many tries, which a person does."""

        def attempt() -> Answer | None:
            password = account.password or ""
            answer = self.send("/login", "/login", address=account.address, password=password)
            return None if answer.status == 429 else answer

        return wait_for("a sign-in that is not put off", attempt, seconds=90)

    def open_webmail(self) -> str:
        """Go to the webmail as a browser does, and return the cookie that lets one in there."""
        state = self.web.ask("GET", f"{WEBMAIL}/", headers={"Accept": "text/html"})
        to_portal = urlsplit(state.headers["Location"])
        ticket = self.get(f"{to_portal.path}?{to_portal.query}")
        assert ticket.status == 303, ticket.body
        back = urlsplit(ticket.headers["Location"])
        url = f"{WEBMAIL.removesuffix('/SOGo')}{back.path}?{back.query}"
        entered = self.web.ask("GET", url, headers={"Cookie": cookies_of(state)})
        assert entered.status == 303, entered.body
        return cookies_of(entered)

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def send(self, path: str, page: str, **fields: str | list[str]) -> Answer:
        """Open a page and send its form; a name with a list comes as often."""
        found = re.search(r'name="form_token" value="([^"]+)"', self.get(page).body)
        assert found, f"{page} has no form"
        return self._ask("POST", path, urlencode({"form_token": found[1], **fields}, doseq=True))

    def token(self, name: str, **fields: str) -> str:
        """Make a token for the API and return it."""
        page = self.send("/tokens", "/tokens", name=name, days="1", **fields)
        found = re.search(r"fp_[\w-]{43}", page.body)
        assert found, page.body
        return found[0]

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self.web.ask(method, f"{PORTAL}{path}", body=body, headers=headers)
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0].strip('"')
        return answer


@dataclass(frozen=True)
class Program:
    """A program that administers by the API."""

    web: Web
    token: str

    def __call__(
        self, method: str, path: str, value: object = None, **headers: str
    ) -> tuple[int, Any, Answer]:
        """Send one request and return status, what was said, and the whole answer."""
        given = {"Authorization": f"Bearer {self.token}"}
        if value is not None:
            media = "merge-patch+json" if method == "PATCH" else "json"
            given["Content-Type"] = f"application/{media}"
        given |= {name.replace("_", "-"): each for name, each in headers.items()}
        body = None if value is None else json.dumps(value)
        answer = self.web.ask(method, f"{PORTAL}/api/v1{path}", body=body, headers=given)
        return answer.status, json.loads(answer.body) if answer.body else None, answer
