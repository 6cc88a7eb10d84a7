"""Lines for the person who waits: what is being done, and for how long it has been."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_STARTED = time.monotonic()
_TASK = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(?:(?P<role>[\w.]+) : )?(?P<name>.*?)\] \*")
_PLAY = re.compile(r"^PLAY \[(?P<name>.*?)\] \*")
_RECAP = re.compile(r"^\S+\s+: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)")


class CommandError(Exception):
    """A command ended with an error; `tail` is the end of what it said."""

    def __init__(self, what: str, tail: str) -> None:
        super().__init__(f"{what} failed")
        self.tail = tail


def say(text: str) -> None:
    """Print one line with the seconds since the start in front."""
    print(f"[{time.monotonic() - _STARTED:4.0f} s] {text}", flush=True)


def run_playbook(
    command: Sequence[str], *, log: Path, env: Mapping[str, str], quiet: bool = False
) -> int:
    """Run ansible-playbook, log all it says, show where it is, and return how much it changed.

    Raises CommandError with the end of the log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    changed = 0
    role = ""
    with (
        log.open("w") as record,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(env)
        ) as process,
    ):
        if process.stdout is None:
            message = "the pipe was asked for above"
            raise AssertionError(message)
        for line in process.stdout:
            record.write(line)
            if recap := _RECAP.match(line):
                changed += int(recap["changed"])
            task = _TASK.match(line)
            now = task["role"] or role if task else role
            if now != role and not quiet:
                say(f"  {now}")
            role = now
    if process.returncode:
        raise CommandError(" ".join(command[:2]), "\n".join(log.read_text().splitlines()[-60:]))
    return changed


def give_up(error: CommandError) -> int:
    """Print what failed and the end of what it said; return the exit code."""
    print(error.tail, file=sys.stderr)
    print(f"\n{error}", file=sys.stderr)
    return 1
