from __future__ import annotations

import json
from typing import TYPE_CHECKING

from clients.portal import Visitor
from clients.web import WEBMAIL

if TYPE_CHECKING:
    from clients.web import Web
    from fermoposta_demo.appliance import Account


class Session:
    """Somebody who is in the webmail, and calls it as its pages do."""

    def __init__(self, web: Web, account: Account) -> None:
        self.web, self.account = web, account
        self.visitor = Visitor.signed_in(web, account)
        self.headers = {
            "Cookie": self.visitor.open_webmail(),
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def lasts(self) -> bool:
        """Tell whether the webmail still answers; who asks for data after the end gets a page."""
        url = f"{WEBMAIL}/so/{self.account.address}/date"
        answer = self.web.ask("GET", url, headers=self.headers)
        return answer.status == 200 and not answer.body.startswith("<!DOCTYPE html>")

    def ask(self, method: str, path: str, value: object = None) -> str:
        """Send one request that must succeed; *value* goes as JSON."""
        body = json.dumps(value) if value is not None else None
        answer = self.web.ask(method, WEBMAIL + path, body=body, headers=self.headers)
        assert answer.status in {200, 201, 204}, f"{path}: {answer.status} {answer.body[:300]}"
        return answer.body
