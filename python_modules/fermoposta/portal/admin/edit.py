"""One record: made, changed, and taken away after a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from fermoposta.directory.model import Kind
from fermoposta.directory.model.records import DELEGATION_FOLDERS
from fermoposta.directory.steps import Action
from fermoposta.portal.admin.frame import Frame, RefusedError, with_query
from fermoposta.portal.admin.inputs import fields_of, inputs_of, key_inputs, key_of
from fermoposta.portal.admin.invitations import invite, invitee
from fermoposta.portal.admin.sheets import Control, Field, Key
from fermoposta.portal.administration import NONE, Entry, usual
from fermoposta.portal.i18n import marked as _
from fermoposta.portal.i18n import translations
from fermoposta.portal.web import form_of, language_of, portal_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.portal.admin.inputs import Inputs
    from fermoposta.portal.store import Used
    from fermoposta.portal.web import Fields

LARGEST = 256 * 1024
"""Bytes of the largest record that is typed: a group with some thousand members."""
_log = structlog.get_logger()
MOST_GONE = 1000
"""How many records can be taken away at once."""


async def blank(request: Request) -> Response:
    """Ask for a new record."""
    frame = await Frame.of(request)
    if not frame.sheet.made:
        raise HTTPException(404)
    inputs = inputs_of(frame.sheet, usual(frame.sheet.kind))
    asked = {"key.domain": request.query_params.get("domain", "")}
    return await _form(frame, None, inputs | asked)


async def made(request: Request) -> Response:
    """Make the record, or say at each field what is wrong with it."""
    frame = await Frame.of(request)
    inputs = _given(frame, await form_of(request, largest=LARGEST))
    key = key_of(frame.sheet, inputs)
    try:
        to = invitee(frame, inputs)
        fields = _meant(frame, inputs, None)
        await _put_new(frame, key, fields)
    except RefusedError as error:
        return await _form(frame, None, inputs, error)
    done = await invite(frame, key, to) if to else "saved"
    return RedirectResponse(with_query(frame.path, done=done, text=key.split(" ")[-1]), 303)


async def invited(request: Request) -> Response:
    """Send somebody a link by which they choose their password."""
    frame = await Frame.of(request)
    form = await form_of(request)
    if frame.sheet.kind is not Kind.USERS:
        raise HTTPException(404)
    key = form.get("key", "")
    entry = await frame.ask(lambda: frame.desk.get(Kind.USERS, key))
    try:
        await frame.ask(lambda: frame.desk.look_after(entry.key))
        to = invitee(frame, form, needed=True)
    except RefusedError as error:
        shown = inputs_of(frame.sheet, entry.fields) | {"invite": form.get("invite", "")}
        return await _form(frame, entry, shown, error)
    done = await invite(frame, entry.key, to)
    return RedirectResponse(with_query(frame.path, done=done, text=entry.key), 303)


async def shown(request: Request) -> Response:
    """Show the record with its fields to change, or why it can't be changed."""
    frame = await Frame.of(request)
    entry = await _entry(frame)
    return await _form(
        frame,
        entry,
        inputs_of(frame.sheet, entry.fields) | key_inputs(frame.sheet, entry.key),
    )


async def changed(request: Request) -> Response:
    """Apply what was typed, or say at each field what is wrong with it."""
    frame = await Frame.of(request)
    form = await form_of(request, largest=LARGEST)
    entry = await _entry(frame)
    inputs = _given(frame, form)
    try:
        fields = _meant(frame, inputs, entry)
        key = key_of(frame.sheet, inputs) if frame.sheet.key is Key.JUNK else entry.key
        await frame.ask(
            lambda: frame.desk.put(
                frame.sheet.kind,
                key,
                fields,
                etag=form.get("etag", ""),
                instead_of=entry.key if frame.sheet.key is Key.JUNK else None,
            )
        )
    except RefusedError as error:
        return await _form(frame, entry, inputs, error)
    return RedirectResponse(with_query(frame.path, done="saved", text=key.split(" ")[-1]), 303)


async def second_factor_removed(request: Request) -> Response:
    """Take away the second factor of who has lost the app, and the codes; and passkeys."""
    frame = await Frame.of(request)
    form = await form_of(request)
    if frame.sheet.kind is not Kind.USERS:
        raise HTTPException(404)
    key = form.get("key", "")
    try:
        user = await frame.ask(lambda: frame.desk.look_after(key))
    except RefusedError as error:
        raise HTTPException(error.status) from error
    portal = portal_of(request)
    await run_in_threadpool(portal.factors.remove, user.address)
    await run_in_threadpool(portal.passkeys.store.remove_passkeys, user.address)
    _log.info("second factor removed", address=user.address, actor=frame.asks.person.address)
    return RedirectResponse(with_query(f"{frame.path}/edit", key=user.address), 303)


async def asked(request: Request) -> Response:
    """Ask whether what is named shall go, and show what goes with it."""
    frame = await Frame.of(request)
    return await _question(frame, request.query_params.getlist("key"))


async def gone(request: Request) -> Response:
    """Take away what was confirmed, all or none."""
    frame = await Frame.of(request)
    form = await form_of(request, largest=LARGEST, most=MOST_GONE + 10)
    keys = form.getlist("key")
    named = [(frame.sheet.kind, key) for key in keys]
    try:
        await frame.ask(lambda: frame.desk.remove(named))
    except RefusedError as error:
        return await _question(frame, keys, error)
    return RedirectResponse(with_query(frame.path, done="removed"), 303)


async def _question(frame: Frame, keys: list[str], error: RefusedError | None = None) -> Response:
    if not keys or len(keys) > MOST_GONE:
        return RedirectResponse(frame.path, 303)
    named = [(frame.sheet.kind, key) for key in keys]
    follow: list[object] = []
    if error is None:
        try:
            outcome = await frame.ask(lambda: frame.desk.remove(named, dry_run=True))
        except RefusedError as refused:
            error = refused
        else:
            follow = [step for step in outcome.steps if step.key not in keys]
    return frame.page(
        "remove.html",
        status=error.status if error else 200,
        keys=keys,
        follow=follow,
        wrong=error.wrong if error else {},
        kept=frame.sheet.kind in (Kind.USERS, Kind.RESOURCES),
        actions=Action,
    )


async def _put_new(frame: Frame, key: str, fields: Mapping[str, object]) -> None:
    """Make the record; an address outside of the domains is said to be so (F123)."""
    try:
        await frame.ask(lambda: frame.desk.put(frame.sheet.kind, key, fields, etag=NONE))
    except HTTPException as error:
        words = translations(language_of(frame.request))
        wrong = words.gettext(_("This is in no domain that you administer."))
        raise RefusedError(422, {"key": [wrong]}) from error
    except RefusedError as error:
        if error.status == 409:
            words = translations(language_of(frame.request))
            error.wrong = {"key": [words.gettext(_("There is one of this name already."))]}
        raise


async def _entry(frame: Frame) -> Entry:
    key = frame.request.query_params.get("key", "")
    return await frame.ask(lambda: frame.desk.get(frame.sheet.kind, key))


def _given(frame: Frame, form: Fields) -> Inputs:
    """Return what the controls say; a box that is not ticked says nothing by itself."""
    inputs = dict(form)
    for each in frame.sheet.fields:
        if each.control is Control.SWITCH:
            inputs[each.name] = "on" if form.get(each.name) == "on" else "off"
        if each.control is Control.RIGHTS:
            inputs[f"{each.name}.single"] = " ".join(form.getlist(f"{each.name}.single"))
    return inputs


def _meant(frame: Frame, inputs: Inputs, entry: Entry | None) -> dict[str, object]:
    """Return the fields of the record; raises RefusedError where two passwords differ (F128)."""
    fields = fields_of(frame.sheet, inputs)
    if "password" in inputs and inputs["password"] != inputs.get("password.again", ""):
        words = translations(language_of(frame.request))
        wrong = words.gettext(_("The two entries are not the same."))
        raise RefusedError(422, {"password": [wrong]})
    if _has_role(frame) and not frame.asks.names_administrators:
        # Who gives no roles is not asked for one, and takes none away.
        fields.pop("role", None)
        if entry is not None and entry.fields.get("role") is not None:
            fields["role"] = entry.fields["role"]
    return fields


def _has_role(frame: Frame) -> bool:
    return any(each.control is Control.ROLE for each in frame.sheet.fields)


async def _form(
    frame: Frame, entry: Entry | None, inputs: Inputs, error: RefusedError | None = None
) -> Response:
    fields: tuple[Field, ...] = tuple(frame.sheet.fields)
    wrong = error.wrong if error else {}
    shown_at = {each.name for each in fields} | {"key", "invite"}
    return frame.page(
        "edit.html",
        status=error.status if error else 200,
        entry=entry,
        inputs={name: value for name, value in inputs.items() if not name.startswith("password")},
        wrong=wrong,
        elsewhere=[words for name, said in wrong.items() if name not in shown_at for words in said],
        used=None if entry is None else await _used(frame, entry),
        second_factor=entry is not None and await _second_factor(frame, entry),
        labels={each.name: each.label for each in fields}
        | {"key": frame.sheet.key_label, "invite": _("Invitation")},
        invites=frame.sheet.kind is Kind.USERS,
        folders=DELEGATION_FOLDERS,
    )


async def _second_factor(frame: Frame, entry: Entry) -> bool:
    """Tell whether the user signs in with a code, too, or with passkeys."""
    if entry.kind is not Kind.USERS:
        return False
    portal = portal_of(frame.request)
    factor = await run_in_threadpool(portal.factors.factor, entry.key)
    if factor is not None and factor.confirmed:
        return True
    return bool(await run_in_threadpool(portal.passkeys.store.passkeys, entry.key))


async def _used(frame: Frame, entry: Entry) -> Used | None:
    """Return what there is in the mailbox now, where the kind has one (F133)."""
    if entry.kind not in (Kind.USERS, Kind.RESOURCES):
        return None
    return await run_in_threadpool(portal_of(frame.request).store.used, entry.key)
