"""
Where appointments, tasks and contacts are put: calendars and address books at the webmail's server.

By CalDAV and CardDAV, as the account that may act for everybody. Who takes part in an appointment
is hidden while it is put there: the webmail would invite them, and put a meeting of last year into
the calendars of those who are here, from which SCHEDULE-AGENT (RFC 6638) does not keep it. Then
they are shown, in the webmail's database. What is there already, by its UID, stays as it is.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

import httpx
import psycopg
from icalendar.parser import Contentlines

from fermoposta.imports.errors import ImportStoppedError, RefusedItemError
from fermoposta.imports.journal import Entry, Outcome
from fermoposta.imports.mail import sha256
from fermoposta.imports.source import Kind
from fermoposta.imports.sources.cards import components, uid_of
from fermoposta.mailstore.caldav import LOGIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fermoposta.imports.source import Item
    from fermoposta.service.settings import Settings

_SECONDS = 60
# SOGo takes a client without a name for Apple's, and may close a connection that is kept.
_CLIENT = {"User-Agent": "fermoposta-import/1", "Connection": "close"}
_XML = {"Depth": "1", "Content-Type": "text/xml; charset=utf-8"}
_NAMES = '<d:propfind xmlns:d="DAV:"><d:prop><d:displayname/></d:prop></d:propfind>'
_CALL = """<d:propertyupdate xmlns:d="DAV:"><d:set><d:prop><d:displayname>{}</d:displayname>
</d:prop></d:set></d:propertyupdate>"""
_OF_CALENDAR = """<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
<d:prop><c:calendar-data/></d:prop><c:filter><c:comp-filter name="VCALENDAR">
<c:comp-filter name="{kind}"/></c:comp-filter></c:filter></c:calendar-query>"""
_QUERIES = {
    Kind.EVENT: tuple(_OF_CALENDAR.format(kind=kind) for kind in ("VEVENT", "VTODO")),
    Kind.CONTACT: (
        """<c:addressbook-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav">
<d:prop><c:address-data/></d:prop></c:addressbook-query>""",
    ),
}
_MODULES = {Kind.EVENT: "Calendar", Kind.CONTACT: "Contacts"}
_DAV = "{DAV:}"
_FORMS = {Kind.EVENT: ("ics", "text/calendar"), Kind.CONTACT: ("vcf", "text/vcard")}
_HIDDEN = "X-FERMOPOSTA-"
_PEOPLE = re.compile(rb"^(ORGANIZER|ATTENDEE)(?=[;:])", re.MULTILINE | re.IGNORECASE)
_STATES = {"ACCEPTED": 1, "DECLINED": 2, "TENTATIVE": 3, "DELEGATED": 4}
"""As the webmail numbers them; all others are 0."""
_ADMIN = "postgres"
"""Who owns the webmail's database; root may be it."""
_SHOW = (
    """
    UPDATE sogo_quick_appointment AS q
    SET c_orgmail = %(organiser)s, c_partmails = %(addresses)s, c_participants = %(names)s,
        c_partstates = %(states)s
    FROM sogo_store AS s, sogo_folder_info AS f
    WHERE f.c_path = %(path)s AND s.c_folder_id = f.c_folder_id AND s.c_name = %(name)s
        AND strpos(s.c_content, 'X-FERMOPOSTA-') > 0
        AND q.c_folder_id = s.c_folder_id AND q.c_name = s.c_name
    """,
    """
    UPDATE sogo_store AS s SET c_content = replace(c_content, 'X-FERMOPOSTA-', '')
    FROM sogo_folder_info AS f
    WHERE f.c_path = %(path)s AND s.c_folder_id = f.c_folder_id AND s.c_name = %(name)s
        AND strpos(s.c_content, 'X-FERMOPOSTA-') > 0
    """,
)


@dataclass(slots=True)
class GroupwareTarget:
    """A calendar, or an address book, of *address*; *kind* says which."""

    site: Settings
    address: str
    kind: Kind
    _folder: str = "personal"
    _uids: set[str] = field(default_factory=set)

    def open(self, name: str) -> None:
        """Go to what is called *name*, made where there is none; empty is what everybody has."""
        self._folder = self._found(name) if name else "personal"
        self._uids = self.uids()

    def put(self, items: Sequence[Item]) -> list[Entry]:
        """Put *items* there but for those whose UIDs are there; return what became of each."""
        entries = []
        with self._client() as client:
            for item in items:
                uid = uid_of(item.content.decode(errors="replace"))
                digest = sha256(uid.encode())
                if uid in self._uids:
                    entries.append(Entry(item.key, digest, Outcome.THERE))
                    continue
                try:
                    self._put(client, uid, item.content)
                except RefusedItemError as error:
                    entries.append(Entry(item.key, digest, Outcome.REFUSED, str(error)))
                    continue
                self._uids.add(uid)
                entries.append(Entry(item.key, digest, Outcome.ADDED))
        if self.kind is Kind.EVENT:
            # Of all that is asked for: who was killed here before has left them hidden.
            self._show_people([people_of(item.content) for item in items])
        return entries

    def uids(self) -> set[str]:
        """Return the UIDs of all that is there."""
        tag = "calendar-data" if self.kind is Kind.EVENT else "address-data"
        found = set[str]()
        with self._client() as client:
            for query in _QUERIES[self.kind]:
                answer = self._ask(client, "REPORT", self._place(), query, _XML)
                found |= {uid_of(text) for text in _texts(answer.content, tag)}
        return found

    def _put(self, client: httpx.Client, uid: str, content: bytes) -> None:
        ending, media = _FORMS[self.kind]
        place = f"{self._place()}{quote(f'{uid}.{ending}', safe='')}"
        headers = {"Content-Type": f"{media}; charset=utf-8", "If-None-Match": "*"}
        self._ask(client, "PUT", place, hidden(content), headers)

    def _show_people(self, people: Sequence[People]) -> None:
        """Show who takes part in appointments, as if the webmail had stored them so."""
        path = f"/Users/{self.address}/Calendar/{self._folder}"
        try:
            with psycopg.connect(self.site.webmail_conninfo(_ADMIN)) as connection:
                for each in people:
                    for statement in _SHOW:
                        connection.execute(statement, {**asdict(each), "path": path})
        except psycopg.Error as error:
            raise ImportStoppedError(f"the webmail's database is away: {error}") from None

    def _found(self, name: str) -> str:
        """Return the last part of the path of the collection *name*, made where there is none."""
        home = f"/dav/{quote(self.address)}/{_MODULES[self.kind]}/"
        folder = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "import"
        with self._client() as client:
            answer = self._ask(client, "PROPFIND", home, _NAMES, _XML)
            there = dict(_collections(answer.content))
            for path, called in there.items():
                if called == name:
                    return path
            if folder not in there:
                self._ask(client, "MKCOL", f"{home}{folder}/", "", {})
                self._ask(client, "PROPPATCH", f"{home}{folder}/", _CALL.format(escape(name)), _XML)
        return folder

    def _place(self) -> str:
        module = _MODULES[self.kind]
        return f"/dav/{quote(self.address)}/{module}/{quote(self._folder, safe='')}/"

    def _client(self) -> httpx.Client:
        try:
            secret = self.site.calendar_secret_file.read_text(encoding="ascii").strip()
        except OSError as error:
            raise ImportStoppedError(f"the secret can't be read: {error}") from error
        account = httpx.BasicAuth(LOGIN, secret)
        return httpx.Client(timeout=_SECONDS, trust_env=False, auth=account, headers=_CLIENT)

    def _ask(
        self,
        client: httpx.Client,
        method: str,
        place: str,
        body: str | bytes,
        headers: dict[str, str],
    ) -> httpx.Response:
        url = f"{self.site.calendar_url}{place}"
        content = body if isinstance(body, bytes) else body.encode()
        try:
            answer = client.request(method, url, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise ImportStoppedError(f"calendars and contacts are away: {error}") from error
        if answer.is_success:
            return answer
        if method == "PUT":
            what = "calendar" if self.kind is Kind.EVENT else "address book"
            raise RefusedItemError(f"the {what} says {answer.status_code}")
        raise ImportStoppedError(f"{method} {place}: {answer.status_code}")


def _texts(content: bytes, tag: str) -> Iterator[str]:
    """Yield the text of each element *tag* of an answer."""
    try:
        for each in ET.fromstring(content).iter():  # noqa: S314 - our own server
            if each.tag.endswith(f"}}{tag}"):
                yield each.text or ""
    except ET.ParseError as error:
        raise ImportStoppedError(f"what the server answers is no XML: {error}") from error


def _collections(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the last part of the path, and the name, of each collection of an answer."""
    for part in ET.fromstring(content).iter(f"{_DAV}response"):  # noqa: S314 - our own server
        path = unquote(part.findtext(f"{_DAV}href") or "").rstrip("/")
        yield path.rpartition("/")[2], part.findtext(f".//{_DAV}displayname") or ""


@dataclass(frozen=True, slots=True)
class People:
    """Who takes part in an appointment, as the webmail lists it beside the content."""

    name: str
    organiser: str | None = None
    addresses: str = ""
    names: str = ""
    states: str = ""


def hidden(content: bytes) -> bytes:
    """Return a calendar object that nobody takes part in, as far as the webmail sees."""
    return _PEOPLE.sub(_HIDDEN.encode() + rb"\1", content)


def people_of(content: bytes) -> People:
    """Return who takes part in the first appointment, the series, of a calendar object."""
    text = content.decode(errors="replace")
    name = f"{uid_of(text)}.ics"
    event = next(iter(components(text, ("VEVENT",))), "")
    organiser, guests = None, list[tuple[str, str, str]]()
    try:
        for field, given, value in (line.parts() for line in Contentlines.from_ical(event) if line):  # type: ignore[no-untyped-call]
            address = re.sub("(?i)^mailto:", "", value)
            if field.upper() == "ORGANIZER":
                organiser = address
            elif field.upper() == "ATTENDEE":
                state = _STATES.get(str(given.get("PARTSTAT", "")).upper(), 0)
                guests.append((address, str(given.get("CN", "")), str(state)))
    except ValueError:
        return People(name)
    joined = ("\n".join(part) for part in zip(*guests, strict=True)) if guests else ("", "", "")
    return People(name, organiser, *joined)
