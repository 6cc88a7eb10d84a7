"""
The commands, one module each: what a device asks, as a document, and what it is answered.

A command raises CommandError where the whole of it fails with a status; what fails for one of the
things that it names is answered in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from fermoposta.activesync.commands import (
    find,
    folder_changes,
    folder_sync,
    get_attachment,
    get_hierarchy,
    get_item_estimate,
    item_operations,
    meeting_response,
    move_items,
    ping,
    provision,
    resolve_recipients,
    search,
    send_mail,
    settings,
    smart_forward,
    smart_reply,
    sync,
    validate_cert,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fermoposta.activesync.session import Answer, Asked, Session

    Handler: TypeAlias = Callable[[Session, Asked], Awaitable[Answer]]

HANDLERS: dict[str, Handler] = {
    "Sync": sync.handle,
    "FolderSync": folder_sync.handle,
    "FolderCreate": folder_changes.create,
    "FolderUpdate": folder_changes.update,
    "FolderDelete": folder_changes.delete,
    "Ping": ping.handle,
    "GetItemEstimate": get_item_estimate.handle,
    "MoveItems": move_items.handle,
    "ItemOperations": item_operations.handle,
    "GetAttachment": get_attachment.handle,
    "GetHierarchy": get_hierarchy.handle,
    "SendMail": send_mail.handle,
    "SmartReply": smart_reply.handle,
    "SmartForward": smart_forward.handle,
    "MeetingResponse": meeting_response.handle,
    "Search": search.handle,
    "Find": find.handle,
    "Settings": settings.handle,
    "Provision": provision.handle,
    "ResolveRecipients": resolve_recipients.handle,
    "ValidateCert": validate_cert.handle,
}
"""Command to what answers it; a device is told of these, and of no other."""
