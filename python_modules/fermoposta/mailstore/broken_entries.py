"""
Calendars and address books: entries that no client can understand, as SOGo's store holds them.

What is looked at is the form: iCalendar (RFC 5545), vCard (RFC 6350), and SOGo's VLIST, which is
written like a vCard. Nothing of the content is ever in what is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from icalendar import Calendar

from fermoposta.mailstore.limits import Item

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ENTRIES = """
SELECT info.c_path3 || '/' || info.c_foldername, store.c_name, octet_length(store.c_content),
       store.c_content
  FROM sogo_store AS store JOIN sogo_folder_info AS info USING (c_folder_id)
 WHERE info.c_path2 = %(owner)s AND coalesce(store.c_deleted, 0) <> 1
 ORDER BY 1, 2
"""
_KINDS = ("VCALENDAR", "VCARD", "VLIST")


class EntriesError(Exception):
    """The webmail's database can't be asked."""


def broken_entries(dsn: str, owner: str) -> list[Item]:
    """List what of *owner* can't be understood; *dsn* is of the webmail's database."""
    try:
        with psycopg.connect(dsn) as connection, connection.cursor(name="entries") as rows:
            rows.execute(_ENTRIES, {"owner": owner})
            return list(_judged(rows))
    except psycopg.errors.UndefinedTable:
        # SOGo makes its tables when it first needs them.
        return []
    except psycopg.Error as error:
        raise EntriesError(f"calendars and contacts can't be looked at: {error}") from error


def _judged(rows: psycopg.ServerCursor) -> Iterator[Item]:
    for folder, name, size, content in rows:
        if why := broken_entry(content):
            yield Item(folder, 0, size, why, name)


def broken_entry(text: str) -> str:
    """Say why *text* can't be understood; empty where it can."""
    lines = _unfolded(text)
    if why := _form(lines):
        return why
    return _calendar(text) if lines[0].upper() == "BEGIN:VCALENDAR" else ""


def _form(lines: Sequence[str]) -> str:
    """Judge what all kinds have in common: lines with a name, and parts that end."""
    if not lines or lines[0].upper() not in {f"BEGIN:{kind}" for kind in _KINDS}:
        return "NoBegin"
    parts: list[str] = []
    for number, line in enumerate(lines):
        name, colon, value = line.partition(":")
        if not colon or not name:
            return "LineWithoutName"
        if number and not parts:
            return "AfterTheEnd"
        if name.upper() == "BEGIN":
            parts.append(value.upper())
        elif name.upper() == "END" and parts.pop() != value.upper():
            return "WrongEnd"
    return "NoEnd" if parts else ""


def _calendar(text: str) -> str:
    try:
        calendar = Calendar.from_ical(text)
    except Exception:  # noqa: BLE001 - the library's errors at what it did not expect are of any kind
        return "NoCalendar"
    for part in calendar.walk():
        if part.errors:
            return f"BadProperty {part.errors[0][0] or part.name}"
    entries = [part for part in calendar.subcomponents if part.name in {"VEVENT", "VTODO"}]
    if not entries:
        return "NoEntry"
    return "NoUid" if any(not part.get("UID") for part in entries) else ""


def _unfolded(text: str) -> list[str]:
    """Return the lines as they are meant (RFC 5545, section 3.1), empty ones left out."""
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if line[:1] in {" ", "\t"} and lines:
            lines[-1] += line[1:]
        elif line.strip():
            lines.append(line.rstrip())
    return lines
