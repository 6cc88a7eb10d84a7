"""What administrators do: look at the records of their domains, make, change and remove them."""

from fermoposta.portal.administration.desk import ANY, NONE, Desk, Outcome
from fermoposta.portal.administration.entries import KINDS, REMOVABLE, WRITABLE, Entry, Page, Query
from fermoposta.portal.administration.errors import ConflictError, ForbiddenError, NotThereError
from fermoposta.portal.administration.forms import KEY, usual

__all__ = [
    "ANY",
    "KEY",
    "KINDS",
    "NONE",
    "REMOVABLE",
    "WRITABLE",
    "ConflictError",
    "Desk",
    "Entry",
    "ForbiddenError",
    "NotThereError",
    "Outcome",
    "Page",
    "Query",
    "usual",
]
