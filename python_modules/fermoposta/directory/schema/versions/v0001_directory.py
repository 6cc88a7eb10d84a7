"""Make the directory: tables, one address namespace, audit, change feed; then everybody's views."""

from fermoposta.directory.schema.versions import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make tables and views."""
    run_sql("0001_tables.sql")
    run_sql("0001_views.sql")
