"""How SendMail, SmartReply and SmartForward fail (MS-ASCMD, sections 2.2.2 and 2.2.3.177.14)."""

from enum import IntEnum


class Status(IntEnum):
    """What is answered as the ``Status`` of the command's root; success has no answer at all."""

    INVALID_XML = 103
    INVALID_DATE = 104
    INVALID_COMBINATION_OF_IDS = 105
    INVALID_MIME = 107
    RETRY_LATER = 111
    RECIPIENT_UNRESOLVED = 116
    PREVIOUSLY_SENT = 118
    NO_RECIPIENT = 119
    SUBMISSION_FAILED = 120
    TOO_LARGE = 122
    NOT_RECURRING = 146
    ITEM_NOT_FOUND = 150
    INVALID_ACCOUNT = 166
