"""The migrations, in their order; each runs the SQL that lies beside it."""

from __future__ import annotations

from pathlib import Path

from alembic import op


def run_sql(name: str) -> None:
    """Run the statements of the file *name* beside this one."""
    statements = (Path(__file__).parent / name).read_text(encoding="utf-8")
    # The driver itself takes many statements at once, where nothing is to be filled in.
    cursor = op.get_bind().connection.cursor()
    try:
        cursor.execute(statements.encode())
    finally:
        cursor.close()
