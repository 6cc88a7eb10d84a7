#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: files
short_description: Write a role's directories and files in one step
version_added: 0.1.0
author: Fermoposta
description:
  - Makes directories, then writes files, each at once or not at all.
  - Does what a loop over C(ansible.builtin.template) does, in one call instead of two for each
    file. A second run of the whole appliance is quick by it.
options:
  directories:
    description: Directories, made in this order.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where.
        type: path
        required: true
      owner:
        description: Who owns it.
        type: str
        default: root
      group:
        description: Its group.
        type: str
        default: root
      mode:
        description: Its mode; 0755 for a directory and 0644 for a file where nothing is said.
        type: str
  files:
    description: Files, written in this order.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where.
        type: path
        required: true
      content:
        description: All of it, as by the lookup C(ansible.builtin.template).
        type: str
        required: true
      owner:
        description: Who owns it.
        type: str
        default: root
      group:
        description: Its group.
        type: str
        default: root
      mode:
        description: Its mode; 0644 where nothing is said.
        type: str
      validate:
        description: Command that judges the file before it is put in place, C(%s) standing for it.
        type: str
attributes:
  check_mode:
    description: Says what would be written, on a host that lacks the owners and directories too.
    support: full
  diff_mode:
    description: Shows each file that changes; switch it off for secrets.
    support: full
"""

EXAMPLES = r"""
- name: Write the configuration
  fermoposta.mail.files:
    directories:
      - path: /etc/example
    files:
      - path: /etc/example/example.conf
        content: "{{ lookup('ansible.builtin.template', 'example.conf.j2') }}"
        group: example
        mode: "0640"
"""

RETURN = r"""
written:
  description: Paths of what changed, content or attributes.
  type: list
  elements: str
  returned: success
"""

import os
import shlex
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str"},
}


def attributes_of(module: AnsibleModule, wanted: dict[str, Any], mode: str) -> dict[str, Any]:
    """Return owner, group and mode as Ansible's own modules pass them on."""
    named = {name: wanted[name] for name in ("path", "owner", "group")}
    arguments: dict[str, Any] = module.load_file_common_arguments(
        named | {"mode": wanted["mode"] or mode}
    )
    return arguments


def make_directory(module: AnsibleModule, wanted: dict[str, Any]) -> bool:
    """Make one directory and what is above it; say whether anything changed."""
    path = Path(wanted["path"])
    new = not path.is_dir()
    if new and module.check_mode:
        return True
    path.mkdir(parents=True, exist_ok=True)
    same: bool = module.set_fs_attributes_if_different(
        attributes_of(module, wanted, "0755"), changed=False
    )
    return new or same


def write_file(module: AnsibleModule, wanted: dict[str, Any], diffs: list[dict[str, Any]]) -> bool:
    """Write one file; say whether anything changed, and note how its content did."""
    path = Path(wanted["path"])
    content = wanted["content"].encode()
    before = path.read_bytes() if path.is_file() else None
    new = before != content
    if new:
        diffs.append(
            {
                "before_header": str(path),
                "after_header": str(path),
                "before": (before or b"").decode(errors="replace"),
                "after": wanted["content"],
            }
        )
        if module.check_mode:
            return True
        put_in_place(module, wanted, content)
    same: bool = module.set_fs_attributes_if_different(
        attributes_of(module, wanted, "0644"), changed=False
    )
    return new or same


def put_in_place(module: AnsibleModule, wanted: dict[str, Any], content: bytes) -> None:
    """Have the new content judged, and move it to its place with its owner and mode."""
    path = Path(wanted["path"])
    handle, temporary = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    if wanted["validate"]:
        command = [part.replace("%s", temporary) for part in shlex.split(wanted["validate"])]
        code, stdout, stderr = module.run_command(command)
        if code:
            module.fail_json(
                msg=f"{path} stays as it is: {wanted['validate']} says {stderr}{stdout}"
            )
    # atomic_move gives the old file's attributes to the new one, or 0666 less the umask where there
    # was none; a secret must not be there for everybody to read even for a moment.
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    module.atomic_move(temporary, str(path))


def main() -> None:
    """Make the directories, then write the files."""
    module = AnsibleModule(
        argument_spec={
            "directories": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": ATTRIBUTES,
            },
            "files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": ATTRIBUTES
                | {"content": {"type": "str", "required": True}, "validate": {"type": "str"}},
            },
        },
        supports_check_mode=True,
    )
    diffs: list[dict[str, Any]] = []
    written = [d["path"] for d in module.params["directories"] if make_directory(module, d)]
    written += [f["path"] for f in module.params["files"] if write_file(module, f, diffs)]
    module.exit_json(changed=bool(written), written=written, diff=diffs)


if __name__ == "__main__":
    main()
