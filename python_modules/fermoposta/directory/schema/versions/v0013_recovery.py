"""Keep tries to recover passwords, and links that were sent for it."""

from fermoposta.directory.schema.versions import run_sql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0013_recovery.sql")
