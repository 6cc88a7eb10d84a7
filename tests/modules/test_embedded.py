"""Files that an inventory names, on their way to a host that does not have them."""

import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.fermoposta.mail.plugins.filter.embedded import embedded

ROOT = Path(__file__).parents[2]
ADA = "ada@example.org"


@pytest.fixture
def site(tmp_path):
    """An inventory with a picture beside its variables."""
    folder = tmp_path / "group_vars/mail"
    folder.mkdir(parents=True)
    (folder / "ada.png").write_bytes(b"pixels")
    (tmp_path / "hosts.yml").write_text("all: {}\n")
    return tmp_path


def test_files_become_their_contents(site):
    """Alone and in lists, whether the inventory is named by its folder or its file."""
    contents = f"base64:{b64encode(b'pixels').decode()}"

    assert embedded({ADA: "ada.png"}, [str(site)]) == {ADA: contents}
    assert embedded({ADA: ["ada.png"]}, ["/nowhere", str(site / "hosts.yml")]) == {ADA: [contents]}


def test_what_needs_no_file_stays(site):
    """Contents, digests, and what is wrong anyway, which the directory says better."""
    declared = {ADA: ["base64:eA==", "sha256:00", 7, ""]}

    assert embedded(declared, [str(site)]) == declared
    assert embedded(None, [str(site)]) == {}


def test_a_missing_file_is_named(site):
    """With its place and a remedy."""
    with pytest.raises(
        AnsibleFilterError, match=r"ada@example.org\[0\]: there is no file bob.png; put"
    ):
        embedded({ADA: ["bob.png"]}, [str(site)])


def test_ansible_finds_it(tmp_path):
    """A play embeds the picture of the demo inventory."""
    playbook = tmp_path / "play.yml"
    playbook.write_text(
        """
- hosts: mail
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ mail_pictures | fermoposta.mail.embedded(ansible_inventory_sources) }}"
"""
    )

    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "inventories/demo", playbook],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "python_modules"),
            "ANSIBLE_HOME": str(tmp_path / "ansible"),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"ada@example.org": "base64:iVBOR' in done.stdout
