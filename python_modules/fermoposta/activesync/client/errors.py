"""
What can go wrong when a server is asked.

* ClientError            the base of all
  + UnreachableError     no answer came: no connection, no trust in its certificate, too late
  + HttpError            the answer is another HTTP status than 200
  + AnswerError          the answer can't be understood
  + StatusError          the server understood, and says no
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.client.meanings import meaning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fermoposta.activesync.wbxml import Element


class ClientError(Exception):
    """A command has failed; *command* says which."""

    def __init__(self, command: str, problem: str) -> None:
        super().__init__(f"{command}: {problem}")
        self.command = command


class UnreachableError(ClientError):
    """No answer came."""


class AnswerError(ClientError):
    """The answer is none that this command has."""


class HttpError(ClientError):
    """The answer has HTTP *status* (MS-ASHTTP, section 2.2.2.1.1)."""

    def __init__(self, command: str, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.location = headers.get("X-MS-Location")
        """With 451: where the mailbox is now."""
        self.retry_after = headers.get("Retry-After")
        """With 503: seconds, or a date."""
        super().__init__(command, " ".join(filter(None, self._words())))

    def _words(self) -> tuple[str, ...]:
        return (
            f"HTTP {self.status}:",
            _HTTP.get(self.status, "is no answer to this"),
            f"({self.location})" if self.location else "",
            f"(after {self.retry_after})" if self.retry_after else "",
        )


class StatusError(ClientError):
    """The answer has *status*, which is no success; *place* is the tag that it stood in."""

    def __init__(self, command: str, place: str, status: int, answer: Element) -> None:
        self.place = place
        self.status = status
        self.meaning = meaning(place, status)
        self.answer = answer
        """The whole document: some statuses come with a bound or a count."""
        super().__init__(command, f"status {status} in {place}: {self.meaning}")


_HTTP = {
    400: "the request is malformed",
    401: "address or password are wrong",
    403: "this user, or this device, may not",
    404: "no ActiveSync there",
    405: "no ActiveSync there",
    413: "the request is too large",
    449: "the device must apply the policies first, see Provision",
    451: "the mailbox is elsewhere",
    500: "the server has a fault",
    501: "the command is not known there",
    502: "the service behind the server is down",
    503: "the server is busy, or the device has asked too often",
    504: "the service behind the server is too slow",
    507: "the mailbox is full",
}
