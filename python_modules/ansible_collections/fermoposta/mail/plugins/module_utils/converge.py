"""
What the modules share: from their parameters to one plan, one transaction, one answer.

Nothing here can show a secret: the module is silent in the system's log, its answer is made of the
plan, which has none, and the parameters that it says it was called with are reduced to counts.
"""

from __future__ import annotations

import getpass
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

try:
    from fermoposta import inventory
    from fermoposta.directory.model import Kind, Owner, State
    from fermoposta.directory.plan import Plan, plan
    from fermoposta.directory.problem import Problem, ProblemsError
    from fermoposta.directory.store import StaleError, Store, StoreError, open_store
    from fermoposta.directory.store.dsn import ENVIRONMENT
    from fermoposta.inventory.export import export
    from fermoposta.service import settings
except ImportError:
    MISSING = traceback.format_exc()
else:
    MISSING = ""

KINDS = (
    "companies",
    "domains",
    "users",
    "resources",
    "aliases",
    "groups",
    "send_as",
    "delegations",
    "grants",
    "allowed_domains",
    "junk_rules",
    "rules",
    "out_of_office",
    "device_policies",
    "device_access",
    "pictures",
    "certificates",
)
OWNER_ROLE = "fermoposta"
ATTEMPTS = 3

COMMON_SPEC: dict[str, Any] = {
    "adopt": {"type": "bool", "default": False},
    "allow_removal": {"type": "list", "elements": "str", "choices": list(KINDS), "default": []},
    "config": {"type": "path", "default": "/etc/fermoposta/fermoposta.yml"},
}
PASSWORD_SPEC: dict[str, Any] = {
    "update_password": {
        "type": "str",
        "choices": ["on_create", "always"],
        "default": "on_create",
        "no_log": False,  # when, not which
    }
}
EXCLUSIVE_SPEC: dict[str, Any] = {"exclusive": {"type": "bool", "default": True}}


class DirectoryModule(AnsibleModule):  # type: ignore[misc]
    """A module whose answers say how many records it was given, never which."""

    def __init__(self, argument_spec: Mapping[str, Any], **more: Any) -> None:
        super().__init__(
            argument_spec=dict(argument_spec), supports_check_mode=True, no_log=True, **more
        )

    def log(self, msg: str, log_args: object = None) -> None:  # noqa: ARG002 - not to be logged
        """Tell the system's log that the module ran, not with what it was called."""
        # The constructor's no_log does not last: the controller's word for the task wins over it.
        super().log(msg.partition(" with ")[0])

    def exit_json(self, **result: Any) -> None:
        """End well, without the parameters' contents."""
        super().exit_json(**result, invocation=self._invocation())

    def fail_json(self, msg: str, **result: Any) -> None:
        """End badly, without the parameters' contents."""
        super().fail_json(msg, **result, invocation=self._invocation())

    def _invocation(self) -> dict[str, Any]:
        def shown(value: Any) -> Any:
            return f"({len(value)} entries)" if isinstance(value, dict | list | str) else value

        params = getattr(self, "params", None) or {}
        plain = {"adopt", "allow_removal", "config", "exclusive", "update_password"}
        return {
            "module_args": {
                name: value if name in plain else shown(value) for name, value in params.items()
            }
        }


def converge(
    module: DirectoryModule,
    declared: Mapping[str, Any],
    *,
    whole: bool,
    repeated: Collection[str] = (),
) -> None:
    """
    Bring the directory to what *declared* says, by kind, and end *module*.

    *whole* is for all kinds at once: what isn't declared is not to be. Otherwise only the kinds in
    *declared* are looked at, and what they refer to may be in the directory. *repeated* are the
    paths that stood twice in the parameters.
    """
    if MISSING:
        module.fail_json(missing_required_lib("fermoposta"), exception=MISSING)
    try:
        _refuse(repeated)
        with _open(module) as store:
            made = _converge(module, store, declared, whole=whole)
    except ProblemsError as error:
        fields = ("path", "message", "remedy")
        problems = [{name: getattr(p, name) for name in fields} for p in error.problems]
        module.fail_json(str(error), problems=problems)
    except (StoreError, settings.SettingsError) as error:
        module.fail_json(str(error), problems=[])
    module.exit_json(
        changed=bool(made), steps=made.lines(), counts=dict(made.counts()), diff=made.diff()
    )


def as_mapping(
    entries: list[dict[str, Any]], *keys: str, value: str | None = None, path: str
) -> tuple[dict[str, Any], list[str]]:
    """
    Return the mapping that an inventory has for a list of *entries*, and the paths that repeat.

    *keys* are the options that name an entry, outermost first; what remains is its value, or the
    option *value* alone. Options that were not given are left out.
    """
    made: dict[str, Any] = {}
    repeated = []
    for entry in entries:
        given = {name: content for name, content in entry.items() if content is not None}
        names = [str(given.pop(key)) for key in keys]
        below = made
        for name in names[:-1]:
            below = below.setdefault(name, {})
        if names[-1] in below:
            repeated.append(".".join([path, *names]))
        below[names[-1]] = given.get(value) if value else _without_none(given)
    return made, repeated


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_none(inner) for inner in value]
    return value


def _refuse(repeated: Collection[str]) -> None:
    if repeated:
        raise ProblemsError([Problem(path, "stands twice", "keep one") for path in repeated])


def _open(module: DirectoryModule) -> Store:
    if ENVIRONMENT in os.environ:
        return open_store()
    site = settings.load(Path(module.params["config"]))
    return open_store(site.database_url(OWNER_ROLE))


def _converge(
    module: DirectoryModule, store: Store, declared: Mapping[str, Any], *, whole: bool
) -> Plan:
    """Plan and, but in check mode, apply; again where somebody else wrote in between."""
    # What is wrong with the whole is said even where there is no database yet.
    desired = inventory.parse(_raw(declared)) if whole else None
    for attempt in range(1, ATTEMPTS + 1):
        actual = store.state()
        made = _plan(module.params, actual, declared, desired)
        if not made or module.check_mode:
            return made
        try:
            store.apply(made, actor=f"ansible:{os.environ.get('SUDO_USER') or getpass.getuser()}")
        except StaleError:
            if attempt == ATTEMPTS:
                raise
        else:
            return made
    raise AssertionError("unreachable: the last attempt returns or raises")


def _plan(
    params: Mapping[str, Any], actual: State, declared: Mapping[str, Any], desired: State | None
) -> Plan:
    """Plan for the whole that is *desired*, or for the kinds in *declared* alone."""
    options = {
        "adopt": params["adopt"],
        "allow_removal": tuple(map(Kind, params["allow_removal"])),
        "update_password": params.get("update_password", "on_create"),
    }
    if desired is not None:
        return plan(desired, actual, **options)

    kinds = tuple(map(Kind, declared))
    kept = _kept(actual, declared, exclusive=params["exclusive"])
    desired = inventory.parse(_raw(_merged(export(kept), declared)), base=actual, kinds=kinds)
    for record in kept.records(kinds):
        if record.managed_by is Owner.PORTAL:
            desired.of(record.kind).pop(record.key, None)
    return plan(desired, actual, kinds=kinds, **options)


def _raw(declared: Mapping[str, Any]) -> Any:
    return inventory.load({f"mail_{kind}": content for kind, content in declared.items()})


def _kept(actual: State, declared: Mapping[str, Any], *, exclusive: bool) -> State:
    """Return the records that stay although they are not declared: the portal's, or all."""
    kept = State()
    for kind in map(Kind, declared):
        names = _keys(kind, declared[kind])
        for record in actual.of(kind).values():
            # The list of somebody's certificates is declared whole.
            name = record.key.partition(" ")[0] if kind is Kind.CERTIFICATES else record.key
            if name not in names and (not exclusive or record.managed_by is Owner.PORTAL):
                kept.put(record)
    return kept


def _keys(kind: Kind, content: Mapping[str, Any]) -> set[str]:
    """Return the keys, as the directory writes them, of what *content* declares."""
    depth = {Kind.DELEGATIONS: 2, Kind.JUNK_RULES: 2, Kind.GRANTS: 3, Kind.MESSAGE_RULES: 2}.get(
        kind, 1
    )

    def walk(inner: Mapping[str, Any], level: int) -> list[tuple[str, ...]]:
        if level == 1:
            return [(str(name),) for name in inner]
        return [(str(n), *rest) for n, below in inner.items() for rest in walk(below, level - 1)]

    found = walk(content, depth)
    if kind is Kind.GRANTS:  # its key names the grantee before the folder
        return {f"{mailbox.lower()} {to.lower()} {folder}" for mailbox, folder, to in found}
    if kind is Kind.MESSAGE_RULES:  # their names are the users' own words
        return {f"{mailbox.lower()} {name.strip()}" for mailbox, name in found}
    if kind in (Kind.DEVICE_POLICIES, Kind.DEVICE_ACCESS):  # names, where they are no addresses
        return {name.lower() if "@" in name else name for (name,) in found}
    return {" ".join(names).lower() for names in found}


def _merged(kept: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return what *kept* and *declared* say together."""

    def merge(below: Any, above: Any) -> Any:
        if not isinstance(below, dict) or not isinstance(above, dict):
            return above
        joined = dict(below)
        for name, value in above.items():
            joined[name] = merge(below[name], value) if name in below else value
        return joined

    return {
        kind: merge(kept.get(f"mail_{kind}", {}), content) for kind, content in declared.items()
    }
