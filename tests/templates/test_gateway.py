"""What systemd reads of the gateway, and what the gateway reads of the site."""

from __future__ import annotations

from configparser import ConfigParser

import pytest

from fermoposta.gateway.__main__ import GRACE
from fermoposta.service.settings import Settings, load

SITE = {
    "application_hostname": "mail.example.org",
    "application_portal_hostname": "portal.example.org",
}
USUAL = Settings(host="mail.example.org", portal_host="portal.example.org")


def unit(text: str) -> ConfigParser:
    parser = ConfigParser(strict=True, interpolation=None, comment_prefixes=("#",))
    parser.optionxform = str
    parser.read_string(text)
    return parser


def test_each_process_has_its_own_number(render):
    """One unit for all of them; the number is that of the socket."""
    service = unit(render("gateway", "fermoposta-gateway@.service.j2"))["Service"]

    assert service["ExecStart"].endswith("-m fermoposta.gateway %i")
    assert service["Type"] == "notify"
    assert f"/run/{service['RuntimeDirectory']}" == str(USUAL.gateway_socket_dir)
    # A process that ends must not take the others' sockets along.
    assert service["RuntimeDirectoryPreserve"] == "yes"
    assert (service["Group"], service["RuntimeDirectoryMode"]) == ("www-data", "0750")
    assert int(service["LimitNOFILE"]) >= 65536


def test_a_process_has_time_to_end_well(render):
    """systemd waits longer than the requests under way may take."""
    service = unit(render("gateway", "fermoposta-gateway@.service.j2"))["Service"]

    assert int(service["TimeoutStopSec"].removesuffix("s")) > GRACE


def test_nothing_but_this_host_is_within_reach(render):
    """Dovecot, Postfix and SOGo are here."""
    service = unit(render("gateway", "network.conf.j2"))["Service"]

    assert service["IPAddressAllow"] == "localhost"
    assert "IPAddressDeny" not in service  # stays as confinement.conf has it: any


@pytest.mark.parametrize("access", ["allowed", "quarantined", "blocked"])
def test_what_the_site_says_of_devices_reaches_the_service(render, tmp_path, access):
    """The role's defaults are the service's own, and a site may differ."""
    path = tmp_path / "fermoposta.yml"
    path.write_text(render("application", "fermoposta.yml.j2", **SITE))

    assert load(path).eas_new_devices == USUAL.eas_new_devices == "allowed"
    assert load(path).eas_moved == USUAL.eas_moved == {}
    assert load(path).eas_heartbeat_least == USUAL.eas_heartbeat_least
    assert load(path).eas_heartbeat_most == USUAL.eas_heartbeat_most
    path.write_text(
        render(
            "application",
            "fermoposta.yml.j2",
            **SITE,
            application_eas_new_devices=access,
            application_eas_heartbeat_most=600,
            application_eas_moved={"example.org": "https://eas.example.net/x"},
        )
    )
    assert load(path).eas_new_devices == access
    assert load(path).eas_moved == {"example.org": "https://eas.example.net/x"}
    assert load(path).eas_heartbeat_most == 600


def test_the_web_server_outwaits_a_device():
    """A device that waits as long as it may is answered by us, not by nginx."""
    assert USUAL.eas_heartbeat_most < 3600
