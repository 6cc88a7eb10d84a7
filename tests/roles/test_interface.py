"""The roles' public face: what the specs promise, and how names keep the roles apart."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.fermoposta.mail.plugins.module_utils import names

ROOT = Path(__file__).parents[2]
ROLES = sorted(path.parent for path in (ROOT / "roles").glob("*/tasks"))
WIRING = ROOT / "playbooks/group_vars/all/wiring.yml"
SITES = sorted(path for path in (ROOT / "inventories").iterdir() if path.is_dir())

each_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def load(path: Path) -> Any:
    return yaml.load(path.read_text(), Loader=names.AnyTag) if path.exists() else None  # noqa: S506 - a safe loader that skips tags


def options(role: Path, entry: str = "main") -> dict[str, Any]:
    specs = load(role / "meta/argument_specs.yml")["argument_specs"]
    return specs[entry].get("options") or {}


def tasks_in(file: Path) -> list[dict[str, Any]]:
    """Return every task of a file, those inside blocks too."""
    found: list[dict[str, Any]] = []
    waiting = list(load(file) or [])
    while waiting:
        task = waiting.pop()
        found.append(task)
        for part in ("block", "rescue", "always"):
            waiting.extend(task.get(part, []))
    return found


def test_there_are_roles():
    """A wrong path must not make the other tests hold for nothing."""
    assert len(ROLES) >= 14


@each_role
def test_defaults_are_as_the_spec_says(role):
    """What the documentation promises is what an operator gets."""
    optional = {
        name: option["default"]
        for name, option in options(role).items()
        if not option.get("required")
    }

    assert (load(role / "defaults/main.yml") or {}) == optional


@each_role
def test_a_role_keeps_to_its_own_names(role):
    """Ansible's variables are global: two roles with one name would overwrite each other."""
    public = set(options(role))
    private = set(load(role / "vars/main.yml") or {})

    assert [name for name in public if not name.startswith(f"{role.name}_")] == []
    assert [name for name in private if not name.startswith(f"__{role.name}_")] == []


@each_role
def test_what_tasks_remember_is_the_roles_own(role):
    """A registered result or a loop's variable outlives its task, so it carries the role's name."""
    found = []
    for file in sorted((role / "tasks").glob("*.yml")) + sorted((role / "handlers").glob("*.yml")):
        for task in tasks_in(file):
            found += [task["register"]] if "register" in task else []
            found += list(task.get("ansible.builtin.set_fact", {}))
            if "loop" in task:
                found.append(task.get("loop_control", {}).get("loop_var", "item"))

    assert [name for name in found if not name.startswith(f"__{role.name}_")] == []


@each_role
def test_a_line_of_the_log_says_where_it_is_from(role):
    """A task's name begins with its file, so that it can be found."""
    wrong = [
        task["name"]
        for file in sorted((role / "tasks").glob("*.yml"))
        if file.name != "main.yml"
        for task in tasks_in(file)
        if not task["name"].startswith(f"{file.stem} | ")
    ]

    assert wrong == []


@each_role
def test_tasks_are_tagged_once(role):
    """An operator runs a role by its name, and a part of it by `<role>_<part>`."""
    for task in load(role / "tasks/main.yml"):
        tags = task["tags"]

        assert role.name in tags
        assert all(tag == role.name or tag.startswith(f"{role.name}_") for tag in tags)


@each_role
def test_the_readme_has_the_table_of_variables(role):
    """Nobody writes a table of variables by hand: it is made from the spec."""
    text = (role / "README.md").read_text()

    assert "<!-- begin variables" in text
    assert all(f"`{name}`" in text for name in options(role))


@each_role
def test_a_failure_is_not_passed_over(role):
    """A task that failed stops the run: nothing goes on over a half-made host."""
    files = [*(role / "tasks").glob("*.yml"), *(role / "handlers").glob("*.yml")]

    assert [
        task["name"] for file in files for task in tasks_in(file) if "ignore_errors" in task
    ] == []


def test_the_wiring_speaks_of_variables_that_exist():
    """A role's variable that is renamed is renamed in the wiring too."""
    known = set().union(*(options(role) for role in ROLES))
    prefixes = tuple(f"{role.name}_" for role in ROLES)
    wired = [name for name in load(WIRING) if name.startswith(prefixes)]

    assert [name for name in wired if name not in known] == []


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_an_inventory_speaks_of_variables_that_exist(site):
    """A misspelt variable would leave its role on the default without a word."""
    known = names.known_names(ROOT / "roles", WIRING)

    assert list(names.complaints([site], known)) == []
