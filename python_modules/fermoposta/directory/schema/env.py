"""What Alembic runs: the migrations, on the connection and in the transaction it is given."""

from alembic import context

connection = context.config.attributes["connection"]
connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS directory")
context.configure(
    connection=connection,
    version_table="schema_version",
    version_table_schema="directory",
)
context.run_migrations()
