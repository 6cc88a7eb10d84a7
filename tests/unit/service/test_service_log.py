"""Lines that people, the journal and fail2ban read."""

import pytest
import structlog

from fermoposta.service import log


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    structlog.reset_defaults()


def test_a_line_is_an_event_and_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    """What is logged can be read aloud; the number in front is the journal's."""
    log.configure()

    structlog.get_logger().warning("login refused", address="ada@example.org", client="192.0.2.7")

    assert capsys.readouterr().err == (
        "<4>login refused address=ada@example.org client=192.0.2.7\n"
    )


def test_lines_of_one_request_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """What is bound to a request stands at the end of each of its lines."""
    log.configure()

    with structlog.contextvars.bound_contextvars(request="1a2b"):
        structlog.get_logger().info("answered", status=200)
    structlog.get_logger().info("ready")

    assert capsys.readouterr().err == "<6>answered status=200 request=1a2b\n<6>ready\n"


def test_a_value_forges_neither_line_nor_key(capsys: pytest.CaptureFixture[str]) -> None:
    """What a stranger sends stays within its quotes."""
    log.configure()

    structlog.get_logger().info("asked", path='x\n<4>login refused client="192.0.2.9')

    assert capsys.readouterr().err == (
        '<6>asked path="x\\\\n<4>login refused client=\\"192.0.2.9"\n'
    )
