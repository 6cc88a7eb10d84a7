"""Reach what mailboxes hold: folders, messages, rights, calendars; one module a protocol."""
