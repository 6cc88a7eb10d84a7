"""Keep what mailboxes hold."""

from fermoposta.directory.schema.versions import run_sql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0012_usage.sql")
