"""What the pages below /settings have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from fermoposta.directory.problem import ProblemsError
from fermoposta.directory.store import StaleError
from fermoposta.portal.access import signed_in
from fermoposta.portal.i18n import marked as _
from fermoposta.portal.mine.own import Own
from fermoposta.portal.problems import by_field, said
from fermoposta.portal.web import language_of, page, portal_of
from fermoposta.portal.words import FOLDER_WORDS, PROFILE_WORDS, RIGHT_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.portal.store import Person

MENU = (
    ("/settings/rules", _("Message rules")),
    ("/settings/restore", _("Restore deleted items")),
    ("/settings/sharing", _("Sharing")),
    ("/settings/delegates", _("Delegates")),
    ("/settings/lists", _("Distribution lists")),
    ("/settings/junk", _("Junk mail")),
    ("/settings/devices", _("Devices")),
    ("/settings/passwords", _("Passwords of programs")),
    ("/settings/sign-ins", _("Sign-ins")),
    ("/settings/out-of-office", _("Out of office")),
    ("/account", _("Account")),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A request of somebody who looks after their own things."""

    request: Request
    person: Person
    own: Own

    @classmethod
    async def of(cls, request: Request) -> Frame:
        """Return who asks; raises SignInNeededError."""
        person = await signed_in(request)
        return cls(request, person, Own(portal_of(request).book, person.address))

    def page(self, name: str, *, status: int = 200, **facts: object) -> Response:
        """Show the template *name*."""
        return page(
            self.request,
            f"mine/{name}.html",
            status=status,
            scripts=False,
            person=self.person,
            menu=MENU,
            here=self.request.url.path,
            done=self.request.query_params.get("done") == "1",
            folder_words=FOLDER_WORDS,
            profiles=PROFILE_WORDS,
            rights=RIGHT_WORDS,
            **facts,
        )

    async def wrong(self, change: Callable[[], object]) -> dict[str, list[str]]:
        """Do *change*; return what is wrong with it, by field, in the reader's language."""
        language = language_of(self.request)
        try:
            await run_in_threadpool(change)
        except ProblemsError as error:
            return by_field(error.problems, language)
        except StaleError:
            return {"key": [said("somebody else changed it in the meantime", language)]}
        return {}

    def back(self) -> Response:
        """Lead back to the page, which says that it is done."""
        path = self.request.url.path.rsplit("/", 1)[0] if self._below else self.request.url.path
        return RedirectResponse(f"{path}?done=1", 303)

    @property
    def _below(self) -> bool:
        return self.request.url.path.count("/") > 2
