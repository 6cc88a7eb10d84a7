"""
What can be wrong with a mail that shall be shown.

* MailError              the base of all; the mail is left out and named, its folder goes on
  + StructureError       the server's BODYSTRUCTURE or ENVELOPE is not one
"""


class MailError(Exception):
    """A mail can't be shown."""


class StructureError(MailError):
    """What the server tells of a mail's parts or header can't be understood."""
