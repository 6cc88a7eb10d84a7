"""Who is meant by a name, and what a device learns of them."""

import asyncio
import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.activesync.people.authority import NOW as CERTIFIED
from tests.unit.activesync.people.authority import YEAR, certificate, der
from tests.unit.activesync.people.office import ADA, BO, BOB, CAT, PICTURE, TEAM, Office, el, tree

from fermoposta.activesync.commands.resolve_recipients import handle
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.people import Person
from fermoposta.activesync.session import Asked
from fermoposta.activesync.store.model import StoreAwayError
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml.text import clean
from fermoposta.mailstore.groupware import AwayError, Busy, DeniedError

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
FOUR_HOURS = [("StartTime", "2026-11-26T12:00:00.000Z"), ("EndTime", "2026-11-26T16:00:00.000Z")]
CERTIFICATE = der(certificate("ada"))
OLD = der(certificate("old", start=CERTIFIED - 2 * YEAR, end=CERTIFIED - YEAR))
CARD = b"""BEGIN:VCARD\r
VERSION:3.0\r
UID:eve\r
FN:Eve Noether\r
EMAIL:eve@example.net\r
KEY;ENCODING=b:%s\r
END:VCARD\r
""" % base64.b64encode(CERTIFICATE)


class Calendars:
    """Says when people are busy."""

    def __init__(self, groupware):
        self.groupware = groupware
        self.times, self.asked, self.raises = {}, [], None

    def __getattr__(self, name):
        return getattr(self.groupware, name)

    async def busy(self, addresses, start, end):
        self.asked.append((sorted(addresses), start, end))
        if self.raises is not None:
            raise self.raises
        return {each: self.times.get(each) for each in addresses}


@pytest.fixture
def office():
    found = Office(replace(ADA, certificates=(CERTIFICATE,)), BOB, BO, CAT, TEAM)
    found.groupware = Calendars(found.groupware)
    found.now = CERTIFIED
    return found


def resolve(office, names, *options, version="16.1"):
    asked = [("To", name) for name in names]
    if options:
        asked.append(("Options", list(options)))

    async def ask():
        session = await office.session(version, "ResolveRecipients")
        document = el("ResolveRecipients", ("ResolveRecipients", asked))
        return await handle(session, Asked(document))

    name, [status, *responses] = _short(tree(asyncio.run(ask()).element))
    assert (name, status) == ("ResolveRecipients", ("Status", "1"))
    assert [each for each, _ in responses] == ["Response"] * len(names)
    return [response for _, response in responses]


def _short(element):
    name, content = element
    inside = [_short(each) for each in content] if isinstance(content, list) else content
    return name.partition(":")[2], inside


def recipients(response):
    return [content for name, content in response if name == "Recipient"]


def of(recipient, name):
    return next((content for each, content in recipient if each == name), None)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "name", ["ada@example.org", "ADA@Example.org", "Ada <ada@example.org>", "lovel"]
)
def test_an_address_or_what_only_one_is_called_is_that_person(office, version, name):
    """In the company's address book, which is type 1."""
    [response] = resolve(office, [name], version=version)

    assert response == [
        ("To", name),
        ("Status", "1"),
        ("RecipientCount", "1"),
        (
            "Recipient",
            [
                ("Type", "1"),
                ("DisplayName", "Ada Lovelace"),
                ("EmailAddress", "ada@example.org"),
            ],
        ),
    ]


def test_what_may_be_several_is_suggested(office):
    """Status 2, with all of them and nothing that is private to one."""
    [response] = resolve(
        office, ["bo"], ("CertificateRetrieval", "2"), ("Availability", FOUR_HOURS)
    )

    assert response[1:3] == [("Status", "2"), ("RecipientCount", "2")]
    assert [len(each) for each in recipients(response)] == [3, 3]
    assert office.groupware.asked == []


def test_the_whole_name_of_one_is_that_one(office):
    """Although others begin the same."""
    office.people.people["ca@example.org"] = Person(address="ca@example.org", name="Cat Stevens")

    [response] = resolve(office, ["cat"])

    assert of(recipients(response)[0], "EmailAddress") == "cat@example.org"


@pytest.mark.parametrize(("most", "status", "shown"), [("1", "3", 1), ("0", "3", 0), ("2", "2", 2)])
def test_a_device_says_how_many_are_suggested(office, most, status, shown):
    """Of some it hears how many there are (status 3)."""
    [response] = resolve(office, ["bo"], ("MaxAmbiguousRecipients", most))

    assert response[1:3] == [("Status", status), ("RecipientCount", "2")]
    assert len(recipients(response)) == shown


@pytest.mark.parametrize("name", ["nobody", "x@example.net", "%", "*", "a%' OR 1=1 --", "(cn=*)"])
def test_whom_nobody_knows_is_not_found(office, name):
    """Status 4; signs that mean something to a database are letters like any other."""
    [response] = resolve(office, [name])

    assert response == [("To", name), ("Status", "4"), ("RecipientCount", "0")]


def test_each_name_is_answered_in_its_turn(office):
    """One that is not found keeps none from being found."""
    found = resolve(office, ["nobody", "cat", "bo"])

    assert [of(each, "Status") for each in found] == ["4", "1", "2"]
    assert [of(each, "To") for each in found] == ["nobody", "cat", "bo"]


@pytest.mark.parametrize("name", ["eve@example.net", "noether"])
def test_whom_the_company_does_not_know_the_user_may(office, name):
    """From the user's own contacts, which is type 2, certificates and all."""
    asyncio.run(office.groupware.put("Contacts/personal", "eve.vcf", CARD, etag=None))

    [response] = resolve(office, [name], ("CertificateRetrieval", "2"))

    [found] = recipients(response)
    assert found[:3] == [
        ("Type", "2"),
        ("DisplayName", "Eve Noether"),
        ("EmailAddress", "eve@example.net"),
    ]
    assert ("Certificate", base64.b64encode(CERTIFICATE).decode()) in of(found, "Certificates")


def test_a_broken_card_among_the_contacts_is_passed_over(office):
    """The others are found even so."""
    store = office.server.people["ada@example.org"]["Contacts/personal"].objects
    asyncio.run(office.groupware.put("Contacts/personal", "eve.vcf", CARD, etag=None))
    store["bad.vcf"] = replace(store["eve.vcf"], name="bad.vcf", content=b"\xffBEGIN:VCARD")

    [response] = resolve(office, ["noether"])

    assert of(response, "Status") == "1"


def test_contacts_of_others_are_not_the_users_own(office):
    """What somebody else wrote down of a person proves nothing to this one."""
    office.server.add("bob@example.org")
    office.server.people["bob@example.org"]["Contacts/personal"].readers["ada@example.org"] = True
    asyncio.run(_as_bob(office).put("Contacts/personal", "eve.vcf", CARD, etag=None))

    [response] = resolve(office, ["noether"])

    assert of(response, "Status") == "4"


def _as_bob(office):
    return type(office.groupware.groupware)(office.server, "bob@example.org")


@pytest.mark.parametrize("wanted", ["2", "3"])
def test_certificates_come_where_they_are_asked_for(office, wanted):
    """Whole ones, also for who wants them small; how many there are, and of how many people."""
    [response] = resolve(office, ["ada@example.org"], ("CertificateRetrieval", wanted))

    assert of(recipients(response)[0], "Certificates") == [
        ("Status", "1"),
        ("CertificateCount", "1"),
        ("RecipientCount", "1"),
        ("Certificate", base64.b64encode(CERTIFICATE).decode()),
    ]


def test_who_does_not_ask_for_certificates_gets_none(office):
    """1 is not to send them (section 2.2.3.22)."""
    [response] = resolve(office, ["ada@example.org"], ("CertificateRetrieval", "1"))

    assert of(recipients(response)[0], "Certificates") is None


def test_who_has_no_certificate_that_is_good_has_none(office):
    """Status 7, also for one whose time is over."""
    office.people.people["cat@example.org"] = replace(CAT, certificates=(OLD, b"x"))

    found = resolve(office, ["bob@example.org", "cat"], ("CertificateRetrieval", "2"))

    for response in found:
        assert of(recipients(response)[0], "Certificates")[:2] == [
            ("Status", "7"),
            ("CertificateCount", "0"),
        ]


def test_of_certificates_all_of_a_person_come_or_none(office):
    """Status 8 where the device wanted fewer, and who needs fewer still gets them."""
    office.people.people["cat@example.org"] = replace(CAT, certificates=(CERTIFICATE,) * 2)

    found = resolve(
        office, ["cat", "ada@example.org"], ("CertificateRetrieval", "2"), ("MaxCertificates", "1")
    )

    shown = [of(recipients(each)[0], "Certificates") for each in found]
    assert shown[0] == [("Status", "8"), ("CertificateCount", "2"), ("RecipientCount", "1")]
    assert shown[1][0] == ("Status", "1")


def availability(office, name="ada@example.org", options=FOUR_HOURS, version="16.1"):
    [response] = resolve(office, [name], ("Availability", options), version=version)
    return of(recipients(response)[0], "Availability")


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_four_hours_of_a_person_are_eight_digits(office, version):
    """Free, tentative, busy, away: 0, 1, 2, 3."""
    office.groupware.times["ada@example.org"] = [
        Busy(NOON + timedelta(minutes=30), NOON + timedelta(minutes=60), "BUSY-TENTATIVE"),
        Busy(NOON + timedelta(minutes=75), NOON + timedelta(minutes=120)),
        Busy(NOON + timedelta(minutes=210), NOON + timedelta(minutes=900), "BUSY-UNAVAILABLE"),
    ]

    assert availability(office, version=version) == [
        ("Status", "1"),
        ("MergedFreeBusy", "01220003"),
    ]


def test_whose_kinds_are_known_the_webmails_server_is_not_asked_about(office):
    """It is asked about all others of the group, and about all where the database is away."""
    half = Busy(NOON, NOON + timedelta(minutes=30))
    office.people.times = {"ada@example.org": [replace(half, kind="BUSY-UNAVAILABLE")]}
    office.groupware.times = {"ada@example.org": [half], "bob@example.org": [half]}

    assert availability(office)[1] == ("MergedFreeBusy", "30000000")
    assert office.groupware.asked == []
    assert availability(office, TEAM.address)[1] == ("MergedFreeBusy", "30000000")
    office.people.times = StoreAwayError("away")
    assert availability(office)[1] == ("MergedFreeBusy", "20000000")

    assert [who for who, *_ in office.groupware.asked] == [["bob@example.org"], ["ada@example.org"]]


def test_what_is_known_is_told_while_the_webmails_server_is_away(office):
    """Of the others it can't be told now."""
    office.people.times = {"ada@example.org": []}
    office.groupware.raises = AwayError("away")

    assert availability(office) == [("Status", "1"), ("MergedFreeBusy", "0" * 8)]
    assert availability(office, "bob@example.org") == [("Status", "162")]
    assert availability(office, TEAM.address) == [("Status", "162")]


def test_at_12_1_there_is_no_availability(office):
    """The version has no element for it, so it is not answered."""
    assert availability(office, version="12.1") is None
    assert office.groupware.asked == []


def test_a_group_is_one_whose_times_and_certificates_are_its_members(office):
    """The digits of all together, and how many members there are."""
    office.groupware.times = {
        "ada@example.org": [Busy(NOON, NOON + timedelta(minutes=30))],
        "bob@example.org": [Busy(NOON + timedelta(minutes=60), NOON + timedelta(minutes=90))],
    }

    [response] = resolve(
        office,
        ["team@example.org"],
        ("CertificateRetrieval", "2"),
        ("Availability", FOUR_HOURS),
    )

    [group] = recipients(response)
    assert of(group, "EmailAddress") == "team@example.org"
    assert of(group, "Availability")[1] == ("MergedFreeBusy", "20200000")
    assert of(group, "Certificates")[:3] == [
        ("Status", "1"),
        ("CertificateCount", "1"),
        ("RecipientCount", "2"),
    ]


def test_of_more_than_twenty_people_nobody_wants_to_know_it(office):
    """Status 161 (section 2.2.3.183)."""
    office.people.in_group[TEAM.address] = [f"p{each}@example.org" for each in range(21)]

    assert availability(office, TEAM.address) == [("Status", "161")]
    assert office.groupware.asked == []


def test_more_than_a_hundred_people_are_not_asked_for(office):
    """Status 160 for those who come after."""
    office.people.in_group[TEAM.address] = [f"p{each}@example.org" for each in range(20)]
    for each in range(5):
        group = f"t{each}@example.org"
        office.people.people[group] = replace(TEAM, address=group)
        office.people.in_group[group] = [f"q{each}-{one}@example.org" for one in range(20)]

    names = [TEAM.address, *(f"t{each}@example.org" for each in range(5))]
    found = resolve(office, names, ("Availability", FOUR_HOURS))

    told = [of(recipients(each)[0], "Availability")[0][1] for each in found]
    assert told == ["163"] * 5 + ["160"]


@pytest.mark.parametrize(
    ("error", "status"), [(None, "163"), (AwayError("x"), "162"), (DeniedError("x"), "163")]
)
def test_where_no_times_can_be_told_the_status_says_why(office, error, status):
    """162 is for a moment, 163 for good; digits come with neither."""
    office.groupware.raises = error

    assert availability(office) == [("Status", status)]


def test_without_an_end_a_week_is_meant(office):
    """Of 336 half hours (section 2.2.3.61.1)."""
    office.groupware.times["ada@example.org"] = []

    assert availability(office, options=FOUR_HOURS[:1])[1] == ("MergedFreeBusy", "0" * 336)


def test_pictures_come_for_each_name_anew(office):
    """As many as are wanted of each, with the statuses of those that do not."""
    options = ("Picture", [("MaxSize", "150"), ("MaxPictures", "1")])

    found = resolve(office, ["bo", "ada@example.org", "cat"], options)

    pictures = [of(each, "Picture") for response in found for each in recipients(response)]
    assert [each[0][1] for each in pictures] == ["1", "174", "1", "173"]
    assert pictures[0][1] == ("Data", clean(PICTURE.decode(errors="replace")))


@pytest.mark.parametrize("version", ["12.1", "14.0"])
def test_a_version_without_pictures_gets_none(office, version):
    """Its schema has no element for them."""
    [response] = resolve(office, ["ada@example.org"], ("Picture", ""), version=version)

    assert of(recipients(response)[0], "Picture") is None


def times(start, end):
    return ("Availability", [("StartTime", start), ("EndTime", end)])


@pytest.mark.parametrize(
    ("names", "options"),
    [
        ([], []),
        ([""], []),
        (["x" * 257], []),
        (["x"] * 101, []),
        (["x"], [("CertificateRetrieval", "4")]),
        (["x"], [("MaxCertificates", "10000")]),
        (["x"], [("MaxAmbiguousRecipients", "-1")]),
        (["x"], [("Availability", [])]),
        (["x"], [times("now", "2026-11-26T12:00:00.000Z")]),
        (["x"], [times("2026-11-26T12:00:00.000Z", "TimeWithInvalidFormat")]),
        (["x"], [times("2026-11-26T12:00:00.000Z", "2026-11-26T12:29:59.000Z")]),
        (["x"], [times("2026-11-26T12:00:00.000Z", "2026-11-25T12:00:00.000Z")]),
        (["x"], [times("2026-11-26T12:00:00.000Z", "2027-01-07T12:00:01.000Z")]),
        (["x"], [("Picture", [("MaxPictures", "many")])]),
    ],
)
def test_what_is_out_of_its_range_is_a_protocol_error(office, names, options):
    """Status 5, and nothing is looked up."""
    with pytest.raises(CommandError) as refused:
        resolve(office, names, *options)

    assert refused.value.status == 5
    assert office.people.questions == []
