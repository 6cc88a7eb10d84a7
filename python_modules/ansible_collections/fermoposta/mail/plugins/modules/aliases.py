#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: aliases
short_description: Converge the aliases
version_added: 0.1.0
description:
  - Brings the aliases to what O(aliases) says. An alias leads to other addresses and is in no
    address book.
  - Takes the whole list at once and makes one plan and one transaction of it; don't loop it.
extends_documentation_fragment:
  - fermoposta.mail.converge
  - fermoposta.mail.converge.exclusive
options:
  aliases:
    description: The aliases.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: The address.
        type: str
        required: true
      destinations:
        description: Addresses, here or elsewhere, that its mail goes to.
        type: list
        elements: str
        required: true
"""

EXAMPLES = r"""
- name: Let mail to info reach two people
  fermoposta.mail.aliases:
    exclusive: false
    aliases:
      - address: info@example.org
        destinations: [ada@example.org, bob@example.org]
"""

RETURN = r"""
steps:
  description: What was done, or would be in check mode, a line for each record; without secrets.
  type: list
  elements: str
  returned: success
  sample:
    - create aliases info@example.org
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
    - path: mail_aliases.info@example.org.destinations
      message: there is no carl@example.org
      remedy: declare it, or mend the spelling
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
    "aliases": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "address": {"type": "str", "required": True},
            "destinations": {"type": "list", "elements": "str", "required": True},
        },
    },
}


def main() -> None:
    """Bring the aliases to what the list says."""
    module = DirectoryModule(SPEC)
    declared, repeated = as_mapping(module.params["aliases"], "address", path="mail_aliases")
    converge(module, {"aliases": declared}, whole=False, repeated=repeated)


if __name__ == "__main__":
    main()
