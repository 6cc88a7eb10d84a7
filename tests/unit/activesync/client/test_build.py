from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.activesync.client import build
from fermoposta.activesync.request import Request, parse
from fermoposta.activesync.versions import COMMANDS, VERSIONS

HOSTED = ["example.org"]
words = st.text(min_size=1, max_size=60).filter(
    lambda text: text.isprintable() and len(text.encode()) <= 255
)
ids = st.from_regex("[A-Za-z0-9]{1,32}", fullmatch=True).filter(lambda text: len(text) != 16)
requests = st.builds(
    Request,
    command=st.sampled_from([each.name for each in COMMANDS if each.code is not None]),
    version=st.sampled_from(VERSIONS),
    device_id=ids,
    device_type=words,
    user=st.sampled_from(["ada@example.org", "o'neil+x@example.org"]),
    policy_key=st.none() | st.integers(0, 0xFFFF_FFFF),
    attachment_name=st.none() | words,
    collection_id=st.none() | words,
    item_id=st.none() | words,
    long_id=st.none() | words,
    occurrence=st.none() | words,
    save_in_sent=st.booleans(),
    accept_multipart=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(requests)
def test_the_gateway_reads_what_a_plain_query_says(request):
    """Query and headers together lose nothing, whatever stands in ids and names."""
    headers = build.headers(request, with_query=True)

    assert parse(build.plain(request), headers, HOSTED) == request


@settings(max_examples=60, deadline=None)
@given(requests, st.none() | st.integers(0, 0xFFFF))
def test_the_gateway_reads_what_a_base64_query_says(request, locale):
    """All of it stands in the query; the language has a number even where nobody named one."""
    asked = replace(request, locale=locale)
    expected = replace(request, locale=build.LOCALE if locale is None else locale)

    assert parse(build.packed(asked), {}, HOSTED) == expected


@pytest.mark.parametrize(
    "asked",
    [
        Request("GetHierarchy", "12.1", "A", "SP"),
        Request("Nonsense", "12.1", "A", "SP"),
        Request("Sync", "14.1", "A", "SP", long_id="x" * 256),
    ],
)
def test_what_base64_cannot_say_is_refused(asked):
    """A command without a number, and a value that is too long for its length byte."""
    with pytest.raises(build.BuildError, match="plain"):
        build.packed(asked)
