#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: domains
short_description: Converge the mail domains
version_added: 0.1.0
description:
  - Brings the mail domains to what O(domains) says.
  - Takes the whole list at once and makes one plan and one transaction of it; don't loop it.
  - A domain's company must be in the directory, as M(fermoposta.mail.directory) puts it there.
extends_documentation_fragment:
  - fermoposta.mail.converge
  - fermoposta.mail.converge.exclusive
options:
  domains:
    description: The domains.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The domain; letters beyond ASCII are put into their ASCII form.
        type: str
        required: true
      company:
        description: Key of the company that owns it.
        type: str
        required: true
      catch_all:
        description: Address that takes mail to addresses that don't exist. Without it such mail
          is refused.
        type: str
      dkim_selector:
        description: Selector of its DKIM key; V(mail) unless given.
        type: str
      description:
        description: A remark for administrators.
        type: str
"""

EXAMPLES = r"""
- name: Serve a second domain
  fermoposta.mail.domains:
    exclusive: false
    domains:
      - name: example.com
        company: acme
"""

RETURN = r"""
steps:
  description: What was done, or would be in check mode, a line for each record; without secrets.
  type: list
  elements: str
  returned: success
  sample:
    - create domains example.com
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
    - path: mail_domains.example.com.company
      message: there is no company acme
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
    "domains": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "company": {"type": "str", "required": True},
            "catch_all": {"type": "str"},
            "dkim_selector": {"type": "str"},
            "description": {"type": "str"},
        },
    },
}


def main() -> None:
    """Bring the domains to what the list says."""
    module = DirectoryModule(SPEC)
    declared, repeated = as_mapping(module.params["domains"], "name", path="mail_domains")
    converge(module, {"domains": declared}, whole=False, repeated=repeated)


if __name__ == "__main__":
    main()
