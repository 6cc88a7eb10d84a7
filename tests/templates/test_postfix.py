"""What Postfix reads, read as it does: `name = value`, goes on where a line begins with space."""

from __future__ import annotations

import re

import pytest


def settings(text: str) -> dict[str, str]:
    """Return the settings of a main.cf (postconf(5), "FILE FORMAT")."""
    logical: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace():
            logical[-1] += " " + line.strip()
        else:
            logical.append(line)
    return {name.strip(): value.strip() for name, _, value in (x.partition("=") for x in logical)}


def services(text: str) -> dict[str, dict[str, str]]:
    """Return each service's `-o` options in a master.cf (master(5)), by the service's name."""
    found: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line[0].isspace():
            name = line.split()[0]
            found[name] = {}
            continue
        option = line.strip().removeprefix("-o").strip().strip("{}").strip()
        key, _, value = option.partition("=")
        found[name][key.strip()] = value.strip()
    return found


@pytest.fixture
def main_cf(render):
    return lambda **variables: settings(render("postfix", "main.cf.j2", **variables))


@pytest.fixture
def master_cf(render):
    return services(render("postfix", "master.cf.j2"))


def test_delivers_directly_without_a_smarthost(main_cf):
    """An empty relayhost means the receiver's MX."""
    assert main_cf()["relayhost"] == ""


def test_hands_everything_to_the_smarthost(main_cf):
    """Brackets keep Postfix from looking up the smarthost's MX records."""
    cf = main_cf(postfix_relay={"host": "relay.example.net", "port": 587})

    assert cf["relayhost"] == "[relay.example.net]:587"


@pytest.mark.feature("F010")
def test_relays_for_the_local_network_with_our_senders_only(main_cf):
    """A listed network gets as far as the check of its sender, not past it."""
    cf = main_cf(postfix_relay_networks=["192.0.2.0/24"])

    assert "{ 192.0.2.0/24 relay_for_local_network }" in cf["local_networks"]
    assert cf["relay_for_local_network"] == "check_sender_access $hosted_senders"
    assert "FROM postfix.domains" in cf["sender_domains_query"]


@pytest.mark.feature("F010")
def test_relays_for_nobody_unless_told(main_cf):
    """Without a list no network is let through, this host's own included."""
    cf = main_cf()

    assert "relay_for_local_network" not in cf["local_networks"]
    assert cf["smtpd_relay_restrictions"].split()[-1] == "reject_unauth_destination"
    assert "permit_mynetworks" not in cf["smtpd_relay_restrictions"]
    assert "permit" not in cf["smtpd_recipient_restrictions"]


@pytest.mark.parametrize("door", ["submission", "submissions"])
@pytest.mark.feature("F006", "F007", "F008", "F009")
def test_users_send_under_tls_and_after_a_log_in(master_cf, door):
    """On 587 and 465 nothing is taken before TLS and a log-in."""
    options = master_cf[door]

    assert options["smtpd_tls_security_level"] == "encrypt"
    assert options["smtpd_relay_restrictions"] == "permit_sasl_authenticated, reject"
    assert options["smtpd_client_restrictions"] == "permit_sasl_authenticated, reject"


@pytest.mark.parametrize("door", ["submission", "submissions"])
@pytest.mark.feature("F061")
def test_nobody_sends_under_a_name_that_is_not_theirs(master_cf, door):
    """The sender must belong to the log-in."""
    assert "reject_sender_login_mismatch" in master_cf[door]["smtpd_sender_restrictions"]


def test_other_servers_may_not_log_in(main_cf, master_cf):
    """Port 25 offers no AUTH, so that nobody guesses passwords there."""
    assert main_cf()["smtpd_sasl_auth_enable"] == "no"
    assert "smtpd_sasl_auth_enable" not in master_cf["smtpd"]


def test_nothing_passes_unchecked(main_cf):
    """While the filter is away mail waits at its sender."""
    assert main_cf()["milter_default_action"] == "tempfail"


def test_a_database_that_is_down_refuses_nothing(main_cf):
    """Every view is asked through proxymap, which answers "later" and not "unknown"."""
    cf = main_cf()
    maps = [
        cf[n] for n in ("virtual_mailbox_domains", "virtual_mailbox_maps", "virtual_alias_maps")
    ]

    tables = " ".join(maps).split()

    assert all(table.startswith("proxy:pgsql:") for table in tables)
    for table in tables:
        name = table.removeprefix("proxy:pgsql:")
        assert {f"{name}_hosts", f"{name}_user", f"{name}_dbname", f"{name}_query"} <= cf.keys()


def test_what_is_forwarded_gets_a_sender_of_ours(master_cf):
    """Only the detour rewrites senders, and it takes nothing from outside this host."""
    assert master_cf["cleanup-srs"]["sender_canonical_maps"] == "tcp:127.0.0.1:10001"
    assert "127.0.0.1:10027" in master_cf
    assert "sender_canonical_maps" not in master_cf["cleanup"]


def test_the_operator_has_the_last_word(main_cf):
    """A setting of the operator's stands below the role's own, and the last one counts."""
    cf = main_cf(postfix_extra_settings={"delay_warning_time": "0h"})

    assert cf["delay_warning_time"] == "0h"


def test_the_address_of_a_users_device_stays_here(render):
    """A header that Postfix wrote for a submission keeps how, and loses from where."""
    text = render("postfix", "submission_header_checks.j2")
    pattern, replacement = re.search(r"^/(.+)/\n\s+REPLACE (.+)$", text, re.MULTILINE).groups()
    pattern = pattern.replace("[[:space:]]", r"\s").replace("[^[:space:];]", r"[^\s;]")
    pattern = pattern.replace("[^[:space:]]", r"[^\s]")
    header = (
        "Received: from laptop.lan (unknown [203.0.113.9])\n\t(using TLSv1.3)\n\t"
        "by mail.example.org (Postfix) with ESMTPSA id 4jY8Pl6\n\tfor <bob@example.org>; Mon, 23"
    )

    kept = re.sub(pattern, re.sub(r"\$(\d)", r"\\\1", replacement), header, flags=re.DOTALL)

    assert kept.startswith("Received: by mail.example.org (Postfix) with ESMTPSA id 4jY8Pl6")
    assert "203.0.113.9" not in kept
    assert "laptop" not in kept


def test_only_this_host_writes_to_the_mailbox_agent(main_cf, master_cf):
    """Its domain is refused before anything else is looked at, but not where this host writes."""
    cf = main_cf()

    assert cf["smtpd_recipient_restrictions"].startswith("check_recipient_access $internal_recip")
    assert "agent.fermoposta.invalid = 550" in cf["internal_recipients"]
    assert "agent.fermoposta.invalid = agent:unix:" in cf["transport_maps"]
    assert (
        "check_recipient_access" not in master_cf["127.0.0.1:10025"]["smtpd_recipient_restrictions"]
    )


def test_what_this_host_writes_to_itself_comes_from_itself(master_cf):
    """The door for it is on the loopback alone, and takes nothing from elsewhere."""
    assert master_cf["127.0.0.1:10025"]["smtpd_relay_restrictions"] == "permit_mynetworks, reject"


@pytest.mark.parametrize(
    "door", ["smtpd", "submission", "submissions", "127.0.0.1:10025", "pickup"]
)
def test_nothing_follows_an_alias_past_the_policy(master_cf, door):
    """What the policy put in an alias's place is what is queued."""
    cleanup = master_cf[door]["cleanup_service_name"]

    assert master_cf[cleanup]["virtual_alias_maps"] == ""


def test_the_policy_is_asked_before_the_filter(main_cf, master_cf):
    """What it changes is signed; what this host makes comes in by a door of its own."""
    cf = main_cf()

    assert cf["smtpd_milters"].split()[0] == "unix:/run/fermoposta-policy/milter.sock"
    assert cf["host_milters"].split()[0] == "unix:/run/fermoposta-policy/milter-host.sock"
    assert cf["non_smtpd_milters"] == "$host_milters"
    assert master_cf["127.0.0.1:10025"]["smtpd_milters"] == "$host_milters"
    assert "smtpd_milters" not in master_cf["smtpd"]
    assert "default_action = 451" in cf["smtpd_recipient_restrictions"]
