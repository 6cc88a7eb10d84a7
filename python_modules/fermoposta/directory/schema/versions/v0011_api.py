"""Keep the tokens of the API."""

from fermoposta.directory.schema.versions import run_sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0011_api.sql")
