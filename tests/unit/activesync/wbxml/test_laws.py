from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.activesync.documents import FETCHED, FIRST_SYNC, NEW_CONTACT, documents

from fermoposta.activesync import multipart
from fermoposta.activesync.wbxml import DecodeError, Element, chunks, decode, encode, render

EXAMPLES = st.sampled_from([NEW_CONTACT, FIRST_SYNC, multipart.decode(FETCHED)[0]])


def read(data):
    """The document, or None where the decoder says why not; anything else it raises is a fault."""
    refused = None
    try:
        found = decode(data)
    except DecodeError as error:
        refused = error
    if refused:
        assert 0 <= refused.offset <= len(data)
        return None
    assert sum(1 for _ in found.walk()) <= len(data)
    render(found)
    return found


@settings(deadline=None)
@given(documents)
def test_every_document_comes_back(document):
    """Whole or in chunks."""
    assert decode(encode(document)) == document
    assert b"".join(chunks(document)) == encode(document)


@settings(deadline=None)
@given(documents)
def test_what_is_read_is_written_the_same_again(document):
    """There is one spelling of a document."""
    assert encode(decode(encode(document))) == encode(document)


@settings(deadline=None)
@given(st.one_of(documents.map(encode), EXAMPLES), st.data())
def test_a_document_cut_short_is_never_read(data, draw):
    """A request of which the end is missing doesn't delete what stood there."""
    cut = draw.draw(st.integers(0, len(data) - 1))

    assert read(data[:cut]) is None


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(documents.map(encode), EXAMPLES),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=3)), min_size=1, max_size=6),
)
def test_a_document_with_bytes_changed_is_read_or_refused(data, changes):
    """Never anything else than a document or a DecodeError."""
    for place, new in changes:
        at = place % (len(data) + 1)
        data = data[:at] + new + data[at + 1 :]

    read(data)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    """With a header in front, so that they are looked at."""
    read(data)
    read(b"\x03\x01\x6a\x00" + data)


@settings(deadline=None)
@given(documents, documents)
def test_equal_documents_have_equal_bytes(one, other):
    """And only those."""
    assert (one == other) == (encode(one) == encode(other))


def test_depth_is_no_matter_of_the_interpreters_stack():
    """Writing and walking follow any depth; reading stops at its limit."""
    deep = Element("AirSync:Sync")
    for _ in range(5_000):
        deep = Element("AirSync:Sync", [deep])

    assert len(encode(deep)) == 4 + 2 * 5_000 + 1
    assert sum(1 for _ in deep.walk()) == 5_001
    assert len(render(deep).splitlines()) == 5_001
