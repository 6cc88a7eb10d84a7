#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: inventory_check
short_description: Say everything that is wrong with an inventory, before a host is touched
version_added: 0.1.0
author: Fermoposta
description:
  - Checks the people, domains and rights that the inventory declares, each with file and line.
  - Compares the names of its other variables with those that the roles know.
  - Runs on the controller, whose Python has what C(requirements/controller.txt) locks.
options:
  sources:
    description: The inventories, as in C(ansible_inventory_sources).
    type: list
    elements: path
    required: true
  roles:
    description: Folder of the roles, whose argument specs name their variables.
    type: path
    required: true
  wiring:
    description: File of the variables that the playbooks set.
    type: path
    required: true
attributes:
  check_mode:
    description: It only ever reads.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Check the inventory
  fermoposta.mail.inventory_check:
    sources: "{{ ansible_inventory_sources }}"
    roles: "{{ playbook_dir }}/../roles"
    wiring: "{{ playbook_dir }}/group_vars/all/wiring.yml"
  delegate_to: localhost
"""

RETURN = r"""
problems:
  description: A sentence for each problem, with its place and a remedy.
  type: list
  elements: str
  returned: failure
"""

import traceback
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.fermoposta.mail.plugins.module_utils import names

try:
    from fermoposta import inventory
except ImportError:
    IMPORT_ERROR: str | None = traceback.format_exc()
else:
    IMPORT_ERROR = None


def problems_of(sources: list[Path], roles: Path, wiring: Path) -> list[str]:
    """Return a sentence for everything that is wrong with *sources*."""
    found = list(names.complaints(sources, names.known_names(roles, wiring)))
    folders = [source if source.is_dir() else source.parent for source in sources]
    try:
        inventory.parse(inventory.load([f for f in folders if (f / "group_vars").is_dir()]))
    except inventory.InventoryError as error:
        found.extend(str(problem) for problem in error.problems)
    return found


def main() -> None:
    """Fail with every problem at once."""
    module = AnsibleModule(
        argument_spec={
            "sources": {"type": "list", "elements": "path", "required": True},
            "roles": {"type": "path", "required": True},
            "wiring": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("fermoposta"), exception=IMPORT_ERROR)
    problems = problems_of(
        [Path(source) for source in module.params["sources"]],
        Path(module.params["roles"]),
        Path(module.params["wiring"]),
    )
    if problems:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the inventory"
        module.fail_json(msg="\n".join([count, *problems]), problems=problems)
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
