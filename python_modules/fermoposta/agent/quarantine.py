"""What lies in a mailbox's quarantine, for administrators: shown, let out, or thrown away."""

from __future__ import annotations

import email.policy
import re
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fermoposta.mailstore.imap import Session

MOST = 200
"""How many messages are told of, the latest."""
_FOLDER = "Quarantena"
_HEADERS = ("FROM", "SUBJECT", "X-FERMOPOSTA-DECISION", "X-SPAM-STATUS", "X-VIRUS")
_SCORE = re.compile(r"score=(-?[0-9.]+)")
_parser = BytesHeaderParser(policy=email.policy.default)


def held(session: Session) -> list[dict[str, object]]:
    """
    Return what lies there, the latest first; raises what the calls of a session raise.

    *id* names a message for as long as it lies there; *why* is the ground of the decision that
    brought it there, empty where its owner did.
    """
    validity = _selected(session)
    client = session.client
    uids = sorted(client.search("ALL"))[-MOST:]
    if not uids:
        return []
    facts = client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
    headers = session.headers(uids, *_HEADERS)
    return [
        _shown(validity, uid, facts[uid], headers[uid])
        for uid in reversed(uids)
        if uid in facts and uid in headers
    ]


def release(session: Session, ids: Iterable[str]) -> list[str]:
    """Move *ids* to the inbox; return those that were still there."""
    chosen = _chosen(session, ids)
    if chosen:
        session.client.move(list(chosen), "INBOX")
    return list(chosen.values())


def discard(session: Session, ids: Iterable[str]) -> list[str]:
    """Delete *ids* as their owner could; return those that were still there."""
    chosen = _chosen(session, ids)
    session.remove(list(chosen))
    return list(chosen.values())


def _selected(session: Session) -> int:
    return int(session.client.select_folder(session.folder(r"\Junk", _FOLDER))[b"UIDVALIDITY"])


def _chosen(session: Session, ids: Iterable[str]) -> dict[int, str]:
    """Return those of *ids* that are there, by UID; of another validity none is."""
    validity = _selected(session)
    wanted = set(ids)
    return {
        uid: name
        for uid in sorted(session.client.search("ALL"))
        if (name := f"{validity}-{uid}") in wanted
    }


def _shown(validity: int, uid: int, facts: dict[bytes, Any], headers: bytes) -> dict[str, object]:
    parsed = _parser.parsebytes(headers)
    _, _, why = _text(parsed["X-Fermoposta-Decision"]).partition("; ")
    score = _SCORE.search(_text(parsed["X-Spam-Status"]))
    return {
        "id": f"{validity}-{uid}",
        "at": facts[b"INTERNALDATE"].astimezone().isoformat(),
        "sender": _text(parsed["From"]),
        "subject": _text(parsed["Subject"]),
        "size": int(facts[b"RFC822.SIZE"]),
        "why": why,
        "score": score[1] if score else "",
        "virus": _text(parsed["X-Virus"]),
    }


def _text(value: object) -> str:
    """Return a header as one line; what is in none of the encodings stays as it can be read."""
    text = "" if value is None else str(value)
    printable = text.encode(errors="replace").decode()
    return re.sub(r"\s+", " ", printable).strip()[:500]
