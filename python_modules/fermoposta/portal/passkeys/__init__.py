"""Passkeys: signing in with what a device keeps and unlocks, in the place of password and code."""
