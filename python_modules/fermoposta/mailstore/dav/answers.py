"""What the server answers, read from its XML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from fermoposta.mailstore.groupware import Collection, Kind, Object

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Iterator

_DAV = "{DAV:}"
_CALDAV = "{urn:ietf:params:xml:ns:caldav}"
_CARDDAV = "{urn:ietf:params:xml:ns:carddav}"
_GONE = 404
DEFAULT = "personal"
"""SOGo's name of the calendar and the address book that every user has."""


@dataclass(frozen=True, slots=True)
class Synced:
    """An answer about changes; *token* is SOGo's, the newest second of which it knows."""

    token: int
    changed: dict[str, str]
    removed: frozenset[str]


def synced(tree: ET.Element) -> Synced:
    """Read a ``sync-collection`` answer; an object that is there again is not removed."""
    changed = etags(tree)
    removed = {
        name for name, part in _parts(tree) if _status(part.findtext(f"{_DAV}status")) == _GONE
    }
    text = (tree.findtext(f"{_DAV}sync-token") or "").strip()
    return Synced(int(text) if text.isdecimal() else 0, changed, frozenset(removed - set(changed)))


def etags(tree: ET.Element) -> dict[str, str]:
    """Return the ETag of each object in a multistatus (RFC 4918, section 13)."""
    return {
        name: etag for name, part in _parts(tree) if (etag := _property(part, f"{_DAV}getetag"))
    }


def objects(tree: ET.Element) -> dict[str, Object]:
    """Return the objects in a multistatus whose content is there."""
    found = {}
    for name, part in _parts(tree):
        etag = _property(part, f"{_DAV}getetag")
        data = _property(part, f"{_CALDAV}calendar-data") or _property(
            part, f"{_CARDDAV}address-data"
        )
        if etag and data:
            # XML makes one character of the two that end a line of iCalendar.
            content = "\r\n".join(data.strip().splitlines()) + "\r\n"
            found[name] = Object(name, etag, content.encode())
    return found


def collections(tree: ET.Element, module: str, address: str) -> Iterator[Collection]:
    """Return what *address* has in *module*, without what is served elsewhere."""
    for name, part in _parts(tree):
        types = {each.tag for each in part.iterfind(f".//{_DAV}resourcetype/*")}
        if f"{_CARDDAV}directory" in types:  # the company's address book
            continue
        if f"{_CALDAV}calendar" in types:
            inside = {each.get("name") for each in part.iterfind(f".//{_CALDAV}comp")}
            kinds = frozenset(kind for kind in (Kind.EVENTS, Kind.TASKS) if kind.value in inside)
        elif f"{_CARDDAV}addressbook" in types:
            kinds = frozenset({Kind.CONTACTS})
        else:
            continue
        owner = _last(part.findtext(f".//{_DAV}owner/{_DAV}href") or "")
        own = owner in {"", address}
        path = f"{module}/{name}"
        yield Collection(
            path=path,
            name=_property(part, f"{_DAV}displayname") or name,
            kinds=kinds,
            default=own and name == DEFAULT,
            owner=None if own else owner,
            writable=part.find(f".//{_DAV}privilege/{_DAV}bind") is not None,
            tag=_property(part, "{http://calendarserver.org/ns/}getctag") or "",
            origin=path if own else f"{module}/{name.removeprefix(f'{escaped(owner)}_')}",
        )


def escaped(login: str) -> str:
    """Return *login* as SOGo writes it into the name of somebody else's folder."""
    first = "_" if login[:1].isdecimal() else ""
    return first + "".join(_ESCAPES.get(letter, letter) for letter in login)


_ESCAPES = {
    "_": "_U_", ".": "_D_", "#": "_H_", "@": "_A_", "*": "_S_", ":": "_C_", ";": "_SC_",
    ",": "_CO_", " ": "_SP_", "'": "_SQ_", '"': "_DQ_", "(": "_LP_", ")": "_RP_", "[": "_LS_",
    "]": "_RS_", "{": "_LC_", "}": "_RC_", "&": "_AM_", "+": "_P_", "$": "_DS_",
}  # fmt: skip


def refused(tree: ET.Element) -> bool:
    """Tell whether a property was not set (RFC 4918, section 9.2.1)."""
    return any(
        _status(each.text) // 100 != 2 for each in tree.iterfind(f".//{_DAV}propstat/{_DAV}status")
    )


def _parts(tree: ET.Element) -> Iterator[tuple[str, ET.Element]]:
    for part in tree.iterfind(f"{_DAV}response"):
        if name := _last(part.findtext(f"{_DAV}href") or ""):
            yield name, part


def _property(part: ET.Element, name: str) -> str | None:
    text = part.findtext(f".//{_DAV}prop/{name}")
    return text.strip() if text else None


def _last(href: str) -> str:
    return unquote(href.rstrip("/").rpartition("/")[2])


def _status(line: str | None) -> int:
    """Return the number in ``HTTP/1.1 404 Not Found``."""
    words = (line or "").split()
    return int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0
