"""
Pytest's part of the feature ledger.

A test that names a row that does not exist ends the run before it begins; each test's case in
the JUnit file says its name without parameters and the rows that it proves.
"""

from pathlib import Path

import pytest

from fermoposta_docs.features import load_features

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse unknown rows, and note for the JUnit file what each test proves."""
    features = load_features(ROOT)
    unknown = []
    for item in items:
        names = [name for mark in item.iter_markers("feature") for name in mark.args]
        unknown += [
            f"{item.nodeid}: there is no feature row {n}" for n in names if n not in features
        ]
        note_proofs(item, names)
    if unknown:
        raise pytest.UsageError("\n".join(unknown))


def note_proofs(item: pytest.Item, names: list[str]) -> None:
    """Write the test's id without parameters and the rows *names* into its JUnit case."""
    if names:
        item.user_properties.append(("test", _node(item)))
        item.user_properties += [("feature", name) for name in dict.fromkeys(names)]


def _node(item: pytest.Item) -> str:
    path = item.path.resolve()
    if path.is_relative_to(ROOT):
        path = path.relative_to(ROOT)
    classes = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
    return "::".join([path.as_posix(), *classes, getattr(item, "originalname", item.name)])
