"""
Logs that people and fail2ban read alike: an event, then ``key=value``, one line each, on stderr.

The journal adds the time and the unit; the level goes in front as the journal understands it
(sd-daemon(3): ``<4>`` is a warning).
"""

import logging
import sys
from typing import Any

import structlog

_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


def configure(level: int = logging.INFO) -> None:
    """Send what this process logs, libraries included, to stderr."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            _one_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("<5>%(name)s: %(message)s"))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)


def line_of(error: BaseException) -> str:
    """Return the kind of *error* and its words, on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _one_line(_logger: Any, _name: str, event: structlog.typing.EventDict) -> str:  # noqa: ANN401 - as structlog has it
    """Render *event*; a value never forges a second line or a second key."""
    priority = _PRIORITY.get(str(event.pop("level", "info")), 6)
    head = _printable(str(event.pop("event", "")))
    pairs = "".join(f" {key}={_quoted(value)}" for key, value in event.items())
    return f"<{priority}>{head}{pairs}"


def _quoted(value: object) -> str:
    text = _printable(str(value))
    if text and not any(character in text for character in ' "=\\'):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
