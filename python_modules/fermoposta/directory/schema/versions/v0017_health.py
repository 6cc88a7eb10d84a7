"""Keep what the host's doctor found."""

from fermoposta.directory.schema.versions import run_sql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0017_health.sql")
