#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: send_as
short_description: Converge who may send as whom
version_added: 0.1.0
description:
  - Brings the send-as rules to what O(send_as) says. The recipient sees no trace of the real
    sender; both Sent folders do.
  - Takes the whole list at once and makes one plan and one transaction of it; don't loop it.
extends_documentation_fragment:
  - fermoposta.mail.converge
  - fermoposta.mail.converge.exclusive
options:
  send_as:
    description: The rules.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: The address as which others may send.
        type: str
        required: true
      senders:
        description: Addresses of the users who may.
        type: list
        elements: str
        required: true
"""

EXAMPLES = r"""
- name: Let Bob answer as info
  fermoposta.mail.send_as:
    exclusive: false
    send_as:
      - address: info@example.org
        senders: [bob@example.org]
"""

RETURN = r"""
steps:
  description: What was done, or would be in check mode, a line for each record; without secrets.
  type: list
  elements: str
  returned: success
  sample:
    - create send_as info@example.org
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
    - path: mail_send_as.info@example.org.senders
      message: hank@example.net belongs to another company
      remedy: name addresses of the same company
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
    "send_as": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "address": {"type": "str", "required": True},
            "senders": {"type": "list", "elements": "str", "required": True},
        },
    },
}


def main() -> None:
    """Bring the send-as to what the list says."""
    module = DirectoryModule(SPEC)
    declared, repeated = as_mapping(module.params["send_as"], "address", path="mail_send_as")
    converge(module, {"send_as": declared}, whole=False, repeated=repeated)


if __name__ == "__main__":
    main()
