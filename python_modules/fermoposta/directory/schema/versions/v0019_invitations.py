"""Tell invitations from links for a lost password."""

from fermoposta.directory.schema.versions import run_sql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0019_invitations.sql")
