"""What Rspamd reads, as far as its promises go."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def conf(render):
    return lambda **variables: render("rspamd", "rspamd.conf.override.j2", **variables)


def section(text: str, name: str) -> str:
    """Return what stands in the section *name* at the outermost level."""
    return re.search(rf"^{re.escape(name)} \{{\n(.*?)^\}}", text, re.DOTALL | re.MULTILINE).group(1)


def test_nothing_is_refused_for_its_content(conf):
    """Spam is marked; only delivery decides where it lies."""
    actions = section(conf(), "actions")

    assert "reject = null;" in actions
    assert "greylist = null;" in actions
    assert "add_header = 6;" in actions


def test_the_score_is_the_operators(conf):
    assert "add_header = 9;" in section(conf(rspamd_spam_score=9), "actions")


def test_a_scanner_that_is_away_defers_mail(conf):
    """Nothing passes unchecked, and nothing is lost."""
    rules = section(conf(), "force_actions")

    assert 'action = "soft reject";' in rules
    assert 'expression = "CLAM_VIRUS_FAIL";' in rules


def test_what_delivery_relies_on_cannot_be_forged(conf):
    """Every header that the filter writes, or delivery believes, is removed from what comes in."""
    headers = section(conf(), "milter_headers")
    removed = re.search(r"ipairs\(\{(.*?)\}\)", headers, re.DOTALL).group(1)

    written = {"Envelope-From", "X-Virus", "X-Spam", "X-Spam-Status"}
    written |= {
        "X-Fermoposta-Decision",
        "X-Fermoposta-Unfiltered",
        "X-Fermoposta-Envelope-From",
    }
    assert set(re.findall(r"'([^']+)'", removed)) == written


def test_asks_nobody_on_the_internet_when_told_so(conf):
    """A host without internet does not wait for block lists."""
    assert "enabled = false;" in section(conf(rspamd_network_checks=False), "rbl")
    assert "\nrbl {" not in conf()


def test_a_private_address_may_be_a_stranger(render):
    """Only this host and the networks that the operator lists count as our own."""
    options = render("rspamd", "options.inc.j2", rspamd_local_networks=["192.0.2.0/24"])

    assert 'local_addrs = ["127.0.0.0/8", "::1/128", "192.0.2.0/24"];' in options


def test_signs_with_the_key_of_the_senders_domain(conf):
    """The key's file is named by domain and selector, as `fermoposta compile` names it."""
    signing = section(conf(), "dkim_signing")

    assert 'path = "/var/lib/rspamd/dkim/$domain.$selector.key";' in signing
    assert "allow_hdrfrom_mismatch = false;" in signing
