"""
Rights on mail folders as Dovecot holds them: masks to and from IMAP's letters (RFC 4314).

| right of the directory | letters | |
|---|---|---|
| visible | ``l`` | without it there are no letters at all (F076) |
| read | ``r`` | |
| create | ``i`` | |
| edit all | ``w`` ``s`` | flags and keywords are all that can be edited in a message |
| delete all | ``t`` ``e`` | |
| create subfolders | ``k`` | |
| set permissions | ``a`` | |
| create subfolders in the folder above, and delete all in this one | ``x`` | remove, rename |

What letters can't say is rounded down: "own" is none, and nobody makes folders beside the inbox.
Letters are rounded down too: ``w`` without ``s`` is no right to edit, and ``p`` is none at all.

A list of rights is a mapping from Dovecot's identifiers (``user=…``, ``group=…``) to letters; no
letters mean that the identifier is held back from what groups would give it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from fermoposta.directory.model.rights import RIGHTS, whole
from fermoposta.directory.rights import INBOX, Rights, levels_of_mail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fermoposta.mailstore.doveadm import Doveadm

Acl = dict[str, str]
"""Letters by identifier."""

SHARED = "Condivise"
"""The folder under which Dovecot shows somebody else's mailbox, by the owner's address."""
ORDER = "lrwstipekxa"
NAMES = {
    "lookup": "l",
    "read": "r",
    "write": "w",
    "write-seen": "s",
    "write-deleted": "t",
    "insert": "i",
    "post": "p",
    "expunge": "e",
    "create": "k",
    "delete": "x",
    "admin": "a",
}
"""Dovecot's words for the letters."""
_WORDS = {letter: word for word, letter in NAMES.items()}
_LETTERS = (
    ("visible", "l"),
    ("read", "r"),
    ("create", "i"),
    ("edit_all", "ws"),
    ("delete_all", "te"),
    ("create_subfolders", "k"),
    ("set_permissions", "a"),
)
_REFUSED = "-"


def letters_of(mask: int, above: int = 0) -> str:
    """Return the letters for *mask*; *above* is the mask on the folder above, for ``x``."""
    if not mask & RIGHTS["visible"]:
        return ""
    found = {letter for name, letters in _LETTERS if mask & RIGHTS[name] for letter in letters}
    makes_folders = RIGHTS["visible"] | RIGHTS["create_subfolders"]
    if above & makes_folders == makes_folders and mask & RIGHTS["delete_all"]:
        found.add("x")
    return in_order(found)


def mask_of(letters: str) -> int:
    """Return the mask of the rights that *letters* give in full."""
    given, _, refused = letters.partition(_REFUSED)
    left = set(given) - set(refused)
    return whole(sum(RIGHTS[name] for name, needed in _LETTERS if left.issuperset(needed)))


def in_order(letters: Iterable[str]) -> str:
    """Return *letters* in the order in which Dovecot says them, each once."""
    return "".join(sorted(set(letters), key=ORDER.index))


def expected(
    rights: Rights, folder: str, former: Mapping[str, frozenset[str]] = MappingProxyType({})
) -> Acl:
    """
    Return the list that gives everybody exactly their rights on *folder*, a path in IMAP.

    Dovecot adds up the groups that one is in, and takes a user's own line instead of them. A group
    gets a line; a person gets one where there is a grant for them alone, or where the groups'
    lines would give something else, as where the nearest grants lie at different levels. *former*
    holds people whose sessions may take them for members of other groups than they are in.
    """
    walk = levels_of_mail(folder)
    above = walk[1:] if folder != INBOX else ()
    acl: Acl = {}
    for group in sorted(rights.groups):
        if letters := _letters(rights, walk, above, frozenset({group})):
            acl[f"group={group}"] = letters
    known: dict[frozenset[str], tuple[str, str]] = {}
    unsettled = {person for person, groups in former.items() if groups & rights.groups}
    for person in sorted((rights.people() | unsettled) - {rights.mailbox}):
        names = rights.names_of(person)
        kind = names if person in rights.users else names - {person}
        if kind not in known:
            known[kind] = (_letters(rights, walk, above, names), _added_up(acl, kind))
        wanted, by_groups = known[kind]
        also = wanted and person in rights.users
        if person in former:
            also = also or any(
                wanted != _added_up(acl, seen)
                for seen in (former[person], former[person] | names, frozenset[str]())
            )
        if also or wanted != by_groups:
            acl[f"user={person}"] = wanted
    return acl


def _added_up(acl: Acl, groups: Iterable[str]) -> str:
    return in_order("".join(acl.get(f"group={group}", "") for group in groups))


def _letters(
    rights: Rights, walk: Sequence[str], above: Sequence[str], names: frozenset[str]
) -> str:
    return letters_of(rights.on(walk, names), rights.on(above, names))


def parsed(rows: Iterable[tuple[str, ...]]) -> Acl:
    """Return the list that ``doveadm acl get`` says in *rows*: identifier, scope, rights."""
    acl: Acl = {}
    for identifier, _, words in rows:
        given = in_order(NAMES[word] for word in words.split() if word in NAMES)
        refused = in_order(
            NAMES[word[1:]] for word in words.split() if word.startswith("-") and word[1:] in NAMES
        )
        acl[identifier] = f"{given}{_REFUSED}{refused}" if given and refused else given
    return acl


def words_of(letters: str) -> list[str]:
    """Return *letters* in Dovecot's words; for none, that everything is refused."""
    return [_WORDS[letter] for letter in letters] or ["-all"]


class Folders:
    """The mail folders of anybody, and the rights on them, through *doveadm*."""

    def __init__(self, doveadm: Doveadm, shared: str) -> None:
        self._doveadm = doveadm
        self._shared = shared

    async def of(self, owner: str) -> list[str]:
        """List the folders of *owner* by their paths, what others share left out."""
        found = await self._doveadm.run("mailbox list", user=owner)
        return [
            name
            for name in found
            if name != self._shared and not name.startswith(f"{self._shared}/")
        ]

    async def get(self, owner: str, folder: str) -> Acl:
        """Return the rights that Dovecot holds on *folder*; raises DoveadmError."""
        return parsed(await self._doveadm.rows(3, "acl get", "--", folder, user=owner))

    async def set(self, owner: str, folder: str, identifier: str, letters: str | None) -> None:
        """Give *identifier* these *letters*; None takes its line out. Raises DoveadmError."""
        if letters is None:
            await self._doveadm.run("acl delete", "--", folder, identifier, user=owner)
        else:
            line = ("--", folder, identifier, *words_of(letters))
            await self._doveadm.run("acl set", *line, user=owner)
