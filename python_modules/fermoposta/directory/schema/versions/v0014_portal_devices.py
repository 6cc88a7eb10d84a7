"""Let the portal look after devices."""

from fermoposta.directory.schema.versions import run_sql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0014_portal_devices.sql")
