#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: users
short_description: Converge the users and their mailboxes
version_added: 0.1.0
description:
  - Brings the users to what O(users) says.
  - Takes the whole list at once and makes one plan and one transaction of it; don't loop it.
  - A user that is removed is closed at once; the mailbox is kept for 30 days, and taken up again
    if the address comes back.
extends_documentation_fragment:
  - fermoposta.mail.converge
  - fermoposta.mail.converge.exclusive
  - fermoposta.mail.converge.passwords
options:
  users:
    description: The users.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: The address, with which its user logs in everywhere.
        type: str
        required: true
      name:
        description: The name that others see.
        type: str
        required: true
      given_name:
        description: Given name, for address books.
        type: str
      family_name:
        description: Family name, for address books.
        type: str
      password:
        description:
          - A plain password of at least 8 characters with a digit, an upper- and a lower-case
            letter, or a hash in Dovecot's notation such as C({ARGON2ID}$argon2id$...).
          - O(update_password) says when it is used.
        type: str
      password_hash:
        description: A hash in Dovecot's notation, instead of O(users[].password).
        type: str
      quota_mb:
        description: Size of the mailbox in MB, 100 to 25600; 10240 unless given.
        type: int
      language:
        description: Language of folder names and of the portal; V(it) unless given.
        type: str
        choices: [it, en]
      antivirus:
        description: Whether infected mail goes to Quarantena; true unless given.
        type: bool
      antispam:
        description: Whether spam goes to Quarantena; true unless given.
        type: bool
      local_delivery:
        description: Whether mail is delivered to the mailbox; true unless given. V(false) needs
          O(users[].redirect_to).
        type: bool
      redirect_to:
        description: Addresses to which all mail is redirected.
        type: list
        elements: str
      restrict_sending:
        description: Whether the user may write to the own and to allowed domains only.
        type: bool
      restrict_receiving:
        description: Whether the user receives from the own and from allowed domains only.
        type: bool
      self_service_reset:
        description: Whether the user may set a forgotten password anew; true unless given.
        type: bool
      require_app_passwords:
        description: Whether programs and phones need passwords of their own, and the mailbox's
          opens portal and webmail only. The user's own to change where not given.
        type: bool
      recipients_per_hour:
        description: To how many recipients the user may write in an hour; the site's limit
          unless given.
        type: int
      mobile:
        description: Number for new passwords by SMS, in international form. The user's own to
          change where not given.
        type: str
      recovery_address:
        description: Address for links to a new password. The user's own to change where not
          given.
        type: str
      security_questions:
        description: Questions that the user can answer for a new password. The user's own to
          change where not given.
        type: list
        elements: dict
        suboptions:
          question:
            description: The question.
            type: str
            required: true
          answer:
            description: Its answer, plain.
            type: str
          answer_hash:
            description: Its answer, hashed in Dovecot's notation.
            type: str
      role:
        description: What the user administers in the portal.
        type: dict
        suboptions:
          name:
            description: Which role it is.
            type: str
            required: true
            choices: [administrator, mail_administrator]
          companies:
            description: Keys of the companies that are administered.
            type: list
            elements: str
          domains:
            description: Domains that are administered.
            type: list
            elements: str
"""

EXAMPLES = r"""
- name: Make a mailbox, and leave all others as they are
  fermoposta.mail.users:
    exclusive: false
    users:
      - address: ada@example.org
        name: Ada Lovelace
        password: "{{ vault_ada_password }}"
        quota_mb: 2048

- name: Have just these users, with just these passwords
  fermoposta.mail.users:
    update_password: always
    allow_removal: [users]
    users:
      - address: ada@example.org
        name: Ada Lovelace
        password: "{{ vault_ada_password }}"
      - address: bob@example.org
        name: Bob Frankston
        password: "{{ vault_bob_password_hash }}"
"""

RETURN = r"""
steps:
  description: What was done, or would be in check mode, a line for each record; without secrets.
  type: list
  elements: str
  returned: success
  sample:
    - create users ada@example.org
    - "update users bob@example.org: quota_mb"
counts:
  description: How often each action was done.
  type: dict
  returned: success
  sample: {create: 1, update: 1}
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
    - path: mail_users.ada@example.org.quota_mb
      message: is 99, less than 100
      remedy: give 100 (100 MB) to 25600 (25 GB), a whole number of MB
"""

from ansible_collections.fermoposta.mail.plugins.module_utils.converge import (
    COMMON_SPEC,
    EXCLUSIVE_SPEC,
    PASSWORD_SPEC,
    DirectoryModule,
    as_mapping,
    converge,
)

SPEC = {
    **COMMON_SPEC,
    **EXCLUSIVE_SPEC,
    **PASSWORD_SPEC,
    "users": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "address": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "given_name": {"type": "str"},
            "family_name": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "password_hash": {"type": "str", "no_log": True},
            "quota_mb": {"type": "int"},
            "language": {"type": "str", "choices": ["it", "en"]},
            "antivirus": {"type": "bool"},
            "antispam": {"type": "bool"},
            "local_delivery": {"type": "bool"},
            "redirect_to": {"type": "list", "elements": "str"},
            "restrict_sending": {"type": "bool"},
            "restrict_receiving": {"type": "bool"},
            "self_service_reset": {"type": "bool"},
            "require_app_passwords": {"type": "bool"},
            "recipients_per_hour": {"type": "int"},
            "mobile": {"type": "str"},
            "recovery_address": {"type": "str"},
            "security_questions": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "question": {"type": "str", "required": True},
                    "answer": {"type": "str", "no_log": True},
                    "answer_hash": {"type": "str", "no_log": True},
                },
            },
            "role": {
                "type": "dict",
                "options": {
                    "name": {
                        "type": "str",
                        "required": True,
                        "choices": ["administrator", "mail_administrator"],
                    },
                    "companies": {"type": "list", "elements": "str"},
                    "domains": {"type": "list", "elements": "str"},
                },
            },
        },
    },
}


def main() -> None:
    """Bring the users to what the list says."""
    module = DirectoryModule(SPEC)
    declared, repeated = as_mapping(module.params["users"], "address", path="mail_users")
    converge(module, {"users": declared}, whole=False, repeated=repeated)


if __name__ == "__main__":
    main()
