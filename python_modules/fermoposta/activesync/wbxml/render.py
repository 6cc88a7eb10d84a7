"""
A document as lines for a log: its shape, and of its content what a stranger may read.

What people write and what opens their mailbox is replaced by its length. So is the content of tags
that we don't know: it may be either.
"""

from fermoposta.activesync.wbxml.element import Child, Element

HIDDEN = frozenset(
    {
        "AirSyncBase:Content",
        "AirSyncBase:Data",
        "AirSyncBase:Preview",
        "ComposeMail:Mime",
        "Contacts:Picture",
        "Email:Subject",
        "Email:ThreadTopic",
        "Calendar:Subject",
        "Email2:UmUserNotes",
        "Find:FreeText",
        "Find:Preview",
        "GAL:Data",
        "ItemOperations:Data",
        "ItemOperations:Password",
        "Notes:Subject",
        "ResolveRecipients:Data",
        "Search:FreeText",
        "Search:Password",
        "Settings:Password",
        "Settings:ReplyMessage",
        "Tasks:Subject",
    }
)
"""Tags whose text is a body, a subject, a question, a picture or a password."""
LONGEST = 200
"""Characters of a text that are shown."""


def render(root: Element, *, reveal: bool = False) -> str:
    """Return *root* as indented lines; with *reveal* also what is otherwise hidden."""
    lines: list[str] = []
    waiting: list[tuple[int, str, Element]] = [(0, "", root)]
    while waiting:
        depth, outer, element = waiting.pop()
        name = element.name if element.namespace == outer else element.tag
        hidden = not reveal and (not element.known or element.tag in HIDDEN)
        shown = [_shown(child, hidden=hidden) for child in element.children]
        lines.append(" ".join(["  " * depth + name, *filter(None, shown)]))
        waiting += [(depth + 1, element.namespace, child) for child in reversed(element.elements)]
    return "\n".join(lines)


def _shown(child: Child, *, hidden: bool) -> str:
    match child:
        case Element():
            return ""
        case bytes():
            return f"({len(child)} bytes)"
        case _ if hidden:
            return f"({len(child)} characters hidden)"
        case _ if len(child) > LONGEST:
            return f"{child[:LONGEST]!r}… ({len(child)} characters)"
    return repr(child)  # quoted and escaped: a text can't make a line of its own in the log
