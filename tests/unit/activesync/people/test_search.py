"""What a device finds by Search, in the address book and in mail."""

import asyncio
from datetime import UTC, datetime

import pytest
from tests.unit.activesync.people.office import PICTURE, Office, el, tree

from fermoposta.activesync.commands.search import handle
from fermoposta.activesync.folders import Type
from fermoposta.activesync.session import Asked, Limits
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml import Element
from fermoposta.activesync.wbxml.text import clean
from fermoposta.mailstore.mailbox import UnavailableError

SINCE_14_1 = VERSIONS[2:]


@pytest.fixture
def office():
    return Office()


def mail(subject, text="Hello", **fields):
    header = {
        "From": "Bob <bob@example.org>",
        "To": "ada@example.org",
        "Subject": subject,
        **fields,
    }
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in header.items()]
    return "\r\n".join([*lines, "", text, ""]).encode()


def receive(office, message, folder="INBOX", day=20):
    async def put():
        names = [each.name for each in await office.mail.folders()]
        if folder not in names:
            await office.mail.create(folder)
        at = datetime(2026, 11, day, 12, tzinfo=UTC)
        return (await office.mail.append(folder, message, received=at)).uid

    return asyncio.run(put())


def folder(office, type_=Type.INBOX, path=None):
    async def look():
        found = await office.hub.tree(fresh=True)
        return next(each for each in found if (each.path == path if path else each.type is type_))

    return asyncio.run(look()).id


def ask(office, store, version="16.1"):
    async def run():
        await office.hub.tree(fresh=True)
        session = await office.session(version, "Search")
        document = el("Search", ("Search", [] if store is None else [("Store", store)]))
        return await handle(session, Asked(document))

    name, [status, (_, [(_, found)])] = tree(asyncio.run(run()).element)
    assert (name, status) == ("Search:Search", ("Search:Status", "1"))
    return [(each.removeprefix("Search:"), content) for each, content in found]


def people(office, words, *options, version="16.1"):
    store = [("Name", "GAL"), ("Query", words)]
    return ask(office, [*store, ("Options", list(options))] if options else store, version)


def in_mail(office, *wanted, options=(), version="16.1", query=None):
    store = [("Name", "Mailbox"), ("Query", query or [("And", list(wanted))])]
    return ask(office, [*store, ("Options", list(options))] if options else store, version)


def free(text):
    return ("FreeText", text)


def entries(found):
    return [dict(content[-1][1]) for name, content in found if name == "Result" and content]


def subjects(found):
    return [each["Email:Subject"] for each in entries(found)]


# --- The address book


@pytest.mark.parametrize("version", VERSIONS)
def test_people_are_found_by_the_beginnings_of_their_names(office, version):
    """With their range, and how many there are."""
    found = people(office, "lovel", version=version)

    assert found[0] == ("Status", "1")
    assert found[1][1][0][0] == "Search:Properties"
    assert entries(found)[0]["GAL:EmailAddress"] == "ada@example.org"
    assert found[2:] == [("Range", "0-0"), ("Total", "1")]


def test_what_means_something_to_a_database_is_a_letter_like_any_other(office):
    """The question comes to the address book as it was written."""
    for text in ["%", "*", "_da", "a') OR ('1'='1", "(cn=*)", "ada\\"]:
        found = people(office, text)

        assert found == [("Status", "1"), ("Result", ""), ("Total", "0")]
        assert office.people.questions.pop() == text


@pytest.mark.parametrize("words", ["", "  ", "x" * 257])
def test_a_question_has_a_length(office, words):
    """Who asks for nothing would get everybody."""
    assert people(office, words) == [("Status", "2")]
    assert office.people.questions == []


def test_a_device_gets_the_page_that_it_asks_for(office):
    """The range that is sent says which of them these are."""
    found = people(office, "b", ("Range", "1-5"))

    assert [each["GAL:DisplayName"] for each in entries(found)] == ["Bob Babbage"]
    assert found[2:] == [("Range", "1-1"), ("Total", "2")]


@pytest.mark.parametrize("wanted", ["9-1", "x", "1", "0-1000", "-1-2", "0-99999999", ""])
def test_a_range_that_is_none_is_refused(office, wanted):
    """Status 2, and nobody is looked up."""
    assert people(office, "b", ("Range", wanted)) == [("Status", "2")]
    assert office.people.questions == []


def test_behind_the_last_one_there_is_nobody(office):
    """Status 12 says that the range is past the end (section 2.2.3.143.3)."""
    assert people(office, "b", ("Range", "2-5")) == [
        ("Status", "12"),
        ("Result", ""),
        ("Total", "2"),
    ]


def test_beyond_a_hundred_results_a_device_must_ask_for_something_else(office):
    """It gets what there is with status 12."""
    found = people(office, "b", ("Range", "0-100"))

    assert found[0] == ("Status", "12")
    assert len(entries(found)) == 2


@pytest.mark.parametrize("version", SINCE_14_1)
def test_pictures_come_with_a_status_each(office, version):
    """One at most, of 150 bytes at most: 1, 174, 173 and 175."""
    office.people.people["bx@example.org"] = office.people.people["cat@example.org"]
    options = [("MaxSize", "150"), ("MaxPictures", "1")]

    found = people(office, "b", ("Picture", options), version=version)
    more = people(office, "cat", ("Picture", options), version=version)

    pictures = [each["GAL:Picture"] for each in entries(found)]
    assert pictures == [
        [("GAL:Status", "1"), ("GAL:Data", clean(PICTURE.decode(errors="replace")))],
        [("GAL:Status", "174")],
    ]
    assert entries(more)[0]["GAL:Picture"] == [("GAL:Status", "173")]


@pytest.mark.parametrize("version", VERSIONS[:2])
def test_before_14_1_there_are_no_pictures(office, version):
    """The schema has no element for them."""
    found = people(office, "lovel", ("Picture", ""), version=version)

    assert "GAL:Picture" not in entries(found)[0]


# --- Mail


@pytest.mark.parametrize("version", VERSIONS)
def test_mail_is_found_by_words_newest_first(office, version):
    """Each with its class, a name to fetch it by, its folder, and what Sync would send."""
    old = receive(office, mail("Old engine"), day=1)
    receive(office, mail("Nothing"), day=2)
    new = receive(office, mail("New engine"), day=3)

    found = in_mail(office, free("engine"), version=version)

    inbox = folder(office)
    assert subjects(found) == ["New engine", "Old engine"]
    assert [list(content[:3]) for name, content in found if name == "Result"] == [
        [
            ("AirSync:Class", "Email"),
            ("Search:LongId", f"{inbox}:{uid}"),
            ("AirSync:CollectionId", inbox),
        ]
        for uid in (new, old)
    ]
    assert found[-2:] == [("Range", "0-1"), ("Total", "2")]


def test_all_words_must_be_there(office):
    """Of one element or several; quotes keep words together."""
    receive(office, mail("one two three"))

    assert subjects(in_mail(office, free("one three"))) == ["one two three"]
    assert subjects(in_mail(office, free("one"), free("two"))) == ["one two three"]
    assert subjects(in_mail(office, free('"two three"'))) == ["one two three"]
    assert subjects(in_mail(office, free('"one three"'))) == []
    assert subjects(in_mail(office, free("one four"))) == []


def test_what_is_not_found_is_one_empty_result(office):
    """As devices know it (section 2.2.3.155.3)."""
    assert in_mail(office, free("x")) == [("Status", "1"), ("Result", ""), ("Total", "0")]


def test_a_search_stays_in_its_folders(office):
    """With DeepTraversal also in those below, without a folder in all."""
    for name in ("INBOX", "Work", "Work/Done"):
        receive(office, mail(f"engine in {name}"), name)
    work = ("AirSync:CollectionId", folder(office, path="Work"))
    inbox = ("AirSync:CollectionId", folder(office))
    deep = [("DeepTraversal", "")]

    assert set(subjects(in_mail(office, free("engine"), work))) == {"engine in Work"}
    assert len(subjects(in_mail(office, free("engine"), work, inbox))) == 2
    assert set(subjects(in_mail(office, free("engine"), work, options=deep))) == {
        "engine in Work",
        "engine in Work/Done",
    }
    assert len(subjects(in_mail(office, free("engine")))) == 3


def test_a_folder_that_is_not_there_makes_the_device_look_anew(office):
    """Status 11; also one of another user."""
    for name in ("zz", "", "INBOX", "../x"):
        found = in_mail(office, free("x"), ("AirSync:CollectionId", name))

        assert found == [("Status", "11")]


def test_mail_that_another_user_shares_without_a_right_to_read_is_not_found(office):
    """Nor is it counted."""
    office.boxes.mailbox("bob@example.org")
    office.boxes.share("bob@example.org", "INBOX", "ada@example.org", "l")
    asyncio.run(office.boxes.mailbox("bob@example.org").append("INBOX", mail("engine")))

    assert in_mail(office, free("engine"))[-1] == ("Total", "0")


def test_other_classes_than_mail_are_not_searched(office):
    """There are no results of them; asked for beside mail they do no harm."""
    receive(office, mail("engine"))

    some = [("AirSync:Class", each) for each in ("Calendar", "Notes")]
    assert subjects(in_mail(office, free("engine"), *some)) == []
    assert subjects(in_mail(office, free("engine"), *some, ("AirSync:Class", "Email"))) == [
        "engine"
    ]


def compared(name, moment):
    return (name, [("Email:DateReceived", ""), ("Value", moment)])


def test_mail_is_found_by_when_it_was_received(office):
    """To the second, not by days."""
    for day in (9, 10, 11):
        receive(office, mail(f"engine {day}"), day=day)
    after = compared("GreaterThan", "2026-11-09T12:00:00.000Z")
    before = compared("LessThan", "2026-11-11T12:00:00.000Z")

    assert subjects(in_mail(office, free("engine"), after)) == ["engine 11", "engine 10"]
    assert subjects(in_mail(office, free("engine"), before)) == ["engine 10", "engine 9"]
    found = in_mail(office, after, before)
    assert subjects(found) == ["engine 10"]
    assert found[-1] == ("Total", "1")


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_a_conversation_is_found_by_its_id(office, version):
    """All mails of it, wherever they lie; it is what a mail is sent with."""
    receive(office, mail("engine", Message_ID="<1@x>"))
    receive(office, mail("Re: engine", Message_ID="<2@x>", References="<1@x>"), "Work")
    receive(office, mail("engine", Message_ID="<3@x>"))

    async def run(query):
        await office.hub.tree(fresh=True)
        session = await office.session(version, "Search")
        store = [("Name", "Mailbox"), ("Query", [("And", query)])]
        return await handle(session, Asked(el("Search", ("Search", [("Store", store)]))))

    first = asyncio.run(run([free('"Re: engine"')])).element
    name = next(each.data for each in first.walk() if each.tag == "Email2:ConversationId")
    found = asyncio.run(run([("ConversationId", name)])).element

    results = [each for each in found.walk() if each.tag == "Search:Properties"]
    assert sorted(each.text_of("Email:Subject") for each in results) == ["Re: engine", "engine"]


def test_a_device_says_how_it_wants_mail(office):
    """As for Sync; who says nothing gets the beginning of the text."""
    receive(office, mail("engine", "x" * 5_000))

    short = entries(in_mail(office, free("engine")))[0]["AirSyncBase:Body"]
    wanted = [
        (
            "AirSyncBase:BodyPreference",
            [("AirSyncBase:Type", "1"), ("AirSyncBase:TruncationSize", "10")],
        )
    ]
    tiny = entries(in_mail(office, free("engine"), options=wanted))[0]["AirSyncBase:Body"]

    assert dict(short)["AirSyncBase:Data"] == "x" * 1_024
    assert dict(tiny)["AirSyncBase:Data"] == "x" * 10
    assert dict(tiny)["AirSyncBase:Truncated"] == "1"


def test_mail_comes_as_it_is_stored_where_a_device_wants_mime(office):
    """With MIMESupport 2 and a preference for it."""
    message = mail("engine")
    receive(office, message)
    options = [
        ("AirSync:MIMESupport", "2"),
        ("AirSyncBase:BodyPreference", [("AirSyncBase:Type", "4")]),
    ]

    body = dict(entries(in_mail(office, free("engine"), options=options))[0]["AirSyncBase:Body"])

    assert body["AirSyncBase:Type"] == "4"
    assert body["AirSyncBase:Data"].encode() == message


def test_an_answer_has_an_end(office):
    """What finds no room is left for the next page, and the range says so."""
    office.limits = Limits(answer_bytes=8_000)
    for number in range(6):
        receive(office, mail(f"engine {number}", "x" * 900), day=number + 1)

    found = in_mail(office, free("engine"))
    shown = len(subjects(found))
    more = in_mail(office, free("engine"), options=[("Range", f"{shown}-99")])

    assert 0 < shown < 6
    assert found[-2:] == [("Range", f"0-{shown - 1}"), ("Total", "6")]
    assert subjects(found) + subjects(more) == [f"engine {each}" for each in range(5, -1, -1)]


def test_results_are_rebuilt_each_time(office):
    """So nothing need be done for RebuildResults; twice the same option does no harm."""
    receive(office, mail("engine"))
    options = [("RebuildResults", ""), ("RebuildResults", ""), ("Range", "0-1"), ("Range", "0-1")]

    assert subjects(in_mail(office, free("engine"), options=options)) == ["engine"]


@pytest.mark.parametrize(
    "query",
    [
        [free("x")],
        [("AirSync:Class", "Email")],
        [("AirSync:CollectionId", "1")],
        [compared("GreaterThan", "2026-11-09T12:00:00.000Z")],
        [("Or", [free("x")])],
        [("And", [free("x")]), ("And", [free("y")])],
        [("And", [("And", [free("x")])])],
        [("And", [free("x"), ("Or", [free("y")])])],
        [("And", [free(" ".join(f"w{each}" for each in range(21)))])],
        "words",
    ],
)
def test_what_is_not_simple_is_too_complex(office, query):
    """Status 8: all of it must stand in one And."""
    assert in_mail(office, query=query) == [("Status", "8")]


@pytest.mark.parametrize(
    "wanted",
    [
        [],
        [("AirSync:Class", "Email")],
        [free("")],
        [free("x"), ("Email:To", "ada")],
        [free("x"), ("ConversationId", "short")],
        [free("x"), ("GreaterThan", [("Value", "2026-11-09T12:00:00.000Z")])],
        [free("x"), compared("LessThan", "yesterday")],
    ],
)
def test_what_can_not_be_understood_is_invalid(office, wanted):
    """Status 2."""
    assert in_mail(office, *wanted) == [("Status", "2")]


def test_at_12_1_there_are_no_conversations(office):
    """Its schema has none."""
    assert in_mail(office, ("ConversationId", b"0" * 16), version="12.1") == [("Status", "2")]


@pytest.mark.parametrize(
    ("store", "status"),
    [
        (None, "2"),
        ([], "2"),
        ([("Name", "GAL")], "2"),
        ([("Name", "Nonsense"), ("Query", "x")], "2"),
        ([("Name", "Document Library"), ("Query", [("EqualTo", "")])], "13"),
        ([("Name", "DocumentLibrary"), ("Query", "")], "13"),
    ],
)
def test_a_store_that_is_not_there_is_not_searched(office, store, status):
    """Document libraries are none of ours: access is blocked."""
    assert ask(office, store) == [("Status", status)]


def test_preferences_that_contradict_one_another_are_invalid(office):
    """Two of one type (section 2.2.2.12 of MS-ASAIRS)."""
    twice = [("AirSyncBase:BodyPreference", [("AirSyncBase:Type", "1")])] * 2

    assert in_mail(office, free("x"), options=twice) == [("Status", "2")]


def test_where_the_mail_is_away_the_device_comes_again(office):
    """That is told by whoever answers it, not by an empty result."""
    folder(office)
    office.boxes.away = True

    with pytest.raises(UnavailableError):
        in_mail(office, free("x"))


def test_a_request_without_a_document_is_invalid(office):
    """As one with an empty document is."""

    async def run():
        return await handle(await office.session("16.1"), Asked(None))

    answer = asyncio.run(run()).element

    assert answer.text_of("Search:Response", "Search:Store", "Search:Status") == "2"
    assert isinstance(answer, Element)
