"""Mail that devices send, as Postfix takes or refuses it."""

from __future__ import annotations

import asyncio
import smtplib
from dataclasses import dataclass, field
from typing import Self

import pytest

from fermoposta.activesync.session import SubmissionError
from fermoposta.gateway import submission
from fermoposta.gateway.submission import SmtpSubmission

ADA = "ada@example.org"
MAIL = b"Subject: hello\r\n\r\n.\r\nhello\r\n"


@dataclass
class Server:
    """An SMTP client to a server that answers as it was told to; *said* is what it was sent."""

    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    said: list[tuple[object, ...]] = field(default_factory=list)

    def __call__(self, *_: object, **__: object) -> Server:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.said.append(("quit",))

    def _answer(self, *said: object) -> tuple[int, bytes]:
        self.said.append(said)
        default = (250, b"ok")
        return self.answers.get(" ".join(map(str, said[:2])), default)

    def starttls(self, *, context: object) -> None:
        self.said.append(("starttls",))

    def login(self, user: str, _password: str) -> None:
        code, reply = self._answer("login", user)
        if code != 250:
            raise smtplib.SMTPAuthenticationError(code, reply)

    def mail(self, sender: str, options: list[str]) -> tuple[int, bytes]:
        return self._answer("mail", sender, tuple(options))

    def rcpt(self, recipient: str) -> tuple[int, bytes]:
        return self._answer("rcpt", recipient)

    def data(self, message: bytes) -> tuple[int, bytes]:
        return self._answer("data", "", message)


@pytest.fixture
def server(monkeypatch) -> Server:
    server = Server()
    monkeypatch.setattr(submission.smtplib, "SMTP", server)
    return server


def submit(*recipients: str, sender: str = ADA) -> None:
    door = SmtpSubmission("127.0.0.1", 587, ADA, "Segreta123")
    asyncio.run(door.submit(sender, recipients, MAIL))


def test_mail_is_sent_as_the_user_under_tls(server: Server) -> None:
    """TLS first, then the log-in, then one mail to all recipients."""
    submit("bob@example.org", "eve@example.net")

    assert server.said == [
        ("starttls",),
        ("login", ADA),
        ("mail", ADA, ()),
        ("rcpt", "bob@example.org"),
        ("rcpt", "eve@example.net"),
        ("data", "", MAIL),
        ("quit",),
    ]


def test_letters_beyond_ascii_are_announced(server: Server) -> None:
    """Where an address has some (RFC 6531), and nowhere else."""
    submit("jürgen@example.org")

    assert ("mail", ADA, ("SMTPUTF8", "BODY=8BITMIME")) in server.said


@pytest.mark.parametrize(
    ("refused", "code", "temporary"),
    [
        (f"login {ADA}", 535, False),
        (f"mail {ADA}", 553, False),
        ("rcpt eve@example.net", 550, False),
        ("rcpt eve@example.net", 451, True),
        ("data ", 452, True),
        ("data ", 554, False),
    ],
)
def test_a_refusal_says_whether_to_try_again(
    server: Server, refused: str, code: int, temporary: bool
) -> None:
    """And holds for all recipients: nobody gets a mail whose sender is told that it failed."""
    server.answers[refused] = (code, b"5.7.1 no\nreally")

    with pytest.raises(SubmissionError, match=rf"^{code} 5.7.1 no really$") as raised:
        submit("bob@example.org", "eve@example.net")

    assert raised.value.temporary is temporary
    sent = [each for each in server.said if each[0] == "data"]
    assert len(sent) == refused.startswith("data")


def test_a_server_that_is_away_is_tried_again(monkeypatch) -> None:
    """Nothing was taken."""

    def away(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(submission.smtplib, "SMTP", away)

    with pytest.raises(SubmissionError) as raised:
        submit("bob@example.org")

    assert raised.value.temporary


def test_the_password_is_not_shown() -> None:
    """Neither in a log nor in a traceback."""
    assert "Segreta123" not in repr(SmtpSubmission("127.0.0.1", 587, ADA, "Segreta123"))
