"""
Remove the mail of who has been gone for more than 30 days.

Two users take part, so that neither may do both: the jobs service decides, and writes a request
into a folder; ``python -m fermoposta.jobs.purge``, run as the mail store's user, removes the files
and the request. A request is *pending* until the directory has forgotten the mailbox for good: a
user who comes back in the meantime finds their mail.

What the webmail has of somebody goes by the address. So a pending request holds it, and becomes
two: the other one, `WEBMAIL`, is the jobs service's own, and stays until the webmail's database has
done it. Neither waits for the other.
"""

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import structlog

from fermoposta.directory.model import State
from fermoposta.directory.store import KEPT_DAYS, Store
from fermoposta.service import log
from fermoposta.service.lifetime import settings_or_exit

_PENDING = ".pending"
WEBMAIL = ".webmail"
"""How the name of a request to have the webmail forget an address ends."""
_MAILBOX_ID = re.compile(r"[0-9a-f][0-9a-f-]{7,63}")
_log = structlog.get_logger()


def request_removals(
    store: Store, folder: Path, *, now: datetime, days: int = KEPT_DAYS
) -> tuple[str, ...]:
    """Forget the mailboxes closed for *days* days, and ask for the removal of their files."""
    due = {box.mailbox_id: box.address for box in store.purgeable(now, days=days)}
    for mailbox_id, address in due.items():
        (folder / f"{mailbox_id}{_PENDING}").write_text(address, encoding="utf-8")
    if due:
        store.purge(due, now=now, days=days, actor="jobs")
    state = store.state() if any(folder.glob(f"*{_PENDING}")) else State()
    return tuple(_settle(state, folder))


def _settle(state: State, folder: Path) -> Iterator[str]:
    """Turn the pending requests whose mailbox is forgotten into real ones; drop the others."""
    kept = (
        {user.mailbox_id for user in state.users.values()}
        | {resource.mailbox_id for resource in state.resources.values()}
        | state.closed.keys()
    )
    for pending in sorted(folder.glob(f"*{_PENDING}")):
        mailbox_id = pending.name.removesuffix(_PENDING)
        if mailbox_id in kept:
            pending.unlink()
        else:
            if address := pending.read_text(encoding="utf-8"):
                (folder / f"{mailbox_id}{WEBMAIL}").write_text(address, encoding="utf-8")
            pending.rename(folder / mailbox_id)
            yield mailbox_id


def forget_requested(
    folder: Path, forget: Callable[[Iterable[str]], Iterable[tuple[str, bool]]]
) -> Iterator[tuple[str, bool]]:
    """
    Have the webmail forget the addresses that *folder* asks for, each of which then asks no more.

    Says of each whether nobody had it. What *forget* raises leaves the requests that are left.
    """
    requests: dict[str, list[Path]] = {}
    for request in sorted(folder.glob(f"*{WEBMAIL}")):
        requests.setdefault(request.read_text(encoding="utf-8"), []).append(request)
    if not requests:
        return
    for address, free in forget(requests):
        for request in requests[address]:
            request.unlink()
        yield address, free


def remove_requested(folder: Path, vmail: Path) -> tuple[str, ...]:
    """Remove the mailboxes that *folder* asks for from the store at *vmail*, then the requests."""
    removed = []
    for request in sorted(folder.iterdir()):
        if not _MAILBOX_ID.fullmatch(request.name):
            continue
        with suppress(FileNotFoundError):  # nobody ever wrote to this mailbox
            shutil.rmtree(vmail / request.name[:2] / request.name)
        request.unlink()
        removed.append(request.name)
    return tuple(removed)


def main(arguments: list[str]) -> None:
    """Remove what is asked for; the caller is the mail store's user."""
    log.configure()
    settings = settings_or_exit(arguments)
    for mailbox_id in remove_requested(settings.state_dir / "purge", settings.vmail_dir):
        _log.info("mailbox removed", mailbox=mailbox_id)


if __name__ == "__main__":
    main(sys.argv[1:])
