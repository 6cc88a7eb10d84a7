"""Find mail that would come back to where it was: aliases, groups, redirects, catch-alls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.directory.model import Kind, State
from fermoposta.directory.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


def loops(state: State) -> Iterator[Problem]:
    """Yield a problem for each way back, at the first address of it in the alphabet."""
    edges = _edges(state)
    done: set[str] = set()
    for start in sorted(edges):
        if start not in done:
            for cycle in _cycles(start, edges, done):
                yield _problem(state, cycle)


def _edges(state: State) -> dict[str, tuple[str, ...]]:
    edges: dict[str, tuple[str, ...]] = {
        address: alias.destinations for address, alias in state.aliases.items()
    }
    edges.update((address, group.members) for address, group in state.groups.items())
    edges.update(
        # Told apart from a loop: a user's own address among the redirects has its own problem.
        (address, tuple(to for to in user.redirect_to if to != address))
        for address, user in state.users.items()
        if user.redirect_to
    )
    return edges


def _cycles(
    start: str, edges: dict[str, tuple[str, ...]], done: set[str]
) -> Iterator[tuple[str, ...]]:
    """Walk from *start* without recursion: chains of aliases may be long."""
    way: list[str] = [start]
    on_way = {start}
    pending = [iter(edges[start])]
    while pending:
        for target in pending[-1]:
            if target in on_way:
                yield tuple(way[way.index(target) :])
            elif target in edges and target not in done:
                way.append(target)
                on_way.add(target)
                pending.append(iter(edges[target]))
                break
        else:
            pending.pop()
            left = way.pop()
            on_way.discard(left)
            done.add(left)


def _problem(state: State, cycle: tuple[str, ...]) -> Problem:
    at = cycle.index(min(cycle))
    way = cycle[at:] + cycle[:at]
    first = way[0]
    places = (
        (state.aliases, Kind.ALIASES, "destinations"),
        (state.groups, Kind.GROUPS, "members"),
        (state.users, Kind.USERS, "redirect_to"),
    )
    kind, field = next((kind, field) for there, kind, field in places if first in there)
    return Problem(
        f"mail_{kind}.{first}.{field}",
        f"leads back to itself: {' → '.join((*way, first))}",
        "take one of these steps out",
    )
