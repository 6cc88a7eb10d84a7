"""Text messages go to a real server over HTTP, as the site's gateway wants them."""

from __future__ import annotations

import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest

from fermoposta.portal.recovery.sms import SmsError, texter_of

TEXT = "Fermoposta: la password è Abc23def ."


@pytest.fixture
def gateway():
    """A server that notes what it is told, and answers as it is told to."""
    seen, status = [], [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, dict(self.headers), body.decode()))
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/send", seen, status
    server.shutdown()
    server.server_close()


@pytest.mark.feature("F191")
@pytest.mark.parametrize("as_json", [False, True])
def test_the_gateway_is_told_as_it_wants(gateway, settings, tmp_path, as_json: bool) -> None:
    """A form, or JSON; its secret comes out of a file."""
    url, seen, _ = gateway
    secret = tmp_path / "sms.secret"
    secret.write_text("tOken\n")
    site = replace(
        settings,
        sms_url=url,
        sms_fields={"recipient": "{number}", "message": "{text}", "from": "Posta"},
        sms_headers={"Authorization": "Bearer {secret}"},
        sms_secret_file=secret,
        sms_json=as_json,
    )

    texter_of(site)("+393331234567", TEXT)

    ((path, headers, body),) = seen
    said = json.loads(body) if as_json else {k: v[0] for k, v in parse_qs(body).items()}
    assert path == "/send"
    assert headers["Authorization"] == "Bearer tOken"
    assert said == {"recipient": "+393331234567", "message": TEXT, "from": "Posta"}


def test_what_is_not_taken_is_said_without_what_was_sent(gateway, settings) -> None:
    """Neither number nor password nor address stand in the error."""
    url, _, status = gateway
    status[0] = 500
    with pytest.raises(SmsError, match=r"^status 500$"):
        texter_of(replace(settings, sms_url=url))("+393331234567", TEXT)
    with pytest.raises(SmsError, match=r"^ConnectError$"):
        texter_of(replace(settings, sms_url="http://127.0.0.1:9/send"))("+393331234567", TEXT)


def test_without_a_gateway_there_are_no_text_messages(settings) -> None:
    """And the way is not offered."""
    assert texter_of(settings) is None
