"""Out-of-office answers: what a device is shown, and what the directory keeps of what it says."""

import asyncio
import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from fermoposta.activesync.away import AgentAnswers, kept, shown
from fermoposta.activesync.people import OutOfOffice, RefusedError
from fermoposta.activesync.store.model import StoreAwayError
from fermoposta.directory.model import OutOfOffice as Record

ADA = "ada@example.org"
ROME = ZoneInfo("Europe/Rome")
MOMENT, LATER = datetime(2026, 12, 1, 17, 30, tzinfo=UTC), datetime(2026, 12, 9, 7, tzinfo=UTC)


def test_nothing_is_nothing():
    """Who said nothing answers nobody."""
    assert shown(None, ROME) == OutOfOffice()


def test_days_begin_and_end_by_the_sites_clock():
    """Across the end of summer time too: the last day counts whole."""
    record = Record(ADA, "Away", starts=date(2026, 10, 24), ends=date(2026, 10, 25))

    found = shown(record, ROME)

    assert found.start == datetime(2026, 10, 23, 22, tzinfo=UTC)
    assert found.end == datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_what_a_device_gives_back_as_it_was_stays_as_it_was():
    """Days stay days; subject and pauses, of which devices know nothing, stay."""
    record = Record(
        ADA, "Away", subject="S", starts=date(2026, 10, 24), ends=date(2026, 10, 25), days=3
    )

    assert kept(ADA, shown(record, ROME), record, ROME) == record


@pytest.mark.parametrize(
    ("record", "external"),
    [
        (Record(ADA, "Away"), "Away"),
        (Record(ADA, "Away", external="Out"), "Out"),
        (Record(ADA, "Away", audience="company"), ""),
        (Record(ADA, "Away", audience="company", external="Out"), ""),
    ],
)
def test_strangers_are_told_what_is_meant_for_them(record, external):
    """The same, something else, or nothing."""
    assert shown(record, ROME).external == external


@pytest.mark.parametrize(
    ("said", "record"),
    [
        (OutOfOffice(internal="In"), Record(ADA, "In", audience="company", enabled=False)),
        (
            OutOfOffice(enabled=True, internal="In", external="Out", start=MOMENT, end=LATER),
            Record(ADA, "In", external="Out", starts=MOMENT, ends=LATER),
        ),
        (OutOfOffice(enabled=True, internal="In", external="In"), Record(ADA, "In")),
        (OutOfOffice(enabled=True, external="Out"), Record(ADA, "Out")),
        (OutOfOffice(), None),
    ],
)
def test_what_is_said_first_is_kept(said, record):
    """A text for strangers only is told to everybody."""
    assert kept(ADA, said, None, ROME) == record


@pytest.mark.parametrize("enabled", [True, False])
def test_without_texts_those_that_are_there_stay(enabled):
    """Devices switch answers on and off without saying them again."""
    there = Record(ADA, "In", external="Out", enabled=not enabled)

    found = kept(ADA, OutOfOffice(enabled=enabled), there, ROME)

    assert (found.text, found.external, found.enabled) == ("In", "Out", enabled)
    assert found.audience == "everybody"


def test_an_answer_without_a_text_is_none():
    """Where none is known either, the user is told."""
    with pytest.raises(RefusedError, match="write a text"):
        kept(ADA, OutOfOffice(enabled=True), None, ROME)


def handed(tmp_path, answer, record=Record(ADA, "Away", starts=MOMENT)):  # noqa: B008 - it is frozen
    """Hand *record* to an agent that says *answer*; return what it was asked."""
    asked = []

    async def serve(reader, writer):
        asked.append(json.loads(await reader.readline()))
        writer.write(answer)
        writer.close()

    async def main():
        async with await asyncio.start_unix_server(serve, tmp_path / "socket"):
            await AgentAnswers(tmp_path / "socket").put(record)

    asyncio.run(main())
    return asked


def test_an_answer_is_handed_over_as_an_inventory_has_it(tmp_path):
    """What is empty is left out, but for the switch."""
    record = Record(ADA, "Away", starts=MOMENT, ends=date(2026, 12, 24), enabled=False)

    assert handed(tmp_path, b'{"done": true}\n', record) == [
        {
            "mailbox": ADA,
            "answer": {
                "text": "Away",
                "from": "2026-12-01T17:30:00+00:00",
                "until": "2026-12-24",
                "days": 7,
                "audience": "everybody",
                "enabled": False,
            },
        }
    ]


def test_what_the_agent_refuses_is_refused(tmp_path):
    """With all its reasons."""
    with pytest.raises(RefusedError, match="one; two"):
        handed(tmp_path, b'{"refused": ["one", "two"]}\n')


@pytest.mark.parametrize("answer", [b"", b"{}\n", b"nonsense\n", b'{"later": "away"}\n'])
def test_an_agent_that_does_not_say_done_has_not_done_it(tmp_path, answer):
    """The device comes again."""
    with pytest.raises(StoreAwayError):
        handed(tmp_path, answer)
