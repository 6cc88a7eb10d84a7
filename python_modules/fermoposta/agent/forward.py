"""
Forward by a message rule: a new message of the mailbox's own, with what came quoted in it (F055).

The mailbox keeps what came, so nothing is lost where forwarding is not possible. What has no
envelope sender is not forwarded: the forward has one, and bounces would go round for ever.
"""

import asyncio
import hashlib
import re
import uuid
from email.utils import format_datetime, localtime

from structlog import get_logger

from fermoposta.agent.compose import forwarded, header_text
from fermoposta.agent.errors import Refuse
from fermoposta.agent.mail import Mail
from fermoposta.agent.tools import Tools
from fermoposta.directory.model import MessageRule, State, User

log = get_logger()

LOOP = "X-Loop"
"""Each mailbox that forwarded a message stands in a header of this name, all the way."""
HOPS_MAX = 8
"""After so many mailboxes a message is forwarded no further."""
_NAMESPACE = uuid.UUID("0d9d7ad5-8f0b-4a7e-9d55-6f2a3e1c7b10")
_SPACE = re.compile(r"\s+")


async def handle(mail: Mail, tools: Tools) -> None:
    """Forward *mail* as the rule says that its argument, ``<mailbox id>.<rule id>``, names."""
    found = rule_of(mail.argument, tools.directory)
    if found is None:
        # It was taken away while the mail was on its way; the mailbox has it.
        log.info("forward has no rule", argument=mail.argument)
        return
    user, rule = found
    if not mail.sender:
        # It may be the bounce of an earlier forward; the bounce of this one would come back, too.
        log.info("forward stopped: a bounce", mailbox=user.address, rule=rule.name)
        return
    passed = hops(mail)
    if user.address in passed or len(passed) >= HOPS_MAX:
        log.info("forward stopped: loop", mailbox=user.address, rule=rule.name)
        return
    message = await asyncio.to_thread(compose, mail, user, rule, passed)
    try:
        refused = await tools.submit(
            message, sender=user.address, recipients=list(rule.actions.forward)
        )
    except Refuse as refusal:
        # A bounce would go to whoever wrote the message, and who did not ask for this.
        refused = {"all": str(refusal)}
    for recipient, reason in refused.items():
        log.warning(
            "forward refused",
            mailbox=user.address,
            rule=rule.name,
            recipient=recipient,
            reason=reason,
        )


def rule_of(argument: str, state: State) -> tuple[User, MessageRule] | None:
    """Return the mailbox and the rule that *argument* names, None where there is none now."""
    mailbox_id, _, rule_id = argument.partition(".")
    user = next((each for each in state.users.values() if each.mailbox_id == mailbox_id), None)
    if user is None:
        return None
    for rule in state.rules.values():
        if rule.mailbox == user.address and rule.id == rule_id and rule.actions.forward:
            return user, rule
    return None


def hops(mail: Mail) -> list[str]:
    """List the mailboxes that forwarded *mail* already."""
    named = mail.message.get_all(LOOP, [])
    return [_SPACE.sub("", str(each)).lower() for each in named]


def compose(mail: Mail, user: User, rule: MessageRule, passed: list[str]) -> bytes:
    """Return the new message."""
    # The same for the same mail: who gets it twice after a failure can tell.
    which = header_text(mail.message, "Message-ID") or hashlib.sha256(mail.content).hexdigest()
    name = f"{which} {user.mailbox_id} {rule.id}"
    message_id = f"<{uuid.uuid5(_NAMESPACE, name)}@{user.address.rpartition('@')[2]}>"
    headers = [
        ("Date", format_datetime(localtime())),
        ("Message-ID", message_id),
        ("Auto-Submitted", "auto-generated"),
        *((LOOP, each) for each in (*passed, user.address)),
    ]
    return forwarded(mail.content, user, rule.actions.forward, headers)
