"""Makes wrong requests of right ones: wrong bytes, wrong documents, wrong HTTP."""

from __future__ import annotations

import base64
import gzip
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.unit.activesync.commands.corpus import ODD_MAIL
from tests.unit.activesync.commands.fuzz import Raw, Step, authorization, problems
from tests.unit.activesync.commands.phone import ADA, BOB, WBXML

from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml import DecodeError, Element, EncodeError, decode, encode
from fermoposta.activesync.wbxml.codepages import TOKENS
from fermoposta.mailstore.groupware import Object
from fermoposta.mailstore.memory_message import Content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.unit.activesync.commands.fuzz import Site

TAGS = sorted(TOKENS)
DATES = (
    "00000000T000000Z",
    "00010101T000000Z",
    "0001-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "99991231T235959Z",
    "20260230T000000Z",
    "2026-11-02T09:00:00+14:00",
    "2026-11-02T09:00:00-99:99",
    "16010101T000000Z",
    "19700101T000000Z",
    "20261103T110000",
    "\N{FULLWIDTH DIGIT TWO}0261103T110000Z",
    "2026-11-03T24:61:61.000Z",
)
NUMBERS = (
    "0",
    "1",
    "2",
    "3",
    "4",
    "8",
    "13",
    "-1",
    "59",
    "127",
    "999999999",
    "4294967295",
    "4294967296",
    "9223372036854775808",
    "9" * 400,
    "\N{ARABIC-INDIC DIGIT THREE}",
    "\N{SUPERSCRIPT TWO}",
    "1e9",
    "0x10",
    "1.5",
    " 1 ",
    "+1",
    "1_0",
    "true",
)
IDS = (
    "1:1",
    "1:0",
    "1:4294967296",
    "1:\N{ARABIC-INDIC DIGIT THREE}",
    "1:deadbeef",
    "1:" + "f" * 40,
    "999:1",
    "1:1:1.2",
    "1:1:0",
    "1:1:9999.9999",
    "1:1:" + ".".join("1" * 60),
    "::",
    "{00000000-0000-0000-0000-000000000000}1",
    "{00000000-0000-0000-0000-000000000000}99999999999999999999999",
    "..",
    ".folders",
    ".ping",
    BOB,
    "Condivise/bob@example.org/Secret",
    "../../etc/passwd",
)
RANGES = ("0-0", "0-999999999", "0-99999999999", "9999999999-9999999999", "9-0", "5-", "-", "0-9-9")
TEXTS = (
    "",
    " ",
    "ä\N{ZERO WIDTH SPACE}",
    "\ufffd",
    "\U0010ffff",
    "\N{RIGHT-TO-LEFT OVERRIDE}x",
    "\t\r\n",
    "a\r\nBcc: eve@example.com",
    "x" * 70_000,
    "a " * 40_000,
    "(" * 5_000,
    '"' * 5_001,
    "<" * 20_000,
    "<div>" * 5_000,
    "<!--" * 30_000,
    "</" * 30_000,
    "&#" + "9" * 5_000,
    "&" * 20_000,
    "\\" * 5_000,
    "%s%n%00",
    "a@b," * 5_000,
    '"' + "\\" * 3_001 + "<a@b",
    "<" + "@" * 5_000,
    "=?utf-8?B?" + "/" * 5_000,
    "=?x?q?" * 2_000,
    "A" * 229 + "==",
    base64.b64encode(bytes(172)).decode(),
    base64.b64encode(b"\xff" * 172).decode(),
    base64.b64encode(b"\0\x80" * 86).decode(),
    "received>=0000-00-00",
    "from:" * 500,
    'subject:"' + "a" * 3_000,
    "Text",
    "HTML",
    "Mailbox",
    "GAL",
    "Email",
    "SMS",
    "IPM.Note.SMIME.MultipartSigned",
    *DATES,
    *NUMBERS,
    *IDS,
    *RANGES,
)
BYTES = (
    b"\0",
    b"a\0b",
    b"\xed\xa0\x80",
    b"\xff\xfe\xfd",
    b"\x1f\x8b",
    bytes(range(256)),
    b"\xf0\x9f\x98" * 100,
    *ODD_MAIL,
)
COMMANDS = (
    "Sync",
    "Ping",
    "Provision",
    "Search",
    "Find",
    "GetAttachment",
    "GetHierarchy",
    "CreateCollection",
    "Autodiscover",
    "sync",
    "Nonsense",
    "",
    "\0",
)
SPOILED = 0.1
"""The share of requests that are right, and meet something wrong in the stores."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a request did that none may do."""

    seed: str
    command: str
    version: str
    found: tuple[str, ...]
    raw: Raw


def mutated(step: Step, others: Sequence[Step], random: Random) -> Raw:
    """Return a wrong request that was made of *step* and pieces of *others*."""
    raw = step.raw
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        level = random.random()
        if level < 0.6:
            raw = _wrong_document(raw, others, random)
        elif level < 0.8:
            raw = replace(raw, body=_wrong_bytes(raw.body, others, random))
        else:
            raw = _wrong_http(raw, others, random)
    return raw


def run(site: Site, steps: Sequence[Step], seeds: Sequence[int]) -> Iterator[Failure]:
    """Ask a wrong request for each of *seeds*, and yield those that did what none may do."""
    for seed in seeds:
        random = Random(seed)  # noqa: S311 - the same ones each time, and no secrets
        step = random.choice(steps)
        site.restore(step.before)
        if random.random() < SPOILED:
            raw = step.raw
            random.choice((spoil, take_away))(site, random)
        else:
            raw = mutated(step, steps, random)
        found = problems(site.ask(raw))
        if found:
            yield Failure(str(seed), raw.command, step.version, tuple(found), raw)


def spoil(site: Site, random: Random) -> None:
    """Make something wrong of each of Ada's items, as if other programs had put it there."""
    for (owner, _), box in site.mail.boxes.items():
        for each in box.messages.values():
            if owner == ADA and random.random() < 0.5:
                each.content = Content(_wrong_text(each.content.raw, random) or b"x")
    for shelf in site.groupware.people[ADA].values():
        for name, each in shelf.objects.items():
            if random.random() < 0.5:
                content = _wrong_text(each.content, random).decode(errors="replace").encode()
                shelf.objects[name] = Object(name, each.etag, content)


def take_away(site: Site, random: Random) -> None:
    """Take folders and rights away, of which the gateway still has the tree that it read before."""
    for hub in site.sessions.hubs:
        site.run(hub.tree())
    for (owner, name), box in list(site.mail.boxes.items()):
        if owner != ADA:
            box.shares = {ADA: frozenset(random.choice(("", "l", "lr", "lrs", "lrswite", "i")))}
        elif name != "INBOX" and random.random() < 0.3:
            del site.mail.boxes[owner, name]
    for shelves in site.groupware.people.values():
        for path, shelf in list(shelves.items()):
            shelf.readers = random.choice(({}, {ADA: False}, {ADA: True}))
            if not path.endswith("/personal") and random.random() < 0.3:
                del shelves[path]


def _wrong_text(text: bytes, random: Random) -> bytes:
    lines = text.split(b"\r\n") if b"\r\n" in text else text.split(b"\n")
    for _ in range(random.choice((1, 1, 2, 5))):
        at = random.randrange(len(lines))
        value = random.choice(TEXTS).encode()[:2_000]
        name = lines[at].partition(b":")[0]
        match random.randrange(7):
            case 0:
                lines[at] = name + b":" + value
            case 1:
                del lines[at]
            case 2:
                lines.insert(at, lines[random.randrange(len(lines))])
            case 3:
                lines[at] = _wrong_bytes(lines[at], None, random)
            case 4:
                lines[at] = name + b";X=" + value + lines[at][len(name) :]
            case 5:
                random.shuffle(lines)
            case _:
                lines[at] = name + b":" + random.choice(DATES).encode()
        if not lines:
            break
    return b"\r\n".join(lines)


def summary(failures: Sequence[Failure]) -> Counter[tuple[str, ...]]:
    """Return how often each thing went wrong."""
    return Counter((each.command, *each.found) for each in failures)


# --- Bytes


def _wrong_bytes(body: bytes, others, random) -> bytes:
    at = random.randrange(len(body) + 1)
    to = min(len(body), at + random.randrange(40))
    return random.choice(BYTE_CHANGES)(body, at, to, others, random)


def _flipped(body, _at, _to, _others, random):
    flipped = bytearray(body or b"\3")
    for _ in range(random.randrange(1, 5)):
        flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def _spliced(body, at, _to, others, random):
    other = random.choice(others).raw.body if others else body
    return body[:at] + other[random.randrange(len(other) + 1) :]


def _lied(body, at, _to, _others, random):
    """Put in a length that is a lie, or a token that WBXML has and ActiveSync hasn't."""
    token = random.choice((b"\xc3", b"\x83", b"\x02", b"\x43", b"\xc4", b"\x00", b"\x03"))
    return body[:at] + token + random.choice((b"\xff\xff\xff\xff\x7f", b"\x80" * 9, b""))


def _another(body, _at, _to, _others, random):
    return random.choice((b"", b"\0", body + b"\1", b"<?xml version='1.0'?><Sync/>", body[::-1]))


BYTE_CHANGES = (
    _flipped,
    _spliced,
    _lied,
    _another,
    lambda body, at, _to, _others, _random: body[:at],
    lambda body, at, to, _others, _random: body[:at] + body[to:],
    lambda body, at, _to, _others, random: (
        body[:at] + random.randbytes(random.randrange(1, 9)) + body[at:]
    ),
    lambda body, at, to, _others, random: (
        body[:at] + body[at:to] * random.randrange(2, 60) + body[to:]
    ),
)


# --- Documents


def _wrong_document(raw: Raw, others, random) -> Raw:
    try:
        root = decode(raw.body)
    except DecodeError:
        return replace(raw, body=_wrong_bytes(raw.body, others, random))
    places = list(_places(root))
    changed = _rewritten(root, random.choice(places), _change(others, random))
    try:
        return replace(raw, body=encode(changed[0]))
    except (EncodeError, IndexError):
        return raw


def _places(element, path=()):
    """Yield the place of each element, as indexes on the way to it."""
    yield path
    for at, child in enumerate(element.children):
        if isinstance(child, Element):
            yield from _places(child, (*path, at))


def _rewritten(element, path, change):
    """Return what stands instead of *element* once the one at *path* is changed."""
    if not path:
        return change(element)
    children = list(element.children)
    children[path[0] : path[0] + 1] = _rewritten(children[path[0]], path[1:], change)
    return [Element(element.tag, children)]


def _change(others, random):
    """Return what makes something wrong of an element: a list of what stands there instead."""
    change = random.choice(CHANGES)
    return lambda element: change(element, others, random)


def _shuffled(element, _others, random):
    children = list(element.children)
    random.shuffle(children)
    return [Element(element.tag, children)]


def _renamed(element, _others, random):
    same = [each for each in TAGS if each.startswith(f"{element.namespace}:")]
    return [Element(random.choice(same or TAGS), element.children)]


def _elsewhere(element, _others, random):
    alike = [each for each in TAGS if each.endswith(f":{element.name}")]
    return [Element(random.choice(alike if len(alike) > 1 else TAGS), element.children)]


def _said(element, _others, random):
    return [Element(element.tag, random.choice(_fitting(element, random)))]


def _deep(element, _others, random):
    found = element
    for _ in range(random.choice((3, 30, 62, 70, 500))):
        found = Element(element.tag, [found])
    return [found]


def _among(element, others, random):
    return [Element(element.tag, [*element.children, _foreign(others, random)])]


def _with_new(element, _others, random):
    made = Element(random.choice(TAGS), random.choice(TEXTS))
    return [Element(element.tag, [made, *element.children])]


CHANGES = (
    _shuffled,
    _renamed,
    _elsewhere,
    _deep,
    _among,
    _with_new,
    lambda _element, _others, _random: [],
    lambda element, _others, random: [element] * random.choice((2, 2, 3, 100)),
    lambda element, _others, random: [Element(element.tag, random.choice(BYTES))],
    lambda element, _others, _random: [Element(element.tag)],
    lambda _element, others, random: [_foreign(others, random)],
    lambda element, _others, random: [
        Element(element.tag, [random.choice(TEXTS), *element.children, b"\0x"])
    ],
    *(_said,) * 8,
)


def _fitting(element, random):
    """Return values of the kind that the element has, or any."""
    name = element.name
    for words, values in (
        (("Time", "Date", "Until", "Stamp", "Birthday", "Start", "Than"), DATES),
        (("Id", "Reference", "Key"), IDS),
        (("Range",), RANGES),
        (("Type", "Size", "Max", "Status", "Interval", "Of", "Filter", "MIME"), NUMBERS),
    ):
        if any(word in name for word in words) and random.random() < 0.7:
            return values
    return TEXTS


def _foreign(others, random):
    """Return an element of another request."""
    for _ in range(10):
        try:
            found = list(islice(decode(random.choice(others).raw.body).walk(), 200))
        except DecodeError:
            continue
        return random.choice(found)
    return Element("AirSync:Sync")


# --- HTTP


def _wrong_http(raw: Raw, others, random) -> Raw:
    kind = random.randrange(10)
    if kind < 4:
        return replace(raw, query=_wrong_query(raw.query, others, random))
    if kind < 8:
        return _wrong_headers(raw, random)
    if kind == 8:
        method = random.choice(("GET", "PUT", "OPTIONS", "DELETE", "PROPFIND", "", "post"))
        return replace(raw, method=method)
    return replace(
        raw, path=random.choice(("/", f"{raw.path}/", f"{raw.path}/x", raw.path.upper(), ""))
    )


def _wrong_query(query: bytes, others, random) -> bytes:
    if b"&" not in query:
        return _wrong_packed(query, others, random)
    fields = query.split(b"&")
    at = random.randrange(len(fields))
    name = fields[at].partition(b"=")[0]
    value = quote(
        random.choice((*IDS, *NUMBERS, *COMMANDS, "x" * 70, "a\0b", "\ud800", "é", BOB)),
        errors="surrogatepass",
    ).encode()
    match random.randrange(9):
        case 0:
            del fields[at]
        case 1:
            fields.append(fields[at])
        case 2 | 3:
            fields[at] = name + b"=" + value
        case 4:
            fields.append(name.lower() + b"=" + value)
        case 5:
            command = random.choice((*COMMANDS, random.choice(others).raw.command))
            fields = [
                b"Cmd=" + quote(command).encode() if each.startswith(b"Cmd=") else each
                for each in fields
            ]
        case 6:
            added = random.choice(
                (
                    b"ItemId",
                    b"CollectionId",
                    b"LongId",
                    b"Occurrence",
                    b"AttachmentName",
                    b"SaveInSent",
                    b"DeviceId",
                    b"User",
                )
            )
            fields.append(added + b"=" + value)
        case 7:
            fields[at] = random.choice(
                (b"%", b"%ff%fe=%00", b"=", b"==", b"%ED%A0%80=1", b"\xff\x80")
            )
        case _:
            random.shuffle(fields)
    return b"&".join(fields)


def _wrong_packed(query: bytes, others, random) -> bytes:
    plain = query.rstrip(b"=")
    try:
        data = base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except ValueError:
        return query
    if random.random() < 0.3:
        return random.choice(
            (b"", b"=", b"A", query[:-3], query + b"%", b"&" + query, query * 40, b"\xff")
        )
    return base64.b64encode(_wrong_bytes(data, others, random))


def _wrong_headers(raw: Raw, random) -> Raw:
    headers = dict(raw.headers)
    name = random.choice((*HEADERS, "", "transfer-encoding"))
    if not name:
        headers.pop(random.choice(sorted(headers)))
    elif name == "transfer-encoding":
        headers.pop("content-length", None)
        headers[name] = "chunked"
    else:
        headers[name] = random.choice(HEADERS[name])
    packs = name == "content-encoding" and random.random() < 0.7
    return replace(raw, headers=headers, body=_packed(raw.body, random) if packs else raw.body)


_ANY = ("", "\xff\x00", "a" * 5_000, "::1", "192.0.2.7", "x\ty")
HEADERS = {
    "ms-asprotocolversion": (*VERSIONS, "2.5", "99", "", "14.1,16.1", "\xff"),
    "x-ms-policykey": (*NUMBERS[:15], "x", "\xb2"),
    "content-type": (
        "message/rfc822",
        "message/rfc822; charset=\xff",
        "text/xml",
        "",
        WBXML.upper(),
        "a" * 5_000,
    ),
    "content-encoding": ("gzip", "x-gzip", "deflate", "br", "gzip, gzip", "identity", "\xff"),
    "content-length": ("0", "-1", "9" * 20, "9" * 5_000, "x", "\xb2", "1"),
    "authorization": (
        "",
        "Basic",
        "Basic !!!",
        "Basic " + "A" * 9_000,
        "Bearer x",
        authorization("ada", "wrong"),
        authorization("a\0b@example.org", "x\0"),
        authorization("", ""),
        authorization("EXAMPLE\\ada"),
        "Basic " + base64.b64encode(b"\xff\xfe:\xed\xa0\x80").decode(),
        "Basic " + base64.b64encode(b"no colon").decode(),
    ),
    "accept-encoding": ("gzip", "gzip;q=0", "*", "\xff"),
    "ms-asacceptmultipart": ("T", "F", "t", "x", "\xb2"),
    "user-agent": _ANY,
    "x-real-ip": _ANY,
    "accept-language": _ANY,
    "host": _ANY,
}


def _packed(body: bytes, random) -> bytes:
    return random.choice(
        (
            gzip.compress(body),
            gzip.compress(body)[:-4],
            gzip.compress(body) + b"more",
            gzip.compress(gzip.compress(body)),
            zlib.compress(body),
            BOMB,
        )
    )


BOMB = gzip.compress(bytes(20_000_000))
"""Some 20 kB that would be 20 MB."""
