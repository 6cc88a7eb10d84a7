"""The layers of tests, quick ones first. All of them run, whatever fails."""

from __future__ import annotations

import os
import subprocess
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta_demo.images import base_image, packages_image
from fermoposta_demo.inventory import ansible_environment
from fermoposta_demo.paths import BIN, BUILD, ROOT
from fermoposta_demo.progress import say

if TYPE_CHECKING:
    from collections.abc import Sequence

JUNIT = BUILD / "junit"
SCENARIO = "fermoposta-molecule"
MOST_LINES = 8
LONGEST_LINE = 400


@dataclass(frozen=True, slots=True)
class Layer:
    """Commands that belong together; `needs_host` sets apart what takes minutes."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    needs_host: bool = False


def _pytest(name: str) -> Layer:
    folder = f"tests/{name}"
    return Layer(name, (("pytest", "--quiet", folder, f"--junitxml={JUNIT / name}.xml"),))


LAYERS = (
    Layer(
        "lint",
        (
            ("ruff", "check", "--quiet", "."),
            ("ruff", "format", "--check", "--quiet", "."),
            ("mypy",),
            ("yamllint", "--strict", "."),
            ("ansible-lint", "--offline", "-q"),
        ),
    ),
    *(
        _pytest(name)
        for name in ("unit", "contract", "modules", "roles", "templates", "inventories")
    ),
    Layer("molecule", (("molecule", "test", "--scenario-name=default"),), needs_host=True),
)
NAMES = [layer.name for layer in LAYERS]


def scenario_image() -> str:
    """Return what a scenario's host starts from.

    Continuous integration starts from bare Debian, so that a forgotten package shows; at home the
    layer that has them all saves two minutes. FERMOPOSTA_LAYER says which, whatever the place.
    """
    usual = "base" if os.environ.get("CI") else "packages"
    return base_image() if os.environ.get("FERMOPOSTA_LAYER", usual) == "base" else packages_image()


def run(*, only: Sequence[str] | None = None, quick: bool = False) -> int:
    """Run the layers and return 0 when all of them passed."""
    JUNIT.mkdir(parents=True, exist_ok=True)
    for old in JUNIT.glob("*.xml"):
        old.unlink()
    outcomes: list[tuple[str, bool, float]] = []
    for layer in LAYERS:
        if (only and layer.name not in only) or (quick and layer.needs_host):
            continue
        say(f"--- {layer.name}")
        started = time.monotonic()
        passed = _call_all(layer.commands)
        outcomes.append((layer.name, passed, time.monotonic() - started))
    merge()
    if not (only or quick):
        outcomes.append(("ledger", _call(_ledger()), 0))
    for line in failures():
        print(line)
    print()
    for name, passed, seconds in outcomes:
        print(f"  {'passed' if passed else 'FAILED'}  {name:<12} {seconds:6.0f} s")
    return 0 if all(passed for _, passed, _ in outcomes) else 1


def _call_all(commands: Sequence[tuple[str, ...]]) -> bool:
    """Run all commands, whatever fails; tell whether none did."""
    results = [_call(command) for command in commands]
    return all(results)


def _ledger() -> tuple[str, ...]:
    """Return the command that holds the run against what docs/features.md promises."""
    reports = [f"--junit={file}" for file in sorted(JUNIT.glob("*.xml"))]
    output = f"--output={BUILD / 'features.md'}"
    return ("python", "-m", "fermoposta_docs", "features", *reports, output)


def _call(command: tuple[str, ...]) -> bool:
    env = ansible_environment(SCENARIO) | {
        "PYTHONPATH": str(ROOT / "python_modules"),
        "FERMOPOSTA_JUNIT": str(JUNIT),
    }
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, env=env, check=False)
    if done.returncode:
        print(f"FAILED: {' '.join(command)}", flush=True)
    return done.returncode == 0


def failures() -> list[str]:
    """Return a few lines about each test that failed.

    They come last: what keeps only the end of a long log still tells what was wrong.
    """
    lines: list[str] = []
    for file in sorted(JUNIT.glob("*.xml")):
        for case in ET.parse(file).getroot().iter("testcase"):  # noqa: S314 - our own pytest wrote it
            for told in (*case.iter("failure"), *case.iter("error")):
                lines.append(f"FAILED: {case.get('classname')}::{case.get('name')}")
                text = (told.get("message") or told.text or "").strip().splitlines()
                lines += [f"    {line[:LONGEST_LINE]}" for line in text[:MOST_LINES]]
    return lines


def merge() -> None:
    """Write all JUnit files as one, for tools that want a single file."""
    root = ET.Element("testsuites")
    for file in sorted(JUNIT.glob("*.xml")):
        for suite in ET.parse(file).getroot().iter("testsuite"):  # noqa: S314 - our own pytest wrote it
            suite.set("name", file.stem)
            root.append(suite)
    ET.ElementTree(root).write(BUILD / "junit.xml", encoding="utf-8", xml_declaration=True)
