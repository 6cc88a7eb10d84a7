"""
Write the compiled scripts: one folder per mailbox, one file per domain.

Each compiler gives the name of its file in a mailbox's folder and, for one state of the directory,
the text of each mailbox's script, or None where that mailbox needs none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fermoposta.directory.compile import resources, sieve
from fermoposta.directory.compile.files import Change, folder, remove, write
from fermoposta.directory.compile.rules import compiler as message_rules
from fermoposta.directory.decide import policy_of, rules_by_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from fermoposta.directory.model import Resource, State, User

    Compiler = Callable[[State, Collection[str] | None], Callable[[str], str | None]]

DOMAINS = "domains"
"""The folder of the domains' scripts; no mailbox has such an id."""
MAILBOX_ID = re.compile(r"[0-9a-f][0-9a-f-]{7,63}")


def junk(state: State, wanted: Collection[str] | None) -> Callable[[str], str | None]:
    """Compile junk rules and switches; *wanted* names the only mailboxes that will be asked for."""
    rules = rules_by_scope(state.junk_rules.values(), wanted)
    return lambda address: sieve.mailbox_script(policy_of(state, address, rules))


def after_junk(state: State, wanted: Collection[str] | None) -> Callable[[str], str | None]:
    """Compile what happens to mail for the inbox: a user's rules, a resource's answer."""
    rules, invitations = message_rules(state, wanted), resources.compiler(state)
    return lambda address: rules(address) or invitations(address)


COMPILERS: Mapping[str, Compiler] = {
    "policy.sieve": junk,
    "rules.sieve": after_junk,
}
"""By the name of the file in a mailbox's folder."""


def compile_all(state: State, root: Path) -> Iterator[Change]:
    """Write every script that is needed below *root*, and remove those that nobody needs."""
    yield from compile_domains(state, root)
    mailboxes: list[User | Resource] = [*state.users.values(), *state.resources.values()]
    yield from _compile(state, root, mailboxes, wanted=None)
    known = {mailbox.mailbox_id for mailbox in mailboxes}
    for place in sorted(root.iterdir()):
        if place.name not in known and MAILBOX_ID.fullmatch(place.name) and place.is_dir():
            yield from _clear(place)


def compile_mailboxes(state: State, root: Path, addresses: Collection[str]) -> Iterator[Change]:
    """Do the same for the mailboxes at *addresses*, whether they are still open or not."""
    found = [state.users.get(each) or state.resources.get(each) for each in sorted(addresses)]
    yield from _compile(state, root, [each for each in found if each], wanted=addresses)
    for closed in state.closed.values():
        if closed.address in addresses and (root / closed.mailbox_id).is_dir():
            yield from _clear(root / closed.mailbox_id)


def compile_domains(
    state: State, root: Path, wanted: Collection[str] | None = None
) -> Iterator[Change]:
    """Write the scripts of all domains, or those *wanted*; remove those that nobody needs."""
    rules = rules_by_scope(state.junk_rules.values(), state.domains if wanted is None else wanted)
    place = root / DOMAINS
    there = {path.stem for path in place.glob("*.sieve")}
    for domain in sorted((state.domains.keys() | there) if wanted is None else wanted):
        known = rules.get(domain, {}) if domain in state.domains else {}
        text = sieve.domain_script(known)
        if text is not None:
            folder(place)
        yield from _put(place / f"{domain}.sieve", text)


def _compile(
    state: State,
    root: Path,
    mailboxes: Iterable[User | Resource],
    *,
    wanted: Collection[str] | None,
) -> Iterator[Change]:
    compilers = {name: compiler(state, wanted) for name, compiler in COMPILERS.items()}
    for mailbox in mailboxes:
        if mailbox.mailbox_id is None:
            continue
        texts = {name: script(mailbox.address) for name, script in compilers.items()}
        place = root / mailbox.mailbox_id
        if any(texts.values()):
            folder(place)
            for name, text in texts.items():
                yield from _put(place / name, text)
        elif place.is_dir():
            yield from _clear(place)


def _put(path: Path, text: str | None) -> Iterator[Change]:
    """Bring the script at *path* to *text*; None is for none."""
    # Whatever a power cut takes comes back with the next full pass: no need to wait for the disk.
    change = remove(path) if text is None else write(path, text.encode(), mode=0o644, durable=False)
    if change:
        yield change


def _clear(place: Path) -> Iterator[Change]:
    for left in sorted(place.iterdir()):
        if change := remove(left):
            yield change
    place.rmdir()
