#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: groups
short_description: Converge the groups
version_added: 0.1.0
description:
  - Brings the groups to what O(groups) says. A group reaches its members, is in the address book,
    and can be given rights on folders.
  - Takes the whole list at once and makes one plan and one transaction of it; don't loop it.
extends_documentation_fragment:
  - fermoposta.mail.converge
  - fermoposta.mail.converge.exclusive
options:
  groups:
    description: The groups.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: The address.
        type: str
        required: true
      name:
        description: The name that others see.
        type: str
        required: true
      members:
        description: Addresses of its members.
        type: list
        elements: str
        required: true
      senders:
        description:
          - Who may write to it, V(anyone), V(company), V(members), or a list of addresses.
          - V(anyone) unless given.
        type: raw
"""

EXAMPLES = r"""
- name: Have a group to which only the company writes
  fermoposta.mail.groups:
    exclusive: false
    groups:
      - address: sales@example.org
        name: Sales
        members: [ada@example.org, bob@example.org]
        senders: company
"""

RETURN = r"""
steps:
  description: What was done, or would be in check mode, a line for each record; without secrets.
  type: list
  elements: str
  returned: success
  sample:
    - "update groups sales@example.org: members"
counts:
  description: How often each action was done.
  type: dict
  returned: success
  sample: {update: 1}
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
    - path: mail_groups.sales@example.org.senders
      message: “everybody” is not known
      remedy: did you mean anyone?
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
    "groups": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "address": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "members": {"type": "list", "elements": "str", "required": True},
            "senders": {"type": "raw"},
        },
    },
}


def main() -> None:
    """Bring the groups to what the list says."""
    module = DirectoryModule(SPEC)
    declared, repeated = as_mapping(module.params["groups"], "address", path="mail_groups")
    converge(module, {"groups": declared}, whole=False, repeated=repeated)


if __name__ == "__main__":
    main()
