"""
Distribution lists in people's own address books, as SOGo keeps them (VLIST), by CardDAV (RFC 6352).

A list names members by their cards, which stand in the same book: a member without one gets one, as
in the webmail. The account is the one that may act for everybody; see `caldav`.
"""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

import httpx
from icalendar import vText
from icalendar.parser import Contentlines, Parameters

from fermoposta.mailstore.caldav import LOGIN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SECONDS = 30
# SOGo takes a client without a name for Apple's, from which it hides lists. And it may close a
# connection just when another request comes on it: each request has one of its own.
_CLIENT = {"User-Agent": "fermoposta-agent/1", "Connection": "close"}
_XML = {"Depth": "1", "Content-Type": "text/xml; charset=utf-8"}
_DAV, _DATA = "{DAV:}", "{urn:ietf:params:xml:ns:carddav}address-data"
_NAMES = '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/></d:prop></d:propfind>'
_QUERY = """<c:addressbook-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav">
<d:prop><d:getetag/><c:address-data/></d:prop><c:filter><c:prop-filter name="EMAIL">
<c:text-match>{address}</c:text-match></c:prop-filter></c:filter></c:addressbook-query>"""
_ENDING = ".vlf"


class ListError(Exception):
    """The address book can't be read or written now; the message says why."""


class ListGoneError(ListError):
    """There is no such list, or it was changed since it was read."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on a list; *card* is the name of their card, empty where they have none yet."""

    address: str
    name: str = ""
    card: str = ""


@dataclass(frozen=True, slots=True)
class DistributionList:
    """A list; *id* names it in its book, and is empty before it is stored."""

    id: str
    name: str
    members: tuple[Member, ...]
    etag: str = ""


@dataclass(frozen=True, slots=True)
class ListBook:
    """The server at *url*, and the file that holds the account's secret. Every call blocks."""

    url: str
    secret_file: Path

    def lists(self, address: str) -> list[DistributionList]:
        """Return the lists in the address book of *address*, by name; raises ListError."""
        with self._client() as client:
            answer = self._ask(client, "PROPFIND", _book(address), _NAMES, _XML)
            names = [name for name in _names(answer) if name.endswith(_ENDING)]
            found = [self._read(client, address, name) for name in names]
        return sorted(filter(None, found), key=lambda each: (each.name.casefold(), each.id))

    def keep(self, address: str, wanted: DistributionList) -> str:
        """
        Store *wanted*, over what has its id and etag, or anew; return its id.

        Raises ListGoneError where somebody else was quicker, and ListError.
        """
        name = wanted.id or f"{uuid.uuid4()}{_ENDING}"
        with self._client() as client:
            members = [self._with_card(client, address, each) for each in wanted.members]
            condition = {"If-Match": wanted.etag} if wanted.id else {"If-None-Match": "*"}
            headers = {"Content-Type": "text/x-vlist; charset=utf-8", **condition}
            self._ask(client, "PUT", _at(address, name), _written(name, wanted, members), headers)
        return name

    def remove(self, address: str, name: str) -> None:
        """Delete a list; the cards of its members stay. Raises ListGoneError, ListError."""
        if not _is_list(name):
            raise ListGoneError("there is no such list")
        with self._client() as client:
            self._ask(client, "DELETE", _at(address, name))

    def _read(self, client: httpx.Client, address: str, name: str) -> DistributionList | None:
        try:
            answer = self._ask(client, "GET", _at(address, name))
        except ListGoneError:
            return None
        return read(name, answer.text, answer.headers.get("ETag", ""))

    def _with_card(self, client: httpx.Client, address: str, member: Member) -> Member:
        """Return *member* with a card of the book: the known one, one with the address, or new."""
        if member.card:
            return member
        body = _QUERY.format(address=escape(member.address))
        answer = self._ask(client, "REPORT", _book(address), body, _XML)
        for name, card in _cards(answer):
            if member.address.lower() in _addresses(card):
                return Member(member.address, member.name, name)
        name = f"{uuid.uuid4()}.vcf"
        headers = {"Content-Type": "text/vcard; charset=utf-8", "If-None-Match": "*"}
        self._ask(client, "PUT", _at(address, name), _card(name, member), headers)
        return Member(member.address, member.name, name)

    def _client(self) -> httpx.Client:
        try:
            secret = self.secret_file.read_text(encoding="ascii").strip()
        except OSError as error:
            raise ListError(f"the secret can't be read: {error}") from error
        account = httpx.BasicAuth(LOGIN, secret)
        return httpx.Client(timeout=_SECONDS, trust_env=False, auth=account, headers=_CLIENT)

    def _ask(
        self,
        client: httpx.Client,
        method: str,
        path: str,
        body: str = "",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        try:
            answer = client.request(
                method, f"{self.url}{path}", content=body.encode(), headers=headers
            )
        except httpx.HTTPError as error:
            raise ListError(f"the address book is away: {error}") from error
        if answer.status_code in {404, 409, 412}:
            raise ListGoneError(f"{method} {path}: {answer.status_code}")
        if not answer.is_success:
            raise ListError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer


def read(name: str, text: str, etag: str = "") -> DistributionList | None:
    """Return the list that *text* is; None where it is none."""
    title, members, kind = "", list[Member](), ""
    try:
        for field, given, value in _fields(text):
            match field.upper():
                case "BEGIN":
                    kind = value.upper()
                case "FN":
                    title = value
                case "CARD":
                    address = str(given.get("EMAIL", ""))
                    members.append(Member(address, str(given.get("FN", "")), value))
    except ValueError:
        return None
    return DistributionList(name, title, tuple(members), etag) if kind == "VLIST" else None


def _written(name: str, wanted: DistributionList, members: Iterable[Member]) -> str:
    lines = [
        _line("BEGIN", "VLIST"),
        _line("VERSION", "1.0"),
        _line("UID", name),
        _line("FN", _escaped(wanted.name)),
        *(_line("CARD", each.card, FN=each.name, EMAIL=each.address) for each in members),
        _line("END", "VLIST"),
    ]
    return "".join(f"{line}\r\n" for line in lines)


def _card(name: str, member: Member) -> str:
    called = _escaped(member.name or member.address)
    lines = [
        _line("BEGIN", "VCARD"),
        _line("VERSION", "3.0"),
        _line("UID", name),
        _line("FN", called),
        _line("N", f"{called};;;;"),
        _line("EMAIL", member.address, TYPE="work"),
        _line("END", "VCARD"),
    ]
    return "".join(f"{line}\r\n" for line in lines)


def _line(field: str, value: str, **parameters: str) -> str:
    given = Parameters({name: text for name, text in parameters.items() if text})
    start = f"{field};{given.to_ical().decode()}" if given else field
    return f"{start}:{value}"


def _escaped(text: str) -> str:
    return vText(text).to_ical().decode()


def _addresses(card: str) -> set[str]:
    """Return the addresses on a card, in lower case."""
    try:
        parts = _fields(card)
    except ValueError:
        return set()
    named = (field.upper().rpartition(".")[2] == "EMAIL" for field, _, _ in parts)
    return {value.lower() for is_one, (_, _, value) in zip(named, parts, strict=True) if is_one}


def _fields(text: str) -> list[tuple[str, Parameters, str]]:
    """Return what the lines of a card or a list say; raises ValueError where they say nothing."""
    lines = Contentlines.from_ical(text)  # type: ignore[no-untyped-call]
    return [line.parts() for line in lines if line]


def _is_list(name: str) -> bool:
    return name.endswith(_ENDING) and "/" not in name and len(name) < 256


def _book(address: str) -> str:
    return f"/dav/{quote(address)}/Contacts/personal/"


def _at(address: str, name: str) -> str:
    return f"{_book(address)}{quote(name, safe='')}"


def _parts(answer: httpx.Response) -> list[ET.Element]:
    try:
        return list(ET.fromstring(answer.content).iter(f"{_DAV}response"))  # noqa: S314 - our own server
    except ET.ParseError as error:
        raise ListError(f"the address book answers what is no XML: {error}") from error


def _name(part: ET.Element) -> str:
    return unquote((part.findtext(f"{_DAV}href") or "").rstrip("/").rpartition("/")[2])


def _names(answer: httpx.Response) -> list[str]:
    return [_name(part) for part in _parts(answer)]


def _cards(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(_name(part), part.findtext(f".//{_DATA}") or "") for part in _parts(answer)]
