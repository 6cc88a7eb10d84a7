"""
Compile junk rules and switches to Sieve scripts (RFC 5228) that file as `decide` decides.

The filter marks infected mail with ``X-Virus`` and spam with ``X-Spam: Yes``. Three scripts look at
a message, in this order: the mailbox's own (the owner's rules and switches), that of its domain
(the administrators' rules; one file however many mailboxes there are), and one that is the same for
all and files what the filter found. What the first two know is handed on in headers, which the
filter removes from whatever comes in: nobody outside can write them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.directory.decide import Ground, rule_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fermoposta.directory.decide import Policy
    from fermoposta.directory.model import JunkRule

_HEAD = """\
# Made from the directory by fermoposta; changes here are lost.
require ["editheader", "envelope", "fileinto", "mailbox"];
"""
_ANTIVIRUS_OFF = """
# Antivirus is off: infected mail is not filtered.
if exists "X-Virus" {
  addheader "X-Fermoposta-Unfiltered" "infected";
}
"""
_ANTISPAM_OFF = """
# Antispam is off: spam goes to the inbox.
if header :is "X-Spam" "Yes" {
  addheader "X-Fermoposta-Unfiltered" "spam";
}
"""
_MAY_DECIDE = """
# No rule releases an infected message, and none decides what is decided.
if allof (not exists "X-Fermoposta-Decision",
          anyof (not exists "X-Virus", header :is "X-Fermoposta-Unfiltered" "infected")) {
"""


def mailbox_script(policy: Policy) -> str | None:
    """Return the script of a mailbox, None where it does as all others of its domain do."""
    if policy.antivirus and policy.antispam and not policy.user_rules:
        return None
    parts = (
        _HEAD,
        "" if policy.antivirus else _ANTIVIRUS_OFF,
        "" if policy.antispam else _ANTISPAM_OFF,
        _rules(Ground.OWNER, policy.user_rules.values()),
    )
    return "".join(parts)


def domain_script(rules: Mapping[str, JunkRule]) -> str | None:
    """Return the script for all mailboxes of a domain, None where its rules are none."""
    return _HEAD + _rules(Ground.ADMINISTRATORS, rules.values()) if rules else None


def _rules(ground: Ground, rules: Iterable[JunkRule]) -> str:
    """Return the test of each sender that *rules* name, addresses before domains."""
    senders: dict[tuple[bool, str], list[str]] = {}
    for rule in rules:
        on_domain = rule.sender.startswith("@")
        senders.setdefault((on_domain, rule.action), []).append(rule.sender)
    if not senders:
        return ""
    branches = []
    for (on_domain, action), named in sorted(senders.items()):
        part = ":domain " if on_domain else ""
        listed = ",\n      ".join(f'"{_escaped(name.removeprefix("@"))}"' for name in sorted(named))
        text = rule_text(ground, action, named[0])
        branches.append(
            f'if envelope {part}:is "from" [\n      {listed}] {{\n{_act(action, text)}  }}'
        )
    return f"{_MAY_DECIDE}  {' els'.join(branches)}\n}}\n"


def _act(action: str, text: str) -> str:
    if action == "allow":
        return f'    addheader "X-Fermoposta-Decision" "inbox; {text}";\n'
    return (
        f'    addheader "X-Fermoposta-Decision" "quarantine; {text}";\n'
        '    fileinto :create "Quarantena";\n    stop;\n'
    )


def _escaped(text: str) -> str:
    """Return *text* as the inside of a quoted string (RFC 5228, section 2.4.2)."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
