"""Connections to the directory's database, alike for all that the portal remembers there."""

from sqlalchemy import Engine, create_engine


def engine_of(url: str, *, most: int) -> Engine:
    """Return an engine that keeps up to *most* connections to *url*."""
    return create_engine(
        url,
        pool_pre_ping=True,  # a restart of the database costs no reader an error
        pool_size=most,
        hide_parameters=True,  # they would stand in the message of an error
        connect_args={"connect_timeout": 5, "application_name": "fermoposta-portal"},
    )
