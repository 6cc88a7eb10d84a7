import base64

import pytest
from tests.unit.activesync.people.office import ADA, PICTURE, TEAM, el

from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.map.person import LARGEST_PICTURE, Pictures, contact, gal
from fermoposta.activesync.people import Person
from fermoposta.activesync.wbxml import Element, decode, encode


def pairs(elements):
    return [(each.tag.partition(":")[2], each.text) for each in elements]


def test_an_entry_says_what_is_known_in_the_order_of_the_schema():
    """What is not known has no element."""
    assert pairs(gal(ADA)) == [
        ("DisplayName", "Ada Lovelace"),
        ("Phone", "+39 1"),
        ("Office", "3 & 4"),
        ("Title", "Countess"),
        ("Company", "Engines"),
        ("Alias", "ada"),
        ("FirstName", "Ada"),
        ("LastName", "Lovelace"),
        ("MobilePhone", "+39 2"),
        ("EmailAddress", "ada@example.org"),
    ]
    assert pairs(gal(TEAM)) == [
        ("DisplayName", "Team"),
        ("Alias", "team"),
        ("EmailAddress", "team@example.org"),
    ]


def test_a_contact_has_the_same_in_its_own_words():
    """As ApplicationData, which a device keeps beside its own contacts."""
    found = contact(ADA)

    assert found.tag == "AirSync:ApplicationData"
    assert pairs(found.elements) == [
        ("CompanyName", "Engines"),
        ("Email1Address", "ada@example.org"),
        ("FileAs", "Ada Lovelace"),
        ("FirstName", "Ada"),
        ("LastName", "Lovelace"),
        ("BusinessPhoneNumber", "+39 1"),
        ("JobTitle", "Countess"),
        ("MobilePhoneNumber", "+39 2"),
        ("OfficeLocation", "3 & 4"),
        ("Picture", base64.b64encode(PICTURE).decode()),
    ]
    assert decode(encode(found)) == found


def test_who_has_no_parts_of_a_name_is_called_by_the_whole():
    """A phone would show an empty line for a group."""
    assert ("LastName", "Team") in pairs(contact(TEAM).elements)
    assert ("DisplayName", "x@y.z") in pairs(gal(Person(address="x@y.z", name="")))


def test_a_picture_too_large_for_a_contact_is_not_shown():
    """The contact comes without it."""
    large = Person(address="x@y.z", name="x", picture=bytes(40_000))

    assert all(each.tag != "Contacts:Picture" for each in contact(large).elements)


def status_of(entry):
    return entry[-1].text_of("GAL:Status"), entry[-1].find("GAL:Data")


def test_pictures_come_until_there_are_as_many_as_were_asked_for():
    """173 is none, 174 too large, 175 enough; who has none takes no place."""
    pictures = Pictures(max_size=200, left=1)
    without = Person(address="n@y.z", name="n")
    large = Person(address="l@y.z", name="l", picture=bytes(201))

    found = [gal(each, pictures) for each in (without, large, ADA, ADA, without, large)]

    assert [status_of(each)[0] for each in found] == ["173", "174", "1", "175", "173", "174"]
    assert status_of(found[2])[1].data == PICTURE
    assert status_of(found[3])[1] is None


def test_a_device_can_not_ask_for_a_larger_picture_than_there_may_be():
    """102,400 bytes are the most (section 2.2.3.105)."""
    pictures = Pictures.asked(
        el("Search", ("Options", [("Picture", [("MaxSize", "999999999")])])), "Search"
    )

    assert pictures.take(bytes(LARGEST_PICTURE + 1))[0] == 174
    assert pictures.take(bytes(LARGEST_PICTURE))[0] == 1


def test_who_does_not_ask_for_pictures_gets_none():
    """Not even the word that there is none."""
    assert Pictures.asked(None, "Search") is None
    assert Pictures.asked(Element("Search:Options"), "Search") is None
    assert Pictures.asked(el("Find", ("Options", [("Picture", "")])), "Find") == Pictures()


@pytest.mark.parametrize("value", ["-1", "x", "1e3", "9999999999"])
def test_how_large_and_how_many_must_be_numbers(value):
    """Else nothing could be promised."""
    with pytest.raises(MalformedError):
        Pictures.asked(el("Find", ("Options", [("Picture", [("MaxSize", value)])])), "Find")
