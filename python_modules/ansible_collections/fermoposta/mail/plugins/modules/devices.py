#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: devices
short_description: Converge what phones must do, and which may synchronise
version_added: 0.1.0
description:
  - Brings the policies of devices, the access of new ones, or both to what their lists say.
  - Takes the whole list at once and makes one plan and one transaction of it; don't loop it.
  - What is left out is as it is without a policy; C(docs/inventory.md) lists it.
extends_documentation_fragment:
  - fermoposta.mail.converge
  - fermoposta.mail.converge.exclusive
options:
  device_policies:
    description: What devices must do before they may synchronise.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the policy, of letters, digits, hyphens and underscores.
        type: str
        required: true
      company:
        description: Key of the company whose people it is for, where no policy is nearer to them.
        type: str
      applies_to:
        description: Addresses of users and groups that it is for.
        type: list
        elements: str
      position:
        description: Of two that are equally near the one with the lower position holds, then the
          first by name.
        type: int
      allow_non_provisionable:
        description: Whether devices that know no policies may synchronise too.
        type: bool
      refresh_hours:
        description: After how many hours a device must fetch its policy anew; only when it changes
          if left out.
        type: int
      password_required:
        description: Whether the device must be locked by a password or PIN.
        type: bool
      password_alphanumeric:
        description: Whether it must hold letters and digits.
        type: bool
      password_simple:
        description: Whether it may be as simple as V(1111) or V(1234).
        type: bool
      password_minimum_length:
        description: How many characters it must have at least, 1 to 16.
        type: int
      password_complex_characters:
        description: How many of upper case, lower case, digits and symbols it must hold, 1 to 4.
        type: int
      password_failed_attempts:
        description: After how many wrong passwords the device wipes itself, 4 to 16.
        type: int
      password_expires_days:
        description: After how many days it must be changed.
        type: int
      password_history:
        description: How many former passwords can't be taken again.
        type: int
      password_recovery:
        description: Whether the device may leave a recovery password with the server.
        type: bool
      lock_after_seconds:
        description: After how many seconds without use the device locks itself.
        type: int
      device_encryption:
        description: Whether the device must be encrypted.
        type: bool
      storage_card:
        description: Whether a storage card may be used.
        type: bool
      storage_card_encryption:
        description: Whether the storage card must be encrypted.
        type: bool
      camera:
        description: Whether the camera may be used.
        type: bool
      wifi:
        description: Whether Wi-Fi may be used.
        type: bool
      bluetooth:
        description: Whether Bluetooth may be used - V(allowed), for V(hands_free) sets only, or
          V(forbidden).
        type: str
        choices: [forbidden, hands_free, allowed]
      infrared:
        description: Whether infrared may be used.
        type: bool
      internet_sharing:
        description: Whether the device may share its connection.
        type: bool
      remote_desktop:
        description: Whether the device may open remote desktops.
        type: bool
      desktop_sync:
        description: Whether the device may synchronise with a computer by cable.
        type: bool
      text_messaging:
        description: Whether text messages may be used.
        type: bool
      browser:
        description: Whether the browser may be used.
        type: bool
      consumer_mail:
        description: Whether private mail accounts may be set up.
        type: bool
      other_mail:
        description: Whether accounts of POP3 and IMAP may be set up.
        type: bool
      unsigned_applications:
        description: Whether applications without a signature may run.
        type: bool
      unsigned_installers:
        description: Whether installation packages without a signature may be run.
        type: bool
      html_mail:
        description: Whether mail may be fetched as HTML.
        type: bool
      attachments_allowed:
        description: Whether attachments may be fetched.
        type: bool
      max_attachment_bytes:
        description: Size of the largest attachment that may be fetched, in bytes.
        type: int
      mail_age:
        description: How far back mail is at most synchronised.
        type: str
        choices: [all, 1_day, 3_days, 1_week, 2_weeks, 1_month]
      calendar_age:
        description: How far back appointments are at most synchronised.
        type: str
        choices: [all, 2_weeks, 1_month, 3_months, 6_months]
      max_text_kb:
        description: How much of a plain message is fetched at most, in KB.
        type: int
      max_html_kb:
        description: How much of an HTML message is fetched at most, in KB.
        type: int
      manual_sync_when_roaming:
        description: Whether the device synchronises by hand only, while roaming.
        type: bool
      smime_signed:
        description: Whether what is sent must be signed (S/MIME).
        type: bool
      smime_encrypted:
        description: Whether what is sent must be encrypted (S/MIME).
        type: bool
      smime_soft_certificates:
        description: Whether S/MIME certificates may be kept as files.
        type: bool
      smime_negotiation:
        description: What the device may encrypt by if a recipient can't read the algorithm -
          V(none), a V(strong) one, or V(any).
        type: str
        choices: [none, strong, any]
  device_access:
    description: Which devices may synchronise that never did.
    type: list
    elements: dict
    suboptions:
      scope:
        description: Key of a company, or address of a user.
        type: str
        required: true
      unknown:
        description: What happens to a device never seen before; V(allow) unless given.
        type: str
        choices: [allow, quarantine, block]
      types:
        description: The same by the type that a device says it is.
        type: dict
      models:
        description: The same by the model that a device says it is, which goes before the type.
        type: dict
"""

EXAMPLES = r"""
- name: Have every phone of the company locked by a PIN
  fermoposta.mail.devices:
    device_policies:
      - name: phones
        company: acme
        password_required: true
        password_minimum_length: 6
        lock_after_seconds: 300

- name: Let an administrator see each new device first
  fermoposta.mail.devices:
    exclusive: false
    device_access:
      - scope: acme
        unknown: quarantine
        types: {iPhone: allow}
"""

RETURN = r"""
steps:
  description: What was done, or would be in check mode, a line for each record; without secrets.
  type: list
  elements: str
  returned: success
  sample:
    - create device_policies phones
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
    - path: mail_device_policies.phones.password_minimum_length
      message: is 40, more than 16
      remedy: give 1 to 16 characters, or leave it out to demand nothing
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
    "device_policies": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "company": {"type": "str"},
            "applies_to": {"type": "list", "elements": "str"},
            "position": {"type": "int"},
            "allow_non_provisionable": {"type": "bool"},
            "refresh_hours": {"type": "int"},
            "password_required": {"type": "bool"},
            "password_alphanumeric": {"type": "bool"},
            "password_simple": {"type": "bool"},
            "password_minimum_length": {"type": "int"},
            "password_complex_characters": {"type": "int"},
            "password_failed_attempts": {"type": "int"},
            "password_expires_days": {"type": "int"},
            "password_history": {"type": "int"},
            "password_recovery": {"type": "bool"},
            "lock_after_seconds": {"type": "int"},
            "device_encryption": {"type": "bool"},
            "storage_card": {"type": "bool"},
            "storage_card_encryption": {"type": "bool"},
            "camera": {"type": "bool"},
            "wifi": {"type": "bool"},
            "bluetooth": {"type": "str", "choices": ["forbidden", "hands_free", "allowed"]},
            "infrared": {"type": "bool"},
            "internet_sharing": {"type": "bool"},
            "remote_desktop": {"type": "bool"},
            "desktop_sync": {"type": "bool"},
            "text_messaging": {"type": "bool"},
            "browser": {"type": "bool"},
            "consumer_mail": {"type": "bool"},
            "other_mail": {"type": "bool"},
            "unsigned_applications": {"type": "bool"},
            "unsigned_installers": {"type": "bool"},
            "html_mail": {"type": "bool"},
            "attachments_allowed": {"type": "bool"},
            "max_attachment_bytes": {"type": "int"},
            "mail_age": {
                "type": "str",
                "choices": ["all", "1_day", "3_days", "1_week", "2_weeks", "1_month"],
            },
            "calendar_age": {
                "type": "str",
                "choices": ["all", "2_weeks", "1_month", "3_months", "6_months"],
            },
            "max_text_kb": {"type": "int"},
            "max_html_kb": {"type": "int"},
            "manual_sync_when_roaming": {"type": "bool"},
            "smime_signed": {"type": "bool"},
            "smime_encrypted": {"type": "bool"},
            "smime_soft_certificates": {"type": "bool"},
            "smime_negotiation": {"type": "str", "choices": ["none", "strong", "any"]},
        },
    },
    "device_access": {
        "type": "list",
        "elements": "dict",
        "options": {
            "scope": {"type": "str", "required": True},
            "unknown": {"type": "str", "choices": ["allow", "quarantine", "block"]},
            "types": {"type": "dict"},
            "models": {"type": "dict"},
        },
    },
}

NAMES = {"device_policies": "name", "device_access": "scope"}
"""Kind: the option that names an entry."""


def main() -> None:
    """Bring the policies and the access that are given to what their lists say."""
    module = DirectoryModule(SPEC, required_one_of=[list(NAMES)])
    declared: dict[str, object] = {}
    repeated: list[str] = []
    for kind, key in NAMES.items():
        if module.params[kind] is not None:
            declared[kind], twice = as_mapping(module.params[kind], key, path=f"mail_{kind}")
            repeated += twice
    converge(module, declared, whole=False, repeated=repeated)


if __name__ == "__main__":
    main()
