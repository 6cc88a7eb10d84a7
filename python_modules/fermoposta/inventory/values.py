"""
Readers of single values: each returns what was meant, or notes what is wrong and returns BAD.

No message quotes a value that may be a secret; other values are quoted, shortened.
"""

from __future__ import annotations

import difflib
import re
from contextlib import suppress
from datetime import UTC, date, datetime
from types import NoneType
from typing import TYPE_CHECKING, Final, cast

from fermoposta.directory.model import PROFILES, RIGHTS, Opaque, Secret
from fermoposta.directory.model.rights import EVERY_RIGHT, whole
from fermoposta.directory.passwords import is_hashed, value_problems
from fermoposta.directory.problem import Problem
from fermoposta.inventory.names import NameProblem, address_form, domain_form
from fermoposta.inventory.yaml_events import join

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

Problems = list[Problem]
Reader = "Callable[[object, str, Problems], object]"


class Bad:
    """What a reader returns where it noted a problem."""


BAD: Final = Bad()

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TEMPLATE = re.compile(r"\{\{|\{%")
_MOBILE = re.compile(r"\+[1-9][0-9]{6,14}")
_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_VAULT = "$ANSIBLE_VAULT;"
_DAY = "write it like 2026-08-31"
_MOMENT = "with its zone like 2026-08-31T18:00+02:00"


_TYPE_NAMES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((NoneType,), "empty"),
    ((bool,), "true or false"),
    ((int, float), "a number"),
    ((str,), "text"),
    ((list, tuple), "a list"),
    ((dict,), "a mapping"),
    ((date,), "a date"),
)


def type_name(value: object) -> str:
    """Say in an operator's words what *value* is."""
    if isinstance(value, Opaque):
        return "a secret that cannot be read here"
    for types, name in _TYPE_NAMES:
        if isinstance(value, types):
            return name
    return "of an unknown type"


def quoted(value: object) -> str:
    """Return *value* for a message, shortened."""
    text = str(value)
    return f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"


def meant(wrong: str, known: Iterable[str]) -> str:
    """Say which of *known* was probably meant by *wrong*, else list them."""
    names = list(known)
    close = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"


def text(limit: int = 200, *, empty: bool = False) -> Callable[[object, str, Problems], object]:
    """Make a reader of one line of text of at most *limit* characters."""

    def read(value: object, path: str, problems: Problems) -> object:
        if not isinstance(value, str):
            remedy = "write text" if value is None else "put it in quotes"
            problems.append(Problem(path, f"is {type_name(value)}, not text", remedy))
            return BAD
        value = value.strip()
        if not value and not empty:
            problems.append(Problem(path, "is empty", "write text"))
        elif len(value) > limit:
            problems.append(Problem(path, f"is longer than {limit} characters", "shorten it"))
        elif _CONTROL.search(value):
            problems.append(Problem(path, "holds a control character", "keep it to one line"))
        elif _TEMPLATE.search(value):
            problems.append(
                Problem(path, "is a template, which nothing resolves here", "write the value out")
            )
        else:
            return value
        return BAD

    return read


def block(limit: int) -> Callable[[object, str, Problems], object]:
    """Make a reader of text of several lines, of at most *limit* characters; blank ends go."""

    def read(value: object, path: str, problems: Problems) -> object:
        if not isinstance(value, str):
            remedy = "write text" if value is None else "put it in quotes"
            problems.append(Problem(path, f"is {type_name(value)}, not text", remedy))
            return BAD
        value = value.replace("\r\n", "\n").strip()
        if not value:
            problems.append(Problem(path, "is empty", "write text"))
        elif len(value) > limit:
            problems.append(Problem(path, f"is longer than {limit} characters", "shorten it"))
        elif _CONTROL.search(value.replace("\n", "").replace("\t", "")):
            problems.append(Problem(path, "holds a control character", "take it out"))
        elif _TEMPLATE.search(value):
            problems.append(
                Problem(path, "is a template, which nothing resolves here", "write the value out")
            )
        else:
            return value
        return BAD

    return read


def day(value: object, path: str, problems: Problems) -> object:
    """Read a date, as YAML knows it or as text (ISO 8601)."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value)
    problems.append(Problem(path, "is no date", _DAY))
    return BAD


def moment(value: object, path: str, problems: Problems) -> object:
    """Read a date, or a date with time and zone (ISO 8601), which is returned in UTC."""
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value) if len(value) > len("2026-08-31") else value
    if not isinstance(value, datetime):
        read = day(value, path, [])
        if read is BAD:
            problems.append(Problem(path, "is no date", f"{_DAY}, or {_MOMENT}"))
        return read
    if value.tzinfo is None:
        problems.append(Problem(path, "has a time, but no time zone", f"write it {_MOMENT}"))
        return BAD
    try:
        return value.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        problems.append(Problem(path, "is beyond what a clock can show", f"{_DAY}, or {_MOMENT}"))
        return BAD


def switch(value: object, path: str, problems: Problems) -> object:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    problems.append(
        Problem(
            path,
            f"is {type_name(value)}, not true or false",
            "write true or false, without quotes",
        )
    )
    return BAD


def number(low: int, high: int, remedy: str) -> Callable[[object, str, Problems], object]:
    """Make a reader of a whole number from *low* to *high*."""

    def read(value: object, path: str, problems: Problems) -> object:
        if isinstance(value, bool) or not isinstance(value, int):
            what = "not a whole one" if isinstance(value, float) else "not a whole number"
            problems.append(Problem(path, f"is {type_name(value)}, {what}", remedy))
            return BAD
        if not low <= value <= high:
            side = f"less than {low}" if value < low else f"more than {high}"
            problems.append(Problem(path, f"is {value}, {side}", remedy))
            return BAD
        return value

    return read


def choice(options: Collection[str]) -> Callable[[object, str, Problems], object]:
    """Make a reader of one of *options*."""

    def read(value: object, path: str, problems: Problems) -> object:
        if isinstance(value, str) and value in options:
            return value
        if isinstance(value, str):
            remedy = meant(value, options)
            problems.append(Problem(path, f"{quoted(value)} is not known", remedy))
        else:
            remedy = f"write one of {', '.join(options)}"
            problems.append(Problem(path, f"is {type_name(value)}, not text", remedy))
        return BAD

    return read


def domain(value: object, path: str, problems: Problems) -> object:
    """Read a domain's name into its ASCII form (RFC 5890, section 2.3.2.1), lower-case."""
    return _name(domain_form, value, path, problems)


def address(value: object, path: str, problems: Problems) -> object:
    """Read anybody's address, here or elsewhere."""
    return _name(address_form, value, path, problems)


def own_address(value: object, path: str, problems: Problems) -> object:
    """Read an address that shall be ours: no extension, nothing that needs quoting."""
    return _name(lambda given: address_form(given, own=True), value, path, problems)


def _name(form: Callable[[str], str], value: object, path: str, problems: Problems) -> object:
    if not isinstance(value, str):
        problems.append(Problem(path, f"is {type_name(value)}, not text", "put it in quotes"))
        return BAD
    try:
        return form(value)
    except NameProblem as problem:
        problems.append(Problem(path, f"{quoted(value)} {problem.message}", problem.remedy))
        return BAD


def sender(value: object, path: str, problems: Problems) -> object:
    """Read the sender of a junk rule: an address, or a domain behind an @ (F169, F170)."""
    if isinstance(value, str) and value.startswith("@"):
        name = domain(value[1:], path, problems)
        return name if name is BAD else f"@{name}"
    if isinstance(value, str) and "@" not in value:
        problems.append(
            Problem(
                path,
                f"{quoted(value)} is neither an address nor a domain behind an @",
                f"write {quoted('@' + value)} for everybody of a domain",
            )
        )
        return BAD
    return address(value, path, problems)


def many(
    read_one: Callable[[object, str, Problems], object], *, least: int = 0
) -> Callable[[object, str, Problems], object]:
    """Make a reader of a list, with at least *least* values, none twice."""

    def read(value: object, path: str, problems: Problems) -> object:
        if not isinstance(value, list | tuple):
            remedy = "write a list" if value is None else "put it in brackets, [like, this]"
            problems.append(Problem(path, f"is {type_name(value)}, not a list", remedy))
            return BAD
        before = len(problems)
        made: dict[object, None] = {}
        for position, each in enumerate(value):
            one = read_one(each, join(path, position), problems)
            if one is not BAD and one in made:
                problems.append(Problem(join(path, position), "stands twice", "keep one"))
            made[one] = None
        if len(value) < least:
            problems.append(Problem(path, "is an empty list", "name at least one"))
        if len(problems) > before:
            made.pop(BAD, None)
        return tuple(made)

    return read


def mobile(value: object, path: str, problems: Problems) -> object:
    """Read a telephone number in the form of E.164 (+39…); blanks and dashes are left out."""
    if not isinstance(value, str):
        problems.append(Problem(path, f"is {type_name(value)}, not text", "put it in quotes"))
        return BAD
    number_ = re.sub(r"[ ./()-]", "", value)
    if not _MOBILE.fullmatch(number_):
        problems.append(
            Problem(path, "is no international telephone number", 'write it like "+393331234567"')
        )
        return BAD
    return number_


def selector(value: object, path: str, problems: Problems) -> object:
    """Read a DKIM selector (RFC 6376, section 3.1)."""
    if isinstance(value, str) and _SELECTOR.fullmatch(value.lower()):
        return value.lower()
    problems.append(Problem(path, "is no DKIM selector", "use letters, digits and hyphens"))
    return BAD


def secret(value: object, path: str, problems: Problems) -> object:
    """Read something secret: text, or what only Ansible can make readable."""
    if isinstance(value, Opaque):
        return value
    if isinstance(value, dict) and "__ansible_vault" in value:
        return Opaque("vaulted")
    if not isinstance(value, str):
        problems.append(Problem(path, f"is {type_name(value)}, not text", "put it in quotes"))
        return BAD
    if not value:
        problems.append(Problem(path, "is empty", "write one, or leave the field out"))
        return BAD
    if value.startswith(_VAULT) or _TEMPLATE.search(value):
        return Opaque("vaulted" if value.startswith(_VAULT) else "a template")
    return Secret(value)


def password(value: object, path: str, problems: Problems) -> object:
    """Read a password that is good enough (F127), or a hash of one; never say it."""
    given = secret(value, path, problems)
    if not isinstance(given, Secret):
        return given
    plain = given.reveal()
    if is_hashed(plain):
        return password_hash(value, path, problems)
    if plain.startswith("{"):
        problems.append(
            Problem(
                path,
                "begins like a hash, but is not one that Dovecot takes",
                "give a whole hash such as {ARGON2ID}$argon2id$…, or a plain password",
            )
        )
        return BAD
    reasons = value_problems(plain)
    if reasons:
        remedy = "take at least 8 characters with a digit, an upper- and a lower-case letter"
        problems.append(Problem(path, " and ".join(reasons), remedy))
        return BAD
    return given


def password_hash(value: object, path: str, problems: Problems) -> object:
    """Read a hash in a scheme that Dovecot takes; never say it."""
    given = secret(value, path, problems)
    if not isinstance(given, Secret):
        return given
    plain = given.reveal()
    if not is_hashed(plain) or value_problems(plain):
        problems.append(
            Problem(
                path,
                "is no hash that Dovecot takes",
                "give a whole hash such as {ARGON2ID}$argon2id$…, or a password",
            )
        )
        return BAD
    return plain


def rights(value: object, path: str, problems: Problems) -> object:
    """Read rights on a folder: a profile, a list of rights, or a mask."""
    if isinstance(value, str):
        if value in PROFILES:
            return PROFILES[value]
        problems.append(
            Problem(path, f"{quoted(value)} is no profile of rights", meant(value, PROFILES))
        )
        return BAD
    if isinstance(value, int) and not isinstance(value, bool):
        if value & ~EVERY_RIGHT or value < 0:
            problems.append(
                Problem(path, f"{value:#x} holds bits that mean nothing", "name the rights")
            )
            return BAD
        return whole(value)
    if not isinstance(value, list | tuple):
        remedy = f"write a profile ({', '.join(PROFILES)}) or a list of rights"
        problems.append(Problem(path, f"is {type_name(value)}, not rights", remedy))
        return BAD
    names = many(choice(tuple(RIGHTS)))(value, path, problems)
    mask = 0
    for name in cast("tuple[str, ...]", names):
        mask |= RIGHTS[name]
    return whole(mask)


def folder(value: object, path: str, problems: Problems) -> object:
    """Read the path of a folder: names between slashes, INBOX first in upper case; ``/`` is all."""
    if value == "/":
        return value
    name = text(255)(value, path, problems)
    if not isinstance(name, str):
        return BAD
    parts = name.split("/")
    if any(part.strip() != part or part in ("", ".", "..") for part in parts):
        problems.append(
            Problem(path, f"{quoted(name)} is no folder", "write it like INBOX/Projects, or /")
        )
        return BAD
    if parts[0].upper() == "INBOX":
        parts[0] = "INBOX"
    return "/".join(parts)
