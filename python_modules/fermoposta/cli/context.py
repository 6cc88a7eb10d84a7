"""What every command has at hand: the configuration, the directory, who calls, how to answer."""

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from fermoposta.activesync.store.model import Store as DeviceStore
from fermoposta.activesync.store.pool import Pool
from fermoposta.activesync.store.postgres import PostgresStore
from fermoposta.cli.machine import Machine
from fermoposta.directory.model import State
from fermoposta.directory.store import Store, open_store
from fermoposta.directory.store.dsn import ENVIRONMENT, conninfo
from fermoposta.portal.recovery.postgres import PostgresRecoveryStore
from fermoposta.portal.recovery.store import RecoveryStore
from fermoposta.service import settings
from fermoposta.service.settings import Settings

OWNER_ROLE = "fermoposta"
"""The database role that owns the schemas; the operating system's root may take it."""


@dataclass(slots=True)
class Context:
    """
    The surroundings of one call.

    Tests put stores of their own in the place of *opener* and *device_opener*, and another
    *machine*.
    """

    config: Path = settings.PATH
    json: bool = False
    opener: Callable[[], Store] | None = None
    device_opener: Callable[[], DeviceStore] | None = None
    recovery_opener: Callable[[], RecoveryStore] | None = None
    machine: Machine = field(default_factory=Machine)
    told: Path = Path("/var/lib/fermoposta-doctor/told.json")
    """What the operator has been told of."""
    _settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        """Return the configuration; raises SettingsError with all that is wrong in it."""
        if self._settings is None:
            self._settings = settings.load(self.config)
        return self._settings

    @property
    def dsn(self) -> str | None:
        """Return where the database is; None leaves it to the environment's FERMOPOSTA_DSN."""
        return None if ENVIRONMENT in os.environ else self.settings.database_url(OWNER_ROLE)

    def store(self) -> Store:
        """Open the directory; the caller closes it. Raises StoreError."""
        return self.opener() if self.opener else open_store(self.dsn)

    def device_store(self) -> DeviceStore:
        """Open what is remembered of devices, within an event loop; the caller closes it."""
        if self.device_opener:
            return self.device_opener()
        return PostgresStore(Pool(conninfo(self.dsn), name="fermoposta-cli", most=1))

    @contextmanager
    def recovery_store(self) -> Iterator[RecoveryStore]:
        """Open what is remembered of links, and close it in the end."""
        if self.recovery_opener:
            yield self.recovery_opener()
            return
        store = PostgresRecoveryStore(self.settings.database_url(OWNER_ROLE))
        try:
            yield store
        finally:
            store.close()

    def state(self) -> State:
        """Return all that is stored."""
        with self.store() as store:
            return store.state()

    @property
    def actor(self) -> str:
        """Return who calls, as the audit names it: the person behind sudo, if there is one."""
        return f"cli:{os.environ.get('SUDO_USER') or getpass.getuser()}"


def _answer_in_json(ctx: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_object(Context).json = True  # type: ignore[union-attr]


json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_answer_in_json,
    help="Answer with one JSON document.",
)
"""Every command has it; it is set in the `Context`."""

pass_context = click.make_pass_decorator(Context)
