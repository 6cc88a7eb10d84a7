"""The kinds of things in the directory, in the order in which they can be made."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a record is. Also names it in plans, in the audit and in the change feed."""

    COMPANIES = "companies"
    DOMAINS = "domains"
    USERS = "users"
    RESOURCES = "resources"
    ALIASES = "aliases"
    GROUPS = "groups"
    SEND_AS = "send_as"
    DELEGATIONS = "delegations"
    GRANTS = "grants"
    ALLOWED_DOMAINS = "allowed_domains"
    JUNK_RULES = "junk_rules"
    MESSAGE_RULES = "rules"
    OUT_OF_OFFICE = "out_of_office"
    DEVICE_POLICIES = "device_policies"
    DEVICE_ACCESS = "device_access"
    PICTURES = "pictures"
    CERTIFICATES = "certificates"


ALL_KINDS: tuple[Kind, ...] = tuple(Kind)

ADDRESS_KINDS: tuple[Kind, ...] = (Kind.USERS, Kind.RESOURCES, Kind.ALIASES, Kind.GROUPS)
"""The kinds that share the one address namespace (F166)."""

MAILBOX_KINDS: tuple[Kind, ...] = (Kind.USERS, Kind.RESOURCES)
"""The kinds that have a mailbox, which outlives them by 30 days."""


class Owner(StrEnum):
    """Who may change a record: an inventory run or the portal, never both."""

    INVENTORY = "inventory"
    PORTAL = "portal"
