"""The company's people on phones: who they are, when they are busy, and how to write to them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from clients.dav import Dav
from clients.eas import phones
from clients.items import Shelf
from clients.mail import token
from clients.web import Web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fermoposta.activesync.client import folders
from fermoposta.activesync.client.operations import Change, application_data
from fermoposta.activesync.client.resolve import resolve
from fermoposta.activesync.client.search import Pictures, find_people, search_people
from fermoposta.activesync.client.validatecert import validate
from fermoposta.activesync.wbxml import Element
from fermoposta_demo.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.eas import Phone, Phones
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

PORTRAITS = ROOT / "inventories/demo/group_vars/mail/portraits"
HANK = "hank@example.net"
UNKNOWN = 4
PICTURE, NO_PICTURE, TOO_LARGE, TOO_MANY = 1, 173, 174, 175
SPAN = ("2031-04-02T08:00:00.000Z", "2031-04-02T12:00:00.000Z")


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


@pytest.fixture(scope="module")
def busy(directory: Directory, web: Web) -> Iterator[Account]:
    """A colleague whose calendar is empty."""
    with directory.newcomer(f"teresa.{token()}@example.org", name="Teresa Verdi") as account:
        Dav(web, account).visit()
        yield account


@pytest.fixture
def eas_device(appliance: Appliance, shell: Shell) -> Iterator[Phones]:
    with phones(appliance, shell) as maker:
        yield maker


@pytest.mark.feature("F034")
@pytest.mark.parametrize("version", ["12.1", "14.1", "16.1"])
def test_the_address_book_is_a_folder(
    eas_device: Phones, ada: Account, appliance: Appliance, version: str
) -> None:
    """The own company's people, nobody else's; and what a phone changes there is not taken."""
    phone = eas_device(ada, version)
    book = Shelf(
        phone, phone.device.folder_named("Company address book").id, "Contacts:Email1Address"
    )
    book.sync()

    [(item, bob)] = book.titled("bob@example.org").items()
    assert bob.text_of("Contacts:FirstName") == "Bob"
    assert bob.text_of("Contacts:LastName") == "Frankston"
    assert book.titled(HANK) == {}
    book.sync(
        Change(
            item,
            application_data([Element("Contacts:Email1Address", "bob@evil.test")]),
        )
    )
    book.sync()
    fresh = eas_device(ada, version)
    again = Shelf(fresh, book.folder, book.title_tag)
    again.sync()
    assert item in again.titled("bob@example.org")
    assert again.titled("evil") == {}
    hanks = eas_device(appliance.account(HANK), version)
    theirs = Shelf(
        hanks, hanks.device.folder_named("Company address book").id, "Contacts:Email1Address"
    )
    theirs.sync()
    assert theirs.titled("@example.org") == {}
    assert theirs.titled("irene@example.net")
    fresh.assert_sound()


@pytest.mark.feature("F034")
def test_the_address_book_is_searched(eas_device: Phones, ada: Account) -> None:
    """By Search, and at 16.1 by Find; another company's people are found by neither."""
    old, new = eas_device(ada), eas_device(ada, "16.1")
    for found in (search_people(old.client, "frank"), find_people(new.client, "frank")):
        assert "bob@example.org" in {
            each.properties.text_of("GAL:EmailAddress") for each in found.hits
        }
    for found in (search_people(old.client, "scorpio"), find_people(new.client, "hank")):
        assert HANK not in {each.properties.text_of("GAL:EmailAddress") for each in found.hits}


def appointment(account: Account, start: str, end: str, *lines: str) -> str:
    title = token()
    return "\r\n".join(
        (
            *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//client.test//EN", "BEGIN:VEVENT"),
            *(f"UID:{title}", "DTSTAMP:20260101T000000Z", f"SUMMARY:{title}"),
            *(f"DTSTART:{start}", f"DTEND:{end}", *lines, "END:VEVENT", "END:VCALENDAR", ""),
        )
    ).replace("{me}", account.address)


@pytest.mark.feature("F099", "F034")
@pytest.mark.parametrize("version", ["14.0", "14.1", "16.1"])
def test_busy_times_are_told_by_the_half_hour(
    eas_device: Phones, web: Web, ada: Account, busy: Account, version: str
) -> None:
    """
    Eight digits for four hours; who is nobody, or is elsewhere, has none.

    Free is 0, tentative 1, busy 2, out of the office 3; an event that takes no time is free.
    """
    dav = Dav(web, busy)
    away = "X-MICROSOFT-CDO-BUSYSTATUS:OOF"
    names = [
        dav.put(appointment(busy, "20310402T083000Z", "20310402T093000Z")),
        dav.put(appointment(busy, "20310402T100000Z", "20310402T103000Z", "STATUS:TENTATIVE")),
        dav.put(appointment(busy, "20310402T103000Z", "20310402T110000Z", away)),
        dav.put(appointment(busy, "20310402T110000Z", "20310402T120000Z", "TRANSP:TRANSPARENT")),
    ]
    phone = eas_device(ada, version)

    known, unknown, foreign = resolve(
        phone.client, [busy.address, f"{token()}@example.org", HANK], between=SPAN
    )

    for name in names:
        dav.delete(name)
    [recipient] = known.recipients
    assert recipient.availability_status == 1
    assert recipient.free_busy == "02201300"
    assert unknown.status == UNKNOWN
    assert unknown.recipients == ()
    assert foreign.status == UNKNOWN
    assert foreign.recipients == ()


@pytest.mark.feature("F034")
def test_a_colleagues_certificate_is_the_declared_one(eas_device: Phones, bob: Account) -> None:
    """Who has none is said to have none."""
    declared = x509.load_pem_x509_certificate((PORTRAITS / "ada.pem").read_bytes())
    phone = eas_device(bob)

    ada, chiara = resolve(phone.client, ["ada@example.org", "chiara@example.org"], certificates=2)

    place = ("ResolveRecipients:Certificates",)
    [recipient] = ada.recipients
    given = recipient.element.text_of(*place, "ResolveRecipients:Certificate")
    assert base64.b64decode(given or "") == declared.public_bytes(serialization.Encoding.DER)
    [recipient] = chiara.recipients
    assert recipient.element.text_of(*place, "ResolveRecipients:Status") == "7"
    assert recipient.element.find(*place, "ResolveRecipients:Certificate") is None


def picture_of(element: Element, namespace: str) -> tuple[int, bytes]:
    """Return the status of a picture and the picture, which comes as opaque bytes."""
    found = element.find(f"{namespace}:Picture")
    assert found is not None
    data = found.find(f"{namespace}:Data")
    return int(found.text_of(f"{namespace}:Status") or 0), b"" if data is None else data.data


@pytest.mark.parametrize("version", ["14.1", "16.1"])
def test_pictures_come_as_large_and_as_many_as_wanted(
    eas_device: Phones, bob: Account, version: str
) -> None:
    """What is larger, more, or not there has a status of its own (MS-ASCMD, 2.2.3.177.17)."""
    phone = eas_device(bob, version)
    original = (PORTRAITS / "ada.png").read_bytes()

    def asked(who: str, pictures: Pictures) -> tuple[int, bytes]:
        if version == "16.1":
            hits = find_people(phone.client, who, pictures=pictures).hits
        else:
            hits = search_people(phone.client, who, pictures=pictures).hits
        [hit] = [
            each for each in hits if (each.properties.text_of("GAL:EmailAddress") or "") == who
        ]
        return picture_of(hit.properties, "GAL")

    assert asked("ada@example.org", Pictures()) == (PICTURE, original)
    assert asked("chiara@example.org", Pictures()) == (NO_PICTURE, b"")
    assert asked("ada@example.org", Pictures(size=100)) == (TOO_LARGE, b"")
    assert asked("ada@example.org", Pictures(count=0)) == (TOO_MANY, b"")
    [ada] = resolve(phone.client, ["ada@example.org"], pictures=Pictures())
    assert picture_of(ada.recipients[0].element, "ResolveRecipients") == (PICTURE, original)


def test_a_certificate_is_judged(eas_device: Phones, ada: Account) -> None:
    """What nobody trusted has signed is not good, and what is no certificate is none."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Mallory")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(7)
    builder = builder.not_valid_before(now - timedelta(days=1))
    own = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    for version in ("12.1", "14.1", "16.1"):
        phone: Phone = eas_device(ada, version)
        good, bad = validate(
            phone.client, [own.public_bytes(serialization.Encoding.DER), b"no certificate"]
        )
        assert good != 1
        assert bad not in {1, good}
    assert folders.folder_sync(phone.client) == ()
    assert phone.client.device.anomalies == ()
