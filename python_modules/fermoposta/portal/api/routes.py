"""
The routes below ``/api/v1``: one for each kind, one for each record.

Only a token opens them. No cookie counts, so that no page of anybody's can write here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fermoposta.directory.model import Kind
from fermoposta.directory.problem import Problem
from fermoposta.portal.administration import (
    ANY,
    KINDS,
    NONE,
    REMOVABLE,
    WRITABLE,
    Desk,
    NotThereError,
    Query,
)
from fermoposta.portal.api import tokens
from fermoposta.portal.api.answers import ApiError, answer, problem, refusal, shown, told
from fermoposta.portal.web import body_of, client_of, portal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from fermoposta.portal.administration import Outcome

    Handler = Callable[["Call"], Response]

BASE = "/api/v1"
LARGEST = 65_536
LARGEST_BULK = 8 * 2**20
"""Bytes of the largest body for one record, and for many."""
LARGEST_PAGE = 200
MOST = 1000
"""Records that are made at once: hashing a password takes its time."""
BODIED = frozenset({"POST", "PUT", "PATCH"})
WRITING = BODIED | {"DELETE"}
JSON = ("application/json",)
PATCHES = ("application/merge-patch+json", "application/json")
OPENAPI = Path(__file__).parent / "openapi.json"
"""Made by `python -m fermoposta_docs write` of the same forms that requests are read by."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Call:
    """A request of somebody who may ask: what for, and where."""

    request: Request
    desk: Desk
    body: Any

    @property
    def kind(self) -> Kind:
        """The kind that is asked for."""
        return _kind_of(self.request)

    @property
    def key(self) -> str:
        """The key that is asked for."""
        key: str = self.request.path_params["key"]
        return key

    @property
    def dry_run(self) -> bool:
        """Whether it is to be said only what would be done."""
        said = self.request.query_params.get("dry_run", "false")
        if said not in ("true", "false"):
            raise _bad("dry_run", "is neither true nor false", "write one of them")
        return said == "true"


@dataclass(frozen=True, slots=True)
class Door:
    """An address of the API and what is done there, by method; all that fails is a problem."""

    handlers: Mapping[str, Handler]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Exception as error:  # noqa: BLE001 - programs are answered by problems, all of them
            response = problem(refusal(error, request.url.path))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        desk = await run_in_threadpool(_desk_of, request, writes=method in WRITING)
        handler = self.handlers.get(method)
        if handler is None:
            raise _not_allowed({*self.handlers, "HEAD"})
        if method in BODIED:
            # What can't be done at all is said before what is wrong with how it was asked.
            _only(_kind_of(request), WRITABLE, {"GET", "DELETE"} & self.handlers.keys())
        body = await _body_of(request)
        return await run_in_threadpool(handler, Call(request, desk, body))


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """An address of the API that needs no token, and changes nothing."""

    answer: Callable[[], Response]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            if scope["method"] not in ("GET", "HEAD"):
                raise _not_allowed({"GET", "HEAD"})
            response = self.answer()
        except ApiError as error:
            response = problem(error)
        await response(scope, receive, send)


def _kind_of(request: Request) -> Kind:
    try:
        kind = Kind(request.path_params["kind"])
    except ValueError:
        raise NotThereError from None
    if kind not in KINDS:
        raise NotThereError
    return kind


def _not_allowed(allowed: set[str], detail: str = "") -> ApiError:
    return ApiError(405, detail, {"allow": ", ".join(sorted(allowed))})


def _desk_of(request: Request, *, writes: bool) -> Desk:
    """Return the desk that the token opens (RFC 6750, sections 2.1 and 3)."""
    portal = portal_of(request)
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise ApiError(401, "A token is needed.", {"www-authenticate": 'Bearer realm="fermoposta"'})
    try:
        desk, token = tokens.desk_of(portal.tokens, portal.book, secret.strip(), portal.clock())
    except tokens.RefusedError:
        _log.warning("token refused", client=client_of(request))
        challenge = 'Bearer realm="fermoposta", error="invalid_token"'
        raise ApiError(
            401, "The token is not valid, or not any more.", {"www-authenticate": challenge}
        ) from None
    if writes and not token.writes:
        challenge = 'Bearer realm="fermoposta", error="insufficient_scope"'
        raise ApiError(403, "The token may only read.", {"www-authenticate": challenge})
    return desk


async def _body_of(request: Request) -> Any:  # noqa: ANN401 - whatever JSON there is
    """Return the JSON of a request that has some, None for others."""
    if request.method not in BODIED:
        return None
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    taken = PATCHES if request.method == "PATCH" else JSON
    if media not in taken:
        accepts = {"accept-patch" if request.method == "PATCH" else "accept": ", ".join(taken)}
        raise ApiError(415, f"Send {taken[0]}.", accepts)
    largest = LARGEST_BULK if request.method == "POST" else LARGEST
    body = await body_of(request, largest)
    try:
        value = json.loads(body.decode(), parse_constant=_refuse, object_pairs_hook=_once)
        json.dumps(value, ensure_ascii=False).encode()  # lone surrogates are no text
    except (ValueError, RecursionError):
        raise ApiError(400, "The body is no JSON, or has a name twice in it.") from None
    if not isinstance(value, dict):
        raise ApiError(400, "The body is no JSON object.")
    return value


def _refuse(_constant: str) -> None:
    raise ValueError


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError
    return made


def _bad(path: str, message: str, remedy: str) -> ApiError:
    return ApiError(400, "", problems=[Problem(path, message, remedy)])


def listed(call: Call) -> Response:
    """Answer a part of a list, with links to the others (RFC 8288)."""
    asked = call.request.query_params
    sort = asked.get("sort", "key")
    offset = _number(asked.get("offset", "0"), "offset", 0, 10_000_000)
    limit = _number(asked.get("limit", "50"), "limit", 1, LARGEST_PAGE)
    page = call.desk.find(
        call.kind,
        Query(
            text=asked.get("text", ""),
            domain=asked.get("domain") or None,
            sort=sort.removeprefix("-"),
            descending=sort.startswith("-"),
            offset=offset,
            limit=limit,
        ),
    )
    value = {"total": page.total, "entries": [shown(entry) for entry in page.entries]}
    last = max(page.total - 1, 0) // limit * limit
    places = {"first": 0, "last": last}
    if offset > 0:
        places["prev"] = max(min(offset - limit, last), 0)
    if offset + limit < page.total:
        places["next"] = offset + limit
    kept = [(name, each) for name, each in asked.items() if name not in ("offset", "limit")]
    links = ", ".join(
        f"<{BASE}/{call.kind}?{urlencode([*kept, ('offset', place), ('limit', limit)])}>"
        f'; rel="{relation}"'
        for relation, place in places.items()
    )
    return answer(value, headers={"link": links})


def _number(said: str, name: str, low: int, high: int) -> int:
    if re.fullmatch(r"[0-9]{1,8}", said) and low <= int(said) <= high:
        return int(said)
    raise _bad(name, f"is no number from {low} to {high}", "write one")


def made(call: Call) -> Response:
    """Make or replace many, all or none."""
    if len(call.body) > MOST:
        raise ApiError(413, f"Send at most {MOST} records at once.")
    problems = [
        Problem(key, "is no JSON object", "write one with the fields")
        for key, fields in call.body.items()
        if not isinstance(fields, dict)
    ]
    if problems:
        raise ApiError(422, "Nothing was changed.", problems=problems)
    return answer(told(call.desk.put_many(call.kind, call.body, dry_run=call.dry_run)))


def one(call: Call) -> Response:
    """Answer one record, or that it is still the one that was read."""
    entry = call.desk.get(call.kind, call.key)
    headers = {"etag": f'"{entry.etag}"'}
    known = call.request.headers.get("if-none-match", "")
    if known.strip() == "*" or entry.etag in _etags(known):
        return Response(status_code=304, headers=headers)
    return answer(shown(entry), headers=headers)


def put(call: Call) -> Response:
    """Make a record, or replace the one that is there."""
    _refuse_fixed(call)
    outcome = call.desk.put(
        call.kind, call.key, call.body, etag=_condition(call), dry_run=call.dry_run
    )
    return _written(call, outcome)


def patch(call: Call) -> Response:
    """Merge into what is there."""
    _refuse_fixed(call)
    outcome = call.desk.patch(
        call.kind, call.key, call.body, etag=_condition(call), dry_run=call.dry_run
    )
    return _written(call, outcome)


def delete(call: Call) -> Response:
    """Take a record away."""
    _only(call.kind, REMOVABLE, {"GET"})
    _refuse_fixed(call)
    named = [(call.kind, call.key)]
    return answer(told(call.desk.remove(named, etag=_condition(call), dry_run=call.dry_run)))


def _written(call: Call, outcome: Outcome) -> Response:
    entry, headers = outcome.entry, dict[str, str]()
    if entry is None or call.dry_run:
        return answer(told(outcome))
    headers["etag"] = f'"{entry.etag}"'
    if not any(
        step.before is None and (step.kind, step.key) == (entry.kind, entry.key)
        for step in outcome.steps
    ):
        return answer(told(outcome), headers=headers)
    headers["location"] = f"{BASE}/{call.kind}/{quote(entry.key, safe='@')}"
    return answer(told(outcome), 201, headers)


def _only(kind: Kind, kinds: frozenset[Kind], otherwise: set[str]) -> None:
    """Raise what says that records of *kind* are not written so."""
    if kind in kinds:
        return
    allowed = {"GET", "HEAD", *(otherwise if kind in REMOVABLE else ())}
    raise _not_allowed(allowed, f"{kind} are not changed here.")


def _refuse_fixed(call: Call) -> None:
    """Raise what says that the record belongs to the inventory."""
    try:
        entry = call.desk.get(call.kind, call.key)
    except NotThereError:
        return
    if entry.why_fixed is not None and entry.owner.value == "inventory":
        raise ApiError(409, f"The record {entry.why_fixed}.")


def _condition(call: Call) -> str | None:
    """Return the ETag that must be there, as a desk takes it (RFC 9110, section 13.1)."""
    match, unless = (call.request.headers.get(name) for name in ("if-match", "if-none-match"))
    if unless is not None:
        if unless.strip() != "*" or match is not None:
            raise ApiError(400, "Of If-None-Match only * is understood here, and without If-Match.")
        return NONE
    if match is None:
        return None
    if match.strip() == "*":
        return ANY
    wanted = _etags(match)
    there = call.desk.get(call.kind, call.key).etag if len(wanted) > 1 else ""
    return there if there in wanted else next(iter(wanted), "none")


def _etags(said: str) -> list[str]:
    """Return the strong ones of a list of ETags; weak ones are never the same (section 8.8.3.2)."""
    return re.findall(r'(?:^|,)\s*"([!#-~]+)"\s*(?=,|$)', said[:4096])


def described() -> Response:
    """Answer the description of all this in OpenAPI 3.1."""
    return Response(OPENAPI.read_bytes(), media_type="application/json")


def nothing() -> Response:
    """Answer what is no address of the API."""
    raise ApiError(404, "")


class AllConvertor(Convertor[str]):
    """Takes the rest of an address, whatever it holds; Starlette's own stops at a new line."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        """Return the text as it is."""
        return value

    def to_string(self, value: str) -> str:
        """Return the text as it is."""
        return value


register_url_convertor("all", AllConvertor())
ROUTES = [
    Route(f"{BASE}/openapi.json", OpenDoor(described)),
    Route(f"{BASE}/{{kind:str}}", Door({"GET": listed, "POST": made})),
    Route(
        f"{BASE}/{{kind:str}}/{{key:all}}",
        Door({"GET": one, "PUT": put, "PATCH": patch, "DELETE": delete}),
    ),
    Route("/api/{rest:all}", OpenDoor(nothing)),
]
