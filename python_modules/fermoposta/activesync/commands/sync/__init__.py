"""Sync: what has changed on either side (MS-ASCMD, section 2.2.1.21)."""

from fermoposta.activesync.commands.sync.command import handle

__all__ = ["handle"]
