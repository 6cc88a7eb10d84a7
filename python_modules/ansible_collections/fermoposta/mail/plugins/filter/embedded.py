"""The files that an inventory names, as contents: what runs on the host can't read them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: embedded
short_description: Put the contents of files in the place of their names
version_added: 0.1.0
author: The Fermoposta authors (@fermoposta)
description:
  - Replaces each file of C(mail_pictures) and C(mail_certificates) by its contents, as C(base64:…).
  - Files are looked for in C(group_vars/mail) of the inventories, then in C(group_vars).
  - Contents and digests that are given already stay as they are.
positional: sources
options:
  _input:
    description: What the inventory declares, by address.
    type: dict
    required: true
  sources:
    description: The inventories, as in C(ansible_inventory_sources).
    type: list
    elements: path
    required: true
"""

EXAMPLES = r"""
pictures: "{{ mail_pictures | fermoposta.mail.embedded(ansible_inventory_sources) }}"
"""

RETURN = r"""
_value:
  description: The same mapping with contents for files.
  type: dict
"""

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleFilterError

if TYPE_CHECKING:
    from collections.abc import Callable

READY = ("base64:", "sha256:")
BYTES_MAX = 1_000_000
"""Much more than the directory takes: it says what is too large, in its own words."""


def embedded(declared: dict[str, Any] | None, sources: list[str]) -> dict[str, Any]:
    """Return *declared* with the contents of files; raises AnsibleFilterError for a missing one."""
    roots = [path if path.is_dir() else path.parent for path in map(Path, sources)]
    folders = [root / below for root in roots for below in ("group_vars/mail", "group_vars")]

    def content(value: Any, place: str) -> Any:
        if isinstance(value, list):
            return [content(each, f"{place}[{at}]") for at, each in enumerate(value)]
        if not isinstance(value, str) or not value or value.startswith(READY):
            return value
        for folder in folders:
            if (folder / value).is_file():
                with (folder / value).open("rb") as file:
                    return f"base64:{b64encode(file.read(BYTES_MAX)).decode()}"
        raise AnsibleFilterError(
            f"{place}: there is no file {value}; put it beside the inventory's"
        )

    return {address: content(value, address) for address, value in (declared or {}).items()}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by their names."""
        return {"embedded": embedded}
