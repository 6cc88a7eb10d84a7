"""The policy by which senders insist on TLS towards us (RFC 8461)."""


def document(host: str, mode: str, max_age: int) -> bytes:
    """Return the policy of a domain whose mail goes to *host* (RFC 8461, section 3.2).

    *mode* is enforce, testing or none; *max_age* is in seconds.
    """
    lines = ("version: STSv1", f"mode: {mode}", f"mx: {host}", f"max_age: {max_age}")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")
