"""Who may do what in whose folders, as two IMAP clients find out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imapclient.exceptions import IMAPClientError

from clients.mail import compose, token
from clients.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imapclient import IMAPClient

    from clients.shell import Shell

SHARED = "Condivise"
BOUND = 60
"""Seconds within which a change is in force everywhere."""


@dataclass(frozen=True)
class Rights:
    """The command line, `fermoposta rights`."""

    shell: Shell

    def set(self, mailbox: str, folder: str, *grantees: str, profile: str | None = None) -> None:
        options = ["--profile", profile] if profile else []
        self.shell.run("fermoposta", "rights", "set", *options, mailbox, folder, *grantees)

    def single(self, mailbox: str, folder: str, grantee: str, rights: Iterable[str]) -> None:
        options = [f"--right={name}" for name in rights] or ["--nothing"]
        self.shell.run("fermoposta", "rights", "set", *options, mailbox, folder, grantee)

    def remove(self, mailbox: str, folder: str, *grantees: str) -> None:
        self.shell.run("fermoposta", "rights", "remove", mailbox, folder, *grantees)

    def grants(self, mailbox: str) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the grants in a mailbox by folder and grantee."""
        found = json.loads(self.shell.run("fermoposta", "rights", "show", "--json", mailbox))
        return {(each["folder"], each["grantee"]): each for each in found}

    def profile(self, mailbox: str, folder: str, grantee: str) -> str | None:
        """Return the profile of a grant, None where there is none."""
        grant = self.grants(mailbox).get((folder, grantee))
        return grant and str(grant["profile"])


def path(owner: str, folder: str) -> str:
    """Return under which name others see a folder of *owner*."""
    return f"{SHARED}/{owner}/{folder}"


def ask(client: IMAPClient, command: str, *words: str) -> list[bytes]:
    """Send a command of RFC 4314, which IMAPClient knows in part; raise what it raises."""
    plain = client._imap
    quoted = [f'"{word}"' for word in words]
    kind, data = getattr(plain, command)(*quoted)
    if kind != "OK":
        message = f"{command}: {data!r}"
        raise IMAPClientError(message)
    return [line for line in data if line]


def letters(client: IMAPClient, folder: str) -> str:
    """Return what MYRIGHTS says of a folder, without the obsolete letters; none if it is hidden."""
    try:
        reply = ask(client, "myrights", folder)
    except IMAPClientError:
        return ""
    return "".join(sorted(set(reply[0].split()[-1].decode()) - set("cd")))


def wait_for_letters(
    client: IMAPClient, folder: str, wanted: str, *, seconds: float = BOUND
) -> None:
    """Wait until somebody has just these rights on a folder."""
    expected = "".join(sorted(wanted))
    wait_for(
        f"{wanted or 'nothing'} on {folder}",
        lambda: letters(client, folder) == expected,
        seconds=seconds,
    )


def acl(client: IMAPClient, folder: str) -> dict[str, str]:
    """Return the whole list of a folder (GETACL), without the obsolete letters."""
    words = ask(client, "getacl", folder)[0].decode().replace('"', "").removeprefix(folder).split()
    return {
        who: "".join(sorted(set(rights) - set("cd")))
        for who, rights in zip(words[::2], words[1::2], strict=True)
    }


def listed(client: IMAPClient) -> set[str]:
    """Return the names of all folders that exist for a client."""
    return {name for flags, _, name in client.list_folders() if b"\\Noselect" not in flags}


def wait_for_listing(client: IMAPClient, folder: str) -> None:
    """
    Wait until a folder exists for a client.

    In a session that listed folders a moment ago Dovecot shows the new one after a second.
    """
    wait_for("the folder in the list", lambda: folder in listed(client), seconds=BOUND)


def may(client: IMAPClient, folder: str) -> dict[str, bool]:
    """Try everything in a folder with at least two messages in it, and say what worked."""
    done = {
        "visible": folder in listed(client),
        "read": _succeeds(client.select_folder, folder, True),
    }
    message = compose("x@example.org", "x@example.org", token()).as_bytes()
    done["create"] = _succeeds(client.append, folder, message)
    done["edit"] = done["delete"] = False
    if done["read"]:
        plain = client._imap
        plain._simple_command("SELECT", f'"{folder}"')
        number = client.search()[0]
        _succeeds(client.add_flags, number, [b"\\Flagged"])
        done["edit"] = b"\\Flagged" in client.get_flags(number)[number]
        before = len(client.search())
        _succeeds(client.add_flags, client.search()[-1], [b"\\Deleted"])
        _succeeds(client.expunge)
        done["delete"] = len(client.search()) == before - 1
        client.unselect_folder()
    done["create_subfolders"] = _succeeds(client.create_folder, f"{folder}/{token()}")
    done["set_permissions"] = _succeeds(ask, client, "setacl", folder, "giulia@example.com", "lr")
    return done


def _succeeds(call: Any, *arguments: Any) -> bool:
    try:
        call(*arguments)
    except IMAPClientError:
        return False
    return True


def _quoted(text: str) -> bytes:
    return b'"' + text.encode() + b'"'
