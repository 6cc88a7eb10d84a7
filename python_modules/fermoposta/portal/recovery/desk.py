"""
How a lost password becomes a new one.

Whoever asks learns nothing of whether there is such a mailbox: an address that is nobody's gets
ways and questions of its own, always the same ones, and as much work is done for it.
docs/decisions/0035 says why.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import smtplib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from fermoposta.directory import passwords
from fermoposta.directory.model import Secret
from fermoposta.directory.plan import change_password
from fermoposta.directory.settle import plain_answer
from fermoposta.inventory import values
from fermoposta.portal.digest import digest_of
from fermoposta.portal.i18n import marked as _
from fermoposta.portal.i18n import translations
from fermoposta.portal.recovery import letters
from fermoposta.portal.recovery.invitation import LASTS, credential_of, invitation
from fermoposta.portal.recovery.sms import SmsError
from fermoposta.portal.recovery.store import Link
from fermoposta.service.client_address import network_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from email.message import EmailMessage

    from fermoposta.directory.model import User
    from fermoposta.portal.book import Book
    from fermoposta.portal.recovery.letters import Post
    from fermoposta.portal.recovery.sms import Texter
    from fermoposta.portal.recovery.store import RecoveryStore
    from fermoposta.service.settings import Settings

LINK_LASTS = timedelta(minutes=30)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LINKS_AN_HOUR = 5
TEXTS_A_DAY = 3
ANSWERS_A_DAY = 5
"""Tries for one address. After so many wrong answers, another way is left."""
CLIENT_AN_HOUR = 30
"""Tries from one network, whatever the address and the way."""
SMS_TEXT = _(
    "%(organisation)s: the new password of %(address)s is %(password)s . Please change it."
)
QUESTIONS = (
    _("What was the name of your first pet?"),
    _("In which town did your parents meet?"),
    _("What was the name of your first teacher?"),
    _("Which was the first concert that you went to?"),
    _("What was the make of your first car?"),
    _("Which book did you like best as a child?"),
)
"""What is suggested to those who set questions, and asked about mailboxes that there are not."""
_DECOY = passwords.hash_password(secrets.token_urlsafe(16))
_log = structlog.get_logger()


class Way(StrEnum):
    """How a new password is had (F187)."""

    EMAIL = "email"
    SMS = "sms"
    QUESTIONS = "questions"


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be done for an address; *off* where its administrator has switched it off."""

    ways: tuple[Way, ...]
    questions: tuple[str, ...] = ()
    off: bool = False


class TooManyError(Exception):
    """There were too many tries; nothing was looked at."""


class WrongError(Exception):
    """The answers are not all right, or the way is not open; which, nobody is told."""


class WeakError(Exception):
    """The password is not good enough; *reasons* says why, in English."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class RecoveryDesk:
    """Blocks on database, mail and gateway; any thread may use it."""

    settings: Settings
    book: Book
    store: RecoveryStore
    post: Post
    texter: Texter | None

    def offer(self, address: str, language: str) -> Offer:
        """Return which ways there are for *address*, ours or not."""
        user = self.book.state().users.get(address)
        if user is None:
            return self._decoy(address, language)
        if not user.self_service_reset:
            return Offer((), off=True)
        questions = tuple(each.question for each in user.security_questions or ())
        return Offer(self._ways(sms=bool(user.mobile), questions=bool(questions)), questions)

    def send_link(
        self, address: str, client: str, now: datetime, link_of: Callable[[str], str]
    ) -> Callable[[], None]:
        """
        Return what sends a link; to be called once the answer is out (F188).

        *link_of* makes a link of a token. Raises TooManyError. The password stays as it is (F194).
        """
        self._count(f"link {address}", LINKS_AN_HOUR, HOUR, client, now)
        return lambda: self._send_link(address, now, link_of)

    def send_text(
        self, address: str, number: str, client: str, now: datetime
    ) -> Callable[[], None]:
        """
        Return what sends a new password by SMS, if *number* is the user's (F190, F191).

        Raises TooManyError.
        """
        self._count(f"sms {address}", TEXTS_A_DAY, DAY, client, now)
        return lambda: self._send_text(address, number, now)

    def answer(self, address: str, answers: Sequence[str], client: str, now: datetime) -> str:
        """Return a new password, which counts at once (F193); raises WrongError, TooManyError."""
        self._count(f"answer {address}", ANSWERS_A_DAY, DAY, client, now)
        offer = self.offer(address, self.settings.language)
        user = self._open(address, Way.QUESTIONS)
        known = [each.answer_hash for each in (user.security_questions or ())] if user else []
        asked = len(offer.questions) or 1
        hashes = [*known, *[None] * asked][:asked]
        given = [*answers, *[""] * asked][:asked]
        # All are looked at, also after a wrong one: how long it takes tells nobody which it was.
        right = [
            passwords.verify(plain_answer(Secret(text)), hashed or _DECOY)
            for text, hashed in zip(given, hashes, strict=True)
        ]
        if user is None or not known or not all(right):
            _log.warning("recovery refused", address=address, client=client, way="questions")
            raise WrongError
        fresh = passwords.generate()
        self._change(user, fresh, Way.QUESTIONS, now)
        return fresh

    def invite(self, user: User, to: str, now: datetime, link_of: Callable[[str], str]) -> None:
        """
        Send a link to *to*, by which *user* chooses a password; who may ask, the caller sees to.

        Raises OSError, smtplib.SMTPException where it can't be sent.
        """
        token = invitation(self.store, user, now)
        message = letters.letter(
            user,
            letters.INVITED_SUBJECT,
            letters.INVITED_TEXT,
            now,
            to=to,
            link=link_of(token),
            days=str(LASTS.days),
            organisation=self.settings.organisation,
        )
        self.post(message, [to])

    def linked(self, token: str, now: datetime) -> Link | None:
        """Return the link of *token*, None where it is none of ours or over."""
        link = self.store.link(digest_of(token), now)
        if link is None:
            return None
        if link.invited:
            user = self.book.state().users.get(link.address)
        else:
            user = self._open(link.address, Way.EMAIL)
        if user is None or not hmac.compare_digest(credential_of(user), link.credential):
            return None
        return link

    def complete(self, token: str, password: str, now: datetime) -> Link:
        """
        Give the password that was chosen to whom the link was sent; return the link.

        Raises WrongError where the link is over, and WeakError; the link is left then.
        """
        link = self.linked(token, now)
        user = None if link is None else self.book.state().users.get(link.address)
        if link is None or user is None:
            raise WrongError
        reasons = passwords.weaknesses(password)
        if reasons:
            raise WeakError(reasons)
        self._change(user, password, "invitation" if link.invited else "email", now)
        return link

    def tell_changed(self, user: User, now: datetime) -> None:
        """Write to *user* that the password was changed; that it can't be sent is only logged."""
        self.tell(user, letters.CHANGED_SUBJECT, letters.CHANGED_TEXT, now)

    def tell(self, user: User, subject: str, text: str, now: datetime) -> None:
        """Write to *user* what was done *now* to how they sign in; see `tell_changed`."""
        when = now.astimezone(ZoneInfo(self.settings.timezone)).strftime("%Y-%m-%d %H:%M")
        self._mail(user, letters.letter(user, subject, text, now, when=when))

    def _ways(self, *, sms: bool, questions: bool) -> tuple[Way, ...]:
        site = self.settings
        open_ = {
            Way.EMAIL: site.recovery_by_email,
            Way.SMS: sms and site.recovery_by_sms and self.texter is not None,
            Way.QUESTIONS: questions and site.recovery_by_questions,
        }
        return tuple(way for way, is_open in open_.items() if is_open)

    def _decoy(self, address: str, language: str) -> Offer:
        """Return what an address that is nobody's is offered: the same each time it is asked."""
        mac = hmac.new(self.store.secret().encode(), address.encode(), hashlib.sha256).digest()
        if mac[0] < 8:
            return Offer((), off=True)
        words = translations(language)
        first = mac[3] % len(QUESTIONS)
        asked = (QUESTIONS[first], QUESTIONS[(first + 1) % len(QUESTIONS)])
        questions = tuple(words.gettext(each) for each in asked) if mac[2] < 64 else ()
        return Offer(self._ways(sms=mac[1] < 96, questions=bool(questions)), questions)

    def _open(self, address: str, way: Way) -> User | None:
        """Return the user of *address*, if *way* is open to them."""
        user = self.book.state().users.get(address)
        offer = self.offer(address, self.settings.language)
        return user if user is not None and way in offer.ways else None

    def _count(self, subject: str, most: int, span: timedelta, client: str, now: datetime) -> None:
        """Count a try, whether or not there is such an address; raises TooManyError."""
        network = f"client {network_of(client)}"
        by_client = self.store.tries(network, now, now - HOUR)
        by_subject = self.store.tries(subject, now, now - span)
        if by_client > CLIENT_AN_HOUR or by_subject > most:
            _log.warning("recovery limited", subject=subject, client=client)
            raise TooManyError

    def _send_link(self, address: str, now: datetime, link_of: Callable[[str], str]) -> None:
        user = self._open(address, Way.EMAIL)
        if user is None:
            return
        token = secrets.token_urlsafe(32)
        self.store.keep(Link(digest_of(token), address, credential_of(user), now + LINK_LASTS))
        message = letters.letter(
            user,
            letters.LINK_SUBJECT,
            letters.LINK_TEXT,
            now,
            link=link_of(token),
            minutes=str(int(LINK_LASTS.total_seconds() // 60)),
        )
        self._mail(user, message)
        _log.info("recovery link sent", address=address)

    def _send_text(self, address: str, number: str, now: datetime) -> None:
        user = self._open(address, Way.SMS)
        given = values.mobile(number, "number", [])
        if user is None or user.mobile is None or self.texter is None:
            return
        if not isinstance(given, str) or not hmac.compare_digest(given, user.mobile):
            _log.warning("recovery refused", address=address, way="sms")
            return
        fresh = passwords.generate(12)
        words = translations(user.language)
        known = {
            "organisation": self.settings.organisation,
            "address": address,
            "password": fresh,
        }
        try:
            self.texter(user.mobile, words.gettext(SMS_TEXT) % known)
        except SmsError as error:
            _log.error("text not sent", address=address, reason=str(error))
            return
        # Only now: who gets no message must not lose the password that still works.
        self._change(user, fresh, Way.SMS, now)

    def _change(self, user: User, password: str, way: str, now: datetime) -> None:
        self.book.change(
            lambda state: change_password(state, user.address, Secret(password)),
            actor=f"{user.address} (recovery by {way})",
        )
        self.store.drop_links(user.address)
        _log.info("password recovered", address=user.address, way=way)
        if way in (Way.SMS, Way.QUESTIONS):
            self.tell_changed(user, now)

    def _mail(self, user: User, message: EmailMessage) -> None:
        try:
            self.post(message, letters.addressees(user))
        except (OSError, smtplib.SMTPException) as error:
            _log.error("mail not sent", address=user.address, error=type(error).__name__)
