r"""
Keep what somebody deletes in another's shared folder, in the owner's kept tree.

Dovecot itself keeps only what is expunged in one's own namespaces. For the others it says here that
a message was given the flag ``\Deleted``, and goes on when it has the answer: so the copy is there
before anybody can expunge the message.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog

from fermoposta.agent import asked
from fermoposta.agent.tools import Tools
from fermoposta.directory.store import Change, StoreError
from fermoposta.mailstore.acl import SHARED
from fermoposta.mailstore.imap import MailboxError
from fermoposta.mailstore.kept_mail import keep_flagged

_SECONDS = 30
"""How long the messages of one command may take to be told of."""
_HANDS = 8
_log = structlog.get_logger()


@dataclass(slots=True)
class Expected:
    """Messages that are kept already, by Message-ID, and of which we shall still be told."""

    until: float = 0.0
    left: Counter[str] = field(default_factory=Counter)

    def met(self, message_id: str, now: float) -> bool:
        """Tell whether *message_id* is one of them, and wait for one less."""
        if now > self.until or self.left[message_id] <= 0:
            return False
        self.left[message_id] -= 1
        return True


class Keeper:
    """Keeps messages, once for each command that flags many."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._expected: dict[tuple[str, str], Expected] = {}
        # A client waits for each: no other work of the agent may be in the way.
        self._hands = ThreadPoolExecutor(_HANDS, thread_name_prefix="deletions")

    async def told(self, environment: Mapping[str, str], arguments: Sequence[str]) -> None:
        """Take the folder as the one who deletes sees it, and the Message-ID."""
        path, message_id = [*arguments, "", ""][:2]
        place, who = place_of(path), environment.get("USER", "")
        try:
            if place is None or place[0] not in self._tools.directory.users:
                _log.warning("a deletion was not understood", folder=path)
                return
            async with self._locks[place[0]]:
                await self._keep(*place, message_id.strip(), who)
        except (MailboxError, OSError, StoreError) as error:
            _log.warning("a deletion is not kept", folder=path, by=who, error=str(error))
        except Exception:  # noqa: BLE001 - whatever it is, the client who deletes has its answer
            _log.exception("a deletion is not kept", folder=path, by=who)

    async def _keep(self, owner: str, folder: str, message_id: str, who: str) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        expected = self._expected.get((owner, folder))
        if expected is not None and expected.met(message_id, now):
            return
        kept = await loop.run_in_executor(self._hands, self._copy, owner, folder)
        left = Counter(kept)
        left[message_id] -= 1
        self._expected = {at: each for at, each in self._expected.items() if each.until > now}
        self._expected[owner, folder] = Expected(now + _SECONDS, left)
        _log.info("deletions kept", address=owner, by=who, messages=len(kept))

    def _copy(self, owner: str, folder: str) -> list[str]:
        with self._tools.imap(owner) as session:
            return keep_flagged(session.client, folder)


async def run(tools: Tools, _changes: AsyncIterator[Sequence[Change]]) -> None:
    """Listen to Dovecot for as long as the service runs."""
    settings = tools.settings
    server = await asked.listen(
        settings.agent_deleted_socket, settings.mail_user, Keeper(tools).told
    )
    async with server:
        await server.serve_forever()


def place_of(path: str) -> tuple[str, str] | None:
    """Return owner and folder of a shared folder's *path*, None where it is no such path."""
    root, _, rest = path.partition("/")
    owner, _, folder = rest.partition("/")
    return (owner.lower(), folder) if root == SHARED and owner and folder else None
