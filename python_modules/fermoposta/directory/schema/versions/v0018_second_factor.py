"""Keep second factors."""

from fermoposta.directory.schema.versions import run_sql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0018_second_factor.sql")
