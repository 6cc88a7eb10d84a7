"""Which language a page has, and its words: English in the code, Italian in the catalogue."""

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.core import negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGUAGES = ("it", "en")
DOMAIN = "portal"
_LOCALES = Path(__file__).parent / "locale"


@cache
def translations(language: str) -> NullTranslations:
    """
    Return the words of *language*, read straight from the catalogues that people edit.

    Each part of the portal has one. What two of them say has to be the same.
    """
    catalogue = Catalog(locale=language)
    for path in sorted((_LOCALES / language / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as source:
            for message in read_po(source, locale=language, abort_invalid=True):
                if message.id:
                    catalogue[message.id] = message
    if not len(catalogue):  # English is what the code says
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled, DOMAIN)


def marked(words: str) -> str:
    """Return *words* as they are; the catalogue has them, and a page says them in its language."""
    return words


def choose(wanted: str | None, remembered: str | None, accepted: str, default: str) -> str:
    """Return the language of a page: asked for, chosen before, the browser's, or the site's."""
    for choice in (wanted, remembered):
        if choice in LANGUAGES:
            return str(choice)
    preferred = [tag for tag, _ in sorted(_weights(accepted), key=lambda pair: -pair[1])]
    return negotiate_locale(preferred, LANGUAGES, sep="-") or default


def _weights(accepted: str) -> list[tuple[str, float]]:
    """Read Accept-Language (RFC 9110, section 12.5.4); what can't be read doesn't count."""
    weights = []
    for part in accepted[:500].split(","):
        tag, _, parameter = part.partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if weight > 0 and tag.strip():
            weights.append((tag.strip(), weight))
    return weights
