"""
The page where somebody looks after the own password, and how to get a new one (F198).

Each change asks for the password that counts now: who finds a browser signed in changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import Route

from fermoposta.directory import passwords
from fermoposta.directory.model import Secret, SecurityQuestion
from fermoposta.directory.plan import change_password, set_recovery
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.inventory import values
from fermoposta.portal import signin
from fermoposta.portal.access import not_current, signed_in
from fermoposta.portal.i18n import LANGUAGES, translations
from fermoposta.portal.problems import by_field, said
from fermoposta.portal.recovery.desk import QUESTIONS
from fermoposta.portal.web import (
    LANGUAGE_COOKIE,
    REMEMBERED,
    SESSION_COOKIE,
    client_of,
    form_of,
    language_of,
    page,
    portal_of,
    set_cookie,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.directory.model import User
    from fermoposta.portal.web import Fields

MOST_QUESTIONS = 3
DONE = ("password", "recovery", "language")
_log = structlog.get_logger()
_question = values.text(200)


@dataclass(slots=True)
class Typed:
    """What stands in the form of recovery settings; of answers nothing."""

    mobile: str = ""
    recovery_address: str = ""
    questions: list[str] = field(default_factory=list)


async def shown(request: Request) -> Response:
    """Show the account, with what is set."""
    person = await signed_in(request)
    return await _page(request, person.address)


async def password_changed(request: Request) -> Response:
    """Take a new password; every other session ends with the old one."""
    person = await signed_in(request)
    fields = await form_of(request)
    portal, language = portal_of(request), language_of(request)
    fresh = fields.get("password", "")
    wrong: dict[str, list[str]] = {}
    if fresh != fields.get("again", ""):
        wrong["password"] = [said("The two entries are not the same.", language)]
    elif reasons := passwords.weaknesses(fresh):
        wrong["password"] = [said(each, language) for each in reasons]
    problem = await not_current(request, person.address, fields.get("current", ""))
    if problem:
        wrong["current"] = [said(problem, language)]
    if wrong:
        return await _page(request, person.address, status=422, wrong=wrong)
    await run_in_threadpool(
        portal.book.change,
        lambda state: change_password(state, person.address, Secret(fresh)),
        actor=person.address,
    )
    _log.info("password changed", address=person.address)
    opened = await run_in_threadpool(
        signin.sign_in,
        portal.store,
        person.address,
        fresh,
        client_of(request),
        now=portal.clock(),
        hours=portal.settings.session_hours,
    )
    response = RedirectResponse("/account?done=password", 303)
    set_cookie(response, SESSION_COOKIE, opened.token)
    user = portal.book.state().users[person.address]
    response.background = BackgroundTask(
        run_in_threadpool, portal.recovery.tell_changed, user, portal.clock()
    )
    return response


async def recovery_set(request: Request) -> Response:
    """Take mobile number, recovery address and questions, all as the form has them."""
    person = await signed_in(request)
    fields = await form_of(request)
    portal, language = portal_of(request), language_of(request)
    user = (await run_in_threadpool(portal.book.state)).users[person.address]
    typed = Typed(
        fields.get("mobile", ""), fields.get("recovery_address", ""), fields.getlist("question")
    )
    problems: list[Problem] = []
    mobile = _optional(values.mobile, typed.mobile, "mobile", problems)
    elsewhere = _optional(values.address, typed.recovery_address, "recovery_address", problems)
    questions = _questions(user, fields, problems)
    problem = await not_current(request, person.address, fields.get("current", ""))
    wrong = by_field(problems, language)
    if problem:
        wrong["recovery-current"] = [said(problem, language)]
    if not wrong:
        try:
            await run_in_threadpool(
                portal.book.change,
                lambda state: set_recovery(
                    state,
                    person.address,
                    mobile=mobile,
                    recovery_address=elsewhere,
                    security_questions=questions,
                ),
                actor=person.address,
            )
        except ProblemsError as error:
            wrong = by_field(error.problems, language)
    if wrong:
        return await _page(request, person.address, status=422, wrong=wrong, typed=typed)
    _log.info("recovery settings changed", address=person.address)
    return RedirectResponse("/account?done=recovery", 303)


async def language_set(request: Request) -> Response:
    """Remember the language of the pages, here and for whatever browser comes next."""
    person = await signed_in(request)
    fields = await form_of(request)
    language = fields.get("language", "")
    if language not in LANGUAGES:
        raise HTTPException(400)
    await run_in_threadpool(portal_of(request).store.set_language, person.address, language)
    response = RedirectResponse("/account?done=language", 303)
    set_cookie(response, LANGUAGE_COOKIE, language, max_age=REMEMBERED)
    return response


def _optional(
    read: Callable[[object, str, list[Problem]], object],
    text: str,
    name: str,
    problems: list[Problem],
) -> str | None:
    """Return what *text* says, None where it says nothing or something wrong."""
    if not text.strip():
        return None
    value = read(text.strip(), name, problems)
    return value if isinstance(value, str) else None


def _questions(
    user: User, fields: Fields, problems: list[Problem]
) -> tuple[SecurityQuestion, ...] | None:
    """Return the questions; one whose answer is left empty keeps the answer that it has."""
    known = {each.question: each for each in user.security_questions or ()}
    made: dict[str, SecurityQuestion] = {}
    pairs = zip(fields.getlist("question"), fields.getlist("answer"), strict=False)
    for text, answer in list(pairs)[:MOST_QUESTIONS]:
        if not text.strip():
            continue
        question = _question(text, "questions", problems)
        if not isinstance(question, str):
            continue
        if question in made:
            problems.append(Problem("questions", "stands twice", "keep one"))
        if answer.strip():
            if len(answer.strip()) < 2:
                problems.append(Problem("questions", "is too short an answer", "write more"))
            made[question] = SecurityQuestion(question, answer=Secret(answer[:200]))
        elif question in known:
            made[question] = known[question]
        else:
            problems.append(Problem("questions", "has no answer", "write one"))
    return tuple(made.values()) or None


async def _page(
    request: Request,
    address: str,
    *,
    status: int = 200,
    wrong: dict[str, list[str]] | None = None,
    typed: Typed | None = None,
) -> Response:
    portal, language = portal_of(request), language_of(request)
    user = (await run_in_threadpool(portal.book.state)).users[address]
    if typed is None:
        typed = Typed(
            user.mobile or "",
            user.recovery_address or "",
            [each.question for each in user.security_questions or ()],
        )
    words = translations(language)
    done = request.query_params.get("done")
    return page(
        request,
        "account.html",
        status=status,
        person=await signed_in(request),
        user=user,
        typed=typed,
        asked=[*typed.questions, *[""] * MOST_QUESTIONS][:MOST_QUESTIONS],
        suggested=[words.gettext(each) for each in QUESTIONS],
        answered={each.question for each in user.security_questions or ()},
        wrong=wrong or {},
        done=done if done in DONE and not wrong else "",
        texts=portal.recovery.texter is not None,
    )


ROUTES = [
    Route("/account", shown),
    Route("/account/password", password_changed, methods=["POST"]),
    Route("/account/recovery", recovery_set, methods=["POST"]),
    Route("/account/language", language_set, methods=["POST"]),
]
