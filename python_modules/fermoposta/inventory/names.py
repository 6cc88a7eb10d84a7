"""Addresses and domains: what they may look like, and the one form in which they are stored."""

from __future__ import annotations

import re
from functools import lru_cache

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$){_LABEL}")
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
# No "+", which parts an extension off, and nothing that a shell, a map or a path could read twice.
_OWN_ATOM = r"[a-z0-9_'&=~-]+"
_OWN_LOCAL = re.compile(rf"{_OWN_ATOM}(?:\.{_OWN_ATOM})*")
# Where the two versions of IDNA disagree (RFC 5894, section 7.2) we would have to guess.
_DEVIATE = re.compile("[ßς\u200c\u200d]")


class NameProblem(ValueError):  # noqa: N818 - it is the reason, told to the operator
    """A name cannot be used: *message* follows the name in a sentence, *remedy* says what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}; {remedy}")
        self.message = message
        self.remedy = remedy


@lru_cache(maxsize=4096)
def domain_form(name: str) -> str:
    """
    Return *name* lower-case and in its ASCII form (RFC 5890, section 2.3.2.1).

    Raises NameProblem where it is no domain that could be in the DNS (RFC 1035, section 2.3.1).
    """
    form = name.strip().lower().rstrip(".")
    if _DEVIATE.search(form):
        raise NameProblem("can be read in two ways in ASCII", "write its form that begins xn--")
    try:
        form = form.encode("idna").decode("ascii")
    except UnicodeError:
        raise NameProblem("is no domain", "write it like example.org") from None
    if len(form) > 253 or not _DOMAIN.fullmatch(form):
        raise NameProblem("is no domain", "write it like example.org")
    return form


def address_form(address: str, *, own: bool = False) -> str:
    """
    Return *address* lower-case with its domain in ASCII form (RFC 5321, section 4.1.2).

    An *own* one has no extension and nothing that would need quoting. Raises NameProblem.
    """
    local, at, domain = address.strip().lower().rpartition("@")
    if not at or not local:
        raise NameProblem("is no address", "write it like ada@example.org")
    if not local.isascii():
        raise NameProblem("has letters before the @ that are not ASCII", "write it without accents")
    if len(local) > 64:
        raise NameProblem("has more than 64 characters before the @", "shorten it")
    if own and "+" in local:
        raise NameProblem("has a +, which parts off an extension", "leave it and what follows out")
    if not (_OWN_LOCAL if own else _LOCAL).fullmatch(local):
        raise NameProblem("is no address", "use letters, digits, dots, hyphens and underscores")
    return f"{local}@{domain_form(domain)}"
