#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: resources
short_description: Converge the resources
version_added: 0.1.0
description:
  - Brings the resources to what O(resources) says. A resource is a room, a car or a tool that is
    booked by inviting it.
  - Takes the whole list at once and makes one plan and one transaction of it; don't loop it.
extends_documentation_fragment:
  - fermoposta.mail.converge
  - fermoposta.mail.converge.exclusive
options:
  resources:
    description: The resources.
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
      kind:
        description: What it is; V(location) unless given.
        type: str
        choices: [location, thing, group]
      multiple_bookings:
        description: How many bookings may overlap; V(0) is without a limit, V(1) unless given.
        type: int
      quota_mb:
        description: Size of its mailbox in MB, 100 to 25600; 1024 unless given.
        type: int
      language:
        description: Language of its answers; V(it) unless given.
        type: str
        choices: [it, en]
"""

EXAMPLES = r"""
- name: Let a room be booked
  fermoposta.mail.resources:
    exclusive: false
    resources:
      - address: meeting-room@example.org
        name: Meeting room
"""

RETURN = r"""
steps:
  description: What was done, or would be in check mode, a line for each record; without secrets.
  type: list
  elements: str
  returned: success
  sample:
    - create resources meeting-room@example.org
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
    - path: mail_resources.meeting-room@example.org
      message: is an alias, too
      remedy: give one of them another address
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
    "resources": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "address": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "kind": {"type": "str", "choices": ["location", "thing", "group"]},
            "multiple_bookings": {"type": "int"},
            "quota_mb": {"type": "int"},
            "language": {"type": "str", "choices": ["it", "en"]},
        },
    },
}


def main() -> None:
    """Bring the resources to what the list says."""
    module = DirectoryModule(SPEC)
    declared, repeated = as_mapping(module.params["resources"], "address", path="mail_resources")
    converge(module, {"resources": declared}, whole=False, repeated=repeated)


if __name__ == "__main__":
    main()
