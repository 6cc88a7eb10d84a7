"""Renders a role's template as Ansible does: by its templar, with the role's own variables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLES = Path(__file__).parents[2] / "roles"
HOST = {"ansible_managed": "Ansible managed", "ansible_facts": {"fqdn": "mail.example.org"}}


class Render(Protocol):
    def __call__(self, role: str, template: str, **variables: object) -> str: ...


def trusted(value: Any) -> Any:
    """Return *value* with its strings marked as templates, as Ansible does when it loads a role."""
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, list):
        return [trusted(each) for each in value]
    if isinstance(value, dict):
        return {name: trusted(each) for name, each in value.items()}
    return value


def variables_of(role: str) -> dict[str, Any]:
    """Return what *role* has by itself: its defaults and its private variables."""
    found: dict[str, Any] = {}
    for part in ("defaults", "vars"):
        path = ROLES / role / part / "main.yml"
        if path.exists():
            found |= yaml.safe_load(path.read_text()) or {}
    return {name: trusted(value) for name, value in found.items()}


@pytest.fixture
def render() -> Iterator[Render]:
    def render(role: str, template: str, **variables: object) -> str:
        text = (ROLES / role / "templates" / template).read_text()
        templar = Templar(
            loader=DataLoader(), variables=HOST | variables_of(role) | dict(variables)
        )
        # Where a template looks for what it includes.
        templar.environment.loader.searchpath = [str(ROLES / role / "templates")]
        # Ansible's template module leaves the last line's end as it is, the templar takes it away.
        return str(templar.template(trust_as_template(text))) + "\n"

    return render
