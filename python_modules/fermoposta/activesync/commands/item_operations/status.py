"""How an operation went (MS-ASCMD, section 2.2.3.177.8)."""

from enum import IntEnum


class Status(IntEnum):
    """The values that are answered here."""

    OK = 1
    PROTOCOL = 2
    SERVER = 3
    MISSING = 6
    RANGE = 8
    STORE = 9
    FAILED = 14
    """The item can't be said in the protocol."""
    ATTACHMENT = 15
    DENIED = 16
    UNSUPPORTED = 156
    """The operation is none of those here (section 2.2.4)."""


class OperationError(Exception):
    """One operation fails with *status*; others go on."""

    def __init__(self, status: Status) -> None:
        super().__init__(f"status {int(status)}")
        self.status = status
