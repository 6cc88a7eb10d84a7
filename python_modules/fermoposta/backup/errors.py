"""What goes wrong with backups."""


class BackupError(Exception):
    """It can't be done; the message says what, why and what to do. Nothing is half done."""
