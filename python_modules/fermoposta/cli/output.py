"""How the commands speak: tables for people, JSON for programs, one set of exit codes for both."""

import json
from collections.abc import Sequence
from enum import IntEnum

import click


class Exit(IntEnum):
    """
    What a command's exit code says.

    | code | meaning |
    |---|---|
    | 0 | done, or nothing to do |
    | 1 | something was found: a difference (`drift`), something bad (`doctor`, `audit`) |
    | 2 | the command was not understood |
    | 3 | what was declared has problems, all of which were said |
    | 4 | the plan is refused; the directory is as it was |
    | 5 | the directory, its database or the configuration can't be used |
    | 6 | nothing bad was found, but something could not be told (`doctor`) |
    """

    DONE = 0
    FOUND = 1
    USAGE = 2
    PROBLEMS = 3
    REFUSED = 4
    UNAVAILABLE = 5
    UNSURE = 6


def as_json(value: object) -> None:
    """Print *value* as one JSON document."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print *rows* in columns below *header*; the last column is as wide as it gets."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        click.echo("  ".join(padded).rstrip())


def complain(text: str) -> None:
    """Print *text* where errors go."""
    click.echo(text, err=True)


def leave(code: Exit) -> None:
    """End the command with *code*, which is more than DONE."""
    raise SystemExit(int(code))
