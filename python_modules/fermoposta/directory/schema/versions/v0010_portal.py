"""Let the portal write the directory."""

from fermoposta.directory.schema.versions import run_sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0010_portal.sql")
