"""
The operator hears by mail when something on the host has become bad, and when all is well again.

Once for each thing, and only of what was bad at two looks: a service that is just being restarted
is nobody's business.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING

from fermoposta.cli.checks import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fermoposta.cli.machine import Machine
    from fermoposta.service.settings import Settings

_WORDS = {
    "it": ("non va", "tutto a posto", "Non va:", "Di nuovo a posto:", "Rimedio", "Lo stato intero"),
    "en": ("not well", "all is well", "Not well:", "Well again:", "Remedy", "All of it"),
}


@dataclass(frozen=True, slots=True)
class Memory:
    """What was bad at the last look, and what the operator has been told of."""

    seen: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()


def tell(machine: Machine, settings: Settings, findings: Sequence[Finding], path: Path) -> bool:
    """
    Write to the operator where that is due; return whether a mail went out.

    What can't be sent is tried at the next look. Raises OSError where *path* can't be written.
    """
    before = _read(machine, path)
    bad = {_key(each): each for each in findings if each.outcome is Outcome.BAD}
    lasting = before.seen & bad.keys()
    new, over = lasting - before.told, before.told - bad.keys()
    told = (before.told | new) - over
    sent = False
    if new or (over and not told):
        shown = [bad[key] for key in sorted(told)]
        message = _message(machine, settings, shown, sorted(over))
        sent = machine.send(settings.operator, message.as_bytes())
        if not sent:
            told = before.told
    _write(path, Memory(frozenset(bad), frozenset(told)))
    return sent


def _message(
    machine: Machine, settings: Settings, bad: Sequence[Finding], over: Sequence[str]
) -> EmailMessage:
    wrong, right, these, those, remedy, whole = _WORDS[settings.language]
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = settings.operator
    message["To"] = settings.operator
    what = f"{wrong}: {', '.join(_key(each) for each in bad)[:150]}" if bad else right
    message["Subject"] = f"[{settings.host}] {what}"
    message["Date"] = format_datetime(machine.now())
    message["Message-ID"] = make_msgid(domain=settings.host)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834
    lines = []
    if bad:
        lines += [these, ""]
        for each in bad:
            lines += [f"* {_key(each)}: {each.message}", f"  {remedy}: {each.remedy}", ""]
    if over:
        lines += [those, "", *(f"* {key}" for key in over), ""]
    lines.append(f"{whole}: fermoposta doctor, https://{settings.portal_host}/admin/health")
    message.set_content("\n".join(lines) + "\n")
    return message


def _key(finding: Finding) -> str:
    return f"{finding.check} {finding.subject}"


def _read(machine: Machine, path: Path) -> Memory:
    try:
        found = json.loads(machine.text(path) or "{}")
        return Memory(frozenset(found.get("seen", ())), frozenset(found.get("told", ())))
    except (ValueError, AttributeError, TypeError):
        return Memory()


def _write(path: Path, memory: Memory) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    content = {"seen": sorted(memory.seen), "told": sorted(memory.told)}
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(path)
