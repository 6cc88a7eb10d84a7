"""
Make what no SQL view can be: files that daemons read, compiled from the directory.

Compiling is idempotent, says what it changed, and can always start from nothing; a reader sees the
old file or the new one, never half of one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fermoposta.directory.compile import dkim, mailboxes, rules
from fermoposta.directory.compile.files import Change
from fermoposta.directory.compile.touched import Touched, touched_by
from fermoposta.directory.model import State
from fermoposta.service.settings import Settings

__all__ = ["Change", "Paths", "Touched", "compile_all", "compile_touched", "paths_of", "touched_by"]


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the compiled files go; the folders are made by the roles."""

    sieve: Path
    dkim: Path


def paths_of(settings: Settings) -> Paths:
    """Return where the site that *settings* describe has its compiled files."""
    return Paths(sieve=settings.state_dir / "sieve", dkim=settings.dkim_dir)


def compile_all(state: State, paths: Paths) -> list[Change]:
    """Bring the files at *paths* to what *state* asks for; return what changed.

    Raises OSError where a file can't be written; what was written before that stays.
    """
    return list(_changes(state, paths))


def _changes(state: State, paths: Paths) -> Iterator[Change]:
    yield from dkim.compile_keys(state.domains.values(), paths.dkim)
    yield from mailboxes.compile_all(state, paths.sieve)


def compile_touched(state: State, touched: Touched, paths: Paths) -> list[Change]:
    """Do the same for what a change of the directory touches, and for nothing else."""
    return list(_touched(state, touched, paths))


def _touched(state: State, touched: Touched, paths: Paths) -> Iterator[Change]:
    if touched.keys:
        yield from dkim.compile_keys(state.domains.values(), paths.dkim)
    if touched.domains:
        yield from mailboxes.compile_domains(state, paths.sieve, touched.domains)
    anew = set(touched.mailboxes)
    if touched.keys:
        # A domain came or went: some answer their company's domains only.
        anew.update(rules.answering_company(state))
    if anew:
        yield from mailboxes.compile_mailboxes(state, paths.sieve, anew)
