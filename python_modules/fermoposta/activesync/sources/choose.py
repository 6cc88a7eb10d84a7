"""Which source a folder has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync import folders
from fermoposta.activesync.folders import Type
from fermoposta.activesync.sources.base import GoneError
from fermoposta.activesync.sources.drafts import DraftSource
from fermoposta.activesync.sources.mail import MailSource
from fermoposta.activesync.sources.notes import NoteSource
from fermoposta.activesync.sources.objects import CalendarSource, ContactSource, TaskSource
from fermoposta.activesync.sources.people import PeopleSource
from fermoposta.mailstore.groupware import Kind

if TYPE_CHECKING:
    from collections.abc import Collection

    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.options import Options
    from fermoposta.activesync.session import Session
    from fermoposta.activesync.sources.base import Source


def source_of(
    session: Session, folder: Folder, options: Options, removes: Collection[str] = ()
) -> Source:
    """
    Return the source of *folder*; *removes* are the tags that the device never leaves out.

    Raises GoneError for a folder that holds nothing, as the one above all that is shared.
    """
    match folder.key.kind:
        case folders.MAIL:
            drafts = folder.type is Type.DRAFTS and session.version >= "16.0"
            return (DraftSource if drafts else MailSource)(session, folder, options)
        case folders.NOTES:
            return NoteSource(session, folder, options)
        case folders.PEOPLE:
            return PeopleSource(session, folder, options)
        case Kind.EVENTS:
            return CalendarSource(session, folder, options, removes)
        case Kind.TASKS:
            return TaskSource(session, folder, options, removes)
        case Kind.CONTACTS:
            return ContactSource(session, folder, options, removes)
        case _:
            raise GoneError(f"{folder.name} holds folders only")
