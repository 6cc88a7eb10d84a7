import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from fermoposta.cli import main
from fermoposta.cli.context import Context
from fermoposta.cli.machine import Answer
from fermoposta.directory.store import MemoryStore

INVENTORY = """\
mail_companies:
  acme: {name: Acme}
mail_domains:
  example.org: {company: acme}
mail_users:
  ada@example.org: {name: Ada Lovelace, password: Engine1843, language: en}
  bob@example.org: {name: Bob Frankston, password: Visicalc1979}
mail_aliases:
  info@example.org: {destinations: [ada@example.org]}
"""


class Machine:
    """A machine on which everything is well; tests spoil what they are about."""

    def __init__(self):
        self.answers = {
            "systemctl": lambda *units: Answer(0, "active\n" * (len(units) - 1)),
            "openssl": lambda *_: Answer(
                0,
                "notAfter=Mar  1 12:00:00 2027 GMT\nX509v3 Subject Alternative Name: \n"
                "    DNS:mail.example.org, DNS:portal.example.org\n",
            ),
            "postqueue": lambda *_: Answer(0, ""),
            "timedatectl": lambda *_: Answer(0, "yes\n"),
            "systemd-detect-virt": lambda *_: Answer(1, "none\n"),
        }
        self.closed = set()
        self.free = 0.5
        self.own = ("192.0.2.7",)
        self.records = {}
        self.revisions = ("0001", "0001")
        self.kept = []
        self.sends, self.sent = True, []
        done = '{"finished": "2026-11-23T02:00:00+00:00"}'
        self.texts = {
            f"/var/lib/fermoposta-backup/last-{name}.json": done for name in ("backup", "drill")
        }
        self.clock = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def ask(self, program, *arguments):
        answer = self.answers.get(program)
        return answer(*arguments) if answer else None

    def listens(self, port, host="localhost"):
        return port not in self.closed

    def free_fraction(self, path):
        return self.free

    def text(self, path):
        if path.is_file():
            return path.read_text()
        return self.texts.get(str(path))

    def resolve(self, name, kind):
        return self.records.get((name, kind), [])

    def addresses(self):
        return self.own

    def now(self):
        return self.clock

    def monotonic(self):
        return 0.0

    def schema(self, dsn):
        return self.revisions

    def send(self, to, message):
        if self.sends:
            self.sent.append((to, message.decode()))
        return self.sends

    def keep(self, dsn, rows):
        self.kept = list(rows)


@dataclass
class Answered:
    code: int
    text: str
    errors: str

    @property
    def json(self):
        return json.loads(self.text)


class Host:
    """A host with a directory in memory, on which commands are called."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.store = MemoryStore()
        self.machine = Machine()
        self.links = None
        self.config = folder / "fermoposta.yml"
        self.config.write_text(
            f"host: mail.example.org\nportal_host: portal.example.org\n"
            f"state_dir: {folder}/state\ndkim_dir: {folder}/dkim\n"
        )

    def run(self, *arguments, typed=""):
        context = Context(
            opener=lambda: self.store,
            recovery_opener=lambda: self.links,
            machine=self.machine,
            told=self.folder / "told/told.json",
        )
        result = CliRunner().invoke(
            main, ["--config", str(self.config), *map(str, arguments)], input=typed, obj=context
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answered(result.exit_code, result.stdout, result.stderr)

    def declare(self, text=INVENTORY, name="all.yml"):
        path = self.folder / name
        path.write_text(text)
        return path


@pytest.fixture
def host(tmp_path):
    """A host whose directory is empty."""
    return Host(tmp_path)


@pytest.fixture
def inhabited(host):
    """A host whose directory is what INVENTORY says."""
    assert host.run("apply", host.declare()).code == 0
    return host
