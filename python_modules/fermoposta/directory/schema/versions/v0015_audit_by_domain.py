"""Find what was changed in a domain."""

from fermoposta.directory.schema.versions import run_sql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0015_audit_by_domain.sql")
