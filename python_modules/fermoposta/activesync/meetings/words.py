"""What an answer to an invitation says, in the user's language."""

from __future__ import annotations

from fermoposta.activesync.meetings.answer import Response

LONGEST_SUMMARY = 200
_PROPOSED = 0
_SUBJECTS = {
    "en": {
        Response.ACCEPTED: "Accepted",
        Response.TENTATIVE: "Tentative",
        Response.DECLINED: "Declined",
        _PROPOSED: "New time proposed",
    },
    "it": {
        Response.ACCEPTED: "Accettato",
        Response.TENTATIVE: "Provvisorio",
        Response.DECLINED: "Rifiutato",
        _PROPOSED: "Nuovo orario proposto",
    },
}
_TEXTS = {
    "en": {
        Response.ACCEPTED: "{name} has accepted the invitation.",
        Response.TENTATIVE: "{name} has accepted the invitation tentatively.",
        Response.DECLINED: "{name} has declined the invitation.",
        _PROPOSED: "{name} proposes another time.",
    },
    "it": {
        Response.ACCEPTED: "{name} ha accettato l'invito.",
        Response.TENTATIVE: "{name} ha accettato l'invito con riserva.",
        Response.DECLINED: "{name} ha rifiutato l'invito.",
        _PROPOSED: "{name} propone un altro orario.",
    },
}


def subject(summary: str, response: Response, language: str, *, proposed: bool) -> str:
    """Return the subject of an answer to what is called *summary*."""
    word = _SUBJECTS[language][_PROPOSED if proposed else response]
    shown = " ".join(summary.split())[:LONGEST_SUMMARY]
    return f"{word}: {shown}" if shown else word


def text(name: str, response: Response, language: str, *, proposed: bool) -> str:
    """Return what is said where the user has written nothing."""
    return _TEXTS[language][_PROPOSED if proposed else response].format(name=name)
