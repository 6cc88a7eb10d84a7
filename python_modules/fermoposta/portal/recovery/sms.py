"""Text messages, by the HTTP gateway that the site has a contract with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fermoposta.service.settings import Settings

_SECONDS = 20


class SmsError(Exception):
    """The gateway does not take the message; says no more than a kind of error or a status."""


class Texter(Protocol):
    """Sends text messages."""

    def __call__(self, number: str, text: str) -> None:
        """Hand over *text* for *number* (E.164); raises SmsError."""


class HttpGateway:
    """
    A gateway that takes a form, or JSON, at an address.

    ``{number}``, ``{text}`` and ``{secret}`` in its fields and headers stand for what is sent.
    """

    def __init__(
        self,
        url: str,
        fields: Mapping[str, str],
        headers: Mapping[str, str],
        *,
        secret: str = "",
        as_json: bool = False,
    ) -> None:
        self._url = url
        self._fields = fields
        self._headers = headers
        self._secret = secret
        self._as_json = as_json

    def __call__(self, number: str, text: str) -> None:
        """Hand over *text* for *number* (E.164); raises SmsError."""
        known = {"{number}": number, "{text}": text, "{secret}": self._secret}
        fields = {name: _filled(value, known) for name, value in self._fields.items()}
        headers = {name: _filled(value, known) for name, value in self._headers.items()}
        try:
            if self._as_json:
                answer = httpx.post(self._url, json=fields, headers=headers, timeout=_SECONDS)
            else:
                answer = httpx.post(self._url, data=fields, headers=headers, timeout=_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise SmsError(type(error).__name__) from None
        if not answer.is_success:
            raise SmsError(f"status {answer.status_code}")


def _filled(value: str, known: Mapping[str, str]) -> str:
    for name, meant in known.items():
        value = value.replace(name, meant)
    return value


def texter_of(settings: Settings) -> Texter | None:
    """Return who sends text messages here, None where nobody does; raises OSError."""
    if not settings.sms_url:
        return None
    secret = ""
    if settings.sms_secret_file is not None:
        secret = settings.sms_secret_file.read_text(encoding="utf-8").strip()
    return HttpGateway(
        settings.sms_url,
        settings.sms_fields,
        settings.sms_headers,
        secret=secret,
        as_json=settings.sms_json,
    )
