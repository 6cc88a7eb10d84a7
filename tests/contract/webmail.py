"""The webmail's database as SOGo and its role make it, beside a directory; changed as SOGo does."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.contract.cluster import Cluster

TEMPLATES = Path(__file__).parents[2] / "roles/sogo/templates"
FILLED_IN = {
    "sogo_database": "",
    "sogo_jobs_role": "fermoposta_jobs",
    "sogo_gateway_role": "fermoposta_gateway",
    "sogo_agent_role": "fermoposta_agent",
}
BEFORE = """
CREATE TABLE sogo_folder_info (
    c_folder_id serial, c_path varchar(255) PRIMARY KEY, c_path1 varchar(255) NOT NULL,
    c_path2 varchar(255), c_path3 varchar(255), c_path4 varchar(255),
    c_foldername varchar(255) NOT NULL, c_folder_type varchar(255) NOT NULL);
CREATE TABLE sogo_acl (
    c_folder_id integer NOT NULL, c_object varchar(255) NOT NULL, c_uid varchar(255) NOT NULL,
    c_role varchar(80) NOT NULL);
CREATE TABLE fermoposta_profile (
    c_uid varchar(255) PRIMARY KEY, c_defaults text, c_settings text);
"""
SOGO = """
CREATE TABLE sogo_store (
    c_folder_id integer NOT NULL, c_name varchar(255) NOT NULL, c_content text NOT NULL,
    c_creationdate integer NOT NULL, c_lastmodified integer NOT NULL, c_version integer NOT NULL,
    c_deleted integer, PRIMARY KEY (c_folder_id, c_name));
CREATE TABLE sogo_quick_appointment (
    c_folder_id integer NOT NULL, c_name varchar(255) NOT NULL, c_uid varchar(1000) NOT NULL,
    c_title varchar(1000), c_orgmail varchar(255), c_component varchar(10) NOT NULL,
    c_classification integer NOT NULL DEFAULT 0, c_startdate integer, c_enddate integer,
    c_cycleenddate integer, c_iscycle integer, PRIMARY KEY (c_folder_id, c_name));
CREATE TABLE sogo_quick_contact (
    c_folder_id integer NOT NULL, c_name varchar(255) NOT NULL, c_cn varchar(255),
    c_mail text, PRIMARY KEY (c_folder_id, c_name));
"""
DIRECTORY = """
CREATE EXTENSION postgres_fdw;
CREATE SCHEMA directory;
CREATE SERVER directory FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host '{host}', dbname '{directory}');
CREATE USER MAPPING FOR postgres SERVER directory OPTIONS (user 'fermoposta');
CREATE FOREIGN TABLE directory.people (c_uid text, kind text, c_language text)
    SERVER directory OPTIONS (schema_name 'sogo', table_name 'users');
"""
_numbers = count()


class Webmail:
    """SOGo's database, changed as SOGo changes it."""

    def __init__(self, dsn: str, owner: str, jobs: str, gateway: str = "") -> None:
        self.dsn = dsn
        self.owner = owner
        self.jobs = jobs
        """How the jobs service connects."""
        self.gateway = gateway
        """How the gateway of phones does."""

    def run(self, query: LiteralString, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def run_as_sogo(self, query: LiteralString) -> None:
        """Run *query* with SOGo's own rights."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute("SET ROLE sogo")
            connection.execute(query)

    def folder(self, name: str, number: int, owner: str | None = None) -> None:
        owner = owner or self.owner
        self.run(
            "INSERT INTO sogo_folder_info VALUES (%s, %s, 'Users', %s, 'Calendar', %s, %s, %s)",
            number, f"/Users/{owner}/Calendar/{name}", owner, name, name, "Appointment",
        )  # fmt: skip

    def put(self, folder: int, name: str, content: str) -> None:
        # Made long ago, so that it is no part of a move.
        self.run(
            "INSERT INTO sogo_store VALUES (%s, %s, %s, 1, 1, 0, NULL)"
            " ON CONFLICT (c_folder_id, c_name)"
            " DO UPDATE SET c_content = EXCLUDED.c_content, c_deleted = NULL",
            folder, name, content,
        )  # fmt: skip
        self.run(
            "INSERT INTO sogo_quick_appointment VALUES (%s, %s, %s, %s, '', 'vevent')",
            folder, name, name, content[:1000],
        )  # fmt: skip

    def take_place(
        self,
        folder: int,
        name: str,
        begins: datetime,
        ends: datetime,
        until: datetime | None = None,
    ) -> None:
        """List an event with its times; *until* is the end of a series."""
        last = None if until is None else int(until.timestamp())
        self.run(
            "UPDATE sogo_quick_appointment SET c_startdate = %s, c_enddate = %s, c_iscycle = %s,"
            " c_cycleenddate = %s WHERE (c_folder_id, c_name) = (%s, %s)",
            *(int(begins.timestamp()), int(ends.timestamp()), int(until is not None), last),
            folder, name,
        )  # fmt: skip

    def mark(self, folder: int, name: str) -> None:
        self.run("UPDATE sogo_store SET c_deleted = 1 WHERE (c_folder_id, c_name) = (%s, %s)",
                 folder, name)  # fmt: skip
        self.run("DELETE FROM sogo_quick_appointment WHERE (c_folder_id, c_name) = (%s, %s)",
                 folder, name)  # fmt: skip

    def drop(self, folder: int) -> None:
        self.run("DELETE FROM sogo_folder_info WHERE c_folder_id = %s", folder)
        self.run("DELETE FROM sogo_store WHERE c_folder_id = %s", folder)
        self.run("DELETE FROM sogo_quick_appointment WHERE c_folder_id = %s", folder)

    def there(self, folder: int) -> dict[object, object]:
        rows = self.run(
            "SELECT c_name, c_content FROM sogo_store JOIN sogo_quick_appointment"
            " USING (c_folder_id, c_name) WHERE c_folder_id = %s AND coalesce(c_deleted, 0) <> 1",
            folder,
        )
        return {row[0]: row[1] for row in rows}


@contextmanager
def webmail_database(postgres: Cluster, owner: str, directory: str) -> Iterator[Webmail]:
    """Make a database for the webmail, beside the directory in the database of that name."""
    name = f"webmail_{next(_numbers)}"
    postgres.database(name)
    filled_in = FILLED_IN | {"sogo_database": name}
    try:
        with postgres.admin(name) as admin:
            host = postgres.root.removeprefix("host=")
            admin.execute(DIRECTORY.format(host=host, directory=directory) + BEFORE)
            for template in ("deleted.sql.j2", "private.sql.j2", "feed.sql.j2"):
                text = (TEMPLATES / template).read_text(encoding="utf-8").partition("\n")[2]
                for variable, value in filled_in.items():
                    text = text.replace(f"{{{{ {variable} }}}}", value)
                admin.execute(text)
            admin.execute(SOGO)
        roles = ("postgres", "fermoposta_jobs", "fermoposta_gateway")
        root, jobs, gateway = (postgres.dsn(name, role) for role in roles)
        yield Webmail(root, owner, jobs, gateway)
    finally:
        postgres.drop(name)
