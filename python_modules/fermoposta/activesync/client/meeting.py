"""MeetingResponse: answer invitations (MS-ASCMD, section 2.2.1.11)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from fermoposta.activesync.client.elements import make, number, root, value
from fermoposta.activesync.client.errors import AnswerError, StatusError

if TYPE_CHECKING:
    from fermoposta.activesync.client.client import Client
    from fermoposta.activesync.wbxml import Element

COMMAND = "MeetingResponse"
ROOT = "MeetingResponse:MeetingResponse"
STATUS = "MeetingResponse:Status"


class Answer(IntEnum):
    """What is answered (section 2.2.3.188)."""

    ACCEPT = 1
    TENTATIVE = 2
    DECLINE = 3


@dataclass(frozen=True, slots=True)
class SendResponse:
    """Have the server send the answer, from 16.0 on; *proposed* is another time, from 16.1 on."""

    text: str | None = None
    proposed: tuple[str, str] | None = None

    def element(self) -> Element:
        """Return the ``SendResponse``."""
        start, end = self.proposed or (None, None)
        return make(
            "MeetingResponse:SendResponse",
            None
            if self.text is None
            else make(
                "AirSyncBase:Body",
                value("AirSyncBase:Type", 1),
                value("AirSyncBase:Data", self.text),
            ),
            value("MeetingResponse:ProposedStartTime", start),
            value("MeetingResponse:ProposedEndTime", end),
        )


def respond(
    client: Client,
    answer: Answer,
    *,
    folder: str | None = None,
    item: str | None = None,
    long_id: str | None = None,
    instance: str | None = None,
    send: SendResponse | None = None,
) -> str | None:
    """
    Answer the invitation *item* of *folder*, or the one that a search has found as *long_id*.

    Return the id of the appointment; None where there is none, as after a refusal. *instance* is
    the start of an occurrence.
    """
    document = make(
        ROOT,
        make(
            "MeetingResponse:Request",
            value("MeetingResponse:UserResponse", int(answer)),
            value("MeetingResponse:CollectionId", folder),
            value("MeetingResponse:RequestId", item),
            value("Search:LongId", long_id),
            value("MeetingResponse:InstanceId", instance),
            send.element() if send else None,
        ),
    )
    answered = root(COMMAND, client.ask(COMMAND, document), ROOT)
    result = answered.find("MeetingResponse:Result") or answered
    status = number(COMMAND, result, STATUS)
    if status is None:
        raise AnswerError(COMMAND, "a Result without Status")
    if status != 1:
        raise StatusError(COMMAND, STATUS, status, answered)
    return result.text_of("MeetingResponse:CalendarId")
