"""
Answer invitations in the name of a resource (RFC 5546): pure, without any input or output.

`answer` takes a message, the resource and what stands in its calendar, and says what to store and
what to reply, `taken_back` undoes a booking; `compose` makes the mail of a reply (RFC 6047).
"""

from fermoposta.booking.calendar import Stored, Unreadable
from fermoposta.booking.decide import Outcome, Resource, answer, taken_back
from fermoposta.booking.imip import Invitation, compose, find, header
from fermoposta.booking.reply import Reply
from fermoposta.booking.words import Reason

__all__ = [
    "Invitation",
    "Outcome",
    "Reason",
    "Reply",
    "Resource",
    "Stored",
    "Unreadable",
    "answer",
    "compose",
    "find",
    "header",
    "taken_back",
]
