"""A second factor for who signs in: codes by time (TOTP, RFC 6238), and some on paper."""
