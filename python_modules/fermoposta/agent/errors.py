"""How a handler says that its work is not done."""


class Refuse(Exception):  # noqa: N818 - reads as what the handler does
    """The mail can never be worked on, for a reason that its sender is told (a bounce)."""


class Later(Exception):  # noqa: N818 - reads as what the handler does
    """The work can't be done now; the mail waits in the queue and comes again."""
