"""Let the gateway remember devices, and know whom its users may know."""

from fermoposta.directory.schema.versions import run_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0008_gateway.sql")
