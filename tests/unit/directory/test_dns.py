import re
import subprocess
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.directory import dns

HOST = dns.Host(
    name="mail.example.org",
    portal="portal.example.org",
    addresses=("192.0.2.10", "2001:db8::10"),
)


@pytest.fixture
def records():
    """The records of the domain in which the host itself lies, as (name, type) → data."""
    return {
        (record.name, record.type): record.data
        for record in dns.domain_records("example.org", HOST, dkim_key="QUJD" * 100)
    }


@pytest.mark.feature("F014")
def test_everything_points_to_the_one_host_name(records):
    """Mail, submission, IMAP, POP3, calendars and set-up all lead to one name."""
    targets = {
        data.split()[-1]
        for (_, kind), data in records.items()
        if kind in {"MX", "SRV", "CNAME"} and not data.endswith(" .")
    }

    assert targets == {"mail.example.org."}


def test_mail_is_received_and_believed(records):
    """A domain with these records can be written to, and its mail can be checked."""
    assert records["example.org", "MX"] == "10 mail.example.org."
    assert records["example.org", "TXT"] == "v=spf1 mx ~all"
    assert records["mail._domainkey.example.org", "TXT"].startswith("v=DKIM1; k=rsa; p=QUJD")
    assert records["_dmarc.example.org", "TXT"].startswith("v=DMARC1; p=quarantine;")
    assert records["_smtp._tls.example.org", "TXT"].startswith("v=TLSRPTv1;")
    assert re.fullmatch(r"v=STSv1; id=[0-9a-z]{1,32}", records["_mta-sts.example.org", "TXT"])


@pytest.mark.parametrize(
    ("service", "port"),
    [("imaps", 993), ("pop3s", 995), ("submissions", 465), ("submission", 587), ("sieve", 4190)],
)
def test_clients_find_each_port(records, service, port):
    """A client that asks DNS needs no manual."""
    assert records[f"_{service}._tcp.example.org", "SRV"].split()[2:] == [
        str(port),
        "mail.example.org.",
    ]


def test_calendars_are_found_under_tls_only(records):
    """CalDAV and CardDAV are at 443; without TLS they are said not to be there."""
    assert records["_caldavs._tcp.example.org", "SRV"] == "0 1 443 mail.example.org."
    assert records["_caldavs._tcp.example.org", "TXT"] == "path=/SOGo/dav/"
    assert records["_caldav._tcp.example.org", "SRV"] == "0 0 0 ."


def test_what_is_switched_off_is_not_announced():
    """Without POP3 and MTA-STS nobody is sent there."""
    host = dns.Host(
        name="mail.example.org", portal="p.example.org", pop3=False, mta_sts_mode="none"
    )

    found = {(r.name, r.type): r.data for r in dns.domain_records("example.net", host)}

    assert found["_pop3s._tcp.example.net", "SRV"] == "0 0 0 ."
    assert ("_mta-sts.example.net", "TXT") not in found
    assert not any(name.endswith("._domainkey.example.net") for name, _ in found)


def test_only_the_host_s_own_domain_has_its_addresses(records):
    """The zone of another domain never claims to know the host's addresses."""
    other = dns.domain_records("example.net", HOST)

    assert records["mail.example.org", "A"] == "192.0.2.10"
    assert records["portal.example.org", "AAAA"] == "2001:db8::10"
    assert not any(record.type in {"A", "AAAA"} for record in other)


def test_the_reverse_zone_is_not_forgotten():
    """Without PTR records other servers mark down what the host sends."""
    found = {record.name: record.data for record in dns.host_records(HOST) if record.type == "PTR"}

    assert found["10.2.0.192.in-addr.arpa"] == "mail.example.org."
    assert len(found) == 2


def test_another_policy_has_another_id():
    """Senders that cached a policy notice that it changed (RFC 8461, section 3.1)."""
    stricter = dns.Host(name=HOST.name, portal=HOST.portal, mta_sts_mode="enforce")

    assert dns.policy_id(stricter) != dns.policy_id(HOST)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=1200))
def test_long_texts_are_split_and_can_be_joined_again(text):
    """No string in a TXT record is longer than 255 octets, and none is lost."""
    strings = re.findall(r'"((?:\\.|[^"\\])*)"', dns.quoted(text))
    plain = [re.sub(r"\\(.)", r"\1", string) for string in strings]

    assert "".join(plain) == text
    assert all(len(string) <= 255 for string in plain)


def test_the_zone_file_has_a_line_for_each_record():
    """A zone file is made of records that a name server reads, relative to its origin."""
    records = dns.domain_records("example.org", HOST, dkim_key="QUJD" * 100)

    lines = dns.zone("example.org", records).splitlines()

    assert lines[1:3] == ["$ORIGIN example.org.", "$TTL 3600"]
    assert len(lines) == 3 + len(records)
    pattern = re.compile(r'\S+\s+IN (MX|TXT|SRV|CNAME|A|AAAA)\s+("[^"]{0,255}"|[^;"]+)+ ; .+')
    assert all(pattern.fullmatch(line) for line in lines[3:])
    assert lines[3].split()[:5] == ["@", "IN", "MX", "10", "mail.example.org."]


@pytest.mark.parametrize(
    ("algorithm", "size"), [("rsa", 294), ("ed25519", 32)], ids=["rsa", "ed25519"]
)
def test_the_public_part_is_taken_from_the_key_file(tmp_path, algorithm, size):
    """Whoever has the key on the host needs no second file for the record."""
    private, public = tmp_path / "mail.key", tmp_path / "mail.pub"
    options = ["-pkeyopt", "rsa_keygen_bits:2048"] if algorithm == "rsa" else []
    make = ["openssl", "genpkey", "-quiet", "-algorithm", algorithm, *options, "-out", private]
    subprocess.run(make, check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)

    key = dns.public_key(private)

    assert dns.public_key(public) == key
    assert len(b64decode(key)) == size
    [record] = [
        r for r in dns.domain_records("a.org", HOST, dkim_key=key) if "_domainkey" in r.name
    ]
    assert f"k={algorithm};" in record.data


@pytest.mark.parametrize("content", [None, b"no key"], ids=["missing", "broken"])
def test_a_key_that_cannot_be_read_is_said_by_name(tmp_path, content):
    """The operator hears which file is wrong."""
    path = tmp_path / "mail.key"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(dns.KeyFileError, match=re.escape(str(path))):
        dns.public_key(path)
