"""ItemOperations: fetch, empty a folder, move a conversation (MS-ASCMD, section 2.2.1.10)."""

from fermoposta.activesync.commands.item_operations.command import handle

__all__ = ["handle"]
