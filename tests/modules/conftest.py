import importlib
import json
from dataclasses import dataclass, replace

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

from ansible_collections.fermoposta.mail.plugins.module_utils import converge
from fermoposta.directory.model import Alias, Owner, User
from fermoposta.directory.plan import plan
from fermoposta.directory.store import MemoryStore

COLLECTION = "ansible_collections.fermoposta.mail.plugins.modules"

WHOLE = {
    "companies": {"acme": {"name": "Acme"}},
    "domains": {"example.org": {"company": "acme"}, "example.com": {"company": "acme"}},
    "users": {
        "ada@example.org": {"name": "Ada Lovelace", "password": "Engine1843"},
        "bob@example.org": {"name": "Bob Frankston", "password": "Visicalc1979"},
    },
    "aliases": {"info@example.org": {"destinations": ["ada@example.org"]}},
    "groups": {"sales@example.org": {"name": "Sales", "members": ["bob@example.org"]}},
    "resources": {"room@example.org": {"name": "Room"}},
    "send_as": {"info@example.org": {"senders": ["bob@example.org"]}},
    "grants": {"ada@example.org": {"INBOX": {"bob@example.org": "read_only"}}},
    "junk_rules": {"example.org": {"@spam.example": "block"}},
}


@dataclass
class Result:
    """What Ansible hears of a run."""

    text: str

    def __getitem__(self, name):
        return json.loads(self.text)[name]

    @property
    def failed(self):
        return json.loads(self.text).get("failed", False)


class Ansible:
    """Runs modules as Ansible does, over a directory in memory."""

    def __init__(self, capsys, store, log):
        self.store = store
        self.log = log
        self._capsys = capsys

    def run(self, module, check=False, **parameters):
        self._capsys.readouterr()
        arguments = {
            **parameters,
            "_ansible_check_mode": check,
            "_ansible_diff": True,
            "_ansible_no_log": False,  # as the controller says it, over the module's own word
        }
        door = importlib.import_module(f"{COLLECTION}.{module}")
        with patch_module_args(arguments), pytest.raises(SystemExit):
            door.main()
        return Result(self._capsys.readouterr().out)

    def by_portal(self, *records):
        """Let the portal make *records*."""
        actual = self.store.state()
        desired = actual.copy()
        for record in records:
            desired.put(replace(record, managed_by=Owner.PORTAL))
        kinds = {record.kind for record in records}
        self.store.apply(plan(desired, actual, kinds=kinds, owner=Owner.PORTAL), actor="portal:ada")


@pytest.fixture
def ansible(capsys, monkeypatch):
    """A host whose directory is empty."""
    store = MemoryStore()
    monkeypatch.setenv("FERMOPOSTA_DSN", "")
    monkeypatch.setattr(converge, "open_store", lambda: store)
    log = []
    monkeypatch.setattr(basic.syslog, "syslog", lambda *words: log.append(words[-1]))
    return Ansible(capsys, store, log)


@pytest.fixture
def inhabited(ansible):
    """A host whose directory is what WHOLE says."""
    assert ansible.run("directory", **WHOLE)["changed"]
    return ansible


@pytest.fixture
def portal_user():
    """Somebody whom an administrator made in the portal."""
    return User("carla@example.org", "Carla")


@pytest.fixture
def portal_alias():
    """An alias that an administrator made in the portal."""
    return Alias("press@example.org", ("carla@example.org",))
