"""Keep passkeys; forget in one place what is kept by address."""

from fermoposta.directory.schema.versions import run_sql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql("0020_passkeys.sql")
