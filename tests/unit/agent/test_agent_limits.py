"""What is beyond the limits is told once, and what was not told is not taken for told."""

import asyncio
from contextlib import contextmanager
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from fermoposta.agent import limits
from fermoposta.agent.errors import Later
from fermoposta.mailstore.limits import Finding, Limit

ADA = "ada@example.org"
STATE = SimpleNamespace(
    users={ADA: SimpleNamespace(address=ADA, language="it", role=None)},
    domains={"example.org": SimpleNamespace(company="acme")},
)


def broken(uid):
    return Finding(Limit.MALFORMED, 5, 0, "Caffè", uid, "NoHeader")


class Imap:
    """METADATA as imaplib has it."""

    def __init__(self):
        self.value = None
        self.untagged_responses = {}

    def xatom(self, command, _mailbox, argument):
        if command == "SETMETADATA":
            self.value = argument.partition(" ")[2].strip('()"')
        return "OK", []

    def response(self, _name):
        return "METADATA", [f'"INBOX" ({limits.ENTRY} "{self.value}")'.encode()]


class Tools:
    """A mailbox in which *found* is found, and a way out."""

    settings = SimpleNamespace(limit_mailbox_bytes=1, limit_folders=1, limit_item_bytes=1)
    directory = STATE

    def __init__(self, monkeypatch):
        self.found, self.sent, self.since, self.fails = [], [], [], False
        self.metadata = Imap()
        monkeypatch.setattr(limits, "measure", self.measure)
        monkeypatch.setattr(limits, "judge", lambda measured, _bounds: measured)

    def measure(self, _client, _bounds, *, since):
        self.since.append(since)
        return list(self.found)

    @contextmanager
    def imap(self, _address):
        yield SimpleNamespace(client=SimpleNamespace(_imap=self.metadata))

    async def submit(self, message, *, sender, recipients):
        assert sender == ""
        if self.fails:
            raise Later("Postfix is away")
        self.sent.append(recipients)
        # What happens while a notice is on its way.
        self.found.append(broken(len(self.sent) + 1))
        return message

    def look(self):
        asyncio.run(limits.look(self))


@pytest.fixture
def tools(monkeypatch):
    return Tools(monkeypatch)


def told(tools):
    return limits._told(SimpleNamespace(client=SimpleNamespace(_imap=tools.metadata)))[0]


def test_what_comes_while_a_notice_is_written_is_told_the_next_time(tools):
    tools.found = [broken(1)]
    tools.look()
    assert told(tools) == {broken(1).key}

    tools.look()

    assert tools.sent == [[ADA], [ADA]]
    assert told(tools) == {broken(1).key, broken(2).key}


def test_each_message_is_read_once(tools):
    """At the first look all, then what came since the last one that ended well."""
    tools.look()
    tools.look()
    assert tools.since == [None, datetime.now(UTC).date()]
    assert tools.sent == []


def test_what_could_not_be_told_is_looked_at_again(tools):
    tools.found, tools.fails = [broken(1)], True
    tools.look()
    assert told(tools) == set()

    tools.fails = False
    tools.look()

    assert tools.since == [None, None]
    assert tools.sent == [[ADA]]


def test_what_is_gone_is_forgotten(tools):
    """So that it is told anew when it comes back; the value of an older version is understood."""
    tools.metadata.value = f"{broken(1).key} {broken(2).key}"
    tools.found = [broken(2)]

    tools.look()

    assert tools.since == [None]
    assert told(tools) == {broken(2).key}
    assert date.fromisoformat(tools.metadata.value.split()[0])


def test_who_left_during_a_look_is_no_obstacle(tools, monkeypatch):
    """It takes hours where there are many mailboxes."""
    tools.found = [broken(1)]
    new = limits._new

    def leaving(*arguments):
        tools.directory = SimpleNamespace(users={}, domains={})
        return new(*arguments)

    monkeypatch.setattr(limits, "_new", leaving)

    tools.look()

    assert tools.sent == [[ADA]]
