"""What a request says beside its body."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """A command, of whom and from which device (MS-ASHTTP, section 2.2.1.1)."""

    command: str
    version: str
    device_id: str
    device_type: str
    user: str | None = None
    """The address of the mailbox; a base64 query need not say it."""
    policy_key: int | None = None
    """The policies that the device has applied; 0 and None say that it has none."""
    locale: int | None = None
    """The language for texts in the answer, a number of MS-LCID."""
    attachment_name: str | None = None
    collection_id: str | None = None
    item_id: str | None = None
    long_id: str | None = None
    occurrence: str | None = None
    save_in_sent: bool = False
    accept_multipart: bool = False
