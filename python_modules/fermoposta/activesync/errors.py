"""
What makes a whole command fail.

* CommandError           answered as the ``Status`` of the command's root, and nothing else
"""


class CommandError(Exception):
    """The command is answered with *status* alone; *why* is for the log."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(f"status {status}: {why}")
        self.status = status
        self.why = why
