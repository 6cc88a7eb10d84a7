import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.state.errors import ResyncNeededError, StoredStateError
from fermoposta.activesync.state.items import Item, Kind
from fermoposta.activesync.state.mail import (
    MailState,
    Snapshot,
    difference,
    dump,
    fitting,
    load,
)
from fermoposta.mailstore.uidset import UidSet

ADA = MailState(uidvalidity=9, modseq=100, sent=UidSet.parse("1:5"), complete=True)


def folder(present, modseq=200, inside=None, **rest):
    return Snapshot(
        9,
        modseq,
        UidSet.parse(present),
        UidSet.parse(present if inside is None else inside),
        **rest,
    )


def told(answer):
    return [f"{item.kind} {item.id}" for item in answer.items]


def test_says_what_is_gone_what_left_the_window_what_changed_and_what_is_new():
    """In this order; changes oldest first, new mail newest first."""
    found = difference(
        ADA, folder("2:8", inside="3:8", changed={5: 170, 4: 180, 7: 150}, since=date(2026, 11, 1))
    )

    assert len(found) == 7
    assert told(found.first(99)) == [
        "Delete 1",
        "SoftDelete 2",
        "Change 5",
        "Change 4",
        "Add 8",
        "Add 7",
        "Add 6",
    ]
    assert not found.first(99).more
    assert found.first(99).state == MailState(
        9, 200, UidSet.parse("3:8"), date(2026, 11, 1), complete=True
    )


def test_the_rest_comes_with_the_next_answer():
    """Nothing of it is lost, nothing comes twice."""
    server = folder("2:8", changed=dict.fromkeys((2, 3, 4, 5), 150))
    state, answers = ADA, []
    while not answers or answers[-1].more:
        answers.append(difference(state, server).first(2))
        state = answers[-1].state

    assert [told(each) for each in answers] == [
        ["Delete 1", "Change 2"],
        ["Change 3", "Change 4"],
        ["Change 5", "Add 8"],
        ["Add 7", "Add 6"],
    ]
    assert not difference(state, server)
    assert state.known == {}


def test_an_old_change_doesnt_wait_for_new_mail_to_be_sent():
    """So a first synchronisation doesn't list the flags of a whole folder with each answer."""
    answer = difference(MailState(), folder("1:1000")).first(10)

    assert answer.more
    assert answer.state.modseq == 200
    assert str(answer.state.sent) == "991:1000"


def test_a_client_isnt_told_of_its_own_changes():
    """But of somebody else's that came after, or before without its knowledge."""
    mine = ADA.applied(1, before=90, after=120).applied(2, before=110, after=121)
    mine = mine.applied(1, before=120, after=122).removed(3).added(6, 130)
    server = folder("1:2,4:6", modseq=130, changed={1: 122, 2: 121, 6: 130})

    assert told(difference(mine, server).first(9)) == ["Change 2"]
    later = folder("1:2,4:6", modseq=131, changed={1: 131, 6: 130})
    assert told(difference(mine, later).first(9)) == ["Change 1"]


def test_what_the_client_did_after_the_snapshot_is_remembered():
    """The snapshot doesn't know of it yet; the next one will."""
    mine = ADA.applied(1, before=90, after=250)

    after = difference(mine, folder("1:5")).first(9).state

    assert not difference(after, folder("1:5", modseq=250, changed={1: 250}))


def test_an_unchanged_folder_is_known_by_its_status():
    """Unless something was held back, or the window begins on another day."""
    assert ADA.unchanged(9, 100, None)
    assert not ADA.unchanged(9, 101, None)
    assert not ADA.unchanged(8, 100, None)
    assert not ADA.unchanged(9, 100, date(2026, 11, 1))
    assert not difference(ADA, folder("1:9")).first(2).state.unchanged(9, 200, None)
    assert not MailState().unchanged(9, 100, None)


@pytest.mark.parametrize("now", [Snapshot(8, 200, UidSet(), UidSet()), folder("1:5", modseq=99)])
def test_a_folder_made_anew_or_restored_is_synchronised_anew(now):
    """Its UIDs and numbers mean something else; a mail would be lost silently otherwise."""
    with pytest.raises(ResyncNeededError):
        difference(ADA, now)


def test_an_answer_is_limited_by_items_and_by_bytes():
    """But one item always fits."""
    items = [Item(Kind.ADD, str(uid)) for uid in range(1, 9)]

    assert fitting(items, 3, 10**6, lambda item: 1) == 3
    assert fitting(items, 100, 5, lambda item: 2) == 2
    assert fitting(items, 100, 4, lambda item: 2) == 2
    assert fitting(items, 100, 1, lambda item: 5) == 1
    assert fitting(items, 0, 100, lambda item: 5) == 1
    assert fitting(items, 100, 100, lambda item: 1) == 8
    assert fitting([], 100, 100, lambda item: 1) == 0


uids = st.sets(st.integers(1, 99)).map(UidSet.of)


@given(
    st.builds(
        MailState,
        st.none() | st.integers(1, 2**32),
        st.integers(0, 2**63),
        uids,
        st.none() | st.dates(),
        st.booleans(),
        st.dictionaries(st.integers(1, 2**63), uids, max_size=3),
    )
)
def test_what_is_stored_comes_back(state):
    """Through JSON, as the database does it."""
    assert load(json.loads(json.dumps(dump(state)))) == state


@pytest.mark.parametrize(
    "spoilt",
    [
        {"version": 2},
        {"uidvalidity": 0},
        {"modseq": True},
        {"modseq": -1},
        {"sent": "1:*"},
        {"sent": None},
        {"since": "yesterday"},
        {"since": 5},
        {"complete": 1},
        {"known": None},
        {"known": [5]},
        {"known": [[1]]},
        {"known": [[0, "1"]]},
    ],
)
def test_a_stored_value_that_was_spoilt_is_refused(spoilt):
    """By StoredStateError alone, so that the client starts over instead of getting an error."""
    with pytest.raises(StoredStateError):
        load(dump(ADA) | spoilt)


def test_a_large_folder_is_small():
    """10,000 mails with a hundred holes take less than 2 kB, whatever their flags are."""
    sent = UidSet.of(uid for uid in range(1, 10_102) if uid % 101)

    assert len(json.dumps(dump(MailState(9, 123_456, sent, None, complete=True)))) < 2_000
