"""
Making passkeys, and believing them (WebAuthn Level 3).

A challenge is nothing that has to be kept: it says when and what for it was made, under a MAC of
the host's. It is good for ten minutes, and once. A passkey counts only where its device has made
sure who holds it, by a finger, a face or a PIN: so it is both factors, and neither password nor
code is asked for beside it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import webauthn
from webauthn.helpers import (
    base64url_to_bytes,
    options_to_json,
    parse_authentication_credential_json,
    parse_client_data_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from fermoposta.portal.digest import digest_of
from fermoposta.portal.passkeys.store import Passkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fermoposta.portal.passkeys.store import PasskeyStore
    from fermoposta.portal.store import Person

LASTS = timedelta(minutes=10)
"""How long somebody may take to answer a challenge."""
MOST = 20
"""How many somebody may have."""
_NONCE, _TIME = 16, 8


class NotPasskeyError(Exception):
    """What came is no passkey of ours, or answers nothing that was asked."""


@dataclass(frozen=True, slots=True)
class PasskeyDesk:
    """
    For the portal at *host*, which *organisation* runs; *secret* returns the host's own.

    Blocks on the database; any thread may use it.
    """

    host: str
    organisation: str
    secret: Callable[[], str]
    store: PasskeyStore

    def sign_in_options(self, now: datetime) -> str:
        """Return what a browser is asked for to sign anybody in, as JSON."""
        return options_to_json(
            webauthn.generate_authentication_options(
                rp_id=self.host,
                challenge=self._challenge("sign in", now),
                timeout=int(LASTS.total_seconds() * 1000),
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )

    def creation_options(self, person: Person, there: Iterable[Passkey], now: datetime) -> str:
        """Return what a browser is asked for to make one for *person*, as JSON."""
        handle = hmac.digest(self.secret().encode(), f"person {person.address}".encode(), "sha256")
        return options_to_json(
            webauthn.generate_registration_options(
                rp_id=self.host,
                rp_name=self.organisation,
                user_id=handle,
                user_name=person.address,
                user_display_name=person.name,
                challenge=self._challenge(f"create {person.address}", now),
                timeout=int(LASTS.total_seconds() * 1000),
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=[PublicKeyCredentialDescriptor(id=each.id) for each in there],
            )
        )

    def add(self, address: str, name: str, credential: str, origin: str, now: datetime) -> Passkey:
        """Keep the passkey that a browser at *origin* made; raises NotPasskeyError."""
        challenge = self._answered(credential, f"create {address}", now)
        try:
            made = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self.host,
                expected_origin=origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise NotPasskeyError(str(error)) from error
        self._spend(challenge, now)
        passkey = Passkey(
            made.credential_id, address, name, made.credential_public_key, made.sign_count, now
        )
        if not self.store.add_passkey(passkey):
            raise NotPasskeyError("it is there already")
        return passkey

    def believe(self, credential: str, origin: str, now: datetime) -> Passkey:
        """Return the passkey with which a browser at *origin* answers; raises NotPasskeyError."""
        challenge = self._answered(credential, "sign in", now)
        try:
            named = parse_authentication_credential_json(credential).raw_id
            known = self.store.passkey(named)
            if known is None:
                raise NotPasskeyError("there is no such passkey")
            answer = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self.host,
                expected_origin=origin,
                credential_public_key=known.public_key,
                credential_current_sign_count=known.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise NotPasskeyError(str(error)) from error
        self._spend(challenge, now)
        self.store.note_use(known.id, answer.new_sign_count, now)
        return known

    def _challenge(self, purpose: str, now: datetime) -> bytes:
        """Return a challenge for *purpose*."""
        head = secrets.token_bytes(_NONCE) + int(now.timestamp()).to_bytes(_TIME, "big")
        return head + self._mac(purpose, head)

    def _mac(self, purpose: str, head: bytes) -> bytes:
        text = f"passkey challenge: {purpose}: ".encode() + head
        return hmac.digest(self.secret().encode(), text, hashlib.sha256)

    def _answered(self, credential: str, purpose: str, now: datetime) -> bytes:
        """Return the challenge that *credential* answers, if it was made here for *purpose*."""
        try:
            client_data = json.loads(credential)["response"]["clientDataJSON"]
            challenge = parse_client_data_json(base64url_to_bytes(client_data)).challenge
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise NotPasskeyError(str(error)) from error
        head, mac = challenge[: _NONCE + _TIME], challenge[_NONCE + _TIME :]
        if len(head) < _NONCE + _TIME or not hmac.compare_digest(mac, self._mac(purpose, head)):
            raise NotPasskeyError("it answers no challenge of ours")
        made = datetime.fromtimestamp(int.from_bytes(head[_NONCE:], "big"), UTC)
        if not made - timedelta(seconds=5) <= now <= made + LASTS:
            raise NotPasskeyError("it answers too late")
        return challenge

    def _spend(self, challenge: bytes, now: datetime) -> None:
        if not self.store.spend(digest_of(challenge.hex()), now + LASTS, now):
            raise NotPasskeyError("its challenge was answered already")
