"""Where the database is: given, from the environment, from the configuration, or as usual."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

CONFIG = Path("/etc/fermoposta/fermoposta.yml")
DEFAULT = "dbname=fermoposta host=/run/postgresql user=fermoposta"
ENVIRONMENT = "FERMOPOSTA_DSN"


def conninfo(dsn: str | None = None) -> str:
    """
    Return the connection string for libpq.

    That is *dsn*, or the environment's FERMOPOSTA_DSN, or the key ``database`` of our
    configuration, or the usual one. SQLAlchemy's way to write it is understood too.
    """
    found = dsn or os.environ.get(ENVIRONMENT) or _configured() or DEFAULT
    return found.replace("postgresql+psycopg://", "postgresql://", 1)


def _configured() -> str | None:
    try:
        settings = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None  # who needs the rest of the configuration says what is wrong with it
    value = settings.get("database") if isinstance(settings, dict) else None
    return value if isinstance(value, str) else None
