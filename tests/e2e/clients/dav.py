"""Somebody's calendars and address books by CalDAV and CardDAV, as other programs use them."""

from __future__ import annotations

import html
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.web import WEBMAIL

if TYPE_CHECKING:
    from clients.web import Answer, Web
    from fermoposta_demo.appliance import Account

_QUERIES = {
    "VEVENT": """<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
<d:prop><c:calendar-data/></d:prop><c:filter><c:comp-filter name="VCALENDAR">
<c:comp-filter name="VEVENT"/></c:comp-filter></c:filter></c:calendar-query>""",
    "VTODO": """<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
<d:prop><c:calendar-data/></d:prop><c:filter><c:comp-filter name="VCALENDAR">
<c:comp-filter name="VTODO"/></c:comp-filter></c:filter></c:calendar-query>""",
    "VCARD": """<c:addressbook-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav">
<d:prop><c:address-data/></d:prop><c:filter/></c:addressbook-query>""",
}
_DATA = re.compile(
    r"<([A-Za-z]+:)?response\b.*?<([A-Za-z]+:)?href>(?P<href>[^<]+)<.*?"
    r"<([A-Za-z]+:)?(calendar|address)-data[^>]*>(?P<data>[^<]*)<",
    re.DOTALL,
)


@dataclass(frozen=True)
class Dav:
    """The own calendar and the own address book of somebody."""

    web: Web
    account: Account

    def visit(self) -> Dav:
        """Look in once: the webmail's server makes both at the first visit."""
        for module in ("Calendar", "Contacts"):
            assert self._ask("PROPFIND", self._url(module)).status == 207
        return self

    def put(self, content: str, *, name: str = "", module: str = "Calendar") -> str:
        """Store *content*, under a new name if none is given, and return the name."""
        name = name or f"{uuid.uuid4()}{'.ics' if module == 'Calendar' else '.vcf'}"
        answer = self._ask("PUT", self._url(module) + name, content)
        assert answer.status in {201, 204}, f"{answer.status} {answer.body[:300]}"
        return name

    def delete(self, name: str, *, module: str = "Calendar") -> None:
        """Delete an object, if it is still there."""
        assert self._ask("DELETE", self._url(module) + name).status in {204, 404}

    def objects(self, kind: str = "VEVENT") -> dict[str, str]:
        """Return all objects of a *kind* (``VEVENT``, ``VTODO``, ``VCARD``), unfolded, by name."""
        module = "Contacts" if kind == "VCARD" else "Calendar"
        answer = self._ask("REPORT", self._url(module), _QUERIES[kind])
        assert answer.status == 207, f"{answer.status} {answer.body[:300]}"
        return {
            each["href"].rstrip("/").rpartition("/")[2]: unfolded(html.unescape(each["data"]))
            for each in _DATA.finditer(answer.body)
        }

    def named(self, text: str, kind: str = "VEVENT") -> dict[str, str]:
        """Return those objects in which *text* stands."""
        return {name: data for name, data in self.objects(kind).items() if text in data}

    def clear(self, text: str) -> None:
        """Delete all in which *text* stands."""
        for kind in _QUERIES:
            module = "Contacts" if kind == "VCARD" else "Calendar"
            for name in self.named(text, kind):
                self.delete(name, module=module)

    def _url(self, module: str) -> str:
        return f"{WEBMAIL}/dav/{self.account.address}/{module}/personal/"

    def _ask(self, method: str, url: str, body: str | None = None) -> Answer:
        headers = {"Depth": "1", "Content-Type": "application/xml; charset=utf-8"}
        if method == "PUT":
            headers = {"Content-Type": "text/plain; charset=utf-8"}
        return self.web.ask(method, url, account=self.account, body=body, headers=headers)


def unfolded(text: str) -> str:
    """Return iCalendar or vCard text with one line for each property."""
    return re.sub(r"\r?\n[ \t]", "", text).replace("\r\n", "\n")
