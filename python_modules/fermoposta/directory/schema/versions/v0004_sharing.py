"""Keep what sharing must remember of the ACLs that daemons hold."""

from fermoposta.directory.schema.versions import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0004_sharing.sql")
