"""Forwarded messages: what they look like, and when there are none."""

import asyncio
import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.agent import forward
from fermoposta.agent.compose import forwarded, subject_of
from fermoposta.agent.errors import Later, Refuse
from fermoposta.agent.mail import Mail
from fermoposta.directory.model import Actions, MessageRule, State, User

ADA = User("ada@example.org", "Ada, “the” Countess", mailbox_id="0badcafe-01")
RULE = MessageRule(ADA.address, "Bills", actions=Actions(forward=("x@far.test", "y@far.test")))
STATE = State.of_records([ADA, RULE])


class Tools:
    """Notes what is sent; *failure* is raised instead."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.directory = STATE
        self.failure = failure
        self.sent: list[tuple[EmailMessage, str, list[str]]] = []

    async def submit(self, message, *, sender, recipients):
        if self.failure:
            raise self.failure
        self.sent.append((parsed(message), sender, recipients))
        return {}


def parsed(content: bytes) -> EmailMessage:
    made = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(made, EmailMessage)
    return made


def original(subject: str = "The bill", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Carl <carl@far.test>"
    message["To"] = ADA.address
    message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Pay me\n")
    return message


def run(message: EmailMessage, tools: Tools, argument: str = f"0badcafe-01.{RULE.id}") -> None:
    deliver(Mail("forward", argument, "carl@far.test", message.as_bytes()), tools)


def deliver(mail: Mail, tools: Tools) -> None:
    asyncio.run(forward.handle(mail, tools))


@pytest.mark.feature("F055")
def test_a_forward_is_the_mailboxs_own_message() -> None:
    """From, To, Subject and the envelope are the mailbox's; what came is quoted."""
    tools = Tools()

    run(original(), tools)

    ((message, sender, recipients),) = tools.sent
    assert sender == ADA.address
    assert recipients == ["x@far.test", "y@far.test"]
    assert message["From"].addresses[0].display_name == ADA.name
    assert message["From"].addresses[0].addr_spec == ADA.address
    assert message["Subject"] == "I: The bill"
    assert "Da: Carl <carl@far.test>" in message.get_content()
    assert "Pay me" in message.get_content()


def test_what_the_mailbox_forwarded_already_stops() -> None:
    """Two mailboxes that forward to each other do so once; so does a long ring."""
    tools = Tools()

    run(original(X_Loop=ADA.address), tools)
    message = original()
    for number in range(forward.HOPS_MAX):
        message["X-Loop"] = f"u{number}@far.test"
    run(message, tools)

    assert tools.sent == []


@pytest.mark.parametrize("argument", ["", ".", "0badcafe-01.gone", f"0badcafe-02.{RULE.id}"])
def test_a_rule_that_is_gone_forwards_nothing(argument: str) -> None:
    """Nor is anybody told: the mailbox has the message."""
    tools = Tools()

    run(original(), tools, argument)

    assert tools.sent == []


def test_a_refusal_is_not_the_senders_business() -> None:
    """Who wrote the message did not ask for the forward, and gets no bounce."""
    run(original(), Tools(Refuse("550 not allowed")))


def test_a_failure_is_tried_again() -> None:
    """The mail waits in the queue."""
    with pytest.raises(Later):
        run(original(), Tools(Later("451 later")))


@pytest.mark.feature("F055")
@pytest.mark.parametrize(
    ("given_subject", "made"),
    [("Bill", "I: Bill"), ("I: Bill", "I: Bill"), ("Re: I: Bill", "I: Re: I: Bill"), ("", "I:")],
)
def test_the_prefix_stands_once(given_subject: str, made: str) -> None:
    """However often a message is forwarded."""
    assert subject_of(original(given_subject)) == made


def test_attachments_and_both_texts_stay() -> None:
    """Below the quoted headers everything is as it was."""
    message = original()
    message.add_alternative("<html><body><b>Pay me</b></body></html>", subtype="html")
    message.add_attachment(b"\x00%PDF", maintype="application", subtype="pdf", filename="b.pdf")

    made = parsed(forwarded(message.as_bytes(), ADA, ["x@far.test"], []))

    (attached,) = made.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("b.pdf", b"\x00%PDF")
    rich = made.get_body(("html",)).get_content()
    assert rich.index("carl@far.test") < rich.index("<b>Pay me</b>")


def test_what_is_signed_is_attached_byte_by_byte() -> None:
    """A signature that is taken apart is none any more."""
    content = (
        b"From: carl@far.test\r\nSubject: =?utf-8?q?a?=\r\n b\r\n"
        b"Content-Type: multipart/signed; boundary=b\r\n\r\n"
        b"--b\r\n\r\nFrom \xe8 here  \r\n--b\r\n\r\nsig\r\n--b--\r\n"
    )

    made = forwarded(content, ADA, ["x@far.test"], [])

    assert content in made
    assert parsed(made)["Subject"] == "I: a b"


@given(
    content=st.binary(max_size=200), head=st.sampled_from([b"", b"Subject: ", b"Content-Type: "])
)
def test_whatever_came_can_be_forwarded(content: bytes, head: bytes) -> None:
    """A broken message is passed on too, and adds no recipient or header of its own."""
    made = parsed(forwarded(head + content, replace(ADA, language="en"), ["x@far.test"], []))

    assert made["To"] == "x@far.test"
    assert made.get_all("From") is not None
    assert made["Subject"].startswith("I:")


def test_a_bounce_is_not_forwarded() -> None:
    """It may be of a forward: that of its forward would come back in turn, without end."""
    tools = Tools()

    deliver(Mail("forward", f"0badcafe-01.{RULE.id}", "", original().as_bytes()), tools)

    assert tools.sent == []


def test_each_message_has_its_own_id() -> None:
    """Also where what came had none; the same mail, tried again, has the same."""
    made = [
        parsed(forward.compose(Mail("forward", "", "", content.as_bytes()), ADA, RULE, []))
        for content in (original("One"), original("Two"), original("Two"))
    ]

    one, two, again = (message["Message-ID"] for message in made)
    assert one != two
    assert two == again


@pytest.mark.parametrize(
    "content",
    [
        b"Message-ID: <>@\r\nFrom: x\r\n\r\nHi\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\nPerch\xc3\xa9\r\n",
        b"From: <@\r\nContent-Type: \xff;*=\r\n\r\n\xff\r\n",
    ],
)
def test_what_is_badly_broken_is_forwarded_as_it_is(content: bytes) -> None:
    """Nothing in it stops the forward: it would be tried for days, and then bounce."""
    made = forward.compose(Mail("forward", "", "x@far.test", content), ADA, RULE, [])

    assert content in made or b"Hi" in made
