import base64
import struct
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.activesync.request import Request, RequestError, parse

HOSTED = ["contoso.com"]
EXAMPLE = "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l"
"""MS-ASHTTP, section 2.2.1.1.1.1."""


def counted(data):
    return bytes((len(data),)) + data


def packed(*, version=141, code=3, device=b"ABC", key=b"", kind=b"SP", parameters=()):
    """A query as a client makes it, in bytes."""
    parts = [struct.pack("<BBH", version, code, 0x0410), *map(counted, (device, key, kind))]
    parts += [bytes((tag,)) + counted(value) for tag, value in parameters]
    return b"".join(parts)


def read(data, headers=None):
    return parse(base64.b64encode(data).decode(), headers or {}, HOSTED)


def test_reads_the_example_of_the_specification():
    """The same request as in plain text, but for the user, who need not be named."""
    assert parse(EXAMPLE, {}, HOSTED) == Request(
        command="Sync",
        version="14.0",
        device_id="v140Device",
        device_type="SmartPhone",
        locale=0x0409,
    )


def test_reads_all_that_a_query_can_say():
    """Parameters by their tags, options by their bits (section 2.2.1.1.1.1.3)."""
    found = read(
        packed(
            version=161,
            key=b"\xff\xff\xff\xfe",
            parameters=[
                (0, b"5:1:0"),
                (1, b"5"),
                (2, b"of an older version"),
                (3, b"5:1"),
                (4, "più".encode()),
                (6, b"2026-11-25T10:00:00.000Z"),
                (7, b"\x03"),
                (8, b"CONTOSO\\Ada"),
                (99, b""),
            ],
        )
    )

    assert found == Request(
        command="SmartReply",
        version="16.1",
        device_id="ABC",
        device_type="SP",
        user="ada@contoso.com",
        policy_key=0xFEFF_FFFF,
        locale=0x0410,
        attachment_name="5:1:0",
        collection_id="5",
        item_id="5:1",
        long_id="più",
        occurrence="2026-11-25T10:00:00.000Z",
        save_in_sent=True,
        accept_multipart=True,
    )


@pytest.mark.parametrize(
    ("options", "saved", "parts"), [(0, 0, 0), (1, 1, 0), (2, 0, 1), (4, 0, 0)]
)
def test_options_are_bits(options, saved, parts):
    """Those that nobody knows are passed over."""
    found = read(packed(parameters=[(7, bytes((options,)))]))

    assert (found.save_in_sent, found.accept_multipart) == (bool(saved), bool(parts))


def test_a_guid_is_the_same_device_either_way():
    """As bytes here, in hexadecimal in a plain query."""
    guid = bytes.fromhex("0102030405060708090A0B0C0D0EFEFF")

    assert read(packed(device=guid)).device_id == "0102030405060708090A0B0C0D0EFEFF"
    assert read(packed(device=b"ABCDEFGHIJKLMNOP")).device_id == "ABCDEFGHIJKLMNOP"


def test_the_query_goes_before_the_headers():
    """They should not be there; where the query is silent they are heard (section 2.2.1.1.2)."""
    headers = {
        "MS-ASProtocolVersion": "12.1",
        "X-MS-PolicyKey": "7",
        "MS-ASAcceptMultiPart": "T",
    }

    assert read(packed(key=b"\1\0\0\0"), headers).version == "14.1"
    assert read(packed(key=b"\1\0\0\0"), headers).policy_key == 1
    assert read(packed(), headers).policy_key == 7
    assert read(packed(), headers).accept_multipart


@pytest.mark.parametrize("size", [2, 3, 4])
def test_padding_may_be_quoted_or_left_out(size):
    """Clients do both."""
    query = base64.b64encode(packed(device=b"\xfb\xff"[:0] + b"a" * size)).decode()

    assert parse(quote(query, safe=""), {}, HOSTED) == parse(query, {}, HOSTED)
    assert parse(query.rstrip("="), {}, HOSTED) == parse(query, {}, HOSTED)


@pytest.mark.parametrize(
    ("data", "place", "problem"),
    [
        (b"", "query", "is empty"),
        (packed(version=25), "protocol version", "is no version"),
        (packed(version=120), "protocol version", "is no version"),
        (packed(version=0xFF), "protocol version", "is no version"),
        (packed(code=5), "command code", "is no command"),
        (packed(code=24), "command code", "is no command"),
        (packed(device=b""), "DeviceId", "names no device"),
        (packed(device=b"a,b"), "DeviceId", "names no device"),
        (packed(device=b"\xff\xfe"), "DeviceId", "is not UTF-8"),
        (packed(key=b"\1\2\3"), "policy key", "has 3 bytes"),
        (packed(kind=b""), "DeviceType", "is no value"),
        (packed(kind=b"a\nb"), "DeviceType", "is no value"),
        (packed()[:3], "locale", "ends early"),
        (packed()[:7], "DeviceId", "ends early"),
        (packed()[:-1], "DeviceType", "ends early"),
        (packed() + b"\1", "length of CollectionId", "ends early"),
        (packed() + b"\1\5abc", "CollectionId", "ends early"),
        (packed() + b"\x63\5abc", "parameter", "ends early"),
        (packed(parameters=[(7, b"")]), "Options", "has 0 bytes"),
        (packed(parameters=[(8, b"\xff")]), "User", "is not UTF-8"),
        (packed(parameters=[(8, b"ada"), (8, b"bob")]), "User", "stands there beside another"),
        (packed(parameters=[(8, b"CORP\\ada")]), "User", "is of no domain"),
    ],
)
def test_an_error_names_place_value_and_remedy(data, place, problem):
    """Down to the field of the bytes."""
    with pytest.raises(RequestError) as caught:
        read(data)

    assert caught.value.place == place
    assert caught.value.problem.startswith(problem)
    assert caught.value.remedy
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("query", ["Sync", "jAAJ*", "jAA_-", "a", "%FF%FE", "==", "jAAJ BAp2"])
def test_what_is_neither_plain_nor_base64_is_refused(query):
    """Also what only looks like it."""
    with pytest.raises(RequestError):
        parse(query, {}, HOSTED)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.binary(max_size=30).map(lambda more: packed() + more)))
def test_any_bytes_are_a_request_or_refused(data):
    """Never another exception."""
    try:
        read(data)
    except RequestError as error:
        refused = str(error)
    else:
        return

    assert refused.isprintable()


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=60), st.text("Cmd=SyncUserDeviceIdType&%+,/\\@", max_size=80)),
    st.dictionaries(
        st.sampled_from(["MS-ASProtocolVersion", "X-MS-PolicyKey", "MS-ASAcceptMultiPart"]),
        st.one_of(st.text(max_size=12), st.sampled_from(["14.1", "1", "T"])),
    ),
)
def test_any_query_is_a_request_or_refused(query, headers):
    """With any headers."""
    try:
        parse(query, headers, HOSTED)
    except RequestError as error:
        refused = error
    else:
        return

    assert refused.place
    assert refused.remedy
