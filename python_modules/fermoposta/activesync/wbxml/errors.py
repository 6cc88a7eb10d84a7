"""
What can go wrong between bytes and elements.

* WbxmlError             the base of both
  + DecodeError          what a client sent is no ActiveSync document; says where and why
  + EncodeError          what we wanted to send can't be one; a mistake of ours
"""


class WbxmlError(Exception):
    """Bytes and elements don't go together."""


class DecodeError(WbxmlError):
    """What arrived is no ActiveSync document: *problem*, found at byte *offset*."""

    def __init__(self, offset: int, problem: str) -> None:
        super().__init__(f"byte {offset}: {problem}")
        self.offset = offset
        self.problem = problem


class EncodeError(WbxmlError):
    """What shall be sent can't be said in ActiveSync's WBXML."""
