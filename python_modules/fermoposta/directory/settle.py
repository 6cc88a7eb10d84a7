"""A user's record between what is declared and what is the user's own: passwords, recovery."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from fermoposta.directory import passwords
from fermoposta.directory.model import Secret, SecurityQuestion, User
from fermoposta.directory.steps import Plan, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    Verify = Callable[[str, str], bool]


def settled_user(old: User, new: User, verify: Verify | None) -> User | None:
    """
    Return what is to be stored for *new* in the place of *old*; None where nothing changes.

    Recovery settings that *new* leaves out stay as they are. Secrets count with *verify* only,
    or where none is stored yet.
    """
    new = _with_own(old, new)
    password = _password_differs(old, new, verify)
    questions = _questions_differ(old, new, verify)
    if new == old and not password and not questions and _own(new) == _own(old):
        return None
    return replace(
        new,
        security_questions=new.security_questions if questions else old.security_questions,
        password=new.password if password else None,
        password_hash=new.password_hash if password else old.password_hash,
        managed_by=old.managed_by,
        mailbox_id=old.mailbox_id,
    )


def _own(user: User) -> tuple[object, ...]:
    """Return what is the user's own to change, but for the questions."""
    return (user.mobile, user.recovery_address, user.require_app_passwords)


def _with_own(old: User, new: User) -> User:
    """Return *new* with what it leaves out of that as *old* has it."""
    required = new.require_app_passwords
    return replace(
        new,
        mobile=old.mobile if new.mobile is None else new.mobile,
        recovery_address=(
            old.recovery_address if new.recovery_address is None else new.recovery_address
        ),
        require_app_passwords=old.require_app_passwords if required is None else required,
    )


def _password_differs(old: User, new: User, verify: Verify | None) -> bool:
    if new.password is None and new.password_hash is None:
        return False
    if old.password_hash is None:
        return True
    if verify is None:
        return False
    if isinstance(new.password, Secret):
        return not verify(new.password.reveal(), old.password_hash)
    return new.password is not None or new.password_hash != old.password_hash


def _questions_differ(old: User, new: User, verify: Verify | None) -> bool:
    given = new.security_questions
    if given is None:
        return False
    stored = old.security_questions or ()
    if given != stored:
        return True
    if verify is None:
        return False
    return any(_answer_differs(was, now, verify) for was, now in zip(stored, given, strict=True))


def _answer_differs(old: SecurityQuestion, new: SecurityQuestion, verify: Verify) -> bool:
    if isinstance(new.answer, Secret) and old.answer_hash:
        return not verify(plain_answer(new.answer), old.answer_hash)
    return new.answer is not None or new.answer_hash != old.answer_hash


def plain_answer(answer: Secret) -> str:
    """Return an answer in the form that is hashed: nobody remembers their capitals and blanks."""
    return " ".join(unicodedata.normalize("NFKC", answer.reveal()).casefold().split())


def hashed(plan: Plan, hash_password: Callable[[str], str] = passwords.hash_password) -> Plan:
    """Return *plan* with every plain secret in it hashed, on as many cores as there are."""
    waiting = [at for at, step in enumerate(plan.steps) if _has_plain(step)]
    if not waiting:
        return plan
    steps = list(plan.steps)
    with ThreadPoolExecutor() as pool:
        done = pool.map(lambda at: _hashed_step(steps[at], hash_password), waiting)
        for at, step in zip(waiting, list(done), strict=True):
            steps[at] = step
    return Plan(tuple(steps), plan.revision)


def _has_plain(step: Step) -> bool:
    user = step.after
    if not isinstance(user, User):
        return False
    questions = user.security_questions or ()
    return user.password is not None or any(each.answer is not None for each in questions)


def _hashed_step(step: Step, hash_password: Callable[[str], str]) -> Step:
    user = step.after
    if not isinstance(user, User):
        return step
    if isinstance(user.password, Secret):
        user = replace(user, password=None, password_hash=hash_password(user.password.reveal()))
    if user.security_questions:
        questions = tuple(
            SecurityQuestion(each.question, None, hash_password(plain_answer(each.answer)))
            if isinstance(each.answer, Secret)
            else each
            for each in user.security_questions
        )
        user = replace(user, security_questions=questions)
    return replace(step, after=user)
