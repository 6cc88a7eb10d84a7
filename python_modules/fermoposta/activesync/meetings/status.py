"""How an answer to an invitation fails (MS-ASCMD, sections 2.2.3.177.9 and 2.2.2)."""

from enum import IntEnum


class Status(IntEnum):
    """What is answered for one Request."""

    SUCCESS = 1
    INVALID = 2
    """It is no invitation, or none that can be answered."""
    MAILBOX_ERROR = 3
    CALENDAR_ERROR = 4
    INVALID_XML = 103
    INVALID_DATE = 104
    INVALID_COMBINATION_OF_IDS = 105
    NOT_RECURRING = 146
