"""What the web server gives to whom, before any application is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clients.web import Web

if TYPE_CHECKING:
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

# Says for each name what a TLS handshake ends in, and what plain HTTP for a foreign name does.
PROBE = """
import socket, ssl

context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
for name in ("stranger.example", None, "mail.example.org"):
    with socket.create_connection(("127.0.0.1", 443), 10) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=name) as secure:
                print(f"{name}: {secure.version()}")
        except (ssl.SSLError, ConnectionError):
            print(f"{name}: closed")
with socket.create_connection(("127.0.0.1", 80), 10) as plain:
    plain.sendall(b"GET / HTTP/1.1\\r\\nHost: stranger.example\\r\\n\\r\\n")
    print(f"plain: {plain.recv(100).decode() or 'closed'}")
"""
# Tries passwords of somebody who does not exist, then reads the log-in page.
GUESS = """
import http.client, ssl

context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

def ask(method, path, body=None):
    client = http.client.HTTPSConnection("portal.example.org", context=context, timeout=30)
    client.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"})
    print(client.getresponse().status)

for number in range(15):
    ask("POST", "/login", f"address=guessed%40example.org&password=Guess-{number}")
ask("GET", "/login")
"""


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


@pytest.mark.feature("F011")
def test_only_known_names_are_served(shell: Shell) -> None:
    """Whoever asks for another name, or for the bare address, gets no page and no certificate."""
    unknown, bare, ours, plain = shell.python(PROBE).splitlines()

    assert unknown == "stranger.example: closed"
    assert bare == "None: closed"
    assert plain == "plain: closed"
    assert ours.startswith("mail.example.org: TLSv1.")


@pytest.mark.feature("F011")
def test_plain_http_leads_to_https(web: Web) -> None:
    """Over HTTP there is no page, only the way to the same one over HTTPS."""
    answer = web.ask("GET", "http://mail.example.org/SOGo/?a=b")

    assert answer.status == 301
    assert answer.headers["Location"] == "https://mail.example.org/SOGo/?a=b"


@pytest.mark.parametrize("host", ["mail.example.org", "portal.example.org"])
def test_answers_carry_what_keeps_browsers_safe_and_no_version(web: Web, host: str) -> None:
    """Pages can't be framed, sniffed or fed foreign scripts, and name no version of nginx."""
    answer = web.ask("GET", f"https://{host}/SOGo/")

    assert answer.headers["Server"] == "nginx"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] in {"SAMEORIGIN", "DENY"}
    assert "default-src '" in answer.headers["Content-Security-Policy"]


def test_nobody_logs_in_by_a_header(web: Web) -> None:
    """A header that names a user, as a proxy may set it for SOGo, opens nothing."""
    inbox = "https://mail.example.org/SOGo/so/ada@example.org/Mail/view"

    answer = web.ask("GET", inbox, headers={"x-webobjects-remote-user": "ada@example.org"})

    assert answer.status == 401
    assert "UserLogin" not in answer.body


def test_guessing_passwords_is_slowed_down(shell: Shell) -> None:
    """After some log-ins in a row an address has to wait; reading pages goes on."""
    *guesses, page = shell.python(GUESS).split()

    assert guesses[0] == "403"
    assert guesses[-1] == "429"
    assert page == "200"


@pytest.mark.parametrize("service", ["caldav", "carddav"])
def test_calendar_clients_are_shown_the_way(web: Web, service: str) -> None:
    """A client that knows the host's name alone finds the calendars (RFC 6764, section 5)."""
    answer = web.ask("PROPFIND", f"https://mail.example.org/.well-known/{service}")

    assert answer.status == 301
    assert answer.headers["Location"] == "/SOGo/dav/"
