"""The phones and Outlooks of the reader: have them start anew, or erase one that is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from fermoposta.activesync.store.model import StoreError
from fermoposta.portal.devices import OWNERS, Deed, RefusedError, carry_out, deeds, found
from fermoposta.portal.mine.frame import Frame
from fermoposta.portal.problems import said
from fermoposta.portal.web import form_of, language_of, portal_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def listed(request: Request) -> Response:
    """List the devices, the one seen last first."""
    return await _list(await Frame.of(request))


async def _list(frame: Frame, *, status: int = 200, wrong: str = "") -> Response:
    try:
        there = await portal_of(frame.request).devices.devices(frame.person.address)
    except StoreError as error:
        raise HTTPException(503) from error
    return frame.page(
        "devices",
        status=status,
        devices=[(each, deeds(each, OWNERS)) for each in there],
        wrong=wrong,
    )


async def done(request: Request) -> Response:
    """Do to a device of the reader's what they confirmed."""
    frame = await Frame.of(request)
    form = await form_of(request)
    portal = portal_of(request)
    device = await found(portal.devices, frame.person.address, form.get("device", ""))
    try:
        deed = Deed(form.get("do", ""))
        await carry_out(
            deed,
            device,
            portal.devices,
            portal.book,
            actor=frame.person.address,
            allowed=OWNERS,
        )
    except (ValueError, RefusedError):
        words = said("this can't be done to the device as it is", language_of(request))
        return await _list(frame, status=422, wrong=words)
    return frame.back()
