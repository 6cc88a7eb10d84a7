"""Samples: taken out of what users send, cleaned, learned, and shown to the operator."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import UnixStreamServer
from typing import TYPE_CHECKING

import pytest

from fermoposta.agent.errors import Later, Refuse
from fermoposta.agent.learning import learn
from fermoposta.agent.mail import Mail
from fermoposta.agent.report import attached, cleaned, for_operator, handle, reporter_of
from fermoposta.directory.model import Company, Domain, State, User
from fermoposta.service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADA = "ada@example.org"
STATE = State.of_records([Company("acme", "Acme"), Domain("example.org", "acme"), User(ADA, "Ada")])
SAMPLE = b"From: x@shop.test\r\nSubject: Perch\xc3\xa9 no\r\n\r\nBuy\r\n"


class Filter(BaseHTTPRequestHandler):
    """Speaks as the filter's controller does; answers are by what the sample says."""

    seen: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        """Learn, or say why not."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, body))
        status, text = 200, {"success": True}
        if b"known" in body:
            status, text = 208, {"error": "has been already learned as spam, ignore it"}
        if b"sure" in body:
            status, text = 500, {"error": "all learn conditions denied learning spam"}
        if b"redis" in body:
            status, text = 500, {"error": "cannot connect to redis"}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(text).encode())

    def address_string(self) -> str:
        """Return nothing: a Unix socket has no address."""
        return ""

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@dataclass
class Tools:
    """What the handler needs of the agent's tools; remembers what was sent."""

    settings: Settings
    refusing: bool = False
    directory: State = field(default_factory=lambda: STATE)
    sent: list[tuple[bytes, list[str]]] = field(default_factory=list)

    async def submit(self, message: bytes, *, sender: str, recipients: list[str]) -> None:
        """Take a message, unless the recipient is refused."""
        assert sender == ""
        if self.refusing:
            raise Refuse("550 no such user")
        self.sent.append((message, recipients))


@pytest.fixture
def filter_(tmp_path: Path) -> Iterator[tuple[Path, list[tuple[str, bytes]]]]:
    """Serve a controller on a socket; return its path and what it sees."""
    seen: list[tuple[str, bytes]] = []
    path = tmp_path / "controller.sock"
    with UnixStreamServer(str(path), type("Here", (Filter,), {"seen": seen})) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield path, seen
        server.shutdown()
        thread.join()


@pytest.fixture
def tools(filter_: tuple[Path, object]) -> Tools:
    return Tools(
        Settings(
            host="mail.example.org",
            portal_host="portal.example.org",
            rspamd_socket=filter_[0],
            operator_address="op@example.org",
        )
    )


BROKEN = b"From: \xff <\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\nPerch\xc3\xa9\r\n"


def run(mail: Mail, tools: Tools) -> None:
    asyncio.run(handle(mail, tools))  # type: ignore[arg-type]


def forwarded(*samples: bytes) -> bytes:
    parts = "".join(
        f"--b\r\nContent-Type: message/rfc822\r\n\r\n{sample.decode()}\r\n" for sample in samples
    )
    return (
        "From: ada@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain\r\n\r\nsee\r\n{parts}--b--\r\n"
    ).encode()


@pytest.mark.parametrize("word", ["spam", "ham"])
def test_a_move_is_learned_and_shown(
    tools: Tools, filter_: tuple[Path, list[tuple[str, bytes]]], word: str
) -> None:
    """The whole message is the sample, without what delivery wrote into it."""
    run(Mail(word, "ada=example.org+61368022044", "", b"X-Spam: Yes\r\n" + SAMPLE), tools)

    assert filter_[1] == [(f"/learn{word}", SAMPLE)]
    ((message, recipients),) = tools.sent
    assert recipients == ["op@example.org"]
    report = email.message_from_bytes(message, policy=email.policy.default)
    assert report["From"] == ADA
    assert report["X-Junk-Report"] == word
    assert [part.get_content_type() for part in report.iter_attachments()] == ["message/rfc822"]


def test_each_attached_message_is_a_sample(
    tools: Tools, filter_: tuple[Path, list[tuple[str, bytes]]]
) -> None:
    """And the text around them is none."""
    first, second = SAMPLE.replace(b"\xc3\xa9", b"e"), b"Subject: 2\r\n\r\nB\r\n"

    run(Mail("report-spam", "", ADA, forwarded(first, second)), tools)

    assert [path for path, _ in filter_[1]] == ["/learnspam"] * 2
    assert len(tools.sent) == 2


def test_no_attachment_is_answered(tools: Tools) -> None:
    """The user is told what to do instead."""
    with pytest.raises(Refuse, match="as an attachment"):
        run(Mail("report-spam", "", ADA, b"Subject: x\r\n\r\nFwd\r\n"), tools)


@pytest.mark.parametrize("sender", ["", "x@elsewhere.test", "nobody@example.org"])
def test_nobody_else_trains_the_filter(
    tools: Tools, filter_: tuple[Path, list[tuple[str, bytes]]], sender: str
) -> None:
    """A report of who is none of ours is dropped, and answered to nobody."""
    run(Mail("report-spam", "", sender, forwarded(SAMPLE)), tools)

    assert filter_[1] == []
    assert tools.sent == []


def test_an_operator_who_cannot_be_reached_keeps_no_report_back(
    tools: Tools, filter_: tuple[Path, list[tuple[str, bytes]]]
) -> None:
    """The filter has learned; the user did all right."""
    tools.refusing = True

    run(Mail("spam", "ada=example.org+1", "", SAMPLE), tools)

    assert len(filter_[1]) == 1


@pytest.mark.parametrize(
    ("text", "said"), [(b"new", "learned"), (b"known", "already"), (b"sure", "denied")]
)
def test_what_the_filter_will_not_learn_is_done(
    filter_: tuple[Path, object], text: bytes, said: str
) -> None:
    """Trying again would change nothing."""
    assert said in asyncio.run(learn(filter_[0], text, "spam"))


def test_a_filter_that_is_away_or_ill_is_asked_again(
    filter_: tuple[Path, object], tmp_path: Path
) -> None:
    """The report waits in the queue."""
    with pytest.raises(Later, match="redis"):
        asyncio.run(learn(filter_[0], b"redis", "spam"))
    with pytest.raises(Later):
        asyncio.run(learn(tmp_path / "nothing.sock", b"x", "spam"))


def test_cleaning_takes_folded_headers_whole() -> None:
    """And leaves every other byte as it was."""
    dirty = b"X-Virus: a\r\n b\r\nSubject: x\r\nX-SPAM: Yes\r\nTo: y\r\n\r\nX-Spam: body\r\n"

    assert cleaned(dirty) == b"Subject: x\r\nTo: y\r\n\r\nX-Spam: body\r\n"
    assert cleaned(b"no header at all") == b"no header at all"


def test_an_attached_file_is_a_sample_too() -> None:
    """Some clients attach a message as a file."""
    message = email.message_from_bytes(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: application/octet-stream; name=spam.eml\r\n"
        b"Content-Disposition: attachment; filename=Spam.EML\r\n\r\n"
        b"Subject: y\r\n\r\nz\r\n--b--\r\n",
        policy=email.policy.SMTP,
    )

    assert [sample.strip() for sample in attached(message)] == [b"Subject: y\r\n\r\nz"]


@pytest.mark.parametrize(
    "sample",
    [
        b"",
        b"\x00\xff\xfe",
        b"Subject: =?utf-8?q?a=0D=0ABcc:_evil@x.test?=\r\n\r\n",
        b"Subject:\n\n",
    ],
)
def test_whatever_the_sample_the_report_is_one_message(sample: bytes) -> None:
    """No subject of a stranger adds a header to ours."""
    made = for_operator(
        sample,
        "spam",
        reporter=ADA,
        said="learned",
        operator="op@example.org",
        host="m.example.org",
    )

    read = email.message_from_bytes(made, policy=email.policy.default)
    assert read["Bcc"] is None
    assert read["To"] == "op@example.org"


def test_the_reporter_is_in_the_address() -> None:
    """As Sieve writes it: an own address has neither @ nor + in its local part."""
    assert reporter_of("a=b=example.org+123") == "a=b@example.org"
    assert reporter_of("") == "@"


@pytest.mark.feature("F226")
def test_a_badly_broken_sample_reaches_the_operator_byte_by_byte(
    tools: Tools, filter_: tuple[Path, list[tuple[str, bytes]]]
) -> None:
    """Spam often is; it would be tried for days."""
    run(Mail("spam", "ada=example.org+1", "x@shop.test", BROKEN), tools)

    assert filter_[1] == [("/learnspam", BROKEN)]
    assert BROKEN in tools.sent[0][0]


def test_octets_in_an_attached_message_stay() -> None:
    """The filter learns what came, in whatever encoding."""
    content = forwarded(SAMPLE).replace(b"Perch\xc3\xa9", b"Perch\xe8")

    assert list(attached(email.message_from_bytes(content))) == [
        SAMPLE.replace(b"Perch\xc3\xa9", b"Perch\xe8")
    ]
