import pytest


def test_every_domain_has_its_records(inhabited):
    """Without a name all domains are printed, as a table."""
    answer = inhabited.run("dns", "--address", "192.0.2.10")

    assert answer.code == 0
    assert "10 mail.example.org." in answer.text
    assert "10.2.0.192.in-addr.arpa PTR mail.example.org." in answer.errors


def test_the_zone_file(inhabited):
    """What is printed with --zone can be put into a zone file."""
    lines = inhabited.run("dns", "--zone", "example.org").text.splitlines()

    assert "$ORIGIN example.org." in lines
    assert any(line.split()[:4] == ["_imaps._tcp", "IN", "SRV", "0"] for line in lines)


def test_programs_get_json(inhabited):
    """A script that talks to a name server's API needs no parser."""
    found = inhabited.run("dns", "--json", "--address", "2001:db8::1").json["example.org"]

    assert {"name": "mail.example.org", "type": "AAAA"}.items() <= next(
        record for record in found if record["type"] == "AAAA"
    ).items()


def test_the_hosts_own_address_is_taken(inhabited):
    """Unless told otherwise the world reaches a host where it writes from."""
    inhabited.machine.own = ("203.0.113.7",)

    found = inhabited.run("dns", "--json").json["example.org"]

    assert {r["data"] for r in found if r["type"] == "A"} == {"203.0.113.7"}


@pytest.mark.parametrize("own", [(), ("10.0.0.7",)], ids=["none", "private"])
def test_an_address_that_cannot_be_right_is_said(inhabited, own):
    """Nobody publishes an address behind a router by mistake."""
    inhabited.machine.own = own

    assert "give --address" in inhabited.run("dns").errors
    assert "give --address" not in inhabited.run("dns", "--address", "203.0.113.7").errors


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["example.net"], 3), (["--address", "192.0.2.999"], 2)],
    ids=["foreign", "no-address"],
)
def test_what_is_not_ours_or_no_address_is_refused(inhabited, arguments, code):
    """Nobody publishes records for a domain that would not work."""
    assert inhabited.run("dns", *arguments).code == code


def test_a_missing_key_is_said(inhabited):
    """Who publishes the records hears that the signature's is missing, and what makes it."""
    assert "run `fermoposta compile` first" in inhabited.run("dns").errors
