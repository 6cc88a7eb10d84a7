"""The variables' tables in the roles' READMEs, from `meta/argument_specs.yml`."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

BEGIN = "<!-- begin variables: made by `python -m fermoposta_docs write` -->"
END = "<!-- end variables -->"

# Ansible's markup for code, options, values, modules.
_MARKUP = re.compile(r"\b[COVM]\(([^()]*)\)")


def readme(role: Path) -> str:
    """
    Return the README of *role*: the hand-written text, then the table of its variables.

    A README without the markers gets the table at its end; a role without one gets a title.
    """
    path = role / "README.md"
    text = path.read_text() if path.exists() else f"# {role.name}\n\n{_summary(role)}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    below = f"\n{after.strip()}\n" if after.strip() else ""
    return f"{before.rstrip()}\n\n{BEGIN}\n{_tables(role)}{END}\n{below}"


def _specs(role: Path) -> Mapping[str, Any]:
    loaded = yaml.safe_load((role / "meta/argument_specs.yml").read_text())
    specs: Mapping[str, Any] = loaded["argument_specs"]
    return specs


def _summary(role: Path) -> str:
    return str(_specs(role)["main"]["short_description"]).rstrip(".") + "."


def _tables(role: Path) -> str:
    specs = _specs(role)
    parts = []
    for entry, spec in specs.items():
        title = "## Variables" if entry == "main" else f"## Variables of the entry point `{entry}`"
        rows = list(_rows(spec.get("options") or {}, ""))
        table = ["| variable | type | default | meaning |", "|---|---|---|---|", *rows]
        parts.append("\n".join(["", title, "", *(table if rows else ["None."]), ""]))
    return "".join([*parts, "\n"])


def _rows(options: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, option in options.items():
        kind = str(option.get("type", "str"))
        if kind == "list" and "elements" in option:
            kind = f"list of {option['elements']}"
        default = _default(option, nested=bool(prefix))
        yield f"| `{prefix}{name}` | {kind} | {default} | {_meaning(option)} |"
        inner = f"{prefix}{name}{'[]' if option.get('type') == 'list' else ''}."
        yield from _rows(option.get("options") or {}, inner)


def _default(option: Mapping[str, Any], *, nested: bool) -> str:
    if option.get("required"):
        return "*required*"
    if "default" not in option:
        return "" if nested else "none"
    return f"`{json.dumps(option['default'], ensure_ascii=False)}`".replace("|", "\\|")


def _meaning(option: Mapping[str, Any]) -> str:
    description = option.get("description", "")
    sentences = description if isinstance(description, list) else [description]
    text = " ".join(" ".join(str(sentence).split()) for sentence in sentences)
    if choices := option.get("choices"):
        text += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    return _MARKUP.sub(r"`\1`", text).replace("|", "\\|")
