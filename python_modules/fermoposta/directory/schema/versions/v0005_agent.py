"""Let the mailbox agent read what it works by, and keep its own memory."""

from fermoposta.directory.schema.versions import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0005_agent.sql")
