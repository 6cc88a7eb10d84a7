"""What the agent does by itself, without a mail that asks for it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

from fermoposta.agent import answers, deletions, limits, mailboxes, sent, sharing, traces, usage
from fermoposta.agent.sharing import webmail
from fermoposta.agent.tools import Tools
from fermoposta.directory.store import Change

Duty = Callable[[Tools, AsyncIterator[Sequence[Change]]], Awaitable[None]]
"""
Runs for as long as the service. The iterator gives what changed in the directory, as it changes;
`Tools.directory` is at least as new. An empty sequence means: look at everything. It comes first,
and then every `compile_interval` seconds. A duty that fails is started anew after a pause, from an
empty sequence.
"""

DUTIES: Mapping[str, Duty] = MappingProxyType(
    {
        "answers": answers.run,
        "deletions": deletions.run,
        "limits": limits.run,
        "mailboxes": mailboxes.run,
        "sent": sent.watch,
        "sharing": sharing.run,
        "sharing_webmail": webmail.run,
        "traces": traces.run,
        "usage": usage.run,
    }
)
