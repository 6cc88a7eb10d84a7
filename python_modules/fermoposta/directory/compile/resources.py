"""
Compile the script of a resource's mailbox: what arrives is kept, and the agent gets a copy.

It runs after the scripts that file junk and what is infected: nobody answers those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fermoposta.directory.model import State

_SCRIPT = """\
# Made from the directory by fermoposta; changes here are lost.
require ["copy"];

redirect :copy "invitation+{mailbox_id}@agent.fermoposta.invalid";
"""


def compiler(state: State) -> Callable[[str], str | None]:
    """Compile for one *state*; None is for mailboxes that are no resource's."""

    def script(address: str) -> str | None:
        resource = state.resources.get(address)
        if resource is None or resource.mailbox_id is None:
            return None
        return _SCRIPT.format(mailbox_id=resource.mailbox_id)

    return script
