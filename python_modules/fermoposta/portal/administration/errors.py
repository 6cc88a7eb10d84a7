"""
What keeps somebody from administering something.

* NotThereError         no such record, or none within what they administer: nobody learns which
* ForbiddenError        the record is within, but their role may not do that
* ConflictError         somebody else changed the record in the meantime, or made it

What is wrong with values is a `fermoposta.directory.problem.ProblemsError`, whose paths name the
field; the path ``key`` is about the name of the record, or about the record as a whole.
"""

from __future__ import annotations


class NotThereError(Exception):
    """There is nothing of that name within what they administer."""


class ForbiddenError(Exception):
    """The role may not; the message says what."""


class ConflictError(Exception):
    """The record is not the one that was read."""
