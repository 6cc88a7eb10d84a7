#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: portraits
short_description: Converge people's pictures and certificates
version_added: 0.1.0
description:
  - Brings the pictures that the address book shows, the certificates by which others encrypt mail
    to somebody, or both to what their lists say.
  - Takes the whole list at once and makes one plan and one transaction of it; don't loop it.
extends_documentation_fragment:
  - fermoposta.mail.converge
  - fermoposta.mail.converge.exclusive
options:
  pictures:
    description: The pictures.
    type: list
    elements: dict
    suboptions:
      address:
        description: Address of the user.
        type: str
        required: true
      picture:
        description: A JPEG or PNG of at most 100 kB as C(base64:) and its contents, or C(sha256:)
          and the digest of the one that is there.
        type: str
        required: true
  certificates:
    description: The certificates; of a user that is listed, all of them.
    type: list
    elements: dict
    suboptions:
      address:
        description: Address of the user.
        type: str
        required: true
      certificates:
        description: Certificates in PEM or DER, each as C(base64:…) or C(sha256:…).
        type: list
        elements: str
        required: true
"""

EXAMPLES = r"""
- name: Show Ada's picture
  fermoposta.mail.portraits:
    exclusive: false
    pictures:
      - address: ada@example.org
        picture: "base64:{{ lookup('ansible.builtin.unvault', 'ada.jpg') | b64encode }}"
"""

RETURN = r"""
steps:
  description: What was done, or would be in check mode, a line for each record; without secrets.
  type: list
  elements: str
  returned: success
  sample:
    - create pictures ada@example.org
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
    - path: mail_pictures.ada@example.org
      message: is neither a JPEG nor a PNG
      remedy: convert it to one of them
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
    "pictures": {
        "type": "list",
        "elements": "dict",
        "options": {
            "address": {"type": "str", "required": True},
            "picture": {"type": "str", "required": True},
        },
    },
    "certificates": {
        "type": "list",
        "elements": "dict",
        "options": {
            "address": {"type": "str", "required": True},
            "certificates": {"type": "list", "elements": "str", "required": True},
        },
    },
}

VALUES = {"pictures": "picture", "certificates": "certificates"}
"""Kind: the option that is the value of an entry."""


def main() -> None:
    """Bring the pictures and certificates that are given to what their lists say."""
    module = DirectoryModule(SPEC, required_one_of=[list(VALUES)])
    declared: dict[str, object] = {}
    repeated: list[str] = []
    for kind, value in VALUES.items():
        if module.params[kind] is not None:
            declared[kind], twice = as_mapping(
                module.params[kind], "address", value=value, path=f"mail_{kind}"
            )
            repeated += twice
    converge(module, declared, whole=False, repeated=repeated)


if __name__ == "__main__":
    main()
