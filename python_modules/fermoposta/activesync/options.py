"""
How a device wants items (Options, MS-ASCMD, section 2.2.3.125).

* OptionsError           an option is not as the section demands
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fermoposta.activesync.map.mail.body import Preference
from fermoposta.activesync.state import stored
from fermoposta.activesync.state.errors import StoredStateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.activesync.state.stored import Json
    from fermoposta.activesync.wbxml import Element

VERSION = 1
SERVER_WINS = 1
"""Conflict (section 2.2.3.34): what is done where both have changed an item."""
NEVER, SIGNED, ALWAYS = 0, 1, 2
"""MIMESupport (section 2.2.3.110): which mail is sent as MIME."""
_MIME_TRUNCATION = (0, 4_096, 5_120, 7_168, 10_240, 20_480, 51_200, 102_400, None)
"""Characters for each value of MIMETruncation (section 2.2.3.111)."""
_LARGEST = 0xFFFF_FFFF


class OptionsError(Exception):
    """An option can't be understood; says which."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a device has asked for; what it leaves out is as here."""

    filter_type: int = 0
    preferences: tuple[Preference, ...] = ()
    mime_support: int = NEVER
    mime_truncation: int | None = None
    """Bytes of MIME; None is all of it."""
    conflict: int = SERVER_WINS
    body_part: Preference | None = None
    """How what a mail adds to its conversation is wanted (BodyPartPreference), from 14.1 on."""

    @property
    def mime(self) -> bool:
        """Whether every mail is wanted as MIME."""
        return self.mime_support == ALWAYS

    @property
    def text_limit(self) -> int | None:
        """How many bytes of a note are wanted; None is all."""
        plain = [each for each in self.preferences if each.type == 1] or list(self.preferences)
        return plain[0].truncation_size if plain else None


def parse(elements: Sequence[Element]) -> Options:
    """
    Return what *elements*, all ``Options`` of a collection, say.

    A second one is for SMS in a mail folder (MS-ASCMD, section 2.2.3.125), which there is none of.
    """
    options = Options()
    for element in elements:
        if (element.text_of("AirSync:Class") or "").strip() == "SMS":
            continue
        truncation = _number(element, "AirSync:MIMETruncation", 8)
        options = replace(
            options,
            filter_type=_number(element, "AirSync:FilterType", 8) or 0,
            mime_support=_number(element, "AirSync:MIMESupport", 2) or NEVER,
            mime_truncation=None if truncation is None else _MIME_TRUNCATION[truncation],
            conflict=_conflict(_number(element, "AirSync:Conflict", 1)),
            preferences=preferences(element),
            body_part=next(iter(preferences(element, "AirSyncBase:BodyPartPreference")), None),
        )
    return options


def preferences(
    element: Element, tag: str = "AirSyncBase:BodyPreference"
) -> tuple[Preference, ...]:
    """Return the forms of a body that the children *tag* of *element* ask for."""
    found: dict[int, Preference] = {}
    for each in element.find_all(tag):
        type_ = _number(each, "AirSyncBase:Type", 4)
        if not type_:
            raise OptionsError(f"{tag} without a Type from 1 to 4")
        if type_ in found:
            raise OptionsError(f"two of {tag} with Type {type_}")
        found[type_] = Preference(
            type_,
            _number(each, "AirSyncBase:TruncationSize", _LARGEST),
            all_or_none=_number(each, "AirSyncBase:AllOrNone", 1) == 1,
            preview=_number(each, "AirSyncBase:Preview", 255) or 0,
        )
    return tuple(found.values())


def dump(options: Options) -> Json:
    """Return *options* as a value that JSON can hold."""
    return {
        "version": VERSION,
        "filter": options.filter_type,
        "mime": [options.mime_support, options.mime_truncation is not None, _or_0(options)],
        "conflict": options.conflict,
        "bodies": [_dumped(each) for each in options.preferences],
        "part": [] if options.body_part is None else [_dumped(options.body_part)],
    }


def load(value: object) -> Options:
    """Return the options of which *value* was made. Raises StoredStateError."""
    found = stored.fields(value, VERSION)
    mime = found.get("mime")
    if not isinstance(mime, list) or len(mime) != 3:
        raise StoredStateError("options without what is sent as MIME")
    return Options(
        filter_type=stored.number(found.get("filter")),
        mime_support=stored.number(mime[0]),
        mime_truncation=stored.number(mime[2]) if stored.flag(mime[1]) else None,
        conflict=stored.number(found.get("conflict")),
        preferences=_loaded(found.get("bodies")),
        body_part=next(iter(_loaded(found.get("part"))), None),
    )


def _dumped(preference: Preference) -> Json:
    size = preference.truncation_size
    limit = -1 if size is None else size
    return [preference.type, limit, preference.all_or_none, preference.preview]


def _loaded(value: object) -> tuple[Preference, ...]:
    return tuple(
        Preference(
            stored.number(type_, 1),
            None if (limit := stored.number(size, -1)) < 0 else limit,
            all_or_none=stored.flag(whole),
            preview=stored.number(preview),
        )
        for type_, size, whole, preview in stored.rows(value, 4)
    )


def _or_0(options: Options) -> int:
    return options.mime_truncation or 0


def _conflict(value: int | None) -> int:
    return SERVER_WINS if value is None else value


def _number(element: Element, tag: str, largest: int) -> int | None:
    text = element.text_of(tag)
    if text is None:
        return None
    if not text.strip().isdecimal() or not text.isascii() or len(text) > 12:
        raise OptionsError(f"{tag} is no number")
    if int(text) > largest:
        raise OptionsError(f"{tag} is above {largest}")
    return int(text)
