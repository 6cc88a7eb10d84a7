"""
Between HTML and plain text, as far as a client needs that asked for the other one.

Not a browser: what is hidden or run is left out, blocks become lines, entities become characters.
Nothing of the HTML is carried over as HTML, and the time it takes is in proportion to its length,
however broken it is.
"""

from __future__ import annotations

import html
import re

_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)")
_BREAK = re.compile(r"<br\b", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_RUN = re.compile(r"[ \t]+")
_LINES = re.compile(r" ?\n ?")
_MANY = re.compile(r"\n{3,}")
_HIDDEN = {
    name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style", "head", "title")
}
_BLOCK = re.compile(
    "address|article|aside|blockquote|br|dd|div|dl|dt|fieldset|footer|form|h[4-6]|header|hr|li|main"
    "|nav|ol|pre|section|table|tr|ul"
)
_PARAGRAPH = re.compile("h[1-3]|p")
_CELLS = {"td", "th"}


def of_html(source: str, *, dense: bool = False) -> str:
    """
    Return the text of *source*, in lines that end as mail's do.

    With *dense* blocks begin lines, and no more: there is an empty one where two breaks are.
    """
    said: list[str] = []
    at, fresh = 0, True
    while (opened := source.find("<", at)) >= 0:
        said.append(_spoken(source[at:opened]))
        fresh = fresh and not said[-1].strip()
        found, at = _markup(source, opened)
        if dense and "\n" in found and not _BREAK.match(source, opened):
            found = "" if fresh else "\n"
        fresh = "\n" in found or (fresh and not found.strip())
        said.append(found)
    said.append(_spoken(source[at:]))
    # Runs of spaces first: looking for the line's end behind each of them would take for ever.
    spaced = _RUN.sub(" ", "".join(said).replace("\N{NO-BREAK SPACE}", " "))
    lines = _LINES.sub("\n", spaced)
    return _MANY.sub("\n\n", lines).strip().replace("\n", "\r\n")


def to_html(text: str) -> str:
    """Return *text* as HTML that shows it the same."""
    lines = html.escape(text, quote=False).replace("\r\n", "\n").split("\n")
    return "<html><body>" + "<br>\r\n".join(lines) + "</body></html>"


def _markup(source: str, at: int) -> tuple[str, int]:
    """Return what the markup at *at* leaves in the text, and where it ends."""
    if source.startswith("<!--", at):
        return "", _behind(source, "-->", at + 4)
    if source.startswith(("<!", "<?"), at):
        return "", _behind(source, ">", at)
    if not (tag := _TAG.match(source, at)):
        return "<", at + 1
    name = tag[1].lower()
    end = _behind(source, ">", at)
    if name in _HIDDEN and source[at + 1] != "/":
        closed = _HIDDEN[name].search(source, end)
        end = _behind(source, ">", closed.end()) if closed else len(source)
    return _gap(name), end


def _gap(name: str) -> str:
    """Return what parts the text before the tag *name* from the text behind it."""
    if name in _CELLS:
        return " "
    if _PARAGRAPH.fullmatch(name):
        return "\n\n"
    return "\n" if _BLOCK.fullmatch(name) else ""


def _behind(source: str, what: str, at: int) -> int:
    """Return where the next *what* has ended; what never ends is markup to the last character."""
    found = source.find(what, at)
    return len(source) if found < 0 else found + len(what)


def _spoken(text: str) -> str:
    """Return *text* from between tags as it is read."""
    return html.unescape(_SPACE.sub(" ", text))
