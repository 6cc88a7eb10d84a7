"""Remember in which language somebody wants the portal."""

from fermoposta.directory.schema.versions import run_sql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0022_languages.sql")
