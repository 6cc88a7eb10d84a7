"""What stops an import; the same import may be started again, and goes on."""


class ImportStoppedError(Exception):
    """It can't go on now; the message says why and what to do. What was done is done."""


class RefusedItemError(Exception):
    """One item can't be put here; the message says why. The others can."""
