"""
What a person may do in a folder of somebody's mailbox. Pure.

On the walk from the folder up to ``/`` the first level counts that has a grant for the person, or
for a group that the person is in; the grants of this level are added up. No grant anywhere gives
nothing, and the owner has everything (F085). The six folders of a delegation are grants on them.

Names of folders are those of the owner's own IMAP session: ``INBOX``, ``INBOX/Progetti``. Beside
them there are names that mean the same in every language: ``inbox``, ``sent``, ``drafts``,
``trash`` and ``archive``, and ``calendar``, ``tasks``, ``contacts``, ``notes`` and ``journal`` for
what is no mail. ``calendar/ID`` and ``contacts/ID`` are further ones of these, by the webmail's id.
"""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING

from fermoposta.directory.model.rights import EVERY_RIGHT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fermoposta.directory.model import State

ROOT = "/"
INBOX = "INBOX"
GROUPWARE = ("calendar", "tasks", "contacts", "notes", "journal")
"""What is no mail. A mail folder of the same name, in small letters, has only the root's rights."""
SPECIAL: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {"drafts": "Drafts", "sent": "Sent", "trash": "Trash", "archive": "Archive"},
        "it": {
            "drafts": "Bozze",
            "sent": "Posta inviata",
            "trash": "Posta eliminata",
            "archive": "Archivio",
        },
    }
)
"""The special folders as Dovecot names them, by the owner's language."""
_MEANS_ANOTHER = frozenset(GROUPWARE).union(*SPECIAL.values())


def in_language(folder: str, language: str) -> str:
    """Return *folder* by the name that it has in a mailbox of *language*."""
    first, slash, rest = folder.partition("/")
    if first.lower() == "inbox":  # in capitals a dotless i would be the same
        first = INBOX
    return SPECIAL.get(language, SPECIAL["en"]).get(first, first) + slash + rest


def means_another(folder: str) -> bool:
    """Tell whether a mail folder, by its path in IMAP, has a name that means another one here."""
    return folder.split("/", 1)[0] in _MEANS_ANOTHER


def levels(folder: str) -> tuple[str, ...]:
    """
    Return the walk from *folder* up to the root.

    To-dos lie in the calendar that they belong to, so that `tasks` goes by way of `calendar`.
    Further calendars and address books are no part of the first one.
    """
    if folder == ROOT:
        return (ROOT,)
    parts = folder.split("/")
    if parts[0] == "tasks":
        return (folder, "/".join(["calendar", *parts[1:]]), ROOT)
    if parts[0] in GROUPWARE:
        return (folder, ROOT)
    return (*("/".join(parts[:end]) for end in range(len(parts), 0, -1)), ROOT)


def levels_of_mail(folder: str) -> tuple[str, ...]:
    """Return the walk from a mail folder, by its path in IMAP, up to the root."""
    return (ROOT,) if folder.split("/", 1)[0] in GROUPWARE else levels(folder)


class Membership:
    """Who is in which group, by way of other groups too."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._above: dict[str, list[str]] = defaultdict(list)
        for group in state.groups.values():
            for member in group.members:
                self._above[member].append(group.address)

    def groups_of(self, address: str) -> frozenset[str]:
        """Return every group that *address* is in."""
        return frozenset(_reached(address, self._above))

    def people(self, groups: Iterable[str]) -> set[str]:
        """Return the users who are in any of *groups*."""
        below = {group.address: group.members for group in self._state.groups.values()}
        found: set[str] = set()
        for group in groups:
            found |= _reached(group, below)
        return found & self._state.users.keys()

    def everybody(self) -> set[str]:
        """Return the users who are in a group at all."""
        return self._state.users.keys() & self._above.keys()


def _reached(start: str, edges: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for each in edges.get(waiting.pop(), ()):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found


class Shares:
    """What is shared in a whole directory, by mailbox, and who is in which group."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.membership = Membership(state)
        self._given: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        for grant in state.grants.values():
            self._given[grant.mailbox].append((grant.folder, grant.grantee, grant.rights))
        for delegation in state.delegations.values():
            self._given[delegation.mailbox] += [
                (folder, delegation.delegate, mask) for folder, mask in delegation.folders
            ]

    def given(self, mailbox: str) -> Iterable[tuple[str, str, int]]:
        """Return folder, grantee and mask of what is given in *mailbox*."""
        return self._given.get(mailbox, ())


class Rights:
    """
    The rights in one mailbox. Make one for a mailbox, and ask it as often as needed.

    *shares* saves whoever asks for many mailboxes from going through all grants for each.
    """

    def __init__(self, state: State, mailbox: str, shares: Shares | None = None) -> None:
        shares = shares or Shares(state)
        self.mailbox = mailbox
        self.membership = shares.membership
        box = state.users.get(mailbox) or state.resources.get(mailbox)
        language = box.language if box else "en"
        self.grants: dict[str, dict[str, int]] = defaultdict(dict)
        """The masks by folder, then by grantee."""
        for folder, grantee, mask in shares.given(mailbox):
            self._add(in_language(folder, language), grantee, mask)
        named = {grantee for masks in self.grants.values() for grantee in masks}
        self.groups = frozenset(named & state.groups.keys())
        """The groups that have a grant somewhere in the mailbox."""
        self.users = frozenset(named & state.users.keys())
        """The users who have one of their own."""
        self._people: frozenset[str] | None = None
        self._names: dict[str, frozenset[str]] = {}

    def _add(self, folder: str, grantee: str, mask: int) -> None:
        masks = self.grants[folder]
        masks[grantee] = masks.get(grantee, 0) | mask

    def people(self) -> frozenset[str]:
        """Return the users about whom any grant is; not the owner."""
        if self._people is None:
            self._people = (self.users | self.membership.people(self.groups)) - {self.mailbox}
        return self._people

    def names_of(self, person: str) -> frozenset[str]:
        """Return under which names *person* can have a grant in the mailbox."""
        if person not in self._names:
            self._names[person] = (self.membership.groups_of(person) & self.groups) | {person}
        return self._names[person]

    def on(self, walk: Iterable[str], names: frozenset[str]) -> int:
        """Return the rights on the folder where *walk* begins of somebody with these *names*."""
        for level in walk:
            masks = self.grants.get(level)
            found = names.intersection(masks) if masks else None
            if masks and found:
                mask = 0
                for name in found:
                    mask |= masks[name]
                return mask
        return 0

    def effective(self, folder: str, person: str) -> int:
        """Return the rights of *person* on *folder*, a name of the directory."""
        if person == self.mailbox:
            return EVERY_RIGHT
        return self.on(levels(folder), self.names_of(person))


def effective(state: State, mailbox: str, folder: str, person: str) -> int:
    """Return the rights of *person* on *folder* of *mailbox*, as a mask."""
    box = state.users.get(mailbox) or state.resources.get(mailbox)
    name = in_language(folder, box.language) if box else folder
    return Rights(state, mailbox).effective(name, person)


def shared_mailboxes(state: State) -> set[str]:
    """Return the mailboxes in which somebody has a grant or a delegation."""
    return {grant.mailbox for grant in state.grants.values()} | {
        delegation.mailbox for delegation in state.delegations.values()
    }


def rights_as_of(current: Callable[[], State]) -> Callable[[str], Rights]:
    """Return what says the rights in a mailbox by the directory that *current* gives then."""
    shares: Shares | None = None

    def rights(mailbox: str) -> Rights:
        nonlocal shares
        state = current()
        if shares is None or shares.state is not state:
            shares = Shares(state)
        return Rights(state, mailbox, shares)

    return rights
