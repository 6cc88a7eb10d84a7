"""Keep what opens a mailbox beside its password: the webmail's sessions, passwords of programs."""

from fermoposta.directory.schema.versions import run_sql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0016_keys.sql")
