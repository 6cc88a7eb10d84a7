"""What Postfix is told of a recipient, before it takes the message (access(5))."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from fermoposta.directory.route import INTERNAL, Router, Sender, domain_of
from fermoposta.policy.origin import Site, plain, sender_of
from fermoposta.policy.rate import Rate

NO_OBJECTION = "DUNNO"
AWAY = "451 4.3.0 The directory is not available, please try again later"
NO_SENDER = "550 5.1.8 There is no such sender domain"
TOO_MANY = "450 4.7.1 You have written to {} recipients within an hour, please try again later"

_log = structlog.get_logger()


@dataclass(slots=True)
class Desk:
    """Answers requests: *router* says what the directory is now, None while that is not known."""

    site: Site
    rate: Rate
    router: Callable[[], Router | None]

    def answer(self, request: Mapping[str, str], minute: int) -> str:
        """Return what Postfix shall do with *request*, which comes at *minute*."""
        if request.get("protocol_state") != "RCPT":
            return NO_OBJECTION
        router = self.router()
        if router is None:
            return AWAY
        sender = sender_of(
            router,
            self.site,
            client=request.get("client_address", ""),
            login=request.get("sasl_username", ""),
            envelope=request.get("sender", ""),
        )
        if domain_of(sender.address).endswith(f".{INTERNAL}"):
            # A bounce, or an answer, would be work for services of ours.
            return NO_SENDER
        recipient = plain(request.get("recipient", ""))
        return _refusal(router, sender, recipient) or self._limit(router, sender, minute)

    def _limit(self, router: Router, sender: Sender, minute: int) -> str:
        """Count a recipient of who logged in, and refuse the one that is too many."""
        if sender.login is None:
            return NO_OBJECTION
        user = router.state.users.get(sender.login)
        own = user.recipients_per_hour if user else None
        limit = self.site.recipients_per_hour if own is None else own
        if self.rate.used(sender.login, minute) >= limit:
            _log.warning("too many recipients", login=sender.login, limit=limit)
            return TOO_MANY.format(limit)
        self.rate.add(sender.login, minute)
        return NO_OBJECTION


def _refusal(router: Router, sender: Sender, recipient: str) -> str:
    refusal = router.refused(sender, recipient)
    if refusal is None:
        return ""
    _log.info(
        "recipient refused",
        sender=sender.address,
        login=sender.login or "",
        recipient=recipient,
        at=refusal.address,
        why=refusal.why.value,
    )
    return f"{refusal.code} {refusal.text}"
