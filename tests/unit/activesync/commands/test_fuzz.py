"""Whatever is sent: never an error of ours, always an answer that can be read, little memory."""

import gzip
import tracemalloc

import pytest
from tests.unit.activesync.commands import mutate
from tests.unit.activesync.commands.corpus import VERSIONS, corpus, furnish
from tests.unit.activesync.commands.fuzz import REQUEST_BYTES, Raw, Site, authorization, problems

from fermoposta.activesync.commands import HANDLERS
from fermoposta.activesync.versions import commands_of
from fermoposta.activesync.wbxml import Element, decode, encode

MUTATIONS, SHARES = 1_500, 5
MEMORY = 6 * REQUEST_BYTES
"""What a request may cost at once: a body as it comes, unpacked, and what is made of it."""
DEEP = 100_000


@pytest.fixture(scope="module")
def site():
    site = Site()
    furnish(site)
    yield site
    site.close()


@pytest.fixture(scope="module")
def steps(site):
    """What devices ask when nothing is wrong."""
    return corpus(site)


@pytest.mark.parametrize("version", VERSIONS)
def test_wrong_requests_are_made_of_every_command(steps, version):
    """A command that nobody asks rightly would hardly be asked wrongly."""
    asked = {each.raw.command for each in steps if each.version == version}

    assert asked == set(HANDLERS) & set(commands_of(version))


def test_what_is_right_is_answered(site, steps):
    """Each request of the corpus, with what there was before it."""
    wrong = []
    for step in steps:
        site.restore(step.before)
        outcome = site.ask(step.raw)
        wrong += [(step.raw.command, step.version, each) for each in problems(outcome)]
        assert outcome.status == 200

    assert wrong == []


@pytest.mark.parametrize("share", range(SHARES))
def test_wrong_requests_do_no_harm(site, steps, share):
    """Of bytes, documents, HTTP and foreign items; see `mutate`, and by its seed what it was."""
    size = MUTATIONS // SHARES

    failures = list(mutate.run(site, steps, range(share * size, (share + 1) * size)))

    assert [(each.seed, each.command, each.version, each.found) for each in failures] == []


def test_a_judge_sees_what_is_wrong(site, steps):
    """An error of a command, and an answer with a tag that there is none of."""
    sync = next(each for each in steps if each.raw.command == "Ping")
    site.restore(sync.before)
    handlers = site.app._gateway.dispatcher.handlers
    right = handlers["Ping"]

    async def breaks(session, asked):
        raise ValueError(asked)

    try:
        handlers["Ping"] = breaks
        found = problems(site.ask(sync.raw))
    finally:
        handlers["Ping"] = right

    assert any("HTTP 500" in each for each in found)
    assert any("command failed: ValueError" in each for each in found)
    assert problems(site.ask(sync.raw)) == []


def _request(body, **headers):
    return Raw(
        "Sync",
        b"Cmd=Sync&User=ada@example.org&DeviceId=D1&DeviceType=SP",
        {
            "authorization": authorization(),
            "ms-asprotocolversion": "14.1",
            "content-type": "application/vnd.ms-sync.wbxml",
            "content-length": str(len(body)),
            **headers,
        },
        body,
    )


SYNC = encode(Element("AirSync:Sync", [Element("AirSync:WindowSize", "1")]))
ENTITIES = b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + b"".join(
    b"<!ENTITY a%d '%s'>" % (number, b"&a%d;" % (number - 1) * 10) for number in range(1, 12)
)
BOMBS = {
    "a gzip bomb": (
        _request(gzip.compress(bytes(50_000_000)), **{"content-encoding": "gzip"}),
        413,
    ),
    "a gzip bomb in a gzip": (
        _request(gzip.compress(gzip.compress(bytes(50_000_000))), **{"content-encoding": "gzip"}),
        200,
    ),
    "entities within entities": (_request(ENTITIES + b"]><Sync>&a11;</Sync>"), 200),
    "elements within elements": (_request(b"\x03\x01j\x00" + b"\x45" * DEEP), 200),
    "more elements than a document has": (
        _request(b"\x03\x01j\x00\x45" + b"\x05" * 250_000 + b"\x01"),
        200,
    ),
    "switches between pages": (_request(b"\x03\x01j\x00" + b"\x00\x01" * 250_000 + b"\x45"), 200),
    "data of a length that is a lie": (
        _request(b"\x03\x01j\x00\x45\xc3\x8f\xff\xff\xff\x7f" + b"x" * 10 + b"\x01"),
        200,
    ),
    "a string table of a length that is a lie": (
        _request(b"\x03\x01j\x8f\xff\xff\xff\x7f" + SYNC[4:]),
        200,
    ),
    "a number without an end": (_request(b"\x03\x01j\x00\x45\xc3" + b"\xff" * 3_000_000), 200),
    "more than a request may have": (_request(bytes(REQUEST_BYTES + 1)), 413),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_and_costs_little(site, name):
    """HTTP 413, or status 102, in no time and little memory."""
    raw, status = BOMBS[name]
    tracemalloc.start()
    try:
        outcome = site.ask(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert outcome.status == status
    if status == 200:
        assert decode(outcome.content).text_of("AirSync:Status") == "102"
    assert peak < MEMORY
    # Being watched makes it slower: so no more than ten times what a request may take.
    assert [each for each in problems(outcome) if not each.endswith(" s")] == []
    assert outcome.seconds < 10


def test_a_document_that_may_be_large_is_read_in_bounded_memory(site):
    """A mail of megabytes costs a few times its size, and no more."""
    mail = b"Subject: x\r\nTo: bob@example.org\r\n\r\n" + b"x" * 3_000_000
    inside = [Element("ComposeMail:ClientId", "c1"), Element("ComposeMail:Mime", mail)]
    body = encode(Element("ComposeMail:SendMail", inside))
    raw = _request(body)
    raw = Raw("SendMail", raw.query.replace(b"Cmd=Sync", b"Cmd=SendMail"), raw.headers, body)
    tracemalloc.start()
    try:
        outcome = site.ask(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (outcome.status, outcome.content) == (200, b"")
    assert peak < 8 * len(body)
