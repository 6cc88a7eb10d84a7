"""Who does what, by the word in front of the ``+`` of the recipient."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from fermoposta.agent import forward, invitation, report, sent
from fermoposta.agent.mail import Mail
from fermoposta.agent.tools import Tools

Handler = Callable[[Mail, Tools], Awaitable[None]]
"""
Returns when the work is done; it may be asked to do it twice.

Raises `errors.Refuse` for what can never be done (the mail bounces) and `errors.Later` for what
can't be done now; any other exception means later, too.
"""

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "forward": forward.handle,
        "ham": report.handle,
        "invitation": invitation.handle,
        "report-ham": report.handle,
        "report-spam": report.handle,
        "sent": sent.handle,
        "spam": report.handle,
    }
)
