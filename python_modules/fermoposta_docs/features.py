"""
The feature ledger: each feature row, and the tests that say that it works.

The tests are read, not imported: the ledger can be made on a machine that could not run them.
A test names its rows by `@pytest.mark.feature("F055")`, on itself, its class, a parameter set or
its module (`pytestmark`).
"""

import ast
import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HEADER = """\
# Features

Proved: {count} of {total}. Made by `python -m fermoposta_docs write` from the tests' own words:
each line under *proved by* is the promise of a test that names the row, and links to its file.
`make test` holds its run against this page: a test that fails, is skipped or is missing turns the
run red, and `build/features.md` says what was proved in that run.

| row | feature | proved | proved by |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature row: its id, its name, and what a tester observes."""

    id: str
    name: str
    statement: str


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """A test that names feature rows; *path* is relative to the repository."""

    path: str
    test: str
    promise: str
    features: tuple[str, ...]

    @property
    def node(self) -> str:
        """Return the test's id without parameters, as pytest prints it."""
        return f"{self.path}::{self.test}"


def load_features(root: Path) -> dict[str, Feature]:
    """Return the feature rows by id, in their order."""
    with (root / "tests/data/features.csv").open(newline="") as file:
        return {row["id"]: Feature(**row) for row in csv.DictReader(file)}


def find_proofs(root: Path) -> list[Proof]:
    """Return every test below `tests/` that names a feature row."""
    proofs: list[Proof] = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(), filename=str(path))
        proofs.extend(_proofs_of(tree, path.relative_to(root).as_posix()))
    return proofs


def unknown_features(proofs: list[Proof], features: Mapping[str, Feature]) -> list[str]:
    """Say which tests name a row that does not exist."""
    return [
        f"{proof.node}: there is no feature row {name}"
        for proof in proofs
        for name in proof.features
        if name not in features
    ]


def render(features: Mapping[str, Feature], proofs: list[Proof]) -> str:
    """Return the ledger as Markdown, links relative to `docs/`."""
    by_feature: dict[str, list[Proof]] = defaultdict(list)
    for proof in proofs:
        for name in proof.features:
            by_feature[name].append(proof)
    lines = [
        f"| {feature.id} | {feature.name} | {'yes' if by_feature[feature.id] else 'no'} | "
        f"{'<br>'.join(_link(proof) for proof in by_feature[feature.id])} |"
        for feature in features.values()
    ]
    count = sum(1 for name in features if by_feature[name])
    return HEADER.format(count=count, total=len(features)) + "\n".join(lines) + "\n"


def _link(proof: Proof) -> str:
    promise = proof.promise or proof.test.removeprefix("test_").replace("_", " ")
    escaped = re.sub(r"([|<>\[\]])", r"\\\1", promise)
    return f"[{escaped}](../{proof.path})"


def _proofs_of(tree: ast.Module, path: str) -> Iterator[Proof]:
    """Yield the proofs of a module, those of its classes included."""
    of_module = _marks(_pytestmark(tree.body))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            of_class = of_module + _marks([*node.decorator_list, *_pytestmark(node.body)])
            for inner in node.body:
                yield from _proof_of(inner, path, f"{node.name}::", of_class)
        else:
            yield from _proof_of(node, path, "", of_module)


def _proof_of(node: ast.stmt, path: str, owner: str, marks: list[str]) -> Iterator[Proof]:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    names = tuple(dict.fromkeys(marks + _marks(node.decorator_list)))
    if node.name.startswith("test") and names:
        promise = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
        yield Proof(path, owner + node.name, promise, names)


def _pytestmark(body: list[ast.stmt]) -> list[ast.expr]:
    """Return what is assigned to `pytestmark` in *body*."""
    return [
        node.value
        for node in body
        if isinstance(node, ast.Assign)
        and any(
            isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
        )
    ]


def _marks(nodes: list[ast.expr]) -> list[str]:
    """Return the ids that `pytest.mark.feature(…)` names anywhere in *nodes*, in order."""
    return [
        argument.value
        for top in nodes
        for node in ast.walk(top)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "feature"
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
