"""What the pages below /admin have in common: who asks, for which kind, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from fermoposta.directory.problem import ProblemsError
from fermoposta.directory.store import StaleError
from fermoposta.portal.access import administrator
from fermoposta.portal.admin.sheets import SHEETS
from fermoposta.portal.administration import ConflictError, Desk, ForbiddenError, NotThereError
from fermoposta.portal.problems import by_field, said
from fermoposta.portal.web import language_of, page, portal_of
from fermoposta.portal.words import (
    ACTION_WORDS,
    FIELD_WORDS,
    FOLDER_WORDS,
    PROFILE_WORDS,
    RIGHT_WORDS,
    TEST_WORDS,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.portal.access import Administrator
    from fermoposta.portal.admin.sheets import Sheet

T = TypeVar("T")
WORDS = {
    "actions": ACTION_WORDS,
    "fields": FIELD_WORDS,
    "folders": FOLDER_WORDS,
    "profiles": PROFILE_WORDS,
    "rights": RIGHT_WORDS,
    "tests": TEST_WORDS,
}
_BY_SLUG = {sheet.slug: sheet for sheet in SHEETS}


class RefusedError(Exception):
    """Something can't be done; *wrong* says why, by field, in the reader's language."""

    def __init__(self, status: int, wrong: dict[str, list[str]]) -> None:
        super().__init__()
        self.status = status
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class Frame:
    """A request of somebody who administers, for the pages of one kind."""

    request: Request
    asks: Administrator
    desk: Desk
    sheet: Sheet

    @classmethod
    async def of(cls, request: Request) -> Frame:
        """Return who asks for what; raises SignInNeededError, 403 and 404."""
        asks = await administrator(request)
        sheet = _BY_SLUG.get(request.path_params["slug"])
        if sheet is None:
            raise HTTPException(404)
        return cls(request, asks, Desk.of(portal_of(request).book, asks), sheet)

    @property
    def path(self) -> str:
        """Where the list of the kind is."""
        return f"/admin/{self.sheet.slug}"

    def page(self, name: str, *, status: int = 200, **facts: object) -> Response:
        """Show the template *name*."""
        return page(
            self.request,
            f"admin/{name}",
            status=status,
            scripts=False,
            person=self.asks.person,
            sheet=self.sheet,
            sheets=SHEETS,
            here=self.path,
            domains=sorted(self.asks.scope.domains),
            companies=sorted(self.asks.scope.companies),
            words=WORDS,
            names_administrators=self.asks.names_administrators,
            **facts,
        )

    async def ask(self, what: Callable[[], T]) -> T:
        """Return what *what* gives; raises RefusedError, and 404 for what is not within reach."""
        language = language_of(self.request)
        try:
            return await run_in_threadpool(what)
        except NotThereError as error:
            raise HTTPException(404) from error
        except ProblemsError as error:
            raise RefusedError(422, by_field(error.problems, language)) from error
        except ForbiddenError as error:
            raise RefusedError(403, {"key": [said(str(error), language)]}) from error
        except (ConflictError, StaleError) as error:
            words = said("somebody else changed it in the meantime", language)
            raise RefusedError(409, {"key": [words]}) from error


def with_query(path: str, **query: str | list[str]) -> str:
    """Return *path* with what is given of *query*."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path
