#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: directory
short_description: Converge the whole mail directory
version_added: 0.1.0
description:
  - Brings companies, domains, users, aliases, groups, resources and policies to what the options
    say, by one plan in one transaction.
  - The options are the mappings of an inventory; C(docs/inventory.md) describes every field.
  - What the inventory owns and no longer declares is removed. What was made in the portal stays,
    unless O(adopt) is set and it is declared here.
  - A user that is removed is closed at once; the mailbox is kept for 30 days, and taken up again
    if the address comes back.
  - Where anything is wrong every problem is said at once, and nothing is changed.
extends_documentation_fragment:
  - fermoposta.mail.converge
  - fermoposta.mail.converge.passwords
options:
  companies:
    description: Companies by key, as C(mail_companies).
    type: dict
    default: {}
  domains:
    description: Domains by name, as C(mail_domains).
    type: dict
    default: {}
  users:
    description: Users by address, as C(mail_users). Passwords in it appear in no answer, log or
      diff.
    type: dict
    default: {}
  resources:
    description: Resources by address, as C(mail_resources).
    type: dict
    default: {}
  aliases:
    description: Aliases by address, as C(mail_aliases).
    type: dict
    default: {}
  groups:
    description: Groups by address, as C(mail_groups).
    type: dict
    default: {}
  send_as:
    description: Send-as rules by address, as C(mail_send_as).
    type: dict
    default: {}
  delegations:
    description: Delegations by mailbox and delegate, as C(mail_delegations).
    type: dict
    default: {}
  grants:
    description: Rights by mailbox, folder and grantee, as C(mail_grants).
    type: dict
    default: {}
  allowed_domains:
    description: Allowed domains by domain, as C(mail_allowed_domains).
    type: dict
    default: {}
  junk_rules:
    description: Junk rules by scope and sender, as C(mail_junk_rules).
    type: dict
    default: {}
  rules:
    description: Message rules by mailbox and name, as C(mail_rules).
    type: dict
    default: {}
  out_of_office:
    description: Out-of-office answers by mailbox, as C(mail_out_of_office).
    type: dict
    default: {}
  device_policies:
    description: Policies of devices by name, as C(mail_device_policies).
    type: dict
    default: {}
  device_access:
    description: What happens to new devices, by company or user, as C(mail_device_access).
    type: dict
    default: {}
  pictures:
    description: Pictures by user, as C(mail_pictures), with C(fermoposta.mail.embedded) files.
    type: dict
    default: {}
  certificates:
    description: Lists of certificates by user, as C(mail_certificates), with
      C(fermoposta.mail.embedded) files.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Bring the directory to what the inventory says
  fermoposta.mail.directory:
    companies: "{{ mail_companies }}"
    domains: "{{ mail_domains }}"
    users: "{{ mail_users }}"
    aliases: "{{ mail_aliases | default({}) }}"
    groups: "{{ mail_groups | default({}) }}"

- name: Take down a domain with all its people
  fermoposta.mail.directory:
    companies: "{{ mail_companies }}"
    domains: "{{ mail_domains }}"
    users: "{{ mail_users }}"
    allow_removal: [domains, users]
"""

RETURN = r"""
steps:
  description: What was done, or would be in check mode, a line for each record; without secrets.
  type: list
  elements: str
  returned: success
  sample:
    - create domains example.org
    - create users ada@example.org
    - close users bob@example.org
counts:
  description: How often each action was done.
  type: dict
  returned: success
  sample: {close: 1, create: 2}
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
    - path: mail_users.ada@example.org.qouta_mb
      message: no such field
      remedy: did you mean quota_mb?
"""

from ansible_collections.fermoposta.mail.plugins.module_utils.converge import (
    COMMON_SPEC,
    KINDS,
    PASSWORD_SPEC,
    DirectoryModule,
    converge,
)

SPEC = {
    **COMMON_SPEC,
    **PASSWORD_SPEC,
    **{kind: {"type": "dict", "default": {}} for kind in KINDS},
}


def main() -> None:
    """Bring the whole directory to what the options say."""
    module = DirectoryModule(SPEC)
    converge(module, {kind: module.params[kind] for kind in KINDS}, whole=True)


if __name__ == "__main__":
    main()
