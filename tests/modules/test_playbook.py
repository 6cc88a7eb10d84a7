import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PASSWORDS = {"good": "Engine1843", "weak": "engineeighteen"}

WHOLE = """
- hosts: localhost
  gather_facts: false
  tasks:
    - fermoposta.mail.directory:
        companies: {{acme: {{name: Acme}}}}
        domains: {{example.org: {{company: acme}}}}
        users:
          ada@example.org:
            name: Ada
            password: {password}
"""
KIND = """
- hosts: localhost
  gather_facts: false
  tasks:
    - fermoposta.mail.users:
        users:
          - address: ada@example.org
            name: Ada
            password: {password}
"""


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=list(PASSWORDS))
@pytest.mark.parametrize("play", [WHOLE, KIND], ids=["directory", "users"])
def test_ansible_at_its_loudest_shows_no_password(tmp_path, play, password):
    """With -vvvv and --diff, in success and in failure, a password stays a secret."""
    playbook = tmp_path / "play.yml"
    # The vault's stand-in: a password in the play itself would be quoted as the play's source.
    playbook.write_text(play.format(password='\'{{ lookup("env", "THE_PASSWORD") }}\''))
    program = Path(sys.executable).with_name("ansible-playbook")
    here = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]

    done = subprocess.run(
        [program, "-vvvv", "--diff", *here, playbook],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "python_modules"),
            "ANSIBLE_HOME": str(tmp_path / "ansible"),
            "FERMOPOSTA_DSN": "host=/nowhere dbname=none",
            "THE_PASSWORD": password,
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2, done.stderr
    assert "module_args" in done.stdout
    assert password not in done.stdout + done.stderr
