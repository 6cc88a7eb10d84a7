"""Let mailbox passwords open portal and webmail only, for whom it is wanted."""

from fermoposta.directory.schema.versions import run_sql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0021_app_passwords_only.sql")
