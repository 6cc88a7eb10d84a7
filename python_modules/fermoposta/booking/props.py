"""The properties of a component, which may stand in it never, once or several times."""

from typing import Any

from icalendar import Component


def prop(component: Component, name: str) -> Any:  # noqa: ANN401 - each property has its own type
    """Return the property *name*, the first where there are several, None where there is none."""
    found = component.get(name)
    return found[0] if isinstance(found, list) else found


def props(component: Component, name: str) -> list[Any]:
    """Return every property *name*."""
    found = component.get(name)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]
