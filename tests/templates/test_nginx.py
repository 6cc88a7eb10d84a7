"""What nginx reads: blocks of directives, and nginx's own judgement where it is installed."""

from __future__ import annotations

import re

import pytest

from fermoposta.service.listener import KEEP_ALIVE

HOSTS = {
    "nginx_webmail_host": "mail.example.org",
    "nginx_portal_host": "portal.example.org",
    "nginx_client_hosts": ["autoconfig.example.org", "autodiscover.example.org"],
    "nginx_policy_hosts": ["mta-sts.example.org"],
}
SITES = ["closed", "webmail", "portal", "clients"]


@pytest.fixture
def rendered(render):
    return lambda name, **variables: render("nginx", f"{name}.conf.j2", **(HOSTS | variables))


def servers(text: str) -> list[str]:
    """Return the server blocks; their braces are balanced, or this fails."""
    found, depth, start = [], 0, 0
    for match in re.finditer(r"[{}]", re.sub(r'"[^"]*"|#.*', lambda m: " " * len(m[0]), text)):
        if match[0] == "{":
            if depth == 0:
                start = text.rfind("\n", 0, match.start()) + 1
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                found.append(text[start : match.end()])
    assert depth == 0
    return [block for block in found if block.startswith("server")]


def names(block: str) -> set[str]:
    return set(re.search(r"^\s*server_name (.*);$", block, re.MULTILINE)[1].split())


@pytest.mark.feature("F011", "F016")
def test_every_host_is_served_by_its_own_name(rendered):
    """The hosts of the inventory are served, each by one site over TLS, and no other name is."""
    over_tls = [
        name
        for site in SITES
        for block in servers(rendered(site))
        if "listen 443" in block
        for name in names(block)
    ]

    assert sorted(over_tls) == sorted(
        [
            "_",
            "mail.example.org",
            "portal.example.org",
            "autoconfig.example.org",
            "autodiscover.example.org",
            "mta-sts.example.org",
        ]
    )


def test_who_asks_for_another_name_gets_nothing(rendered):
    """The default server shows no certificate and closes the connection."""
    (block,) = servers(rendered("closed"))

    assert "ssl_reject_handshake on;" in block
    assert "return 444;" in block
    assert block.count("default_server") == 4


def test_every_site_answers_certificate_challenges_over_http(rendered):
    """A certificate can be issued for every name, before and after it is served."""
    for site in SITES:
        for block in servers(rendered(site)):
            if "listen 80" in block:
                assert "include snippets/acme.conf;" in block, names(block)


def test_a_site_without_domains_has_no_empty_server(rendered):
    """No host names means no server block: nginx would take an empty name for any."""
    assert servers(rendered("clients", nginx_client_hosts=[], nginx_policy_hosts=[])) == []


def test_nothing_older_than_tls_1_2(rendered):
    """Mozilla's intermediate profile: TLS 1.2 with forward secrecy, and 1.3."""
    text = rendered("nginx")

    assert "ssl_protocols TLSv1.2 TLSv1.3;" in text
    ciphers = re.search(r"ssl_ciphers (.*);", text)[1].split(":")
    assert all(cipher.startswith("ECDHE-") for cipher in ciphers)


def test_logs_hold_no_query(rendered):
    """The token of a password recovery stands in the query, and queries are not logged."""
    log_format = re.search(r"log_format path ([^;]*);", rendered("nginx"))[1]

    assert "$uri" in log_format
    assert not re.search(r"\$(request|request_uri|args|query_string|http_referer)\b", log_format)


@pytest.mark.parametrize(
    ("request_line", "counted"),
    [
        ("POST:/login", True),
        ("GET:/login", False),
        ("POST:/SOGo/so/ada@example.org/Mail/0/folderINBOX/view", False),
    ],
)
def test_log_ins_are_counted_and_nothing_else(rendered, request_line, counted):
    """Whoever tries passwords is slowed down, whoever reads mail is not."""
    pattern = re.search(r'"~([^"]*)" \$binary_remote_addr;', rendered("nginx"))[1]

    assert bool(re.search(pattern, request_line)) == counted


def test_nobody_is_let_in_by_a_header(rendered):
    """What SOGo trusts from a proxy is emptied or the portal's word, on each way to it."""
    proxy, text = rendered("webmail-proxy"), rendered("webmail")
    for name in ("x-webobjects-adaptor-prefix", "x-http-method-override"):
        assert f'proxy_set_header {name} "";' in proxy
    assert "remote-user" not in proxy
    assert "Authorization" not in proxy
    # It is the portal who names, programs by their password and browsers by their session.
    program = rendered("program")
    assert "auth_request_set $program_user $upstream_http_x_webmail_user;" in program
    assert "auth_request_set $program_login $upstream_http_x_webmail_authorization;" in program
    assert "proxy_set_header x-webobjects-remote-user $program_user;" in program
    assert "proxy_set_header Authorization $program_login_or_password;" in program
    # Whom it does not name goes, with what they wrote, to who asks for the mailbox's password.
    plain = {"dav": "dav", "loud": "sogo", "quiet": "sogo_quiet"}
    for name, instance in plain.items():
        chosen = re.search(rf"(?s)map \$program_login \$program_{name} \{{(.*?)\}}", text)[1]
        assert f'"" {instance};' in chosen
    ways = re.findall(r"(?s)auth_request /portal/(\S+);\n\s+(.*?)proxy_pass http://(\S+);", text)
    assert [(asked, way) for asked, _, way in ways] == [
        ("program/eas", "$program_loud"),
        ("program/eas", "$program_quiet"),
        ("program/dav", "$program_dav"),
        ("whose", "webmail"),
    ]
    assert all("include snippets/program.conf;" in each[1] for each in ways[:3])
    # SOGo takes any password where it takes a proxy's word: what a client wrote does not get there.
    pages = ways[3][1]
    assert "auth_request_set $webmail_user $upstream_http_x_webmail_user;" in pages
    assert "proxy_set_header x-webobjects-remote-user $webmail_user;" in pages
    assert "proxy_set_header Authorization $webmail_authorization;" in pages
    assert text.count("proxy_pass http://webmail;") == 1
    last = {
        re.search(r"listen 127\.0\.0\.1:(\d+);", block)[1]: re.findall(
            r"proxy_pass http://(\w+)", block
        )
        for block in servers(text)
        if "/SOGo/may-see" in block
    }
    assert last == {"20004": ["sogo_web"] * 3, "20007": ["sogo"] * 3}


def test_what_the_portal_tells_the_web_server_nobody_else_hears(rendered):
    """Not even the page itself, which a script in a mail might have ask."""
    text = rendered("webmail")

    places = re.findall(r"(?s)location = (/portal/\w+) \{(.*?)\n    \}", text)
    assert {place: "internal;" in block for place, block in places} == {
        "/portal/whose": True,
        "/portal/enter": False,
        "/portal/away": True,
    }


def test_at_the_portals_own_host_the_web_servers_questions_are_nothing(rendered):
    """Nobody asks by hand what opens a mailbox."""
    block = re.search(r"(?s)location \^~ /portal/ \{(.*?)\}", rendered("portal"))[1]

    assert block.split() == ["return", "404;"]


@pytest.mark.parametrize(
    ("came", "forged"),
    [
        (" /SOGo/so/ada@example.org/Mail/0/folderINBOX/1/delete", False),
        ("same-origin /SOGo/so/ada@example.org/Mail/0/folderINBOX/1/delete", False),
        ("cross-site /SOGo/", False),
        ("cross-site /SOGo", False),
        ("cross-site /SOGo/so/ada@example.org/Mail/view", False),
        ("cross-site /SOGo/so/ada@example.org/", False),
        ("cross-site /SOGo/so/ada@example.org/Mail/0/folderINBOX/1/delete", True),
        ("cross-site /SOGo/so/ada@example.org/logoff", True),
        ("cross-site /SOGo/so/ada@example.org/Mail/view/../0/folderINBOX/expunge", True),
    ],
)
def test_another_site_leads_to_a_page_and_has_nothing_done(rendered, came, forged):
    """The webmail's own tokens against it are out of use where the portal signs in."""
    block = re.search(r"(?ms)\$webmail_is_forged \{(.*?)^\}", rendered("webmail"))[1]
    rules = re.findall(r'"~([^"]*)" (?:""|(1));', block)
    verdict = next((bool(bad) for pattern, bad in rules if re.search(pattern, came)), False)

    assert verdict == forged


DAV = "/SOGo/dav/ada@example.org/Calendar"
ESCAPED = DAV.replace("@", "%40")
URL = "https://mail.example.org"


@pytest.mark.parametrize(
    ("request_line", "refused"),
    [
        ("GET  /SOGo/ ", False),
        ("PROPFIND ada@example.org /SOGo/dav/bob@example.org/Calendar/personal/ ", False),
        (f"MOVE ada@example.org {DAV}/personal/a.ics {URL}{DAV}/1B-2C/a.ics", False),
        (f"MOVE Ada@example.org {ESCAPED}/p/a%40b.ics {URL}:10443{DAV}/s/a%40b.ics", False),
        (f"MOVE bob@example.org {DAV}/personal/a.ics {URL}{DAV}/second/a.ics", True),
        (f"MOVE  {DAV}/personal/a.ics {URL}{DAV}/second/a.ics", True),
        (f"MOVE ada@example.org {DAV}/bob_A_x_personal/a.ics {URL}{DAV}/personal/a.ics", True),
        (f"MOVE ada@example.org {DAV}/personal/a.ics {URL}{DAV}/bob_A_x_personal/a.ics", True),
        (f"MOVE ada@example.org {DAV}/personal/a.ics?x {URL}{DAV}/second/a.ics", True),
        (f"MOVE ada@example.org {DAV}/personal/../a.ics {URL}{DAV}/second/a.ics", True),
        (f"MOVE ada@example.org {DAV}/personal/a.ics {URL}{DAV}/second/a%2Fb.ics", True),
        (f"MOVE ada@example.org {DAV}/ {URL}{DAV}/second/", True),
        (f"COPY ada@example.org {DAV}/personal/a.ics {URL}{DAV}/second/a.ics", True),
        (f"M-OVE ada@example.org {DAV}/personal/a.ics {URL}{DAV}/second/a.ics", True),
    ],
)
def test_a_client_may_move_what_is_its_users_own(rendered, request_line, refused):
    """What it names by another's log-in, in another's folder or in other words, it may not."""
    block = re.search(r"(?ms)\$sogo_method_is_bad \{(.*?)^\}", rendered("webmail"))[1]
    rules = re.findall(r'"~(\*?)([^"]*)" "";', block)
    assert len(rules) == 2
    passed = any(
        re.search(pattern, request_line, re.IGNORECASE if star else 0) for star, pattern in rules
    )

    assert passed != refused


@pytest.mark.parametrize(
    ("request_line", "hidden"),
    [
        ("/SOGo/so/a/Calendar/p/e/view application/json ?", False),
        ("/SOGo/so/a/Calendar/eventslist  ?search=title_Category&sd=20260101&view=a:b%20c", False),
        ("/SOGo/so/a/Calendar/p/import multipart/form-data; boundary=x ?", False),
        ("/SOGo/so/a/Mail/0/save multipart/form-data; boundary=x ?", False),
        ("/SOGo/so/a/Calendar/p/e application/json ?Cmd=move", True),
        ("/SOGo/so/a/Calendar/p/e  ?x=1&move:method=1", True),
        ("/SOGo/so/a/Calendar/p/e  ?%43md=move", True),
        ("/SOGo/so/a/Calendar/p/e application/x-www-form-urlencoded ?", True),
        ("/SOGo/so/a/Calendar/p/e application/x-www-form-urlencoded; x=/import ?", True),
    ],
)
def test_a_command_stands_in_the_path_or_nowhere(rendered, request_line, hidden):
    """What SOGo would find in a query or a form, nginx could not look at."""
    block = re.search(r"(?ms)\$sogo_hides_a_command \{(.*?)^\}", rendered("webmail"))[1]
    rules = re.findall(r'"~\*([^"]*)" 1;', block)

    assert any(re.search(each, request_line, re.IGNORECASE) for each in rules) == hidden


@pytest.mark.parametrize(("seconds", "told"), [(63072000, True), (0, False)])
def test_browsers_are_told_to_insist_on_https_where_that_is_wanted(rendered, seconds, told):
    """A demo with a certificate of its own does not lock browsers out for two years."""
    text = rendered("headers", nginx_hsts_seconds=seconds)

    assert ("Strict-Transport-Security" in text) == told


def test_a_message_of_fifty_megabytes_fits(rendered):
    """Base64 makes 50 MiB of message about 67 MiB of request."""
    size = re.search(r"client_max_body_size (\d+)m;", rendered("nginx"))[1]

    assert int(size) * 1024**2 >= 52428800 * 4 / 3


SOCKETS = [f"/run/fermoposta-gateway/{number}.sock" for number in (1, 2)]


def gateway_of(text: str) -> str:
    return re.search(r"(?s)location \^~ /Microsoft-Server-ActiveSync \{(.*?)\n    \}", text)[1]


def test_devices_are_led_to_the_gateways_processes(rendered):
    """To each of them, and to nothing else."""
    text = rendered("webmail", nginx_gateway_sockets=SOCKETS)

    upstream = re.search(r"(?s)upstream gateway \{(.*?)\n\}", text)[1]
    assert re.findall(r"server unix:(\S+);", upstream) == SOCKETS
    # What chooses the process stands before what keeps connections.
    assert upstream.index("hash $gateway_user consistent;") < upstream.index("keepalive")
    assert "include snippets/gateway-proxy.conf;" in gateway_of(text)
    assert "return" not in gateway_of(text)


def test_without_a_gateway_devices_are_told_to_wait(rendered):
    """A device that hears 503 keeps its account; an upstream without servers nginx would refuse."""
    text = rendered("webmail", nginx_gateway_sockets=[])

    assert "return 503;" in gateway_of(text)
    assert "upstream gateway" not in text


@pytest.mark.parametrize(
    "login", ["ada", "ada@example.org", r"EXAMPLE\ada", r"\ada", r"EXAMPLE\ada@example.org"]
)
def test_all_devices_of_a_user_meet(rendered, login):
    """However each of them writes the log-in, the process is chosen by the same name."""
    text = rendered("webmail", nginx_gateway_sockets=SOCKETS)
    block = re.search(r"(?ms)\$gateway_user \{(.*?)^\}", text)[1]
    pattern = re.search(r'"~([^"]*)" \$gateway_name;', block)[1]

    found = re.search(pattern.replace("(?<", "(?P<"), login)

    assert found is not None
    assert found["gateway_name"] == "ada"


def test_a_device_may_wait_for_an_hour_and_nothing_is_held_back(rendered):
    """Answers go out as they come, and a request comes in as it is sent."""
    text = rendered("gateway-proxy")

    assert "proxy_read_timeout 3600s;" in text
    assert "proxy_buffering off;" in text
    assert "proxy_request_buffering off;" in text
    assert "proxy_set_header X-Real-IP $remote_addr;" in text


@pytest.mark.parametrize(("site", "upstream"), [("webmail", "gateway"), ("portal", "portal")])
def test_no_connection_is_closed_while_a_request_is_on_its_way(rendered, site, upstream):
    """The web server lets go of a connection before the service behind it does."""
    text = rendered(site, nginx_gateway_sockets=SOCKETS)

    section = re.search(rf"(?s)upstream {upstream} \{{(.*?)\n\}}", text)[1]
    seconds = re.search(r"keepalive_timeout (\d+)s;", section)[1]
    assert int(seconds) + 10 < KEEP_ALIVE
