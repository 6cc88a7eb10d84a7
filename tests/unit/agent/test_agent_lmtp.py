"""The agent's door, spoken to by a real LMTP client."""

import asyncio
import smtplib
import threading
from contextlib import contextmanager

import pytest

from fermoposta.agent.errors import Later, Refuse
from fermoposta.agent.lmtp import Door, listen

MAIL = "From: ada@example.org\r\nSubject: work\r\n\r\n.dot\r\n"


@contextmanager
def door(path, handlers):
    """Listen at *path* in another thread."""
    loop = asyncio.new_event_loop()

    async def work(handler, mail):
        await handler(mail, None)

    server = loop.run_until_complete(listen(path, Door(handlers, work), hostname="mail.test"))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with smtplib.LMTP(str(path)) as client:
            yield client
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def handler(done, error=None):
    async def handle(mail, _tools):
        done.append(mail)
        if error is not None:
            raise error

    return handle


def test_mail_reaches_the_handler_of_its_word(tmp_path):
    """With the argument as it was written, and the content to the byte."""
    done = []
    with door(tmp_path / "s", {"sent": handler(done)}) as client:
        client.sendmail("ada@example.org", ["SENT+Some-Id@agent.fermoposta.invalid"], MAIL)

    (mail,) = done
    assert (mail.word, mail.argument, mail.sender) == ("sent", "Some-Id", "ada@example.org")
    assert mail.content == MAIL.encode()
    assert mail.message["Subject"] == "work"


def test_a_bounce_has_no_sender(tmp_path):
    """So that nobody answers or forwards it."""
    done = []
    with door(tmp_path / "s", {"forward": handler(done)}) as client:
        client.sendmail("", ["forward+x@agent.fermoposta.invalid"], MAIL)

    assert [mail.sender for mail in done] == [""]


@pytest.mark.parametrize(
    ("recipient", "says"),
    [
        ("bogus+1@agent.fermoposta.invalid", "bogus: nobody here does this; there are sent"),
        ("ada@example.org", "only mail for agent.fermoposta.invalid"),
    ],
)
def test_an_unknown_word_is_refused_with_a_reason(tmp_path, recipient, says):
    """At once and for good, so that it bounces instead of waiting for days."""
    with (
        door(tmp_path / "s", {"sent": handler([])}) as client,
        pytest.raises(smtplib.SMTPRecipientsRefused) as refused,
    ):
        client.sendmail("ada@example.org", [recipient], MAIL)

    code, text = refused.value.recipients[recipient]
    assert code == 550
    assert says in text.decode()


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (Refuse("no such\r\n250 submission è"), 554, "no such 250 submission ?"),
        (Later("Dovecot is away"), 451, "Dovecot is away"),
        (KeyError("secret"), 451, "see the journal"),
    ],
)
def test_what_goes_wrong_is_an_answer(tmp_path, error, code, says):
    """Nothing is taken that was not done; an error's text stays on the host, on one line."""
    with (
        door(tmp_path / "s", {"sent": handler([], error)}) as client,
        pytest.raises(smtplib.SMTPDataError) as refused,
    ):
        client.sendmail("ada@example.org", ["sent+1@agent.fermoposta.invalid"], MAIL)

    assert refused.value.smtp_code == code
    assert says in refused.value.smtp_error.decode()
    assert "secret" not in refused.value.smtp_error.decode()


def test_each_recipient_gets_an_answer_of_its_own(tmp_path):
    """RFC 2033, section 4.2: one may be done while another waits."""
    handlers = {"sent": handler([]), "spam": handler([], Later("not now"))}
    with door(tmp_path / "s", handlers) as client:
        client.ehlo_or_helo_if_needed()
        client.mail("ada@example.org")
        client.rcpt("sent+1@agent.fermoposta.invalid")
        client.rcpt("spam+1@agent.fermoposta.invalid")
        first = client.data(MAIL)
        second = client.getreply()

    assert (first[0], second[0]) == (250, 451)
