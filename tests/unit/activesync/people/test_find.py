"""What a device of 16.1 finds by Find."""

import asyncio
from datetime import UTC, datetime

import pytest
from tests.unit.activesync.people.office import PICTURE, Office, el, tree

from fermoposta.activesync.commands.find import handle
from fermoposta.activesync.folders import Type
from fermoposta.activesync.session import Asked
from fermoposta.activesync.wbxml.text import clean

MAIL, PEOPLE = "MailBoxSearchCriterion", "GALSearchCriterion"
MESSAGE = (
    b"From: Bob <bob@example.org>\r\nTo: Ada <ada@example.org>\r\n"
    b"Cc: Cat <cat@example.org>, bo@example.org\r\nSubject: The engine\r\n"
    b"Importance: high\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIt  runs,\r\nat last.\r\n"
    b"--b\r\nContent-Type: application/pdf\r\n"
    b'Content-Disposition: attachment; filename="plan.pdf"\r\n\r\nPDF\r\n--b--\r\n'
)


@pytest.fixture
def office():
    return Office()


def receive(office, message, folder="INBOX", day=20, flags=()):
    at = datetime(2026, 11, day, 12, tzinfo=UTC)
    return asyncio.run(office.mail.append(folder, message, received=at, flags=flags)).uid


def plain(subject):
    return f"From: bob@example.org\r\nSubject: {subject}\r\n\r\nHello\r\n".encode()


def inbox(office):
    async def look():
        return (await office.hub.tree()).of_type(Type.INBOX)

    return asyncio.run(look()).id


def ask(office, *children, device="D1"):
    async def run():
        await office.hub.tree(fresh=True)
        session = await office.session("16.1", "Find", device)
        return await handle(session, Asked(el("Find", ("Find", list(children)))))

    return tree(asyncio.run(run()).element)


def find(office, criterion, query, *options, search="S1", device="D1"):
    asked = [("Query", query), ("Options", list(options))]
    name, [status, *response] = ask(
        office,
        ("SearchId", search),
        ("ExecuteSearch", [(criterion, asked)]),
        device=device,
    )
    assert (name, status) == ("Find:Find", ("Find:Status", "1"))
    [(_, found)] = response
    return [(each.removeprefix("Find:"), content) for each, content in found]


def mail(office, text, *options, **more):
    return find(office, MAIL, [("FreeText", text), ("AirSync:Class", "Email")], *options, **more)


def results(found):
    return [dict(content) for name, content in found if name == "Result"]


def subjects(found):
    return [dict(each["Find:Properties"])["Email:Subject"] for each in results(found)]


def test_mail_is_found_as_a_list_shows_it(office):
    """With the first words of its text, whether something hangs on it, and how to name it."""
    uid = receive(office, MESSAGE, flags=[r"\Seen"])

    found = mail(office, "engine", ("Range", "0-9"))

    assert found == [
        ("ItemOperations:Store", "Mailbox"),
        ("Status", "1"),
        (
            "Result",
            [
                ("AirSync:Class", "Email"),
                ("AirSync:ServerId", f"{inbox(office)}:{uid}"),
                ("AirSync:CollectionId", inbox(office)),
                (
                    "Find:Properties",
                    [
                        ("Email:Subject", "The engine"),
                        ("Email:DateReceived", "2026-11-20T12:00:00.000Z"),
                        ("Email:DisplayTo", "Ada"),
                        ("Find:DisplayCc", "Cat; bo@example.org"),
                        ("Email:Importance", "2"),
                        ("Email:Read", "1"),
                        ("Email2:IsDraft", "0"),
                        ("Find:Preview", "It runs, at last."),
                        ("Find:HasAttachments", "1"),
                        ("Email:From", '"Bob" <bob@example.org>'),
                    ],
                ),
            ],
        ),
        ("Range", "0-0"),
        ("Total", "1"),
    ]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("from:bob", True),
        ("from:ada", False),
        ("to:ada subject:engine", True),
        ('subject:"the engine"', True),
        ("subject:last", False),
        ("last", True),
        ("received:2026-11-20", True),
        ("received:>2026-11-20", False),
        ("received:2026-11-01..2026-11-19", False),
    ],
)
def test_mail_is_found_by_what_stands_where(office, text, fits):
    """A word in one field is not one in another."""
    receive(office, MESSAGE)

    assert subjects(mail(office, text)) == (["The engine"] if fits else [])


def test_what_is_not_found_has_no_result(office):
    """Unlike for Search (section 2.2.3.155.1)."""
    assert mail(office, "x") == [
        ("ItemOperations:Store", "Mailbox"),
        ("Status", "1"),
        ("Total", "0"),
    ]


def test_further_pages_belong_to_a_search_that_has_begun(office):
    """Who begins in the middle is told to begin at 0 (status 4), and gets nothing."""
    for day in (1, 2, 3):
        receive(office, plain(f"engine {day}"), day=day)

    early = mail(office, "engine", ("Range", "1-1"))
    first = mail(office, "engine", ("Range", "0-0"))
    second = mail(office, "engine", ("Range", "1-1"))
    other = mail(office, "engine", ("Range", "1-1"), search="S2")
    elsewhere = mail(office, "engine", ("Range", "1-1"), device="D2")

    refused = [("ItemOperations:Store", "Mailbox"), ("Status", "4")]
    assert early == other == elsewhere == refused
    assert subjects(first) == ["engine 3"]
    assert subjects(second) == ["engine 2"]
    assert second[-2:] == [("Range", "1-1"), ("Total", "3")]


def test_people_are_found_as_by_search(office):
    """Pictures and all."""
    options = ("Picture", [("MaxSize", "150"), ("MaxPictures", "1")])

    found = find(office, PEOPLE, "lovel", ("Range", "0-9"), options)

    entry = dict(results(found)[0]["Find:Properties"])
    assert found[:2] == [("ItemOperations:Store", "GAL"), ("Status", "1")]
    assert entry["GAL:EmailAddress"] == "ada@example.org"
    assert entry["GAL:Picture"] == [
        ("GAL:Status", "1"),
        ("GAL:Data", clean(PICTURE.decode(errors="replace"))),
    ]
    assert found[-2:] == [("Range", "0-0"), ("Total", "1")]


@pytest.mark.parametrize("text", ["%", "*", "' OR 1=1"])
def test_what_means_something_to_a_database_finds_nobody(office, text):
    """It is a text like any other."""
    assert find(office, PEOPLE, text)[-1] == ("Total", "0")
    assert office.people.questions == [text]


def test_a_folder_that_is_not_there_makes_the_device_look_anew(office):
    """Status 3 of the command."""
    query = [("FreeText", "x"), ("AirSync:CollectionId", "-1")]

    answer = ask(office, ("SearchId", "S1"), ("ExecuteSearch", [(MAIL, [("Query", query)])]))

    assert answer == ("Find:Find", [("Find:Status", "3")])


def test_a_folder_is_searched_alone(office):
    """And with DeepTraversal all that is in it."""
    asyncio.run(office.mail.create("INBOX/Below"))
    receive(office, plain("engine above"))
    receive(office, plain("engine below"), "INBOX/Below")
    query = [("FreeText", "engine"), ("AirSync:CollectionId", inbox(office))]

    alone = find(office, MAIL, query)
    deep = find(office, MAIL, query, ("DeepTraversal", ""))

    assert subjects(alone) == ["engine above"]
    assert sorted(subjects(deep)) == ["engine above", "engine below"]


def execute(criterion=MAIL, query=(("FreeText", "x"),), options=()):
    asked = [("Query", list(query) if isinstance(query, tuple) else query)]
    return ("ExecuteSearch", [(criterion, [*asked, ("Options", list(options))])])


@pytest.mark.parametrize(
    "children",
    [
        [],
        [execute()],
        [("SearchId", ""), execute()],
        [("SearchId", "x" * 65), execute()],
        [("SearchId", "S1")],
        [("SearchId", "S1"), ("ExecuteSearch", [])],
        [("SearchId", "S1"), ("ExecuteSearch", [(MAIL, []), (PEOPLE, [])])],
        [("SearchId", "S1"), ("ExecuteSearch", [(MAIL, [])])],
        [("SearchId", "S1"), execute(query=())],
        [("SearchId", "S1"), execute(query=(("FreeText", "a OR b"),))],
        [("SearchId", "S1"), execute(query=(("FreeText", "x"), ("AirSync:Class", "Tasks")))],
        [("SearchId", "S1"), execute(options=[("Range", "9-1")])],
        [("SearchId", "S1"), execute(options=[("Range", "x")])],
        [("SearchId", "S1"), execute(PEOPLE, "")],
        [("SearchId", "S1"), execute(PEOPLE, "x" * 257)],
        [("SearchId", "S1"), execute(PEOPLE, "x", [("Picture", [("MaxSize", "-1")])])],
    ],
)
def test_what_can_not_be_understood_is_invalid(office, children):
    """Status 2, of the command and of its response."""
    assert ask(office, *children) == (
        "Find:Find",
        [("Find:Status", "2"), ("Find:Response", [("Find:Status", "2")])],
    )
