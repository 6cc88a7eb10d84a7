"""
What is wrong with what somebody gave, in their language.

The planner and the inventory's readers say it in English, with names and numbers in it; the
catalogue has the sentences with ``%(…)s`` where those stand. What is in no catalogue stays English.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from fermoposta.portal.i18n import marked as _
from fermoposta.portal.i18n import translations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fermoposta.directory.problem import Problem

_SENTENCES = (
    # What a value is.
    _("is empty"),
    _("is empty, not text"),
    _("is an empty list"),
    _("is not given"),
    _("is text, not a whole number"),
    _("is text, not true or false"),
    _("is longer than %(n)s characters"),
    _("holds a control character"),
    _("is a template, which nothing resolves here"),
    _("is %(value)s, less than %(n)s"),
    _("is %(value)s, more than %(n)s"),
    _("stands twice"),
    _("stands there in another spelling too"),
    _("%(value)s is not known"),
    _("is no international telephone number"),
    _("%(value)s can be read in two ways in ASCII"),
    _("%(value)s is no domain"),
    _("%(value)s is no address"),
    _("%(value)s has letters before the @ that are not ASCII"),
    _("%(value)s has more than 64 characters before the @"),
    _("%(value)s has a +, which parts off an extension"),
    _("%(value)s is neither an address nor a domain behind an @"),
    _("has fewer than %(n)s characters"),
    _("has more than %(n)s characters"),
    _("has a control character"),
    _("has no digit"),
    _("has no upper-case letter"),
    _("has no lower-case letter"),
    _("is a hash that takes %(n)s MiB to verify; the most is 256"),
    _("is not a well-formed hash of the scheme %(scheme)s"),
    _("begins with the scheme %(scheme)s, which is weak or unknown; there are %(known)s"),
    _("begins like a hash, but is not one that Dovecot takes"),
    _("administers nothing"),
    # How it fits what is there.
    _("is the address of something in mail_%(kind)s already"),
    _("is there already"),
    _("is taken"),
    _("%(domain)s is no domain of ours"),
    _("there is no %(address)s"),
    _("there is no %(name)s in mail_%(kind)s"),
    _("is off, and there is no redirect: mail would go nowhere"),
    _("is the user's own address"),
    _("is the mailbox that is to be recovered"),
    _("%(address)s is in mail_%(kind)s"),
    _("%(address)s belongs to another company than %(other)s"),
    _("may send as itself anyway"),
    _("belongs to the inventory"),
    _("is referred to by %(path)s in the inventory"),
    _("is referred to by the inventory"),
    _("is nothing that you administer"),
    _("is not, or not only, what you administer"),
    _("is %(key)s again, in another spelling"),
    # What the host's doctor found, and what to do.
    _("active"),
    _("inactive"),
    _("failed"),
    _("see journalctl -u %(unit)s"),
    _("nothing listens (%(what)s)"),
    _("see which unit should: %(command)s"),
    _("can't be read"),
    _("is not installed"),
    _("ends in %(n)s days"),
    _("ended %(n)s days ago"),
    _("renew it: see %(page)s"),
    _("is in it"),
    _("is not in it; there are %(names)s"),
    _("add it to tls_names and run site.yml"),
    _("is at %(revision)s"),
    _("is at %(revision)s, not at %(other)s"),
    _("run %(command)s"),
    _("%(n)s users read in %(seconds)s s"),
    _("%(n)s messages"),
    _("%(n)s messages, the oldest %(hours)s h old"),
    _("see %(command)s for the reasons"),
    _("see %(command)s for what keeps it"),
    _("see %(command)s"),
    _("is not there"),
    _("%(part)s free"),
    _("enlarge it, or see what grows: %(command)s"),
    _("%(program)s does not answer"),
    _("is synchronised"),
    _("is not synchronised"),
    _("a container has its host's clock"),
    _("%(record)s: no name server answers"),
    _("%(record)s is as it should be"),
    _("%(record)s is another"),
    _("%(record)s is missing"),
    _("publish what %(command)s prints"),
    # Why a message is in the quarantine.
    _("infected"),
    _("spam"),
    _("the owner blocks this address"),
    _("the owner blocks this domain"),
    _("the administrators block this address"),
    _("the administrators block this domain"),
    # What to do about it.
    _("write text"),
    _("shorten it"),
    _("keep it to one line"),
    _("write the value out"),
    _("keep one"),
    _("keep one of the two"),
    _("name at least one"),
    _("give 0 (no limit) to 1000"),
    _("give 1 to 1000000, or leave it out for the site's limit"),
    _("give %(low)s to %(high)s %(what)s, or leave it out to demand nothing"),
    _("write a mapping such as %(example)s"),
    _("give 100 (100 MB) to 25600 (25 GB), a whole number of MB"),
    _("write it like %(example)s"),
    _("write its form that begins xn--"),
    _("write it without accents"),
    _("leave it and what follows out"),
    _("use letters, digits, dots, hyphens and underscores"),
    _("write %(value)s for everybody of a domain"),
    _("take at least 8 characters with a digit, an upper- and a lower-case letter"),
    _("did you mean %(value)s?"),
    _("there are %(known)s"),
    _("write one of %(known)s"),
    _("write true or false, without quotes"),
    _("add %(name)s"),
    _("name companies or domains"),
    _("declare it, or mend the spelling"),
    _("declare %(domain)s in mail_domains, or mend the spelling"),
    _("give one of the two another address"),
    _("add redirect_to, or turn local_delivery on"),
    _("take it out; local_delivery keeps a copy"),
    _("take it out"),
    _("take it out, or mend the spelling"),
    _("take it out there, and apply"),
    _("give an address elsewhere"),
    _("name somebody of the same company"),
    _("name an address of ours"),
    _("name a user"),
    _("name a user or a group"),
    _("name a user or group of the company"),
    _("name a user or resource"),
    _("name what you administer"),
    _("change it there, and apply"),
    _("change that one"),
    _("choose another name"),
    _("separate them by a blank"),
    # What somebody says of the own account.
    _("The two entries are not the same."),
    _("This is not your password."),
    _("Too many attempts. Please try again in a quarter of an hour."),
    _("is too short an answer"),
    _("write more"),
    _("has no answer"),
    _("write one"),
    # What somebody sets for themselves.
    _("is no date"),
    _("is before from"),
    _("has a time, but no time zone"),
    _("is the owner of the mailbox"),
    _("%(value)s is no folder"),
    _("%(value)s is no profile of rights"),
    _("it is restored already, or its time is over"),
    _("this can't be done to the device as it is"),
    _("the mailbox is too full"),
    _("there is no such mailbox"),
    _("is not there"),
    _("is no header's name"),
    _("does not go with %(field)s"),
    _("compares %(field)s with %(test)s"),
    _("%(value)s is no mark"),
    _("is the whole mailbox"),
    _("names more than %(n)s"),
    _("does nothing"),
    _("discards and keeps"),
    _("is the mailbox itself"),
    _("name the header"),
    _("compare it with %(tests)s"),
    _("give bytes, 1 to %(n)s"),
    _("write read, flagged, or a word of letters, digits and hyphens"),
    _("name a folder"),
    _("make a group of them"),
    _("say one of %(known)s"),
    _("leave out discard, or move and copy"),
    _("take it out; a copy stays"),
    _("write it like List-Id, without colon"),
    _("turn the two round"),
    _("write it like %(example)s, or %(other)s"),
    _("check the name"),
    # What a role may not.
    _("a mail administrator gives no roles and takes none"),
    _("somebody else must change your own role"),
    _("somebody else must close your own mailbox"),
    _("nobody gives a role that reaches beyond their own"),
    _("it is the mailbox of somebody who administers more than you, or their mail goes there"),
    _("somebody else changed it in the meantime"),
    _("belongs to the inventory; change it there, and apply"),
    _("is only shown here"),
)
_AND = _("and")
_HOLE = re.compile(r"%\((\w+)\)s")


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what to look for; the sentences with the most words of their own first."""

    def pattern(sentence: str) -> re.Pattern[str]:
        parts = _HOLE.split(sentence)
        made = [f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)]
        return re.compile("".join(made), re.DOTALL)

    by_length = sorted(_SENTENCES, key=lambda each: -len(_HOLE.sub("", each)))
    return tuple((pattern(each), each) for each in by_length)


def said(sentence: str, language: str) -> str:
    """Return *sentence* in *language*; what several sentences are joined by " and " is too."""
    words = translations(language)
    for pattern, known in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            return words.gettext(known) % found.groupdict()
    if " and " in sentence:
        joined = f" {words.gettext(_AND)} "
        return joined.join(said(part, language) for part in sentence.split(" and "))
    return sentence


def told(problem: Problem, language: str) -> str:
    """Return *problem* as a sentence, with what to do about it."""
    message, remedy = said(problem.message, language), said(problem.remedy, language)
    return f"{message[:1].upper()}{message[1:]}: {remedy}{'' if remedy.endswith('?') else '.'}"


def by_field(problems: Iterable[Problem], language: str) -> dict[str, list[str]]:
    """Return the sentences by field: what stands before the first dot or bracket of the path."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        field = re.split(r"[.\[]", problem.path)[0]
        found.setdefault(field, []).append(told(problem, language))
    return found
