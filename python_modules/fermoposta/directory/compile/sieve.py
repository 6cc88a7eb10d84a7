"""
Compile what a mailbox does otherwise than all others to a Sieve script (RFC 5228).

The filter marks infected mail with ``X-Virus`` and spam with ``X-Spam: Yes``; a script that is the
same for everybody then files both into Quarantena. So a mailbox with both switches on needs no
script, and one with a switch off takes the mark away or says its decision. The filter removes all
three headers from what comes in: nobody outside can write them.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from fermoposta.directory.compile.files import Change, folder, remove, write
from fermoposta.directory.model import User

SCRIPT = "policy.sieve"
_MAILBOX_ID = re.compile(r"[0-9a-f][0-9a-f-]{7,63}")
_HEAD = """\
# Made from the directory by fermoposta; changes here are lost.
require ["editheader"];
"""
_NO_ANTIVIRUS = """
# Antivirus is off: infected mail is not filtered.
if exists "X-Virus" {
  deleteheader "X-Virus";
}
"""
_NO_ANTISPAM = """
# Antispam is off: spam goes to the inbox.
if header :is "X-Spam" "Yes" {
  addheader "X-Fermoposta-Decision" "inbox; antispam is off";
}
"""


def script(user: User) -> str | None:
    """Return the script of *user*'s mailbox, None where it does as all others do."""
    if user.antivirus and user.antispam:
        return None
    parts = (
        _HEAD,
        "" if user.antivirus else _NO_ANTIVIRUS,
        "" if user.antispam else _NO_ANTISPAM,
    )
    return "".join(parts)


def compile_scripts(users: Iterable[User], root: Path) -> Iterator[Change]:
    """Write the script of each mailbox below *root*, and remove those that nobody needs."""
    needed: set[str] = set()
    for user in users:
        text = script(user)
        if text is None or user.mailbox_id is None:
            continue
        needed.add(user.mailbox_id)
        folder(root / user.mailbox_id)
        if change := write(root / user.mailbox_id / SCRIPT, text.encode(), mode=0o644):
            yield change
    for place in sorted(root.iterdir()):
        if place.name not in needed and _MAILBOX_ID.fullmatch(place.name) and place.is_dir():
            yield from _clear(place)


def _clear(place: Path) -> Iterator[Change]:
    for left in sorted(place.iterdir()):
        if change := remove(left):
            yield change
    place.rmdir()
