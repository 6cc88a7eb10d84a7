"""What a mail is, by its structure alone (MessageClass, MS-ASEMAIL, section 2.2.2.49)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fermoposta.activesync.map.mail.bodystructure import Part

NOTE = "IPM.Note"
SIGNED = "IPM.Note.SMIME.MultipartSigned"
ENCRYPTED = "IPM.Note.SMIME"

_ENCRYPTED_TYPES = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_SIGNATURE_TYPES = {"application/pkcs7-signature", "application/x-pkcs7-signature"}

_MEETING = {
    "REQUEST": "IPM.Schedule.Meeting.Request",
    "CANCEL": "IPM.Schedule.Meeting.Canceled",
    # A proposal of another time is an answer that is not yet a promise.
    "COUNTER": "IPM.Schedule.Meeting.Resp.Tent",
}
_ANSWER = {
    "ACCEPTED": "IPM.Schedule.Meeting.Resp.Pos",
    "TENTATIVE": "IPM.Schedule.Meeting.Resp.Tent",
    "DECLINED": "IPM.Schedule.Meeting.Resp.Neg",
}
_REPORT = {
    "delivery-status": "REPORT.IPM.NOTE.NDR",
    "disposition-notification": "REPORT.IPM.NOTE.IPNRN",
}


def message_class(root: Part, calendar: Part | None, partstat: str = "") -> str:
    """
    Return the class of the mail *root*, of which *calendar* is an invitation.

    *partstat* is what an answer says (RFC 5545, section 3.2.12); it stands in the calendar's text.
    """
    if root.type in _ENCRYPTED_TYPES:
        return ENCRYPTED
    if root.type == "multipart/signed":
        by = {root.params.get("protocol", "").lower()} | {part.type for part in root.parts[1:]}
        return SIGNED if by & _SIGNATURE_TYPES else NOTE
    if root.type == "multipart/report":
        return _REPORT.get(root.params.get("report-type", "").lower(), NOTE)
    if calendar is None:
        return NOTE
    method = calendar.params.get("method", "").upper()
    if method == "REPLY":
        return _ANSWER.get(partstat.upper(), NOTE)
    return _MEETING.get(method, NOTE)


def content_class(class_: str) -> str:
    """
    Return the content class that goes with the message class *class_*.

    MS-ASEMAIL, section 2.2.2.20, has only that of mail; other servers say of invitations that they
    are some, and clients go by it.
    """
    meeting = class_.startswith("IPM.Schedule.Meeting.")
    return "urn:content-classes:calendarmessage" if meeting else "urn:content-classes:message"
