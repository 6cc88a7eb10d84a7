"""Whose mailbox a log-in means: an address, a Windows domain and a name, or a bare name."""

from collections.abc import Sequence

from fermoposta.activesync.request.errors import RequestError
from fermoposta.inventory.names import NameProblem, address_form

LONGEST = 320
"""Characters of a log-in: 64 before the @, 255 behind it (RFC 5321, section 4.5.3.1)."""
NETBIOS = 15
"""Characters of a Windows domain's short name; longer first labels are cut (MS-NBTE)."""


def address_of(login: str, hosted: Sequence[str], *, place: str = "User") -> str:
    """
    Return the address that *login* means on a host of the domains *hosted*.

    Outlook puts a Windows domain and a backslash in front, and phones a field of their settings,
    which is empty as often as not. Before a name the domain may be a whole one or, as Windows has
    it, its first label; before an address it says nothing more. Raises RequestError where that
    leaves a doubt.
    """
    if len(login) > LONGEST:
        raise RequestError(place, login, "is too long", f"send at most {LONGEST} characters")
    windows, _, name = login.strip().rpartition("\\")
    address = name if "@" in name else f"{name}@{_domain(windows, login, hosted, place)}"
    try:
        return address_form(address)
    except NameProblem as problem:
        raise RequestError(place, login, problem.message, problem.remedy) from problem


def _domain(windows: str, login: str, hosted: Sequence[str], place: str) -> str:
    """Return the one domain of *hosted* that *windows* means; an empty one means the only one."""
    wanted = windows.strip().lower()
    found = [domain for domain in hosted if not wanted or wanted in {domain, _short(domain)}]
    if wanted in found:
        return wanted
    if len(found) != 1:
        problem = "could be of several domains" if found else "is of no domain of this host"
        raise RequestError(place, login, problem, "send the address, like ada@example.org")
    return found[0]


def _short(domain: str) -> str:
    return domain.partition(".")[0][:NETBIOS]
