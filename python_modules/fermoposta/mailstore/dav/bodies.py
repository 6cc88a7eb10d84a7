"""What is asked of the server, as XML; whatever comes from outside is escaped."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from fermoposta.mailstore.groupware import Kind

_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
_SPACES = (
    'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
    ' xmlns:a="urn:ietf:params:xml:ns:carddav" xmlns:s="http://calendarserver.org/ns/"'
)

COLLECTIONS = (
    f"{_HEAD}<d:propfind {_SPACES}><d:prop><d:displayname/><d:resourcetype/>"
    "<c:supported-calendar-component-set/><s:getctag/><d:owner/><d:current-user-privilege-set/>"
    "</d:prop></d:propfind>"
)
ETAG = f"{_HEAD}<d:propfind {_SPACES}><d:prop><d:getetag/></d:prop></d:propfind>"


def sync(token: str) -> str:
    """Ask what changed since *token*; an empty one is for all (RFC 6578, section 3.2)."""
    return (
        f"{_HEAD}<d:sync-collection {_SPACES}><d:sync-token>{escape(token)}</d:sync-token>"
        "<d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>"
    )


def query(kind: Kind, *, since: datetime | None, content: bool) -> str:
    """Ask for components of *kind*, from *since* on without an end (RFC 4791, section 7.8)."""
    data = "<c:calendar-data/>" if content else ""
    # SOGo finds only what recurs where there is an end in the far future.
    span = f'<c:time-range start="{since.astimezone(UTC):%Y%m%dT%H%M%SZ}"/>' if since else ""
    return (
        f"{_HEAD}<c:calendar-query {_SPACES}><d:prop><d:getetag/>{data}</d:prop><c:filter>"
        f'<c:comp-filter name="VCALENDAR"><c:comp-filter name="{kind.value}">{span}'
        "</c:comp-filter></c:comp-filter></c:filter></c:calendar-query>"
    )


def multiget(hrefs: Iterable[str], *, contacts: bool) -> str:
    """Ask for the content of what is at *hrefs* (RFC 4791 section 7.9, RFC 6352 section 8.7)."""
    name = "a:addressbook-multiget" if contacts else "c:calendar-multiget"
    data = "<a:address-data/>" if contacts else "<c:calendar-data/>"
    wanted = "".join(f"<d:href>{escape(href)}</d:href>" for href in hrefs)
    return f"{_HEAD}<{name} {_SPACES}><d:prop><d:getetag/>{data}</d:prop>{wanted}</{name}>"


def named(name: str) -> str:
    """Have a collection be called *name*."""
    return (
        f"{_HEAD}<d:propertyupdate {_SPACES}><d:set><d:prop>"
        f"<d:displayname>{escape(name)}</d:displayname></d:prop></d:set></d:propertyupdate>"
    )
