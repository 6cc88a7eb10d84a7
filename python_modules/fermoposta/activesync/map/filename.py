"""Names of files, as they come with mail and appointments: none may deceive, or lead elsewhere."""

import re

_DECEIVES = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Also marks that turn the direction of text: ``exe.fdp`` must not look like ``pdf.exe``."""


def readable(text: str) -> str:
    """Return *text* without what can't be seen."""
    return _DECEIVES.sub("", text)


def plain(name: str) -> str:
    """Return *name* without a path; nothing may be left of it."""
    return re.split(r"[/\\]", readable(name))[-1].strip()
