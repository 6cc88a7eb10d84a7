# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
"""
Which variables of a site's inventory nothing reads.

Ansible says nothing of a misspelt variable: the role goes on with its default. So the names that an
operator wrote are compared with those that the roles' argument specs and the wiring know.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

# People and domains are checked field by field elsewhere; the others are Ansible's and its vault's.
PREFIXES_OF_OTHERS = ("mail_", "vault_", "ansible_")
SUFFIXES = (".yml", ".yaml")


class AnyTag(yaml.SafeLoader):
    """Reads YAML for its keys: what a tag such as !vault stands for is nobody's business here."""


AnyTag.add_multi_constructor("!", lambda _loader, _tag, _node: None)


def known_names(roles: Path, wiring: Path) -> set[str]:
    """Return every variable that a role's argument spec or the wiring names."""
    names = set(_keys(wiring))
    for spec in sorted(roles.glob("*/meta/argument_specs.yml")):
        entries = yaml.safe_load(spec.read_text())["argument_specs"]
        for entry in entries.values():
            names.update(entry.get("options") or {})
    return names


def complaints(sources: list[Path], known: set[str]) -> Iterator[str]:
    """Yield a sentence, with file and remedy, for every variable that would go unread."""
    for source in sources:
        for file in _variable_files(source):
            in_all = _group_of(file, source) == "all"
            for name in _keys(file):
                if in_all:
                    yield (
                        f"{file}: {name}: stands in group_vars/all, where the playbooks' own "
                        f"variables win without a word; move it to group_vars/mail"
                    )
                elif name not in known and not name.startswith(PREFIXES_OF_OTHERS):
                    yield f"{file}: {name}: nothing reads it; {_remedy(name, known)}"


def _variable_files(source: Path) -> list[Path]:
    root = source if source.is_dir() else source.parent
    return sorted(
        file
        for folder in ("group_vars", "host_vars")
        for file in (root / folder).rglob("*")
        if file.suffix in SUFFIXES and file.is_file()
    )


def _group_of(file: Path, source: Path) -> str:
    root = source if source.is_dir() else source.parent
    kind, name, *_ = file.relative_to(root).parts
    return Path(name).stem if kind == "group_vars" else ""


def _keys(file: Path) -> list[str]:
    """Return the top-level keys of *file*; none where it is no mapping, or vaulted as a whole."""
    text = file.read_text(encoding="utf-8")
    if text.startswith("$ANSIBLE_VAULT;"):
        return []
    try:
        content = yaml.load(text, Loader=AnyTag)  # noqa: S506 - a safe loader that skips tags
    except yaml.YAMLError:
        return []  # the check of the people says so, with the line
    return [str(key) for key in content] if isinstance(content, dict) else []


def _remedy(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"did you mean {near[0]}?" if near else "remove it, or see the roles' READMEs"
