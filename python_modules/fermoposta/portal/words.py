"""What the portal calls rights, folders and the parts of a rule."""

from __future__ import annotations

from fermoposta.portal.i18n import marked as _

PROFILE_WORDS = {
    "no_rights": _("No right"),
    "read_only": _("Read only"),
    "secretary": _("Secretary"),
    "full_control": _("Full control"),
    "owner": _("Owner"),
}
RIGHT_WORDS = {
    "visible": _("Folder visible"),
    "read": _("Read"),
    "create": _("Create"),
    "edit_own": _("Edit own"),
    "edit_all": _("Edit all"),
    "delete_own": _("Delete own"),
    "delete_all": _("Delete all"),
    "create_subfolders": _("Create subfolders"),
    "set_permissions": _("Set permissions"),
}
FOLDER_WORDS = {
    "/": _("The whole mailbox"),
    "calendar": _("Calendar"),
    "tasks": _("Tasks"),
    "contacts": _("Contacts"),
    "notes": _("Notes"),
    "journal": _("Journal"),
    "inbox": _("Inbox"),
    "INBOX": _("Inbox"),
}
FIELD_WORDS = {
    "from": _("received from"),
    "to": _("sent to"),
    "subject": _("subject"),
    "header": _("header"),
    "size": _("size in KB"),
    "has_attachment": _("has an attachment"),
}
TEST_WORDS = {
    "contains": _("contains"),
    "is": _("is"),
    "over": _("is over"),
    "under": _("is under"),
}
ACTION_WORDS = {
    "forward": _("Forward the message to"),
    "redirect": _("Redirect to"),
    "move": _("Move to the folder"),
    "copy": _("Copy to the folder"),
    "mark": _("Mark as"),
    "discard": _("Move to the trash"),
    "stop": _("Try no further rule"),
}
