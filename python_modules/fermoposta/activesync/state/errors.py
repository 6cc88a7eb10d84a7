"""
What can be wrong with what we know of a client.

* StateError             the base of all
  + SyncKeyError         the key is not one of the two that may follow; the client starts over
  + ResyncNeededError    the folder is not the one that was synced; the client starts over
  + StoredStateError     a stored value can't be read; the client starts over
"""


class StateError(Exception):
    """What a client has, and what is known of it, don't go together."""


class SyncKeyError(StateError):
    """The key is not one that the client may send now."""


class ResyncNeededError(StateError):
    """What the client has can't be compared with the folder; says why, for the log."""


class StoredStateError(StateError):
    """A stored value is malformed, or of a version that this program doesn't know."""
