"""What makes a whole command fail; below the commands it is known by its place in ``errors``."""

from fermoposta.activesync.errors import CommandError

__all__ = ["CommandError"]
