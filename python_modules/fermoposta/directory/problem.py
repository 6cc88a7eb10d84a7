"""What is wrong with something that was declared, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """
    One thing that keeps a declaration from being taken.

    *path* is dotted (``mail_users.ada@example.org.quota_mb``); *message* never quotes a secret;
    *remedy* says what to do; *where* is ``file:line`` where that is known.
    """

    path: str
    message: str
    remedy: str
    where: str = ""

    def __str__(self) -> str:
        """Put the problem in one line."""
        told = f"{self.message}; {self.remedy}"
        if self.where.startswith(self.path):  # the file itself is what is wrong
            return f"{self.where}: {told}"
        return f"{self.where}: {self.path}: {told}" if self.where else f"{self.path}: {told}"


class ProblemsError(Exception):
    """Something was declared that cannot be; *problems* holds every reason at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        count = len(self.problems)
        super().__init__(
            "\n".join([f"{count} problem{'s' if count != 1 else ''}", *map(str, self.problems)])
        )
