import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "python_modules/fermoposta"

BELOW = {
    "service": set(),
    "directory": {"service"},
    "inventory": {"directory"},
    "clientconfig": {"service"},
    "mailstore": {"directory", "service"},
    "booking": set(),
}
DOORS = {"activesync", "agent", "cli", "jobs", "policy", "portal"}
BELOW |= {door: set(BELOW) for door in DOORS}


def imported(path):
    """The subpackages of ours that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "fermoposta" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("package", sorted(BELOW))
def test_a_subpackage_depends_downwards_only(package):
    """The doors don't know each other, and what is below them knows no door."""
    allowed = BELOW[package] | {package}

    found = {
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in (PACKAGE / package).rglob("*.py")
        for name in imported(path)
        if name not in allowed
    }

    assert found == set()


def test_every_subpackage_has_its_place():
    """A new one is put into the order before it grows."""
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(BELOW)
