"""Let the jobs service read everything but secrets."""

from fermoposta.directory.schema.versions import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0006_jobs.sql")
