"""Which certificates are good for mail, and what a device is told of them."""

import asyncio
import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.unit.activesync.people.authority import (
    MAIL,
    NOW,
    SERVER,
    YEAR,
    certificate,
    der,
)
from tests.unit.activesync.people.office import Office, el, tree

from fermoposta.activesync import certificates
from fermoposta.activesync.certificates import Budget, Trusted, check, parse, trusted_by_system
from fermoposta.activesync.commands.validate_cert import handle
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.session import Asked
from fermoposta.activesync.versions import VERSIONS

ROOT = certificate("root", ca=True)
MIDDLE = certificate("middle", "root", ca=True, length=0)
ADA = certificate("ada", "middle", purposes=[MAIL])
TRUSTED = Trusted((ROOT,))


def test_a_certificate_with_a_way_to_one_that_is_trusted_is_good():
    """Whether the device sends the trusted one along does not matter."""
    assert check(ADA, [MIDDLE], TRUSTED, NOW) == 1
    assert check(ADA, [ROOT, MIDDLE, ADA], TRUSTED, NOW) == 1
    assert check(certificate("bob", "root"), [], TRUSTED, NOW) == 1


def test_without_the_way_it_is_not():
    """Nor where the device brings an authority of its own (status 4)."""
    own = certificate("own", ca=True)

    assert check(ADA, [], TRUSTED, NOW) == 4
    assert check(certificate("bob", "own"), [own], TRUSTED, NOW) == 4
    assert check(ADA, [MIDDLE, ROOT], Trusted(), NOW) == 4


def test_nobody_signs_in_the_name_of_an_authority():
    """Neither the certificate itself nor one on its way (status 3)."""
    forged = certificate("middle", "root", ca=True, forged=True)

    assert check(certificate("ada", "middle", forged=True), [MIDDLE], TRUSTED, NOW) == 3
    assert check(ADA, [forged], TRUSTED, NOW) == 3
    assert check(certificate("ada", "root", forged=True), [], TRUSTED, NOW) == 3


def test_an_impostor_beside_the_true_authority_changes_nothing():
    """Every way is looked at."""
    forged = certificate("middle", "root", ca=True, forged=True)

    assert check(ADA, [forged, MIDDLE], TRUSTED, NOW) == 1


@pytest.mark.parametrize(
    ("start", "end"), [(NOW - 2 * YEAR, NOW - YEAR), (NOW + YEAR, NOW + 2 * YEAR)]
)
def test_a_certificate_is_good_in_its_time_only(start, end):
    """Status 7; 8 where it is one on the way."""
    middle = certificate("middle", "root", ca=True, start=start, end=end)

    assert check(certificate("bob", "root", start=start, end=end), [], TRUSTED, NOW) == 7
    assert check(ADA, [middle], TRUSTED, NOW) == 8
    assert (
        check(ADA, [MIDDLE], Trusted((certificate("root", ca=True, start=start, end=end),)), NOW)
        == 8
    )


def test_only_an_authority_signs():
    """A person with a certificate makes none for others (status 11)."""
    bob = certificate("bob", "root")

    assert check(certificate("eve", "bob"), [bob], TRUSTED, NOW) == 11
    assert check(MIDDLE, [], TRUSTED, NOW) == 11


def test_an_authority_does_what_it_may_only():
    """Not with a key for other things, deeper than it was told, or where it insists on more."""
    limits = x509.NameConstraints([x509.RFC822Name("example.net")], None)
    not_for_it = certificate("middle", "root", ca=True, usage={"crl_sign"})
    narrow = certificate("middle", "root", ca=True, more=[limits])
    low = certificate("low", "middle", ca=True)

    assert check(ADA, [not_for_it], TRUSTED, NOW) == 9
    assert check(ADA, [narrow], TRUSTED, NOW) == 9
    assert check(certificate("eve", "low"), [low, MIDDLE], TRUSTED, NOW) == 9
    assert (
        check(
            certificate("eve", "low"), [low, certificate("middle", "root", ca=True)], TRUSTED, NOW
        )
        == 1
    )


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"purposes": [SERVER]}, 6),
        ({"purposes": [SERVER, MAIL]}, 1),
        ({"usage": {"crl_sign"}}, 6),
        ({"usage": {"digital_signature"}}, 1),
        ({"usage": {"key_encipherment"}}, 1),
    ],
)
def test_a_certificate_for_something_else_is_not_for_mail(more, status):
    """Status 6; to encrypt for is for mail, too."""
    assert check(certificate("bob", "root", **more), [], TRUSTED, NOW) == status


def test_that_it_was_not_revoked_nobody_knows():
    """A device that insists on it is told so (status 16), and what is worse before that."""
    assert check(ADA, [MIDDLE], TRUSTED, NOW, revocation=True) == 16
    assert check(ADA, [], TRUSTED, NOW, revocation=True) == 4


def test_a_maze_of_authorities_has_an_end():
    """However they sign one another in circles; then the way is not found."""
    names = [f"a{each}" for each in range(12)]
    maze = [certificate(one, other, ca=True) for one in names for other in names]
    budget = Budget(100)

    assert check(certificate("ada", "a0"), maze, TRUSTED, NOW, budget=budget) in {4, 5}
    assert budget.left >= 0


@pytest.mark.parametrize("wrong", [b"", b"x", der(ADA)[:-5], der(ADA)[:60] + b"\xff" * 80])
def test_what_is_no_certificate_is_none(wrong):
    """Its signature can't be told to hold (status 3)."""
    assert check(parse(wrong), [MIDDLE], TRUSTED, NOW) == 3


def test_what_the_system_trusts_is_read_from_its_file(tmp_path):
    """An administrator adds the company's own there; a broken one does no harm to the others."""
    path = tmp_path / "ca.pem"
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    path.write_bytes(broken + ROOT.public_bytes(Encoding.PEM))

    assert ROOT in trusted_by_system(path)
    assert MIDDLE not in trusted_by_system(path)


@pytest.fixture
def office(monkeypatch):
    monkeypatch.setattr(certificates, "trusted_by_system", lambda: TRUSTED)
    office = Office()
    office.now = NOW
    return office


def validate(office, *children, version="16.1"):
    async def ask():
        session = await office.session(version, "ValidateCert")
        return await handle(session, Asked(el("ValidateCert", ("ValidateCert", list(children)))))

    return tree(asyncio.run(ask()).element)


def listed(place, *ders):
    return (place, [("Certificate", base64.b64encode(each).decode()) for each in ders])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_device_hears_of_each_certificate_in_turn(office, version):
    """That of the command says only that it was answered."""
    answer = validate(
        office,
        listed("CertificateChain", der(MIDDLE)),
        listed("Certificates", der(ADA), b"x", der(certificate("eve", "nobody"))),
        version=version,
    )

    assert answer == (
        "ValidateCert:ValidateCert",
        [
            ("ValidateCert:Status", "1"),
            *(("ValidateCert:Certificate", [("ValidateCert:Status", each)]) for each in "134"),
        ],
    )


def test_a_device_may_insist_on_revocation(office):
    """It is then told that it can't be known."""
    both = [listed("CertificateChain", der(MIDDLE)), listed("Certificates", der(ADA))]

    strict = validate(office, *both, ("CheckCRL", "1"))
    lenient = validate(office, *both, ("CheckCRL", "0"))

    assert strict[1][1][1] == [("ValidateCert:Status", "16")]
    assert lenient[1][1][1] == [("ValidateCert:Status", "1")]


def test_bytes_will_do_for_base64(office):
    """Some devices send what is binary as it is."""
    answer = validate(office, ("Certificates", [("Certificate", der(certificate("bob", "root")))]))

    assert answer[1][1][1] == [("ValidateCert:Status", "1")]


@pytest.mark.parametrize(
    "children",
    [
        [],
        [listed("Certificates")],
        [listed("Certificates", *[b"x"] * 101)],
        [listed("Certificates", b"x"), listed("CertificateChain", *[b"x"] * 101)],
        [listed("Certificates", b"x"), ("CheckCRL", "yes")],
    ],
)
def test_what_is_no_request_is_a_protocol_error(office, children):
    """A hundred certificates are the most."""
    with pytest.raises(CommandError) as refused:
        validate(office, *children)

    assert refused.value.status == 2


def test_where_it_is_not_known_what_is_trusted_the_command_fails(office, monkeypatch):
    """Status 17: all would be untrusted otherwise, and people would be warned of their friends."""

    def away():
        raise FileNotFoundError("ca.pem")

    monkeypatch.setattr(certificates, "trusted_by_system", away)

    with pytest.raises(CommandError) as failed:
        validate(office, listed("Certificates", b"x"))

    assert failed.value.status == 17
