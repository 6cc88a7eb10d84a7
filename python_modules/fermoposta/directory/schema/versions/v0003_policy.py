"""Let the policy service read what it decides by, and keep what it must remember."""

from fermoposta.directory.schema.versions import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0003_policy.sql")
