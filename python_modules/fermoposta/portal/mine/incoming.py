"""What happens to the reader's mail: whose is let in, and what is answered while they are away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from fermoposta.directory.model import Kind, OutOfOffice
from fermoposta.portal.administration.entries import entry_of
from fermoposta.portal.mine.frame import Frame
from fermoposta.portal.mine.own import fixed
from fermoposta.portal.web import form_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def junk(request: Request) -> Response:
    """Show whose mail is let in and whose is not, by the reader and by the domain."""
    return await _junk(await Frame.of(request))


async def _junk(
    frame: Frame,
    *,
    status: int = 200,
    wrong: dict[str, list[str]] | None = None,
    typed: str = "",
) -> Response:
    domain = f"{frame.person.address.rpartition('@')[2]} "
    state = await run_in_threadpool(frame.own.book.state)
    above = [rule for key, rule in sorted(state.junk_rules.items()) if key.startswith(domain)]
    mine = await run_in_threadpool(frame.own.junk_rules)
    return frame.page(
        "junk",
        status=status,
        rules=[(each, fixed(each)) for each in mine],
        above=above,
        typed=typed,
        wrong=wrong or {},
    )


async def junk_set(request: Request) -> Response:
    """Let mail of a sender in, or have it put to Quarantena."""
    frame = await Frame.of(request)
    form = await form_of(request)
    sender = form.get("sender", "")
    wrong = await frame.wrong(lambda: frame.own.put_junk(sender, form.get("action", "")))
    if wrong:
        return await _junk(frame, status=422, wrong=wrong, typed=sender)
    return frame.back()


async def junk_ended(request: Request) -> Response:
    """Take a rule away."""
    frame = await Frame.of(request)
    form = await form_of(request)
    sender = form.get("sender", "")
    wrong = await frame.wrong(lambda: frame.own.take(Kind.JUNK_RULES, sender))
    return await _junk(frame, status=422, wrong=wrong) if wrong else frame.back()


async def away(request: Request) -> Response:
    """Show what is answered while the reader is away."""
    return await _away(await Frame.of(request))


async def _away(
    frame: Frame,
    *,
    status: int = 200,
    wrong: dict[str, list[str]] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    found = await run_in_threadpool(frame.own.out_of_office)
    there = found or OutOfOffice(frame.person.address, "", enabled=False)
    fields = {name: str(value) for name, value in entry_of(there).fields.items()}
    fields["enabled"] = "on" if there.enabled else ""
    return frame.page(
        "away",
        status=status,
        fields={"text": "", "external": "", "subject": "", "from": "", "until": "", **fields}
        if typed is None
        else typed,
        fixed=found is not None and fixed(found),
        wrong=wrong or {},
    )


async def away_set(request: Request) -> Response:
    """Store it, switched on or off."""
    frame = await Frame.of(request)
    form = await form_of(request, largest=64 * 1024)
    names = ("text", "external", "subject", "from", "until")
    typed = {name: form.get(name, "") for name in names}
    fields: dict[str, object] = {name: text for name, text in typed.items() if text.strip()}
    fields["enabled"] = form.get("enabled") == "on"
    fields["audience"] = "company" if form.get("audience") == "company" else "everybody"
    typed |= {"enabled": form.get("enabled", ""), "audience": str(fields["audience"])}
    if not fields["enabled"] and not typed["text"].strip():
        wrong = {}
        if await run_in_threadpool(frame.own.out_of_office):
            wrong = await frame.wrong(lambda: frame.own.take(Kind.OUT_OF_OFFICE, ""))
    else:
        wrong = await frame.wrong(lambda: frame.own.put(Kind.OUT_OF_OFFICE, "", fields))
    return await _away(frame, status=422, wrong=wrong, typed=typed) if wrong else frame.back()
