"""What is answered while a user is away, what a device says of itself, and the user's addresses."""

import asyncio
from datetime import UTC, datetime

import pytest
from tests.unit.activesync.people.office import Office, el, tree

from fermoposta.activesync.commands.settings import handle
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.people import OutOfOffice, RefusedError
from fermoposta.activesync.session import Asked
from fermoposta.activesync.versions import VERSIONS

TEXT = "Gone & back <soon>\n\n  Ada é 😀 ]]>"
START, END = datetime(2026, 12, 1, 8, tzinfo=UTC), datetime(2026, 12, 24, 17, tzinfo=UTC)
TIMES = [("StartTime", "2026-12-01T08:00:00.000Z"), ("EndTime", "2026-12-24T17:00:00.000Z")]
SINCE_14_1 = VERSIONS[2:]


@pytest.fixture
def office():
    return Office()


def settings(office, *children, version="16.1"):
    async def ask():
        session = await office.session(version, "Settings")
        return await handle(session, Asked(el("Settings", ("Settings", list(children)))))

    return tree(asyncio.run(ask()).element)


def message(audience, *children):
    return ("OofMessage", [(f"AppliesTo{audience}", ""), *children])


def text(said, kind="Text"):
    return [("Enabled", "1"), ("ReplyMessage", said), ("BodyType", kind)]


def set_oof(office, *children, version="16.1"):
    [status, (_, answer)] = settings(office, ("Oof", [("Set", list(children))]), version=version)[1]
    assert status == ("Settings:Status", "1")
    [(_, said)] = answer
    return said


def get_oof(office, kind="Text", version="16.1"):
    _, (_, answer) = settings(office, ("Oof", [("Get", [("BodyType", kind)])]), version=version)[1]
    assert answer[0] == ("Settings:Status", "1")
    return answer[1][1]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_user_says_while_away_comes_back_unchanged(office, version):
    """Every character of it, with both times, for all three audiences."""
    said = set_oof(
        office,
        ("OofState", "2"),
        *TIMES,
        message("Internal", *text(TEXT)),
        message("ExternalKnown", *text("Elsewhere")),
        message("ExternalUnknown", *text("Elsewhere")),
        version=version,
    )

    assert said == "1"
    assert office.people.said == OutOfOffice(
        enabled=True, start=START, end=END, internal=TEXT, external="Elsewhere"
    )
    found = get_oof(office, version=version)
    assert found[:3] == [
        ("Settings:OofState", "2"),
        ("Settings:StartTime", "2026-12-01T08:00:00.000Z"),
        ("Settings:EndTime", "2026-12-24T17:00:00.000Z"),
    ]
    assert found[3] == (
        "Settings:OofMessage",
        [
            ("Settings:AppliesToInternal", ""),
            ("Settings:Enabled", "1"),
            ("Settings:ReplyMessage", TEXT),
            ("Settings:BodyType", "Text"),
        ],
    )
    assert [each[1][0][0] for each in found[3:]] == [
        "Settings:AppliesToInternal",
        "Settings:AppliesToExternalKnown",
        "Settings:AppliesToExternalUnknown",
    ]


def test_who_is_told_nothing_is_listed_without_a_text(office):
    """An audience that isn't there would look as if nobody could be told (section 2.2.3.122)."""
    office.people.said = OutOfOffice(enabled=True, internal="x")

    found = get_oof(office)

    assert found[0] == ("Settings:OofState", "1")
    assert found[2][1] == [("Settings:AppliesToExternalKnown", ""), ("Settings:Enabled", "0")]


def test_a_device_that_wants_html_gets_the_text_as_html(office):
    """Spelt so that it shows what was said, in the format as the device named it."""
    office.people.said = OutOfOffice(enabled=True, internal="a < b & c")

    [_, _, reply, kind] = get_oof(office, "HTML")[1][1]

    assert "a &lt; b &amp; c" in reply[1]
    assert kind == ("Settings:BodyType", "HTML")


def test_html_is_kept_as_the_text_in_it(office):
    """What is sent is text."""
    html = "<html><body><p>Gone &amp; back</p><script>x</script></body></html>"

    set_oof(office, ("OofState", "1"), message("Internal", *text(html, "HTML")))

    assert office.people.said == OutOfOffice(enabled=True, internal="Gone & back")


def test_what_a_device_does_not_name_stays(office):
    """To switch it off, a device sends nothing but that."""
    office.people.said = OutOfOffice(enabled=True, internal="a", external="b")

    set_oof(office, ("OofState", "0"))

    assert office.people.said == OutOfOffice(enabled=False, internal="a", external="b")


def test_times_of_an_answer_without_times_are_not_kept(office):
    """The device is told that all went well even so (section 2.2.3.124)."""
    assert set_oof(office, ("OofState", "1"), *TIMES) == "1"

    assert (office.people.said.start, office.people.said.end) == (None, None)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (OutOfOffice(enabled=True, internal="x", end=END), "2"),
        (OutOfOffice(enabled=True, internal="x", start=END), "2"),
        (OutOfOffice(enabled=True, internal="x", start=datetime(2026, 1, 1, tzinfo=UTC)), "1"),
    ],
)
def test_an_open_end_survives_a_device_that_must_have_two(office, said, state):
    """It is shown one far away, and what it sends back is open again."""
    office.people.said = said

    found = get_oof(office)
    if state == "2":
        times = [(name.removeprefix("Settings:"), value) for name, value in found[1:3]]
        set_oof(office, ("OofState", "2"), *times)

    assert found[0] == ("Settings:OofState", state)
    assert office.people.said == said


def test_known_senders_alone_stand_for_all_elsewhere(office):
    """Nothing was said of strangers, and they can't be told apart."""
    set_oof(office, ("OofState", "2"), message("ExternalKnown", *text("Hi")))

    assert office.people.said.external == "Hi"


def test_where_strangers_shall_hear_nothing_nobody_elsewhere_does(office):
    """Rather too few than too many: who reads it learns that the house is empty."""
    set_oof(
        office,
        ("OofState", "1"),
        message("ExternalKnown", *text("Hi")),
        message("ExternalUnknown", ("Enabled", "0")),
    )

    assert office.people.said.external == ""


@pytest.mark.parametrize(
    ("children", "status"),
    [
        ([("OofState", "3")], "5"),
        ([("OofState", "2"), TIMES[0]], "2"),
        ([("OofState", "2"), TIMES[1]], "2"),
        ([("StartTime", "yesterday"), TIMES[1]], "5"),
        ([("StartTime", TIMES[1][1]), ("EndTime", TIMES[0][1])], "6"),
        ([message("Internal", *text("x", "RTF"))], "5"),
        ([message("Internal", ("Enabled", "1"), ("ReplyMessage", "x"))], "2"),
        ([("OofMessage", text("x"))], "2"),
        ([message("Internal", *text("x")), message("Internal", *text("y"))], "6"),
        ([message("ExternalKnown", *text("x")), message("ExternalUnknown", *text("y"))], "6"),
    ],
)
def test_what_is_no_answer_is_refused_whole(office, children, status):
    """Nothing of it is kept, and the status says what was wrong."""
    before = office.people.said = OutOfOffice(enabled=True, internal="a", external="b")

    assert set_oof(office, *children) == status
    assert office.people.said == before


def test_what_the_directory_refuses_the_device_is_told(office):
    """Such as an answer without any text."""
    office.people.refuses = RefusedError("there is nothing to answer with")

    assert set_oof(office, ("OofState", "1")) == "5"


@pytest.mark.parametrize(("kind", "status"), [("", "2"), ("RTF", "5")])
def test_the_format_must_be_said_to_get_an_answer(office, kind, status):
    """There is no usual one (section 2.2.3.17)."""
    answer = settings(office, ("Oof", [("Get", [("BodyType", kind)])]))

    assert answer[1][1] == ("Settings:Oof", [("Settings:Status", status)])


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_device_says_of_itself_is_kept_beside_what_it_said_before(office, version):
    """What it sends empty is forgotten."""

    def say(*said):
        return settings(office, ("DeviceInformation", [("Set", list(said))]), version=version)

    say(("Model", "A1"), ("IMEI", "123"))
    answer = say(("Model", "B2"), ("IMEI", ""), ("PhoneNumber", "+39"))

    assert answer[1][1] == ("Settings:DeviceInformation", [("Settings:Status", "1")])
    assert asyncio.run(office.device()).information == {"Model": "B2", "PhoneNumber": "+39"}


def test_a_device_can_not_say_without_end(office):
    """1,024 characters of each are what the schema has."""
    answer = settings(office, ("DeviceInformation", [("Set", [("Model", "x" * 1025)])]))

    assert answer[1][1] == ("Settings:DeviceInformation", [("Settings:Status", "5")])
    assert asyncio.run(office.device()).information == {}


@pytest.mark.parametrize(("password", "status"), [("1234", "7"), ("", "1"), ("x" * 256, "5")])
def test_no_recovery_password_is_kept(office, password, status):
    """The device hears so; to forget one is always done."""
    answer = settings(office, ("DevicePassword", [("Set", [("Password", password)])]))

    assert answer[1][1] == ("Settings:DevicePassword", [("Settings:Status", status)])
    assert "1234" not in repr(asyncio.run(office.device()))


@pytest.mark.parametrize("version", VERSIONS[:2])
def test_up_to_14_0_the_addresses_stand_by_themselves(office, version):
    """The user's own first."""
    answer = settings(office, ("UserInformation", [("Get", [])]), version=version)

    assert answer[1][1][1] == [
        ("Settings:Status", "1"),
        (
            "Settings:Get",
            [
                (
                    "Settings:EmailAddresses",
                    [
                        ("Settings:SMTPAddress", "ada@example.org"),
                        ("Settings:SMTPAddress", "a.l@example.org"),
                    ],
                )
            ],
        ),
    ]


@pytest.mark.parametrize("version", SINCE_14_1)
def test_from_14_1_on_they_are_those_of_an_account(office, version):
    """With a name, and the address that mail is sent from."""
    answer = settings(office, ("UserInformation", [("Get", [])]), version=version)

    [(_, accounts)] = answer[1][1][1][1][1]
    [(_, [name, addresses])] = accounts
    assert name == ("Settings:UserDisplayName", "Ada Lovelace")
    assert addresses[1][-1] == ("Settings:PrimarySmtpAddress", "ada@example.org")
    assert len(addresses[1]) == 3


@pytest.mark.parametrize("version", SINCE_14_1)
def test_there_is_no_rights_management(office, version):
    """Status 168 says that it is off."""
    answer = settings(office, ("RightsManagementInformation", [("Get", [])]), version=version)

    assert answer[1][1][1] == [
        ("Settings:Status", "168"),
        ("Settings:Get", [("RightsManagement:RightsManagementTemplates", "")]),
    ]


def test_answers_come_in_the_order_of_what_was_asked(office):
    """And each carries its own status (section 2.2.1.18)."""
    asked = [
        ("UserInformation", [("Get", [])]),
        ("Oof", [("Set", [("OofState", "9")])]),
        ("DeviceInformation", [("Set", [("Model", "A1")])]),
    ]

    answer = settings(office, *asked)

    assert [name for name, _ in answer[1]] == [
        "Settings:Status",
        *(f"Settings:{name}" for name, _ in asked),
    ]
    assert answer[1][3][1] == [("Settings:Status", "1")]


@pytest.mark.parametrize(
    "children",
    [
        [("Oof", [])],
        [("Oof", [("Get", [("BodyType", "Text")]), ("Set", [])])],
        [("UserInformation", [("Set", [])])],
        [("DevicePassword", [("Set", [])])],
        [("AirSync:Sync", "")],
        [("UserInformation", [("Get", [])])] * 2,
    ],
)
def test_of_what_can_not_be_understood_nothing_is_carried_out(office, children):
    """Not even what stands before it."""
    first = ("DeviceInformation", [("Set", [("Model", "A1")])])

    with pytest.raises(CommandError) as refused:
        settings(office, first, *children)

    assert refused.value.status == 2
    assert asyncio.run(office.device()).information == {}


@pytest.mark.parametrize("version", VERSIONS[:2])
def test_a_version_without_rights_management_is_not_answered_it(office, version):
    """Its schema has no such element."""
    with pytest.raises(CommandError):
        settings(office, ("RightsManagementInformation", [("Get", [])]), version=version)


def test_a_request_without_a_property_is_answered_with_success(office):
    """There may be none (section 2.2.1.18)."""
    assert settings(office) == ("Settings:Settings", [("Settings:Status", "1")])
