from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from fermoposta_demo.podman import environment


@dataclass(frozen=True)
class Shell:
    """Commands on the host, as root."""

    container: str

    def call(
        self, *command: str, stdin: str | None = None, seconds: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run a command and return how it ended."""
        return subprocess.run(
            ["podman", "exec", "--interactive", self.container, *command],
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=seconds,
            env=environment(),
            check=False,
        )

    def run(self, *command: str, stdin: str | None = None, seconds: float = 300) -> str:
        """Run a command that must succeed and return what it printed."""
        done = self.call(*command, stdin=stdin, seconds=seconds)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def python(self, script: str, *arguments: str) -> str:
        """Run a Python script with the host's interpreter."""
        return self.run("/usr/bin/python3", "-I", "-", *arguments, stdin=script)

    def sql(self, query: str) -> list[list[str]]:
        """Return the rows of a query to the directory."""
        lines = self.run(
            "psql",
            "--no-psqlrc",
            "-U",
            "fermoposta",
            "-d",
            "fermoposta",
            "-At",
            "-F",
            "\t",
            "-c",
            query,
        )
        return [line.split("\t") for line in lines.splitlines()]

    def main_pid(self, unit: str) -> int:
        """Return the process id of a unit's main process; 0 when it does not run."""
        return int(self.run("systemctl", "show", "--property=MainPID", "--value", unit))

    def journal(self, *options: str) -> list[dict[str, Any]]:
        """Return journal entries of this boot."""
        text = self.run("journalctl", "--boot", "--output=json", "--no-pager", *options)
        return [json.loads(line) for line in text.splitlines()]
