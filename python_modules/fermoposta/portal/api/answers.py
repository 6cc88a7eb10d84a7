"""What the API answers: JSON, and problems in the form of RFC 9457."""

from __future__ import annotations

import json
import traceback
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from fermoposta.directory.problem import ProblemsError
from fermoposta.directory.store import StaleError, StoreError
from fermoposta.portal.administration import ConflictError, ForbiddenError, NotThereError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fermoposta.directory.problem import Problem
    from fermoposta.portal.administration import Entry, Outcome

_log = structlog.get_logger()
_SAFE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class ApiError(Exception):
    """A request is answered by a problem; *headers* go with it."""

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        problems: Iterable[Problem] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.problems = tuple(problems)


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return *value* as JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, {**_SAFE, **(headers or {})}, "application/json")


def problem(error: ApiError) -> Response:
    """Return *error* as a problem (RFC 9457, section 3.1)."""
    told: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
    }
    if error.detail:
        told["detail"] = error.detail
    if error.problems:
        told["errors"] = [
            {"path": each.path, "message": each.message, "remedy": each.remedy}
            for each in error.problems
        ]
    body = json.dumps(told, ensure_ascii=False).encode()
    headers = {**_SAFE, **error.headers}
    return Response(body, error.status, headers, "application/problem+json")


def shown(entry: Entry) -> dict[str, object]:
    """Return *entry* as values of JSON."""
    return {
        "kind": entry.kind.value,
        "key": entry.key,
        "owner": entry.owner.value,
        "why_fixed": entry.why_fixed,
        "etag": entry.etag,
        "fields": dict(entry.fields),
    }


def told(outcome: Outcome) -> dict[str, object]:
    """Return what was done, or would be."""
    return {
        "entry": None if outcome.entry is None else shown(outcome.entry),
        "steps": [step.to_json() for step in outcome.steps],
    }


# Who, status, what is said (None: what the error says), headers. The first that fits counts.
_KNOWN: tuple[tuple[type[Exception], int, str | None, dict[str, str]], ...] = (
    (NotThereError, 404, "There is nothing of that name that you administer.", {}),
    (ForbiddenError, 403, None, {}),
    (ConflictError, 412, None, {}),
    (ProblemsError, 422, "Nothing was changed.", {}),
    (StaleError, 409, "Others were quicker; ask again.", {"retry-after": "1"}),
    (OperationalError, 503, "The directory is away.", {"retry-after": "5"}),
    (StoreError, 503, "The directory is away.", {"retry-after": "5"}),
)


def refusal(error: Exception, path: str) -> ApiError:
    """Return what *error* is to whoever asked for *path*; what nobody foresaw is logged."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, HTTPException):
        return ApiError(error.status_code, "", error.headers)
    for known, status, detail, headers in _KNOWN:
        if isinstance(error, known):
            if status == 503:
                _log.error("database away", path=path)
            said = str(error) if detail is None else detail
            return ApiError(status, said, headers, getattr(error, "problems", ()))
    # The place, not the values: a value could be a password.
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error(
        "request failed",
        path=path,
        error=type(error).__name__,
        at=f"{Path(place.filename).name}:{place.lineno}",
    )
    return ApiError(500, "")
