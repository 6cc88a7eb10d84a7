import pytest

from fermoposta.activesync.request import Request, RequestError, parse

HOSTED = ["contoso.com"]
WHO = "User=rmjones&DeviceId=v140Device&DeviceType=SmartPhone"
AT_14_1 = {"MS-ASProtocolVersion": "14.1"}


def test_reads_the_example_of_the_specification():
    """MS-ASHTTP, section 2.2.1.1.1."""
    assert parse(f"Cmd=Sync&{WHO}", {"MS-ASProtocolVersion": "14.0"}, HOSTED) == Request(
        command="Sync",
        version="14.0",
        device_id="v140Device",
        device_type="SmartPhone",
        user="rmjones@contoso.com",
    )


def test_reads_all_that_a_query_can_say():
    """Values are quoted as in any URI; a plus is a plus."""
    found = parse(
        "CollectionId=5&ItemId=5%3A1&LongId=RgAA%2bx&Occurrence=2026-11-25T10%3A00%3A00.000Z"
        "&SaveInSent=T&AttachmentName=5%3a1%3a0&Cmd=SmartReply&User=contoso.com%5CAda"
        "&DeviceId=ABC-1.2_3&DeviceType=Windows%20Outlook+15",
        AT_14_1 | {"X-MS-PolicyKey": "4294967295", "MS-ASAcceptMultiPart": "T"},
        HOSTED,
    )

    assert found == Request(
        command="SmartReply",
        version="14.1",
        device_id="ABC-1.2_3",
        device_type="Windows Outlook+15",
        user="ada@contoso.com",
        policy_key=4294967295,
        attachment_name="5:1:0",
        collection_id="5",
        item_id="5:1",
        long_id="RgAA+x",
        occurrence="2026-11-25T10:00:00.000Z",
        save_in_sent=True,
        accept_multipart=True,
    )


@pytest.mark.parametrize(
    "query",
    [
        f"Cmd=Ping&{WHO}&",
        f"cmd=ping&{WHO.replace('User', 'user').replace('DeviceId', 'deviceid')}",
        f"Cmd=Ping&{WHO}&X-Own=1&nonsense",
        f"Cmd=Ping&Cmd=Ping&{WHO}&{WHO}",
        f"Cmd=Ping&{WHO}&SaveInSent=F",
    ],
    ids=["an end too many", "small letters", "things of its own", "twice the same", "a no"],
)
def test_what_does_no_harm_is_passed_over(query):
    """A client that writes it so is served like any other."""
    assert parse(query, AT_14_1, HOSTED) == parse(f"Cmd=Ping&{WHO}", AT_14_1, HOSTED)


def test_headers_are_read_whatever_their_case():
    """HTTP/2 has them in small letters; an empty one says nothing."""
    headers = {"ms-asprotocolversion": " 16.1 ", "x-ms-policykey": "", "MS-ASACCEPTMULTIPART": "f"}

    found = parse(f"Cmd=Ping&{WHO}", headers, HOSTED)

    assert (found.version, found.policy_key, found.accept_multipart) == ("16.1", None, False)


@pytest.mark.parametrize(
    ("query", "headers", "place", "problem"),
    [
        ("", AT_14_1, "query", "is empty or too long"),
        ("a" * 9000, AT_14_1, "query", "is empty or too long"),
        (f"Cmd=Sync&{WHO}", {}, "MS-ASProtocolVersion", "is missing"),
        (f"Cmd=Sync&{WHO}", {"MS-ASProtocolVersion": "2.5"}, "MS-ASProtocolVersion", "is no ver"),
        (f"Cmd=Sync&{WHO}", {"MS-ASProtocolVersion": "x"}, "MS-ASProtocolVersion", "is no version"),
        (f"Cmd=Sync&{WHO}", AT_14_1 | {"X-MS-PolicyKey": "-1"}, "X-MS-PolicyKey", "is no policy"),
        (f"Cmd=Sync&{WHO}", AT_14_1 | {"X-MS-PolicyKey": "4294967296"}, "X-MS-PolicyKey", "is no"),
        (f"Cmd=Sync&{WHO}", AT_14_1 | {"X-MS-PolicyKey": "٣"}, "X-MS-PolicyKey", "is no policy"),
        (f"Cmd=Sync&{WHO}", AT_14_1 | {"MS-ASAcceptMultiPart": "1"}, "MS-ASAcceptMultiPart", "is "),
        (WHO, AT_14_1, "Cmd", "is missing"),
        (f"Cmd=Notify&{WHO}", AT_14_1, "Cmd", "is no command"),
        ("Cmd=Sync&DeviceId=a&DeviceType=b", AT_14_1, "User", "is missing"),
        ("Cmd=Sync&User=ada&DeviceType=b", AT_14_1, "DeviceId", "is missing"),
        ("Cmd=Sync&User=ada&DeviceId=a", AT_14_1, "DeviceType", "is missing"),
        (f"Cmd=Sync&{WHO}&User=bob", AT_14_1, "User", "stands there beside another"),
        (f"Cmd=Sync&{WHO}&deviceid=b", AT_14_1, "DeviceId", "stands there beside another"),
        ("Cmd=Sync&User=a&DeviceId=a%2Cb&DeviceType=b", AT_14_1, "DeviceId", "names no device"),
        (f"Cmd=Sync&User=a&DeviceId={'a' * 65}&DeviceType=b", AT_14_1, "DeviceId", "names no"),
        ("Cmd=Sync&User=a&DeviceId=..%2Fx&DeviceType=b", AT_14_1, "DeviceId", "names no device"),
        ("Cmd=Sync&User=a&DeviceId=b&DeviceType=%0Ac", AT_14_1, "DeviceType", "is no value"),
        ("Cmd=Sync&User=%FF&DeviceId=b&DeviceType=c", AT_14_1, "User", "is not UTF-8"),
        ("Cmd=Sync&User=&DeviceId=b&DeviceType=c", AT_14_1, "User", "is no value"),
        ("Cmd=Sync&User=CORP%5Cada&DeviceId=b&DeviceType=c", AT_14_1, "User", "is of no domain"),
        (f"Cmd=SmartReply&{WHO}&SaveInSent=yes", AT_14_1, "SaveInSent", "is neither yes nor no"),
        (f"Cmd=SmartReply&{WHO}&ItemId={'x' * 1025}", AT_14_1, "ItemId", "is no value"),
    ],
)
def test_an_error_names_place_value_and_remedy(query, headers, place, problem):
    """What an operator tells whoever wrote the client."""
    with pytest.raises(RequestError) as caught:
        parse(query, headers, HOSTED)

    assert caught.value.place == place
    assert caught.value.problem.startswith(problem)
    assert caught.value.remedy
    assert str(caught.value).startswith(place)
    assert str(caught.value).endswith(caught.value.remedy)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()
