"""Where the database is: given, from the environment, from the configuration, or as usual."""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from psycopg.conninfo import make_conninfo

CONFIG = Path("/etc/fermoposta/fermoposta.yml")
SOCKETS = "/run/postgresql"
DEFAULT = f"dbname=fermoposta host={SOCKETS} user=fermoposta"
ENVIRONMENT = "FERMOPOSTA_DSN"


def conninfo(dsn: str | None = None) -> str:
    """
    Return the connection string for libpq.

    That is *dsn*, or the environment's FERMOPOSTA_DSN, or ``database_name`` and
    ``database_host`` of our configuration, or the usual one. SQLAlchemy's way to write it is
    understood too.
    """
    found = dsn or os.environ.get(ENVIRONMENT) or _configured() or DEFAULT
    return found.replace("postgresql+psycopg://", "postgresql://", 1)


def _configured() -> str | None:
    try:
        settings = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None  # who needs the rest of the configuration says what is wrong with it
    if not isinstance(settings, dict):
        return None
    name, host = settings.get("database_name"), settings.get("database_host")
    return make_conninfo(
        dbname=str(name or "fermoposta"), host=str(host or SOCKETS), user="fermoposta"
    )
