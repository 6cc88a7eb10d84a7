"""A gateway over stores in memory, which break in the middle of a request; so does it itself."""

from __future__ import annotations

import asyncio
import inspect
import random
from contextvars import ContextVar
from dataclasses import dataclass
from email import message_from_bytes, policy

import httpx
from chaos_items import CALENDAR, CONTACTS, TASKS
from chaos_world import Message, Thing
from phone import ADA, Host

from fermoposta.activesync import dispatch
from fermoposta.activesync.commands import HANDLERS
from fermoposta.activesync.dispatch import Dispatcher
from fermoposta.activesync.store.model import StoreAwayError
from fermoposta.mailstore.groupware import AwayError
from fermoposta.mailstore.groupware import Kind as Component
from fermoposta.mailstore.mailbox import UnavailableError

CALLS_MOST = 25
"""How many calls of stores a request may make before something breaks."""


class KilledError(BaseException):
    """The process is gone: nothing that it was about to do happens."""


@dataclass
class _Request:
    dead: bool = False


_request: ContextVar[_Request | None] = ContextVar("request", default=None)


class _Faulty:
    """A store whose calls take their time, and fail where the host says so."""

    def __init__(self, store, host, away):
        self._store, self._host, self._away = store, host, away

    def __getattr__(self, name):
        found = getattr(self._store, name)
        if inspect.iscoroutinefunction(found):

            async def call(*args, **named):
                failing = await self._host.before(self._away)
                if failing and self._host.chance.random() < 0.5:
                    self._host.fail(failing)
                answer = await found(*args, **named)
                if failing:
                    self._host.fail(failing)
                return answer

            return call
        return found


class FaultyHost(Host):
    """See `chaos.World`; what *broken* holds are exceptions that no code foresaw."""

    address = ADA

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)  # noqa: S311 - the same faults each time
        self.today = self.now.date()
        self.word = f"s{seed}"
        self.broken: list[BaseException] = []
        self._countdown: int | None = None
        self._kill = False
        self._fired = False
        self._alive: set[int] = set()
        self._requests: dict[int, _Request] = {}
        self.real_devices = self.devices
        self.devices = _Faulty(self.devices, self, StoreAwayError)
        self.real_outbox = self.outbox
        self.outbox = _Faulty(self.outbox, self, None)

    # --- What breaks

    def mailbox(self, address=ADA):
        return _Faulty(super().mailbox(address), self, UnavailableError)

    def calendars(self, address=ADA):
        return _Faulty(super().calendars(address), self, AwayError)

    async def before(self, away):
        """Let others have their turn; return what is to break now."""
        me = _request.get()
        for _ in range(self.chance.choice([0, 0, 1, 3])):
            await asyncio.sleep(0)
        if me is None:
            return None
        if me.dead:
            raise KilledError
        if self._countdown is None:
            return None
        self._countdown -= 1
        if self._countdown > 0:
            return None
        if not self._kill and away is None:
            return None  # the outbox is there, or the gateway is not
        self._countdown = None
        self._fired = True
        return KilledError if self._kill else away

    def fail(self, error):
        if error is KilledError:
            for each in self._requests.values():
                each.dead = True
            self._anew()
            raise KilledError
        raise error("away for a moment")

    async def answer(self, address, query, headers, body):
        me = _Request()
        _request.set(me)
        self._requests[id(me)] = me
        try:
            return await super().answer(address, query, headers, body)
        except KilledError:
            raise httpx.ReadError("the gateway was killed") from None
        except dispatch.AWAY:
            # Before there was a session; the server answers it as the dispatcher does.
            return dispatch.away().status, {}, b""
        finally:
            del self._requests[id(me)]

    def _anew(self):
        self.hubs = {}
        self.dispatcher = Dispatcher(HANDLERS, self.limits.request_bytes)

    # --- World

    def phone(self, version="14.1", id_="PHONE1", **named):
        return super().phone(version, id_=id_, **named)

    def lose_next(self):
        self.lose = 1

    def disturb(self, chance):
        self._countdown = chance.randint(1, CALLS_MOST)
        self._kill = chance.random() < 0.5

    def mend(self):
        fired, self._fired = self._fired, False
        self._countdown = None
        self.lose = 0
        return fired

    def pause(self):
        pass

    def restart(self):
        self._anew()

    def sent(self):
        found = []
        for _, _, content in self.real_outbox.sent:
            message = message_from_bytes(content, policy=policy.default)
            found.append((str(message["Message-ID"]), str(message["Subject"])))
        return found

    @property
    def _box(self):
        return self.mail.mailbox(ADA)

    @property
    def _dav(self):
        return Host.calendars(self)

    def folders(self):
        return [each.name for each in self.run(self._box.folders()) if each.selectable]

    def make_folder(self, name):
        self.run(self._box.create(name))

    def rename_folder(self, name, to):
        self.run(self._box.rename(name, to))

    def delete_folder(self, name):
        self.run(self._box.delete(name))

    def mails(self, folder, *, texts=False):
        found = []
        for uid, each in self.mail.boxes[ADA, folder].messages.items():
            message = message_from_bytes(each.content.raw, policy=policy.default)
            text = ""
            if texts:
                body = message.get_body(("plain", "html"))
                text = body.get_content().strip() if body else ""
            found.append(
                Message(uid, str(message["Subject"]), each.flags, each.received.date(), text)
            )
        return found

    def put_mail(self, folder, message, received):
        self.run(self._box.append(folder, message, received=received))

    def flag(self, folder, uid, add, remove):
        self.run(self._box.store(folder, [uid], add=add, remove=remove))

    def move(self, folder, uid, to):
        self.run(self._box.move(folder, [uid], to))

    def expunge(self, folder, uid):
        self.run(self._box.expunge(folder, [uid]))

    def _path(self, kind):
        return "Contacts/personal" if kind == CONTACTS else "Calendar/personal"

    def things(self, kind):
        component = {TASKS: Component.TASKS, CALENDAR: Component.EVENTS}.get(
            kind, Component.CONTACTS
        )
        path = self._path(kind)
        names = self.run(self._dav.matching(path, component))
        found = self.run(self._dav.read(path, names))
        return [Thing(each.name, each.etag, each.content) for each in found.values()]

    def put_thing(self, kind, name, content, etag):
        self.run(self._dav.put(self._path(kind), name, content, etag=etag))

    def drop_thing(self, kind, name):
        self.run(self._dav.delete(self._path(kind), name))
