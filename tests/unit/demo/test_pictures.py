"""The page with the portal's pictures."""

from __future__ import annotations

import re

from fermoposta_demo import portal_pictures


def test_the_page_shows_what_there_is() -> None:
    """Each page in both languages, schemes and widths; no picture is missing or left over."""
    shown = portal_pictures.INDEX.read_text(encoding="utf-8")

    assert shown == portal_pictures.index()
    named = set(re.findall(r'src="images/portal/([^"]+)"', shown))
    assert named == {each.name for each in portal_pictures.FOLDER.iterdir()}
    assert len(named) == len(portal_pictures.PAGES) * 8 >= 80
