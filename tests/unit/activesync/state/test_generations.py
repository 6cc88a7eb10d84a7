import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.state import stored
from fermoposta.activesync.state.errors import StateError, StoredStateError, SyncKeyError
from fermoposta.activesync.state.generations import (
    Collection,
    Generation,
    Turn,
    dump,
    load,
    receive,
)
from fermoposta.activesync.state.items import Item, Kind, Response

ONE = UUID("00000000-0000-4000-8000-000000000001")
TWO = UUID("00000000-0000-4000-8000-000000000002")
ADDED = Response(Kind.ADD, "c1", "digest", 1, "7:1")

texts = st.text(max_size=8)
kinds = st.sampled_from(Kind)
generations = st.builds(
    Generation,
    st.just(3),
    texts,
    st.lists(st.builds(Item, kinds, texts), max_size=6).map(tuple),
    st.booleans(),
    st.lists(
        st.builds(Response, kinds, texts, texts, st.integers(0, 200), st.none() | texts), max_size=4
    ).map(tuple),
)
collections = st.builds(
    Collection,
    st.uuids(),
    st.none() | st.builds(Generation, st.just(2), texts),
    generations,
)


def send(collection, key):
    return receive(collection, key, fresh=TWO, empty="empty")


def begun():
    """A client that has got its first key and sent it back."""
    _, collection = receive(None, "0", fresh=ONE, empty="empty")
    _, collection = receive(collection, f"{{{ONE}}}1", fresh=TWO, empty="empty")
    return collection


def test_a_client_that_has_nothing_begins_with_key_0():
    """It gets a key of its own and no items; that key it has to send before it is told any."""
    turn, collection = send(None, "0")

    assert turn is Turn.FIRST
    assert str(collection.key) == f"{{{TWO}}}1"
    assert (collection.base, collection.pending.state) == (None, "empty")


def test_the_key_of_the_last_answer_acknowledges_it():
    """What was kept to be sent again is dropped."""
    sent = begun().answering("more", [Item(Kind.ADD, "1")], more=True, responses=[ADDED])

    turn, collection = send(sent, f"{{{ONE}}}2")

    assert turn is Turn.NEXT
    assert collection == Collection(ONE, Generation(2, "more"), None)


def test_the_key_before_the_last_answer_says_that_it_was_lost():
    """The same answer is sent again, with the same key, and what the client added is known."""
    sent = begun().answering("more", [Item(Kind.ADD, "1")], more=True, responses=[ADDED])

    turn, collection = send(sent, f"{{{ONE}}}1")

    assert turn is Turn.AGAIN
    assert collection == sent
    assert str(collection.key) == f"{{{ONE}}}2"
    assert collection.pending.response_to(Kind.ADD, "c1", "digest") == ADDED
    assert collection.pending.server_ids == {"c1": "7:1"}


def test_a_key_may_come_twice_when_nothing_was_sent_in_between():
    """As when a hanging Sync ended without news and without a new key."""
    assert send(begun(), f"{{{ONE}}}1") == (Turn.NEXT, begun())


@pytest.mark.parametrize("key", ["1", "", "{deadbeef}77", f"{{{TWO}}}2", f"{{{ONE}}}4"])
def test_any_other_key_is_refused(key):
    """Malformed, of another synchronisation, or never given out."""
    sent = begun().answering("more")

    with pytest.raises(SyncKeyError):
        send(sent, key)
    with pytest.raises(SyncKeyError):
        send(None, key)


def test_a_key_two_answers_old_is_refused():
    """The client has acknowledged a later one already."""
    _, collection = send(begun().answering("more"), f"{{{ONE}}}2")

    with pytest.raises(SyncKeyError):
        send(collection, f"{{{ONE}}}1")


def test_starting_over_forgets_the_old_keys():
    """Also those of answers that are still under way."""
    _, collection = send(begun().answering("more"), "0")

    for number in (1, 2):
        with pytest.raises(SyncKeyError):
            send(collection, f"{{{ONE}}}{number}")


def test_an_item_edited_before_the_request_was_repeated_is_told_apart():
    """The id alone doesn't make it the same change; the newest answer for an id counts."""
    sent = begun().answering("more", responses=[ADDED]).pending
    edited = Response(Kind.ADD, "c1", "another", 1, "7:1")

    assert sent.response_to(Kind.ADD, "c1", "another") is None
    assert sent.response_to(Kind.CHANGE, "c1", "digest") is None
    assert sent.responding([edited]).responses == (edited,)


def test_what_a_client_learns_otherwise_is_so_in_both_generations():
    """A mail that it moved here is there, whichever answer it has."""
    sent = begun().answering("more")

    amended = sent.amending(str.upper)

    assert (amended.base.state, amended.pending.state) == ("EMPTY", "MORE")
    assert begun().amending(str.upper).pending is None


def test_no_answer_before_the_last_one_is_acknowledged():
    """That would lose it; a mistake of ours, not the client's."""
    _, fresh = send(None, "0")

    for collection in (fresh, begun().answering("more")):
        with pytest.raises(StateError):
            collection.answering("most")
    with pytest.raises(StateError):
        _ = Collection(ONE, None, None).key


@given(collections)
def test_what_is_stored_comes_back(collection):
    """Through JSON, as the database does it."""
    value = json.loads(json.dumps(dump(collection, lambda state: state)))

    assert load(value, stored.text) == collection


def test_items_are_stored_by_runs():
    """A full answer with 512 mails takes little more than their UIDs."""
    sent = begun().answering("", [Item(Kind.ADD, str(uid)) for uid in range(9_000, 9_512)])

    assert len(json.dumps(dump(sent, lambda state: state))) < 512 * 8 + 300


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(collections, st.data())
def test_a_stored_value_that_was_spoilt_is_read_or_refused(collection, data):
    """By StoredStateError alone, so that the client starts over instead of getting an error."""
    value = json.loads(json.dumps(dump(collection, lambda state: state)))
    place = value
    if data.draw(st.booleans()):
        place = value["pending"]
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(json_values)

    try:
        load(value, stored.text)
    except StoredStateError:
        return


@pytest.mark.parametrize("value", [None, [], {}, {"version": 2}, {"version": 1, "uuid": "x"}])
def test_what_is_no_collection_is_refused(value):
    """As what a later version has written."""
    with pytest.raises(StoredStateError):
        load(value, stored.text)


def test_generations_follow_one_another():
    """Others were never written by us."""
    value = dump(begun().answering("more"), lambda state: state)

    with pytest.raises(StoredStateError):
        load(value | {"pending": value["pending"] | {"number": 3}}, stored.text)
    with pytest.raises(StoredStateError):
        load(value | {"pending": None, "base": None}, stored.text)
