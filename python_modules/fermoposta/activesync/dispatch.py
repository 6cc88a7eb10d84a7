"""
One request of a device, from its body to its answer.

Nothing here knows how requests come: whoever has the door hands over what was asked, and opens a
session when it is needed. Whatever happens, a device gets an answer that its version understands;
what it sent wrong is its fault (a status, or HTTP 4xx), what is away comes back (HTTP 503 with
Retry-After, which every client heeds, where a status can't say when), and an error of ours says no
more than that it is one.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import structlog

from fermoposta.activesync import admission
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.session import Answer, Asked
from fermoposta.activesync.status import ROOTS, Common, status_only
from fermoposta.activesync.store.model import OvertakenError, StoreAwayError, UnknownUserError
from fermoposta.activesync.versions import VERSIONS, commands_of
from fermoposta.activesync.wbxml import DecodeError, decode
from fermoposta.activesync.wbxml import Limits as WbxmlLimits
from fermoposta.mailstore.groupware import AwayError, CollectionMissingError, DeniedError
from fermoposta.mailstore.mailbox import (
    FolderMissingError,
    ForbiddenError,
    LoginError,
    QuotaError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from fermoposta.activesync.people import DevicePolicy
    from fermoposta.activesync.request import Request
    from fermoposta.activesync.session import Session
    from fermoposta.activesync.store.model import Device

    Handler: TypeAlias = Callable[[Session, Asked], Awaitable[Answer]]
    Open: TypeAlias = Callable[[Device], Awaitable[Session]]

AWAY = (StoreAwayError, UnavailableError, AwayError)
"""What is away for a moment."""
RETRY_AFTER = 30
"""Seconds after which a device asks again when something was away."""
MAIL = "message/rfc822"
_COMPOSES = {"SendMail", "SmartReply", "SmartForward"}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """The commands that there are, and how much of a document one may send."""

    handlers: Mapping[str, Handler]
    request_bytes: int

    @property
    def commands(self) -> tuple[str, ...]:
        """What clients are told that we answer: those that work, in the order of their numbers."""
        known = dict.fromkeys(name for version in VERSIONS for name in commands_of(version))
        return tuple(name for name in known if name in self.handlers)

    async def answer(
        self,
        request: Request,
        body: bytes,
        content_type: str,
        *,
        device: Device,
        policy: DevicePolicy | None,
        open_session: Open,
    ) -> Answer:
        """
        Return what *device* is answered; raises nothing but CancelledError.

        *policy* is what the user's devices must do. *open_session* is called when the device may
        have the command carried out; what it raises is answered like what a command raises.
        """
        asked = self._asked(request, body, content_type)
        if isinstance(asked, Answer):
            return asked
        refused = admission.refusal(request, asked.element, device, policy)
        if refused is not None:
            return status_only(request.command, request.version, refused)
        try:
            session = await open_session(device)
            return await _carried_out(self.handlers[request.command], session, asked)
        except Exception as error:  # noqa: BLE001 - one device's request is not the end of the others'
            return told(request, error)

    def _asked(self, request: Request, body: bytes, content_type: str) -> Asked | Answer:
        """Return what is asked, or what is answered where that can't be told."""
        command, version = request.command, request.version
        if command not in commands_of(version):
            return Answer(status=501)
        if command not in self.handlers:
            return status_only(command, version, Common.COMMAND_NOT_SUPPORTED)
        read = self._read(request, body, content_type)
        return status_only(command, version, read) if isinstance(read, Common) else read

    def _read(self, request: Request, body: bytes, content_type: str) -> Asked | Common:
        """Return what *body* holds, or the status that tells what is wrong with it."""
        if not body:
            return Asked(None)
        if content_type.partition(";")[0].strip().lower() == MAIL:
            mail = request.version == "12.1" and request.command in _COMPOSES
            return Asked(None, body) if mail else Common.INVALID_CONTENT
        limits = WbxmlLimits(total=self.request_bytes)
        try:
            element = decode(body, limits)
        except DecodeError as error:
            _log.info(
                "body refused", command=request.command, device=request.device_id, reason=str(error)
            )
            return Common.INVALID_WBXML
        # Documents of 12.1's own commands have no root: whatever comes with them is passed over.
        if element.tag != ROOTS.get(request.command, element.tag):
            return Common.INVALID_XML
        return Asked(element)


async def _carried_out(handler: Handler, session: Session, asked: Asked) -> Answer:
    """
    Run *handler*, once more where another request of the device was quicker.

    Also where a folder has gone since the tree was read: in the one that is read anew it is not,
    and each command has a status for that.
    """
    try:
        return await handler(session, asked)
    except OvertakenError:
        return await handler(session, asked)
    except (FolderMissingError, CollectionMissingError):
        session.hub.forget_tree()
        return await handler(session, asked)


def told(request: Request, error: Exception) -> Answer:
    """Return what a device is told of *error*, and log it."""
    command, reason = request.command, type(error).__name__
    if isinstance(error, CommandError):
        _log.info("command refused", command=command, device=request.device_id, reason=error.why)
        return status_only(command, request.version, error.status)
    if isinstance(error, (LoginError, UnknownUserError)):
        return Answer(status=401)
    if isinstance(error, (ForbiddenError, DeniedError)):
        _log.info("command refused", command=command, device=request.device_id, reason=reason)
        return status_only(command, request.version, Common.ACCESS_DENIED)
    if isinstance(error, QuotaError):
        return status_only(command, request.version, Common.MAILBOX_FULL)
    if isinstance(error, (*AWAY, OvertakenError)):
        _log.warning("command put off", command=command, device=request.device_id, reason=reason)
        return away()
    broken(command, error)
    return Answer(status=500)


def away() -> Answer:
    """Return what makes a device come again in a moment."""
    return Answer(status=503, headers={"retry-after": str(RETRY_AFTER)})


def broken(command: str, error: BaseException) -> None:
    """Log where *error* arose, and none of its values: one could be a password, or mail."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error(
        "command failed",
        command=command,
        error=type(error).__name__,
        at=f"{Path(place.filename).name}:{place.lineno}",
    )
