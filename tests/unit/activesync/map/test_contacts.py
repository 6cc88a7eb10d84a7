import base64
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.activesync.map import vcard
from fermoposta.activesync.map.contacts import from_element, to_element
from fermoposta.activesync.map.contacts.slots import ALL
from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.wbxml import Element, decode, encode

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(60)).decode()
CARD = "\r\n".join(
    [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "UID:ada",
        "N:Lovelace;Ada;King;Dr.;MP",
        "FN:Ada Lovelace",
        "ORG:Engines;Analysis;Floor 3",
        "TITLE:Countess",
        "NICKNAME:Addie",
        "EMAIL;TYPE=INTERNET:second@example.org",
        "EMAIL;TYPE=INTERNET,PREF;X-KIND=own:ada@example.org",
        "EMAIL:third@example.org",
        "EMAIL:fourth@example.org",
        "TEL;TYPE=WORK,VOICE:+1",
        "TEL;TYPE=WORK:+2",
        "TEL;TYPE=HOME:+3",
        "TEL;TYPE=CELL,WORK:+4",
        "TEL;TYPE=HOME,FAX:+5",
        "TEL;TYPE=FAX:+6",
        "item1.TEL;VALUE=uri:tel:+7",
        "item1.X-ABLabel:Lab",
        "ADR;TYPE=HOME:Box 1;;St James 12;London;;SW1;UK",
        "ADR;TYPE=WORK:;;Dorset 1;London;Greater London;W1;UK",
        "ADR:;;Elsewhere 5;;;;",
        "BDAY:1815-12-10",
        "X-EVOLUTION-ANNIVERSARY:18350708",
        "URL:https://example.org/ada",
        r"NOTE:one\, two\nthree",
        "CATEGORIES:Friends,Work",
        "IMPP:xmpp:ada@chat.example.org",
        "X-SKYPE:ada.l",
        f"PHOTO;ENCODING=b;TYPE=JPEG:{JPEG}",
        "KEY;ENCODING=b:AAAA",
        "X-FOO;BAR=1:baz",
        "END:VCARD",
        "",
    ]
).encode()


def el(tag, *children):
    return Element(tag if ":" in tag else f"Contacts:{tag}", children)


def app(*children):
    return Element("AirSync:ApplicationData", children)


def change(data, content=CARD, **more):
    found = from_element(data, NOW, BERLIN, uid="new", existing=content, **more)
    return found.replace(b"\r\n ", b"").decode().splitlines()


def texts(data):
    return {child.name: child.text for child in data.elements if not child.elements}


def test_a_contact_as_a_phone_has_it():
    """Element by element."""
    data = to_element(CARD)

    assert decode(encode(data)) == data
    found = texts(data)
    assert found == {
        "LastName": "Lovelace",
        "FirstName": "Ada",
        "MiddleName": "King",
        "Title": "Dr.",
        "Suffix": "MP",
        "FileAs": "Ada Lovelace",
        "CompanyName": "Engines",
        "Department": "Analysis",
        "JobTitle": "Countess",
        "NickName": "Addie",
        "Email1Address": "ada@example.org",
        "Email2Address": "second@example.org",
        "Email3Address": "third@example.org",
        "BusinessPhoneNumber": "+1",
        "Business2PhoneNumber": "+2",
        "HomePhoneNumber": "+3",
        "MobilePhoneNumber": "+4",
        "HomeFaxNumber": "+5",
        "BusinessFaxNumber": "+6",
        "HomeAddressStreet": "St James 12",
        "HomeAddressCity": "London",
        "HomeAddressPostalCode": "SW1",
        "HomeAddressCountry": "UK",
        "BusinessAddressStreet": "Dorset 1",
        "BusinessAddressCity": "London",
        "BusinessAddressState": "Greater London",
        "BusinessAddressPostalCode": "W1",
        "BusinessAddressCountry": "UK",
        "OtherAddressStreet": "Elsewhere 5",
        "Birthday": "1815-12-10T11:59:00.000Z",
        "Anniversary": "1835-07-08T11:59:00.000Z",
        "WebPage": "https://example.org/ada",
        "IMAddress": "ada@chat.example.org",
        "IMAddress2": "ada.l",
        "Picture": JPEG,
    }
    assert [each.text for each in data.find("Contacts:Categories").elements] == ["Friends", "Work"]
    assert data.text_of("AirSyncBase:Body", "AirSyncBase:Data") == "one, two\r\nthree"


def test_what_comes_back_unchanged_changes_nothing():
    """Not a byte."""
    assert from_element(to_element(CARD), NOW, BERLIN, uid="x", existing=CARD) == CARD


@pytest.mark.parametrize(
    ("child", "gone", "come"),
    [
        (
            el("FirstName", "Augusta"),
            r"N:Lovelace;Ada;King;Dr.;MP",
            "N:Lovelace;Augusta;King;Dr.;MP",
        ),
        (el("Department", "R, D"), "ORG:Engines;Analysis;Floor 3", r"ORG:Engines;R\, D;Floor 3"),
        (
            el("Email1Address", '"Ada" <new@example.org>'),
            "EMAIL;TYPE=INTERNET,PREF;X-KIND=own:ada@example.org",
            "EMAIL;TYPE=INTERNET,PREF;X-KIND=own:new@example.org",
        ),
        (el("Business2PhoneNumber", "+9"), "TEL;TYPE=WORK:+2", "TEL;TYPE=WORK:+9"),
        (el("Business2PhoneNumber"), "TEL;TYPE=WORK:+2", None),
        (
            el("HomeAddressState", "Westminster"),
            "ADR;TYPE=HOME:Box 1;;St James 12;London;;SW1;UK",
            "ADR;TYPE=HOME:Box 1;;St James 12;London;Westminster;SW1;UK",
        ),
        (el("OtherAddressStreet"), "ADR:;;Elsewhere 5;;;;", None),
        (el("Birthday", "1815-12-10T00:00:00.000Z"), None, None),
        (el("Birthday", "1815-12-11T00:00:00.000Z"), "BDAY:1815-12-10", "BDAY:1815-12-11"),
        (el("Birthday"), "BDAY:1815-12-10", None),
        (el("Spouse", "William"), None, "X-EVOLUTION-SPOUSE:William"),
        (el("CarPhoneNumber", "+8"), None, "TEL;TYPE=CAR:+8"),
        (el("Contacts2:IMAddress3", "al"), None, "IMPP:xmpp:al"),
        (
            el("Categories", el("Category", "A,B")),
            "CATEGORIES:Friends,Work",
            r"CATEGORIES:A\,B",
        ),
        (el("Picture"), f"PHOTO;ENCODING=b;TYPE=JPEG:{JPEG}", None),
        (el("FileAs", "Lovelace, Ada"), None, r"X-EVOLUTION-FILE-AS:Lovelace\, Ada"),
    ],
)
def test_one_change_touches_one_line(child, gone, come):
    """What no phone has stays as it was, letter by letter."""
    before = CARD.decode().splitlines()

    found = change(app(child))

    assert [line for line in before if line not in found] == ([gone] if gone else [])
    new = [line for line in found if line not in before and not line.startswith("REV:")]
    assert new == ([come] if come else [])


@pytest.mark.parametrize("day", ["--1210", "1604-12-10", "1815-13-40", "circa 1815"])
def test_a_birthday_that_no_phone_can_have_stays(day):
    """Without a year, or none at all."""
    content = CARD.replace(b"1815-12-10", day.encode())

    assert to_element(content).find("Contacts:Birthday") is None
    assert f"BDAY:{day}" in change(app(el("JobTitle", "x")), content)


def test_midnight_at_home_is_the_day_there():
    """Some phones send the midnight of their own zone."""
    assert "BDAY:2026-07-01" in change(app(el("Birthday", "2026-06-30T22:00:00.000Z")))


def test_a_label_goes_with_its_line():
    """It would label nothing."""
    content = CARD.replace(b"VALUE=uri:tel:", b"TYPE=PAGER:")

    found = change(app(el("PagerNumber")), content)

    assert not any(line.startswith("item1.") for line in found)


def test_two_addresses_of_a_kind():
    """The second one isn't mistaken for the first that is emptied."""
    content = CARD.replace(b"ADR:", b"ADR;TYPE=WORK:")
    emptied = [
        el(f"BusinessAddress{part}")
        for part in ("Street", "City", "State", "PostalCode", "Country")
    ]

    found = change(app(*emptied), content)

    assert [line for line in found if "ADR;TYPE=WORK" in line] == [
        "ADR;TYPE=WORK:;;Elsewhere 5;;;;"
    ]


def test_a_new_contact():
    """With a name of its own making."""
    data = app(
        el("FirstName", "Grace"),
        el("LastName", "Hopper"),
        el("FileAs", "Hopper, Grace"),
        el("BusinessPhoneNumber", "1"),
        el("Business2PhoneNumber", "2"),
        el("BusinessAddressStreet", "Pier 1"),
        el("BusinessAddressCity", "Norfolk"),
        el("HomeAddressCity", "Arlington"),
        el("CompanyName", "Navy"),
        el("Picture", JPEG),
    )

    found = from_element(data, NOW, BERLIN, uid="new").replace(b"\r\n ", b"").decode().splitlines()

    assert found == [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "UID:new",
        "N:Hopper;Grace;;;",
        "FN:Grace Hopper",
        "ORG:Navy;",
        "TEL;TYPE=WORK:1",
        "TEL;TYPE=WORK:2",
        "ADR;TYPE=WORK:;;Pier 1;Norfolk;;;",
        "ADR;TYPE=HOME:;;;Arlington;;;",
        "X-EVOLUTION-FILE-AS:Hopper\\, Grace",
        f"PHOTO;ENCODING=b;TYPE=JPEG:{JPEG}",
        "REV:20261125T120000Z",
        "END:VCARD",
    ]


def test_the_formatted_name_follows_only_where_it_was_made():
    """Who has written another one, wants it."""
    made = from_element(app(el("FirstName", "Grace")), NOW, BERLIN, uid="new")

    assert "FN:Amazing" in change(app(el("FirstName", "Amazing")), made)
    assert "FN:Ada Lovelace" in change(app(el("FirstName", "Augusta")))


def test_a_card_of_version_4():
    """Pictures are data there, dates have no hyphens, numbers may be addresses."""
    content = (
        'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ada\r\nTEL;VALUE=uri;TYPE="voice,home":tel:+3\r\n'
        f"EMAIL;PREF=2:b@x.org\r\nEMAIL;PREF=1:a@x.org\r\nPHOTO:data:image/jpeg;base64,{JPEG}\r\n"
        "BDAY:18151210\r\nANNIVERSARY:--0708\r\nEND:VCARD\r\n"
    ).encode()

    found = texts(to_element(content))
    assert found == {
        "FileAs": "Ada",
        "Email1Address": "a@x.org",
        "Email2Address": "b@x.org",
        "HomePhoneNumber": "+3",
        "Birthday": "1815-12-10T11:59:00.000Z",
        "Picture": JPEG,
    }
    data = app(el("Picture", JPEG[:-4]), el("Anniversary", "1835-07-08T00:00:00.000Z"))
    lines = change(data, content)
    assert f"PHOTO:data:image/jpeg;base64,{JPEG[:-4]}" in lines
    assert "ANNIVERSARY:18350708" in lines
    assert 'TEL;VALUE=uri;TYPE="voice,home":tel:+4' in change(
        app(el("HomePhoneNumber", "+4")), content
    )


@pytest.mark.parametrize(
    "photo",
    [
        "PHOTO;VALUE=uri:https://example.org/a.jpg",
        "PHOTO;ENCODING=b:?",
        "PHOTO;ENCODING=b:" + "A" * 50_000,
    ],
)
def test_a_picture_that_no_phone_can_have_stays(photo):
    """Elsewhere, broken, or larger than 48 KB: even where a device says that it sends all."""
    content = CARD.replace(f"PHOTO;ENCODING=b;TYPE=JPEG:{JPEG}".encode(), photo.encode())

    data = to_element(content)

    assert data.find("Contacts:Picture") is None
    back = change(data, content, removes={"Contacts:Picture"})
    assert photo in back


def test_what_a_device_declared_to_send_always_is_gone_when_it_is_not_sent():
    """MS-ASCMD, section 2.2.3.179."""
    found = change(app(), removes={"Contacts:JobTitle", "Contacts:Spouse"})

    assert "TITLE:Countess" not in found
    assert "X-FOO;BAR=1:baz" in found


@pytest.mark.parametrize(
    "child",
    [el("Birthday", "yesterday"), el("Picture", "?"), el("Anniversary", "2026-02-30T00:00:00Z")],
)
def test_what_can_not_be_understood_is_refused(child):
    """With the tag that is wrong."""
    with pytest.raises(MalformedError) as caught:
        change(app(child))

    assert caught.value.place == child.tag


words = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" ,;\\:"),
    min_size=1,
    max_size=12,
).map(str.strip)
ones = [
    slot.tag for slot in ALL if slot.name not in {"EMAIL", "TEL", "IMPP", "X-EVOLUTION-FILE-AS"}
]


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(ones), words.filter(bool), min_size=1), st.booleans())
def test_what_a_phone_writes_comes_back(told, new):
    """New or on top of a card; and again it is no change."""
    data = app(*(Element(tag, text) for tag, text in told.items()))
    existing = None if new else CARD

    stored = from_element(data, NOW, BERLIN, uid="x", existing=existing)
    shown = to_element(stored)

    assert {tag: shown.text_of(tag) for tag in told} == told
    assert from_element(shown, NOW, BERLIN, uid="x", existing=stored) == stored
    if existing:
        kept = [line.head for line in vcard.parse(stored)]
        assert {"X-FOO;BAR=1", "KEY;ENCODING=b", "item1.X-ABLabel"} <= set(kept)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 3_000), st.binary(max_size=3)), min_size=1, max_size=5))
def test_any_content_is_shown_or_refused(changes):
    """And what is shown, can be sent back."""
    content = CARD
    for place, new in changes:
        at = place % len(content)
        content = content[:at] + new + content[at + 1 :]
    refused = None
    try:
        from_element(to_element(content), NOW, BERLIN, uid="x", existing=content)
    except MalformedError as error:
        refused = error
    assert refused is None or refused.place
