"""
Compile message rules and out-of-office answers to a Sieve script per mailbox (RFC 5228).

It runs behind the quarantine, so that what lies there gets neither rules nor an answer, and in
front of the user's own script, which sees whatever still is for the inbox. Nothing of what users
wrote stands in it but inside of quoted strings.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from fermoposta.directory.model import Condition, MessageRule, OutOfOffice, State

FORWARD = "forward+{mailbox_id}.{rule_id}@agent.fermoposta.invalid"
"""Where the mailbox agent takes what is to be forwarded; nobody ever sees this address."""
TRASH = {"it": "Posta eliminata", "en": "Trash"}
"""Where no folder has the special use (RFC 6154), which Dovecot sees to."""
_FLAGS = {"read": "\\Seen", "flagged": "\\Flagged"}
_HEAD = """\
# Made from the directory by fermoposta; changes here are lost.
require ["copy", "date", "envelope", "fileinto", "imap4flags", "mailbox", "mime",
  "relational", "special-use", "vacation"];
"""
_ATTACHMENT = """anyof (
    header :mime :anychild :contains "Content-Disposition" "attachment",
    header :mime :anychild :type :is "Content-Type" ["application", "audio", "video"],
    header :mime :anychild :contenttype :is "Content-Type" "message/rfc822")"""
_FIELDS = {"from": '["From"]', "to": '["To", "Cc"]', "subject": '"Subject"'}
# What Sieve takes for an address, a header's name, a keyword; the inventory lets nothing else in.
_ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9.-]{1,253}")
_HEADER = re.compile(r"[!-9;-~]{1,76}")
_KEYWORD = re.compile(r"[A-Za-z$_][A-Za-z0-9$_.-]{0,49}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


def compiler(state: State, wanted: Collection[str] | None) -> Callable[[str], str | None]:
    """Compile for one *state*; *wanted* names the only mailboxes that will be asked for."""
    rules: dict[str, list[MessageRule]] = {}
    for rule in state.rules.values():
        if rule.enabled and (wanted is None or rule.mailbox in wanted):
            rules.setdefault(rule.mailbox, []).append(rule)
    return lambda address: script(state, address, rules.get(address, ()))


def script(state: State, address: str, rules: Iterable[MessageRule]) -> str | None:
    """Return the script of the mailbox *address* with *rules*, None where it needs none."""
    user = state.users.get(address)
    if user is None or user.mailbox_id is None:
        return None
    answer = state.out_of_office.get(address)
    parts = [_answer(state, answer)] if answer is not None and answer.enabled else []
    for rule in sorted(rules, key=lambda each: (each.position, each.name)):
        if actions := list(_actions(rule, user.mailbox_id, TRASH[user.language])):
            block = "".join(f"  {line}\n" for line in actions)
            parts.append(f"\n# Rule {rule.id}\nif {_test(rule)} {{\n{block}}}\n")
    return _HEAD + "".join(parts) if parts else None


def answering_company(state: State) -> Iterator[str]:
    """Yield the mailboxes whose script names the domains of their company."""
    for answer in state.out_of_office.values():
        if answer.parted:
            yield answer.mailbox


def _answer(state: State, answer: OutOfOffice) -> str:
    """Answer whom and when it is meant for; lists and bounces Pigeonhole leaves out by itself."""
    tests = list(_window(answer))
    own = ""
    if answer.parted:
        company = state.company_of(answer.mailbox)
        names = [each.name for each in state.domains.values() if each.company == company]
        own = f'envelope :domain :is "from" {_strings(sorted(names))}'
    if answer.audience == "company":
        tests.append(own)
    if answer.audience == "company" or not own:
        lines = _vacation(answer, answer.text, "  ")
    else:
        # Without a handle, what a sender was told is remembered by the text (RFC 5230, section
        # 4.2): each of the two has a memory of its own.
        lines = (
            f"  if {own} {{\n{_vacation(answer, answer.text, '    ')}"
            f"  }} else {{\n{_vacation(answer, answer.external, '    ')}  }}\n"
        )
    return f"\n# Out of office\nif allof ({', '.join(tests) or 'true'}) {{\n{lines}}}\n"


def _window(answer: OutOfOffice) -> Iterator[str]:
    """Yield the tests of the time: days by the host's clock, moments in UTC (RFC 5260)."""
    bounds = ((answer.starts, "ge", "ge"), (answer.ends, "le", "lt"))
    for when, of_day, of_moment in bounds:
        if isinstance(when, datetime):
            # Compared as text; that of the clock ends in a Z, and so is behind an equal one.
            utc = when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
            yield f'currentdate :zone "+0000" :value "{of_moment}" "iso8601" "{utc}"'
        elif when is not None:
            yield f'currentdate :value "{of_day}" "date" "{when.isoformat()}"'


def _vacation(answer: OutOfOffice, text: str, indent: str) -> str:
    line = _line(answer.subject)
    subject = f" :subject {_string(line)}" if line else ""
    return f"{indent}vacation :days {answer.days}{subject}\n{indent}  {_string(text)};\n"


def _test(rule: MessageRule) -> str:
    tests = [_condition(each) for each in rule.conditions]
    if not tests:
        return "true"
    return f"{rule.match}of (\n  " + ",\n  ".join(tests) + ")"


def _condition(condition: Condition) -> str:
    if condition.field == "size":
        return f"size :{condition.test} {condition.value}"
    if condition.field == "has_attachment":
        return _ATTACHMENT if condition.value else f"not {_ATTACHMENT}"
    if condition.field == "header":
        if not _HEADER.fullmatch(condition.name):
            return "false"
        headers = _string(condition.name)
    else:
        headers = _FIELDS[condition.field]
    value = _string(_line(str(condition.value)))
    test = f"header :{condition.test} {headers} {value}"
    if condition.test == "is" and condition.field in ("from", "to"):
        # Who writes "is" means the address, whatever name stands beside it.
        return f"anyof (address :is {headers} {value}, {test})"
    return test


def _actions(rule: MessageRule, mailbox_id: str, trash: str) -> Iterator[str]:
    actions = rule.actions
    if actions.forward:
        to = FORWARD.format(mailbox_id=mailbox_id, rule_id=rule.id)
        yield f"redirect :copy {_string(to)};"
    marks = [_FLAGS.get(each, each) for each in actions.mark if _KEYWORD.fullmatch(each)]
    if marks:
        yield f"addflag {_strings(marks)};"
    if actions.copy and _is_folder(actions.copy):
        yield f"fileinto :copy :create {_string(actions.copy)};"
    if actions.discard:
        yield f'fileinto :specialuse "\\\\Trash" :create {_string(trash)};'
    elif actions.move and _is_folder(actions.move):
        yield f"fileinto :create {_string(actions.move)};"
    for address in actions.redirect:
        if _ADDRESS.fullmatch(address):
            yield f"redirect {_string(address)};"
    if actions.stop:
        yield "stop;"


def _is_folder(name: str) -> bool:
    """Tell whether Dovecot can have a folder of this *name*; if not, mail stays in the inbox."""
    parts = name.split("/")
    return not _CONTROL.search(name) and all(
        part.strip() == part and part not in ("", ".", "..") for part in parts
    )


def _line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())


def _strings(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_string, texts))}]"


def _string(text: str) -> str:
    """Return *text* as a quoted string (RFC 5228, section 2.4.2), without what none can hold."""
    text = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    clean = text.encode(errors="replace").decode()
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
