"""
Read what an operator declared: a folder of YAML, single files, or a mapping that Ansible parsed.

Only keys that begin with ``mail_`` are ours; what else lies in ``group_vars`` is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import yaml

from fermoposta.directory.problem import Problem
from fermoposta.inventory.yaml_events import Builder

SUFFIXES = frozenset({".yml", ".yaml", ".json"})
PREFIX = "mail_"


@dataclass(slots=True)
class Raw:
    """What was read: the values under their top-level keys, and what was wrong with the files."""

    data: dict[str, object] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)

    def located(self, problems: Iterable[Problem]) -> list[Problem]:
        """Return *problems* with the file and the line that they are about, where known."""
        lines: dict[Path, dict[str, int]] = {}
        return [self._locate(problem, lines) for problem in problems]

    def _locate(self, problem: Problem, lines: dict[Path, dict[str, int]]) -> Problem:
        path = problem.path
        source = self.files.get(path.partition(".")[0])
        if problem.where or source is None:
            return problem
        if source not in lines:
            lines[source] = _lines_of(source)
        while path not in lines[source] and path:
            path = path.rpartition(".")[0]
        line = lines[source].get(path)
        where = f"{source}:{line}" if line else str(source)
        return Problem(problem.path, problem.message, problem.remedy, where)


def load(source: str | Path | Iterable[str | Path] | Mapping[str, object]) -> Raw:
    """
    Read *source*: a file, a folder, several of them, or a mapping that is already parsed.

    A folder with a ``group_vars`` in it is an inventory of Ansible, of which that part is read.
    What is wrong with a file is noted in the result, never raised.
    """
    raw = Raw()
    if isinstance(source, Mapping):
        raw.data = {key: value for key, value in source.items() if key.startswith(PREFIX)}
        return raw
    paths = [source] if isinstance(source, str | Path) else list(source)
    for path in paths:
        for file in _files_below(Path(path), raw):
            _read(file, raw)
    return raw


def _files_below(path: Path, raw: Raw) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raw.problems.append(Problem(str(path), "is not there", "give a file or a folder of YAML"))
        return []
    root = path / "group_vars" if (path / "group_vars").is_dir() else path
    files = sorted(file for file in root.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raw.problems.append(
            Problem(str(path), "holds no file that ends in .yml, .yaml or .json", "check the path")
        )
    return files


def _read(file: Path, raw: Raw) -> None:
    try:
        text = file.read_text(encoding="utf-8")
        value, problems = _parse_text(text, file)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raw.problems.append(Problem(str(file), f"cannot be read: {reason}", "check the file"))
        return
    except yaml.YAMLError as error:
        raw.problems.append(_syntax_problem(file, error))
        return
    except json.JSONDecodeError as error:
        where = f"{file}:{error.lineno}"
        raw.problems.append(Problem(str(file), error.msg, "mend the JSON", where))
        return
    raw.problems.extend(problem for problem in problems if problem.path.startswith(PREFIX))
    _take(value, file, raw)


def _take(value: object, file: Path, raw: Raw) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        raw.problems.append(
            Problem(str(file), "is no mapping", "begin with a key such as mail_users:", f"{file}:1")
        )
        return
    for key, content in cast("dict[object, object]", value).items():
        if not isinstance(key, str) or not key.startswith(PREFIX):
            continue
        if key in raw.data:
            raw.problems.append(
                Problem(
                    key,
                    f"stands in {raw.files[key].name} and in {file.name}",
                    "put both into one file; Ansible would let the last win",
                    str(file),
                )
            )
            continue
        raw.data[key] = content
        raw.files[key] = file


def _parse_text(text: str, file: Path) -> tuple[object, list[Problem]]:
    if file.suffix == ".json":
        return _parse_json(text, file)
    if text.startswith("$ANSIBLE_VAULT;"):
        problem = Problem(
            "mail_",
            "the whole file is vaulted",
            "vault only the secrets (ansible-vault encrypt_string), or run it through Ansible",
            f"{file}:1",
        )
        return None, [problem]
    builder = Builder(text, str(file))
    return builder.build(), builder.problems


def _parse_json(text: str, file: Path) -> tuple[object, list[Problem]]:
    problems: list[Problem] = []

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        made: dict[str, object] = {}
        for key, value in items:
            if key in made:
                remedy = "keep one; the first would be lost without a word"
                problems.append(Problem(f"{PREFIX}….{key}", "stands twice", remedy, str(file)))
            made[key] = value
        return made

    return json.loads(text, object_pairs_hook=pairs), problems


def _syntax_problem(file: Path, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    where = f"{file}:{mark.line + 1}" if mark else str(file)
    message = getattr(error, "problem", None) or "is not YAML"
    return Problem(str(file), message, "mend the YAML at that line", where)


def _lines_of(file: Path) -> dict[str, int]:
    """Return the line of every path in *file*; read again, since few runs want to know."""
    lines: dict[str, int] = {}
    if file.suffix == ".json":
        return lines
    Builder(file.read_text(encoding="utf-8"), str(file), lines).build()
    return lines
