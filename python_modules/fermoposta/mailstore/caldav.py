"""
Calendars of resources, by CalDAV (RFC 4791), as an account that may act in all of them.

It knows as much of CalDAV as bookings need: all events of the calendar that every mailbox has, and
a change that fails where somebody else was quicker.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx

if TYPE_CHECKING:
    from pathlib import Path

LOGIN = "fermoposta-agent"
_SECONDS = 30
_REPORT = {"Depth": "1", "Content-Type": "text/xml; charset=utf-8"}
_QUERY = """<?xml version="1.0" encoding="utf-8"?>
<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
  <d:prop><d:getetag/><c:calendar-data/></d:prop>
  <c:filter>
    <c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"/></c:comp-filter>
  </c:filter>
</c:calendar-query>
"""
_DAV = "{DAV:}"
_DATA = "{urn:ietf:params:xml:ns:caldav}calendar-data"


class CalendarError(Exception):
    """The calendar server is away, or says no; the message has its words."""


class ChangedError(CalendarError):
    """Somebody else changed the object since it was read."""


@dataclass(frozen=True, slots=True)
class Object:
    """One object of a calendar; *name* is the last part of its URL."""

    name: str
    etag: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Calendars:
    """The calendar server at *url*, and the file that holds the account's secret."""

    url: str
    secret_file: Path

    async def events(self, address: str) -> list[Object]:
        """Return every event in the calendar of *address*; raise CalendarError."""
        answer = await self._ask("REPORT", _folder(address), _QUERY.encode(), _REPORT)
        try:
            found = ET.fromstring(answer.content)  # noqa: S314 - from our own server
        except ET.ParseError as error:
            raise CalendarError(f"the calendar server answers what is no XML: {error}") from error
        return [each for part in found.iter(f"{_DAV}response") if (each := _object(part))]

    async def put(self, address: str, name: str, content: bytes, *, etag: str | None) -> None:
        """
        Store *content* as *name*, over what has the *etag*; None is for a new object.

        Raises ChangedError where it is not what the caller read, CalendarError else.
        """
        condition = {"If-Match": etag} if etag else {"If-None-Match": "*"}
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        await self._ask("PUT", f"{_folder(address)}{quote(name)}", content, headers)

    async def _ask(
        self, method: str, path: str, content: bytes, headers: dict[str, str]
    ) -> httpx.Response:
        url = f"{self.url}{path}"
        try:
            secret = self.secret_file.read_text(encoding="ascii").strip()
            account = httpx.BasicAuth(LOGIN, secret)
            async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False, auth=account) as client:
                answer = await client.request(method, url, content=content, headers=headers)
        except (httpx.HTTPError, OSError) as error:
            raise CalendarError(f"the calendar server is away: {error}") from error
        if answer.status_code in {httpx.codes.PRECONDITION_FAILED, httpx.codes.CONFLICT}:
            raise ChangedError(f"{method} {path}: {answer.status_code}")
        if not answer.is_success:
            raise CalendarError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer


def name_of(uid: str) -> str:
    """Return the name of the object for an event; whatever stands in *uid* is no path."""
    return f"{hashlib.sha256(uid.encode()).hexdigest()[:40]}.ics"


def _folder(address: str) -> str:
    return f"/dav/{quote(address)}/Calendar/personal/"


def _object(part: ET.Element) -> Object | None:
    href, data = part.findtext(f"{_DAV}href"), part.findtext(f".//{_DATA}")
    if not href or not data:
        return None
    etag = part.findtext(f".//{_DAV}getetag") or ""
    return Object(href.rstrip("/").rpartition("/")[2], etag, data.encode())
