"""
What stands in the controls of a form, and what it means: texts by name, and an inventory's values.

A list stands in one control, a value a line, and so does a mapping; a role in three. The columns
of a CSV file have the same names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fermoposta.directory.model import RIGHTS
from fermoposta.directory.model.records import DELEGATION_FOLDERS
from fermoposta.portal.admin.sheets import Control, Key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fermoposta.portal.admin.sheets import Field, Sheet

Inputs = dict[str, str]


def names_of(each: Field) -> tuple[str, ...]:
    """Return the names of the controls that *each* has."""
    if each.control is Control.ROLE:
        return (each.name, f"{each.name}.companies", f"{each.name}.domains")
    if each.control is Control.SENDERS:
        return (each.name, f"{each.name}.addresses")
    if each.control is Control.RIGHTS:
        return (each.name, f"{each.name}.single")
    if each.control is Control.FOLDERS:
        return tuple(f"{each.name}.{folder}" for folder in DELEGATION_FOLDERS)
    return (each.name,)


def inputs_of(sheet: Sheet, fields: Mapping[str, object]) -> Inputs:
    """Return what stands in the controls for *fields*; of secrets nothing."""
    made: Inputs = {}
    for each in sheet.fields:
        value = fields.get(each.name)
        match each.control:
            case Control.HIDDEN:
                made[each.name] = ""
            case Control.ROLE:
                role = value if isinstance(value, dict) else {}
                made[each.name] = str(role.get("name", ""))
                made[f"{each.name}.companies"] = _lines(role.get("companies"))
                made[f"{each.name}.domains"] = _lines(role.get("domains"))
            case Control.SENDERS:
                listed = isinstance(value, list)
                made[each.name] = "" if listed else str(value or "")
                made[f"{each.name}.addresses"] = _lines(value if listed else None)
            case Control.RIGHTS:
                listed = isinstance(value, list)
                made[each.name] = "" if listed else str(value or "no_rights")
                made[f"{each.name}.single"] = _lines(value if listed else None)
            case Control.FOLDERS:
                given = value if isinstance(value, dict) else {}
                for folder in DELEGATION_FOLDERS:
                    made[f"{each.name}.{folder}"] = _rights_text(given.get(folder))
            case Control.PAIRS:
                pairs = value if isinstance(value, dict) else {}
                made[each.name] = "\n".join(f"{name}: {word}" for name, word in pairs.items())
            case _:
                made[each.name] = _text(value)
    return made


def fields_of(sheet: Sheet, inputs: Mapping[str, str]) -> dict[str, object]:
    """
    Return what *inputs* mean; what is empty is left out, but for what must be given.

    What can't be understood is returned as it is: the inventory's readers say what is wrong.
    """
    made: dict[str, object] = {}
    for each in sheet.fields:
        if any(name in inputs for name in names_of(each)):
            value = _READERS.get(each.control, _line)(each, inputs)
            if value is not None:
                made[each.name] = value
    return made


def _line(each: Field, inputs: Mapping[str, str]) -> object:
    text = inputs[each.name]
    return text if text.strip() or each.required else None


def _number(each: Field, inputs: Mapping[str, str]) -> object:
    text = inputs[each.name].strip()
    return int(text) if re.fullmatch("[0-9]{1,12}", text) else text or None


def _switch(each: Field, inputs: Mapping[str, str]) -> object:
    text = inputs[each.name].strip().lower()
    return {"on": True, "off": False, "": None}.get(text, text)


def _listed(each: Field, inputs: Mapping[str, str]) -> object:
    return words(inputs[each.name])


def _hidden(each: Field, inputs: Mapping[str, str]) -> object:
    return inputs[each.name] or None


def _role(each: Field, inputs: Mapping[str, str]) -> object:
    if not inputs[each.name]:
        return None
    return {
        "name": inputs[each.name],
        "companies": words(inputs.get(f"{each.name}.companies", "")),
        "domains": words(inputs.get(f"{each.name}.domains", "")),
    }


def _senders(each: Field, inputs: Mapping[str, str]) -> object:
    return inputs[each.name] or words(inputs.get(f"{each.name}.addresses", "")) or None


def _rights(each: Field, inputs: Mapping[str, str]) -> object:
    return inputs.get(each.name) or words(inputs.get(f"{each.name}.single", ""))


def _folders(each: Field, inputs: Mapping[str, str]) -> object:
    made: dict[str, object] = {}
    for folder in DELEGATION_FOLDERS:
        given = words(inputs.get(f"{each.name}.{folder}", ""))
        if given:
            made[folder] = given[0] if len(given) == 1 and given[0] not in RIGHTS else given
    return made


def _pairs(each: Field, inputs: Mapping[str, str]) -> object:
    """Return the mapping; a line that has no colon is a name without a value, which is wrong."""
    made: dict[str, object] = {}
    for line in inputs[each.name].splitlines():
        if line.strip():
            name, _, word = line.rpartition(":") if ":" in line else (line, "", "")
            made[name.strip()] = word.strip()
    return made or None


_READERS: Mapping[Control, Callable[[Field, Mapping[str, str]], object]] = {
    Control.NUMBER: _number,
    Control.SWITCH: _switch,
    Control.LINES: _listed,
    Control.HIDDEN: _hidden,
    Control.ROLE: _role,
    Control.SENDERS: _senders,
    Control.RIGHTS: _rights,
    Control.FOLDERS: _folders,
    Control.PAIRS: _pairs,
}


def words(text: str) -> list[str]:
    """Return what stands between blanks, commas and semicolons."""
    return [word for word in re.split(r"[\s,;]+", text) if word]


def key_of(sheet: Sheet, inputs: Mapping[str, str]) -> str:
    """Return the key that the controls of a new record name."""
    parts = {part.name: inputs.get(part.name, "").strip() for part in sheet.parts}
    match sheet.key:
        case Key.MAILBOX:
            return f"{parts['key.local']}@{parts['key.domain']}"
        case Key.JUNK:
            return f"{parts['key.domain']} {parts['key.sender']}"
        case _:
            return " ".join(parts.values())


def key_inputs(sheet: Sheet, key: str) -> Inputs:
    """Return what stands in the controls for the key of a record that is there."""
    if sheet.key is Key.JUNK:
        domain, _, sender = key.partition(" ")
        return {"key.domain": domain, "key.sender": sender}
    return {}


def _rights_text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _lines(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else ""


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return _lines(value)
    return "" if value is None else str(value)
