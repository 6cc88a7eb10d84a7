"""Answer to the minute and strangers otherwise; keep what devices must do, and portraits."""

from fermoposta.directory.schema.versions import run_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0009_devices.sql")
