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
    "backup": {"mailstore", "directory", "service"},
    "outlook": set(),
    "imports": {"mailstore", "service", "outlook"},
}
DOORS = {"activesync", "agent", "cli", "jobs", "policy", "portal"}
BELOW |= {door: set(BELOW) for door in DOORS}
# `fermoposta devices` and the portal read what the gateway keeps; `fermoposta eas` is a phone.
# `fermoposta invite` makes a link of the portal's.
BELOW["cli"] |= {"activesync", "portal"}
BELOW["portal"] |= {"activesync"}
WIRE = {"client", "multipart", "request", "versions", "wbxml"}
"""Modules of activesync that a phone has in common with the gateway, and its own."""
BELOW["gateway"] = {"activesync", "mailstore", "directory", "service", "clientconfig"}


def imported(path, of="fermoposta"):
    """The modules of the package *of* that a file imports, inside functions too."""
    depth = of.count(".") + 1
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if name.startswith(f"{of}.") and len(parts) > depth:
                yield parts[depth]


@pytest.mark.parametrize("package", sorted(BELOW))
def test_a_subpackage_depends_downwards_only(package):
    """
    The doors don't know each other, and what is below them knows no door.

    But for the operator's: it looks after devices, speaks to the gateway as one, and invites people
    to the portal.
    """
    allowed = BELOW[package] | {package}

    found = {
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in (PACKAGE / package).rglob("*.py")
        for name in imported(path)
        if name not in allowed
    }

    assert found == set()


@pytest.mark.parametrize("files", ["cli/eas*.py", "activesync/client/*.py"])
def test_a_phone_knows_the_wire_and_not_the_gateway(files):
    """What the gateway does inside is no business of the client that tests it."""
    found = {
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in PACKAGE.glob(files)
        for name in imported(path, of="fermoposta.activesync")
        if name not in WIRE
    }

    assert found == set()


def test_the_command_line_takes_links_from_the_portal_and_nothing_else():
    """The pages, and what answers requests, are no business of the operator's door."""
    found = {
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in PACKAGE.glob("cli/*.py")
        for name in imported(path, of="fermoposta.portal")
        if name != "recovery"
    }

    assert found == set()


def test_every_subpackage_has_its_place():
    """A new one is put into the order before it grows."""
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(BELOW)
