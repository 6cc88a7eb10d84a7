"""Keep message rules, out-of-office answers and sending limits."""

from fermoposta.directory.schema.versions import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0002_rules.sql")
