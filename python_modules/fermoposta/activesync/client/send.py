"""
SendMail, SmartReply, SmartForward (MS-ASCMD, sections 2.2.1.17 to 2.2.1.19).

At 12.1 the message is the whole body and the rest stands in the query; from 14.0 on it is a
document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync.client.connection import MIME
from fermoposta.activesync.client.elements import check, flag, make, root, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.activesync.client.client import Client
    from fermoposta.activesync.wbxml import Element

FIRST_WITH_DOCUMENT = (14, 0)


@dataclass(frozen=True, slots=True)
class Source:
    """The message that is answered or passed on: its folder and id, or a LongId of a search."""

    folder: str | None = None
    item: str | None = None
    long_id: str | None = None
    instance: str | None = None
    """An occurrence of a series, by its start."""

    def element(self) -> Element:
        """Return the ``ComposeMail:Source``."""
        return make(
            "ComposeMail:Source",
            value("ComposeMail:FolderId", self.folder),
            value("ComposeMail:ItemId", self.item),
            value("ComposeMail:LongId", self.long_id),
            value("ComposeMail:InstanceId", self.instance),
        )


def send_mail(
    client: Client, message: bytes, *, save: bool = True, client_id: str | None = None
) -> str:
    """Send *message*, as MIME, and return the ClientId under which it cannot be sent twice."""
    return _send(client, "SendMail", message, None, save=save, client_id=client_id)


def smart_reply(
    client: Client,
    message: bytes,
    source: Source,
    *,
    save: bool = True,
    client_id: str | None = None,
    replace_mime: bool = False,
) -> str:
    """Send *message*, to which the server appends the *source*, unless *replace_mime*."""
    return _send(
        client,
        "SmartReply",
        message,
        source,
        save=save,
        client_id=client_id,
        replace_mime=replace_mime,
    )


def smart_forward(
    client: Client,
    message: bytes,
    source: Source,
    *,
    save: bool = True,
    client_id: str | None = None,
    replace_mime: bool = False,
    forwardees: Sequence[tuple[str, str]] = (),
) -> str:
    """
    Send *message* with the *source* in it or attached to it.

    *forwardees* are names and addresses to whom an appointment goes, from 16.0 on.
    """
    return _send(
        client,
        "SmartForward",
        message,
        source,
        save=save,
        client_id=client_id,
        replace_mime=replace_mime,
        forwardees=forwardees,
    )


def _send(
    client: Client,
    command: str,
    message: bytes,
    source: Source | None,
    *,
    save: bool,
    client_id: str | None,
    replace_mime: bool = False,
    forwardees: Sequence[tuple[str, str]] = (),
) -> str:
    client_id = client_id or client.device.client_id()
    if client.dotted < FIRST_WITH_DOCUMENT:
        _send_as_it_is(client, command, message, source, save=save)
        return client_id
    tag = f"ComposeMail:{command}"
    people = [
        make(
            "ComposeMail:Forwardee",
            value("ComposeMail:ForwardeeName", name),
            value("ComposeMail:ForwardeeEmail", address),
        )
        for name, address in forwardees
    ]
    document = make(
        tag,
        value("ComposeMail:ClientId", client_id),
        source.element() if source else None,
        flag("ComposeMail:SaveInSentItems", save),
        flag("ComposeMail:ReplaceMime", replace_mime),
        value("ComposeMail:Mime", message),
        make("ComposeMail:Forwardees", *people) if people else None,
    )
    answer = client.ask(command, document)
    if answer is not None:  # sent well, it is empty
        answer = root(command, answer, tag)
        check(command, answer, answer, "ComposeMail:Status")
    return client_id


def _send_as_it_is(
    client: Client, command: str, message: bytes, source: Source | None, *, save: bool
) -> None:
    source = source or Source()
    request = client.request(
        command,
        collection_id=source.folder,
        item_id=source.item,
        long_id=source.long_id,
        occurrence=source.instance,
        save_in_sent=save,
    )
    client.connection.ask(request, message, content_type=MIME)
