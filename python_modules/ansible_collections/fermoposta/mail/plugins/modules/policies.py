#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: policies
short_description: Converge delegations, rights, allowed domains, rules and answers
version_added: 0.1.0
description:
  - Brings each kind of policy that is given to what its list says; the others stay as they are.
  - Takes the whole list at once and makes one plan and one transaction of it; don't loop it.
extends_documentation_fragment:
  - fermoposta.mail.converge
  - fermoposta.mail.converge.exclusive
options:
  delegations:
    description: Who sends on behalf of a mailbox, and has rights on its main folders.
    type: list
    elements: dict
    suboptions:
      mailbox:
        description: Address of the mailbox.
        type: str
        required: true
      delegate:
        description: Address of the delegate.
        type: str
        required: true
      folders:
        description:
          - Rights by folder, for C(calendar), C(tasks), C(inbox), C(contacts), C(notes),
            C(journal).
          - Rights are a profile (V(no_rights), V(read_only), V(secretary), V(full_control),
            V(owner)) or a list.
        type: dict
        required: true
  grants:
    description: Rights of users and groups on folders.
    type: list
    elements: dict
    suboptions:
      mailbox:
        description: Address of the mailbox.
        type: str
        required: true
      folder:
        description: Path of the folder; C(/) is the whole mailbox.
        type: str
        required: true
      grantee:
        description: Address of the user or group that gets the rights.
        type: str
        required: true
      rights:
        description:
          - A profile (V(no_rights), V(read_only), V(secretary), V(full_control), V(owner)) or a
            list out of V(visible), V(read), V(create), V(edit_own), V(edit_all), V(delete_own),
            V(delete_all), V(create_subfolders), V(set_permissions).
        type: raw
        required: true
  allowed_domains:
    description: With which domains the restricted users of a domain may exchange mail.
    type: list
    elements: dict
    suboptions:
      domain:
        description: The domain whose users are meant.
        type: str
        required: true
      allowed:
        description: Other domains; the own one is always allowed.
        type: list
        elements: str
        required: true
  junk_rules:
    description: What happens to mail of a sender.
    type: list
    elements: dict
    suboptions:
      scope:
        description: A domain for an administrator's rule, an address for a user's own.
        type: str
        required: true
      sender:
        description: Envelope sender, an address, or a domain behind an C(@).
        type: str
        required: true
      action:
        description: Whether its mail goes to the inbox even if spam, or to Quarantena.
        type: str
        required: true
        choices: [allow, block]
  rules:
    description: What mailboxes do by themselves with mail that comes.
    type: list
    elements: dict
    suboptions:
      mailbox:
        description: Address of the user.
        type: str
        required: true
      name:
        description: Name of the rule among those of the mailbox.
        type: str
        required: true
      enabled:
        description: Whether the rule acts; true unless given.
        type: bool
      match:
        description: Whether all conditions must hold, or any; V(all) unless given.
        type: str
        choices: [all, any]
      position:
        description: Rules are tried by position, then by name; 0 unless given.
        type: int
      conditions:
        description:
          - A C(field) (V(from), V(to), V(subject), V(header) with its C(name), V(size),
            V(has_attachment)) and one test (C(contains), C(is), C(over), C(under)) each.
          - None of them is every message.
        type: list
        elements: dict
      actions:
        description: C(forward), C(redirect), C(mark), C(copy), C(move), C(discard), C(stop), as
          in C(mail_rules).
        type: dict
        required: true
  out_of_office:
    description: What mailboxes answer while their owners are away.
    type: list
    elements: dict
    suboptions:
      mailbox:
        description: Address of the user.
        type: str
        required: true
      text:
        description: The answer.
        type: str
        required: true
      external:
        description: The answer to senders outside of the company; the same one unless given.
        type: str
      subject:
        description: Its subject; that of the message answered unless given.
        type: str
      from:
        description: First day, such as C(2026-08-01), or a moment with its zone, such as
          C(2026-08-01T18:00+02:00); at once unless given.
        type: str
      until:
        description: Last day, or the moment at which it ends; without an end unless given.
        type: str
      days:
        description: In how many days a sender is answered once, 1 to 30; 7 unless given.
        type: int
      audience:
        description: Who is answered; V(everybody) unless given.
        type: str
        choices: [everybody, company]
      enabled:
        description: Whether it answers; true unless given.
        type: bool
"""

EXAMPLES = r"""
- name: Have one rule against junk for the domain, and no other
  fermoposta.mail.policies:
    junk_rules:
      - scope: example.org
        sender: "@spam.example"
        action: block

- name: Let Bob read a folder of Ada's
  fermoposta.mail.policies:
    exclusive: false
    grants:
      - mailbox: ada@example.org
        folder: INBOX/Projects
        grantee: bob@example.org
        rights: read_only
"""

RETURN = r"""
steps:
  description: What was done, or would be in check mode, a line for each record; without secrets.
  type: list
  elements: str
  returned: success
  sample:
    - create grants ada@example.org bob@example.org INBOX/Projects
counts:
  description: How often each action was done.
  type: dict
  returned: success
  sample: {create: 1}
problems:
  description: Everything for which the run was refused; the directory is as it was.
  type: list
  elements: dict
  returned: failure
  contains:
    path:
      description: Where in the declaration the problem is.
      type: str
    message:
      description: What is wrong.
      type: str
    remedy:
      description: What to do.
      type: str
  sample:
    - path: mail_grants.ada@example.org.INBOX/Projects.bob@example.org
      message: “reader” is no profile of rights
      remedy: did you mean read_only?
"""

from ansible_collections.fermoposta.mail.plugins.module_utils.converge import (
    COMMON_SPEC,
    EXCLUSIVE_SPEC,
    DirectoryModule,
    as_mapping,
    converge,
)

SPEC = {
    **COMMON_SPEC,
    **EXCLUSIVE_SPEC,
    "delegations": {
        "type": "list",
        "elements": "dict",
        "options": {
            "mailbox": {"type": "str", "required": True},
            "delegate": {"type": "str", "required": True},
            "folders": {"type": "dict", "required": True},
        },
    },
    "grants": {
        "type": "list",
        "elements": "dict",
        "options": {
            "mailbox": {"type": "str", "required": True},
            "folder": {"type": "str", "required": True},
            "grantee": {"type": "str", "required": True},
            "rights": {"type": "raw", "required": True},
        },
    },
    "allowed_domains": {
        "type": "list",
        "elements": "dict",
        "options": {
            "domain": {"type": "str", "required": True},
            "allowed": {"type": "list", "elements": "str", "required": True},
        },
    },
    "junk_rules": {
        "type": "list",
        "elements": "dict",
        "options": {
            "scope": {"type": "str", "required": True},
            "sender": {"type": "str", "required": True},
            "action": {"type": "str", "required": True, "choices": ["allow", "block"]},
        },
    },
    "rules": {
        "type": "list",
        "elements": "dict",
        "options": {
            "mailbox": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "enabled": {"type": "bool"},
            "match": {"type": "str", "choices": ["all", "any"]},
            "position": {"type": "int"},
            "conditions": {"type": "list", "elements": "dict"},
            "actions": {"type": "dict", "required": True},
        },
    },
    "out_of_office": {
        "type": "list",
        "elements": "dict",
        "options": {
            "mailbox": {"type": "str", "required": True},
            "text": {"type": "str", "required": True},
            "external": {"type": "str"},
            "subject": {"type": "str"},
            "from": {"type": "str"},
            "until": {"type": "str"},
            "days": {"type": "int"},
            "audience": {"type": "str", "choices": ["everybody", "company"]},
            "enabled": {"type": "bool"},
        },
    },
}

# Kind → the options that name an entry, and the one that is its value where there is only one.
NAMES: dict[str, tuple[tuple[str, ...], str | None]] = {
    "delegations": (("mailbox", "delegate"), "folders"),
    "grants": (("mailbox", "folder", "grantee"), "rights"),
    "allowed_domains": (("domain",), "allowed"),
    "junk_rules": (("scope", "sender"), "action"),
    "rules": (("mailbox", "name"), None),
    "out_of_office": (("mailbox",), None),
}


def main() -> None:
    """Bring the kinds of policies that are given to what their lists say."""
    module = DirectoryModule(SPEC, required_one_of=[list(NAMES)])
    declared: dict[str, object] = {}
    repeated: list[str] = []
    for kind, (keys, value) in NAMES.items():
        if module.params[kind] is not None:
            declared[kind], twice = as_mapping(
                module.params[kind], *keys, value=value, path=f"mail_{kind}"
            )
            repeated += twice
    converge(module, declared, whole=False, repeated=repeated)


if __name__ == "__main__":
    main()
