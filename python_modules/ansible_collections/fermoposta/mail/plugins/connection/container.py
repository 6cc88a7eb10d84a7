# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
"""
Reach a Podman container of this machine through its namespaces, with pipelining.

``containers.podman.podman`` copies every module as a file and runs it then: four calls of Podman
for each task, each a fifth of a second. This plugin asks Podman once for the container's first
process, enters its namespaces, and hands the module to the interpreter's standard input.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: container
short_description: Reach a Podman container of this machine through its namespaces, with pipelining
version_added: 0.1.0
author: Fermoposta
description:
  - Runs tasks in a running container of this machine, as the container's root.
  - Needs to be root here, and nsenter of util-linux.
options:
  remote_addr:
    description: Name or id of the container.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
  podman_executable:
    description: Name or path of Podman.
    type: str
    default: podman
    vars:
      - name: ansible_podman_executable
    env:
      - name: ANSIBLE_PODMAN_EXECUTABLE
  podman_extra_args:
    description: Arguments put in front of Podman's command.
    type: str
    default: ""
    vars:
      - name: ansible_podman_extra_args
    env:
      - name: ANSIBLE_PODMAN_EXTRA_ARGS
  pipelining:
    description: Whether a module is handed over by standard input. A copy takes longer.
    type: bool
    default: true
    vars:
      - name: ansible_pipelining
"""

import shlex
import subprocess
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.connection import ConnectionBase, ensure_connect

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "container": "podman",
}


class Connection(ConnectionBase):
    """A container of this machine."""

    transport = "fermoposta.mail.container"
    has_pipelining = True
    _process = ""

    def _connect(self) -> Connection:
        if not self._connected:
            self._process = self._first_process()
            self._connected = True
        return self

    def _first_process(self) -> str:
        """Return the id, in this machine's counting, of the container's first process."""
        container = self.get_option("remote_addr")
        asked = subprocess.run(
            [
                self.get_option("podman_executable"),
                *shlex.split(self.get_option("podman_extra_args")),
                "container",
                "inspect",
                "--format={{.State.Pid}}",
                container,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        process = asked.stdout.strip()
        if asked.returncode or process == "0":
            raise AnsibleConnectionFailure(asked.stderr.strip() or f"{container} does not run")
        return process

    def _run(self, command: list[str], data: bytes | None) -> tuple[int, bytes, bytes]:
        """Run *command* in the container with *data* as its standard input."""
        done = subprocess.run(
            ["nsenter", "--target", self._process, "--all", "--", *command],
            input=data or b"",
            capture_output=True,
            check=False,
            env=ENVIRONMENT,
        )
        return done.returncode, done.stdout, done.stderr

    @ensure_connect
    def exec_command(
        self, cmd: str, in_data: bytes | None = None, sudoable: bool = True
    ) -> tuple[int, bytes, bytes]:
        """Run a command line in the container."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        return self._run(["/bin/sh", "-c", cmd], in_data)

    @ensure_connect
    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file of the controller into the container."""
        super().put_file(in_path, out_path)
        code, _, stderr = self._run(
            ["/bin/sh", "-c", f"cat > {shlex.quote(out_path)}"], Path(in_path).read_bytes()
        )
        if code:
            raise AnsibleError(f"{out_path} was not written: {stderr.decode(errors='replace')}")

    @ensure_connect
    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file of the container to the controller."""
        super().fetch_file(in_path, out_path)
        code, stdout, stderr = self._run(["cat", in_path], None)
        if code:
            raise AnsibleError(f"{in_path} was not read: {stderr.decode(errors='replace')}")
        Path(out_path).write_bytes(stdout)

    def close(self) -> None:
        """Forget the connection; there is nothing to hang up."""
        self._connected = False
