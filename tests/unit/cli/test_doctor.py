from datetime import timedelta

import pytest

from fermoposta.cli.machine import Answer


@pytest.fixture
def well(inhabited):
    """A host on which everything is well."""
    inhabited.machine.records = {
        ("example.org", "MX"): ["10 mail.example.org"],
        ("example.org", "TXT"): ["v=spf1 mx ~all"],
        ("_dmarc.example.org", "TXT"): ["v=DMARC1; p=quarantine"],
    }
    return inhabited


def findings(answer, check):
    return {f["subject"]: f for f in answer.json if f["check"] == check}


def test_a_healthy_host_is_called_healthy(well):
    """Nothing is listed where nothing is bad."""
    answer = well.run("doctor", "--skip-dns")

    assert answer.code == 0
    assert answer.text.endswith(" good, 0 bad, 0 could not tell\n")


def spoil_unit(machine):
    machine.answers["systemctl"] = lambda *units: Answer(3, "failed\n" * (len(units) - 1))


def spoil_port(machine):
    machine.closed = {993}


def spoil_certificate(machine):
    machine.clock += timedelta(days=90)
    machine.texts.clear()


def spoil_queue(machine):
    old = machine.clock.timestamp() - 5 * 3600
    machine.answers["postqueue"] = lambda *_: Answer(0, f'{{"arrival_time": {old:.0f}}}\n')


def spoil_disk(machine):
    machine.free = 0.05


def spoil_clock(machine):
    machine.answers["timedatectl"] = lambda *_: Answer(0, "no\n")


def spoil_backup(machine):
    text = '{"finished": "2026-11-21T02:00:00+00:00"}'
    machine.texts["/var/lib/fermoposta-backup/last-backup.json"] = text


def spoil_drill(machine):
    text = (
        '{"finished": "2026-11-23T02:00:00+00:00", "outcome": "bad", "differences": 3,'
        ' "backup": "0a1b2c3d"}'
    )
    machine.texts["/var/lib/fermoposta-backup/last-drill.json"] = text


def spoil_schema(machine):
    machine.revisions = ("0001", "0002")


@pytest.mark.parametrize(
    ("spoil", "check", "said"),
    [
        (spoil_unit, "unit", "failed"),
        (spoil_port, "port", "nothing listens"),
        (spoil_certificate, "certificate", "ends in 8 days"),
        (spoil_queue, "queue", "5.0 h old"),
        (spoil_disk, "disk", "5% free"),
        (spoil_clock, "clock", "not synchronised"),
        (spoil_backup, "backup", "58 h ago"),
        (spoil_drill, "backup", "3 differences in the backup 0a1b2c3d"),
        (spoil_schema, "database", "is at 0001, not at 0002"),
    ],
)
def test_what_is_bad_is_found_and_has_a_remedy(well, spoil, check, said):
    """Each thing that can be wrong is named, and what to do."""
    spoil(well.machine)

    answer = well.run("doctor", "--json", "--skip-dns")

    bad = [f for f in answer.json if f["outcome"] == "bad"]
    assert answer.code == 1
    assert {f["check"] for f in bad} == {check}
    assert any(said in f["message"] for f in bad)
    assert all(f["remedy"] for f in bad)


@pytest.mark.parametrize("program", ["systemctl", "openssl", "postqueue", "timedatectl"])
def test_what_cannot_be_told_is_not_called_good(well, program):
    """Where a program is missing the doctor says so, with an exit code of its own."""
    del well.machine.answers[program]

    answer = well.run("doctor", "--json", "--skip-dns")

    assert answer.code == 6
    assert "could not tell" in {f["outcome"] for f in answer.json}


@pytest.mark.parametrize("text", [None, "rubbish", "[]", '{"finished": "yesterday"}', "{}"])
def test_a_host_without_a_backup_is_not_called_safe(well, text):
    """Nor one whose record of it can't be read."""
    for path in well.machine.texts:
        well.machine.texts[path] = text

    found = findings(well.run("doctor", "--json", "--skip-dns"), "backup")

    assert {finding["outcome"] for finding in found.values()} == {"could not tell"}
    assert {finding["remedy"] for finding in found.values()} == {
        "systemctl start mail-backup",
        "systemctl start mail-drill",
    }


def test_a_container_s_clock_is_its_host_s(well):
    """In a container an unsynchronised clock is nothing to mend here."""
    spoil_clock(well.machine)
    well.machine.answers["systemd-detect-virt"] = lambda *_: Answer(0, "podman\n")

    answer = well.run("doctor", "--json", "--skip-dns")

    assert findings(answer, "clock")["ntp"]["outcome"] == "could not tell"


def test_a_name_that_the_certificate_lacks_is_found(well):
    """Clients would refuse the connection: the operator hears first."""
    well.machine.answers["openssl"] = lambda *_: Answer(
        0, "notAfter=Mar  1 12:00:00 2027 GMT\n    DNS:mail.example.org\n"
    )

    found = findings(well.run("doctor", "--json", "--skip-dns"), "certificate")

    assert found["portal.example.org"]["outcome"] == "bad"
    assert found["mail.example.org"]["outcome"] == "good"


def test_dns_that_leads_elsewhere_is_found(well):
    """A domain whose mail goes to another host is named; so is one without a signature's key."""
    well.machine.records["example.org", "MX"] = ["10 mail.example.net"]
    del well.machine.records["_dmarc.example.org", "TXT"]

    found = findings(well.run("doctor", "--json"), "dns")

    assert found["example.org"]["outcome"] in {"bad", "good"}
    bad = {subject for subject, finding in found.items() if finding["outcome"] == "bad"}
    assert "_dmarc.example.org" in bad
    assert found["mail._domainkey.example.org"]["outcome"] == "could not tell"


def test_without_a_name_server_nothing_is_claimed(well):
    """A host without a network is not told that its DNS is wrong."""
    well.machine.resolve = lambda *_: None

    found = findings(well.run("doctor", "--json"), "dns")

    assert {finding["outcome"] for finding in found.values()} == {"could not tell"}


def test_without_configuration_there_is_nothing_to_examine(host):
    """The doctor says what it needs."""
    host.config.unlink()

    assert host.run("doctor").code == 5


def test_what_is_found_is_kept_for_the_portal_where_that_is_asked(well):
    """All of it, as it is printed; and only then."""
    spoil_port(well.machine)

    well.run("doctor", "--skip-dns")
    assert well.machine.kept == []
    answer = well.run("doctor", "--skip-dns", "--keep", "--json")

    assert answer.code == 1
    assert well.machine.kept == [tuple(each.values()) for each in answer.json]
