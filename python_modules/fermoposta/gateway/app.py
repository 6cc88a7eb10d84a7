"""
ActiveSync over HTTP (MS-ASHTTP) as an ASGI application, without a framework around it.

A Ping waits for most of an hour, and there is one for each device: what a request holds is counted
in kilobytes. So there is no layer that isn't needed, and no second task for who waits; what it
takes to carry out a command is gone while it waits, and made anew when there is news.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from fermoposta.activesync import dispatch, request
from fermoposta.activesync.map.owner import Owner
from fermoposta.activesync.push import Woken
from fermoposta.activesync.request import RequestError
from fermoposta.activesync.session import Answer, Session
from fermoposta.activesync.store.model import UnknownUserError
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml.text import clean
from fermoposta.gateway import basic
from fermoposta.gateway.body import Bodies, BodyError, GoneError
from fermoposta.gateway.respond import send_answer
from fermoposta.gateway.signin import Verdict
from fermoposta.mailstore.mailbox import LoginError
from fermoposta.service.client_address import client_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from starlette.types import Message, Receive, Scope, Send

    from fermoposta.activesync.dispatch import Dispatcher
    from fermoposta.activesync.people import Me, People
    from fermoposta.activesync.push import Pause
    from fermoposta.activesync.request import Request
    from fermoposta.activesync.session import Limits
    from fermoposta.activesync.store.model import Access, Device, Store
    from fermoposta.gateway.basic import Credentials
    from fermoposta.gateway.sessions import Sessions, UserSession
    from fermoposta.gateway.signin import SignIn

    Said: TypeAlias = dict[str, object]

PATH = "/Microsoft-Server-ActiveSync"
METHODS = "OPTIONS,POST"
SERVER = {"ms-server-activesync": VERSIONS[-1], "cache-control": "private"}
HEADERS = frozenset(
    name.encode()
    for name in (
        "accept-encoding",
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "ms-asacceptmultipart",
        "ms-asprotocolversion",
        "sec-fetch-site",
        "user-agent",
        "x-ms-policykey",
        "x-real-ip",
    )
)
"""The headers of a request that are looked at, here or in ``activesync.request``."""
READ = ("content-length", "ms-asprotocolversion", "x-ms-policykey", "x-real-ip")
"""Headers that nobody looks at again once the body is read."""
UNAUTHORISED = {"www-authenticate": 'Basic realm="Fermoposta", charset="UTF-8"'}
"""One answer for who sends nothing, a wrong password, or the name of nobody."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What the requests of one process have in common."""

    dispatcher: Dispatcher
    signin: SignIn
    sessions: Sessions
    store: Store
    people: People
    limits: Limits
    hosted: Callable[[], Sequence[str]]
    """Returns the domains of this host."""
    timezone: str
    """Where a user's record names none that is known."""
    new_devices: Access
    """What a device may that was never seen, where the directory says nothing."""
    moved: Mapping[str, str]
    """By address or domain: where devices synchronise of who is on another server now."""
    clock: Callable[[], datetime]
    ticks: Callable[[], float]
    """Returns seconds that only go forward."""


class App:
    """The application over *gateway*."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._bodies = Bodies(gateway.limits.request_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the server speaks HTTP to us and nothing else."""
        if scope["type"] != "http":
            raise RuntimeError(f"{scope['type']} is not spoken here")
        begun = self._gateway.ticks()
        # Only what is looked at is kept: a device may wait for an hour.
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in HEADERS
        }
        scope["headers"].clear()
        said: Said = {}
        asked = _Asked(scope, headers, receive, said, secrets.token_hex(8))
        structlog.contextvars.bind_contextvars(request=asked.id)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                said["status"] = message["status"]
            await send(message)

        try:
            await self._serve(asked, sending)
        finally:
            took = self._gateway.ticks() - begun
            said.setdefault("status", "gone")
            _log.info("answered", method=scope["method"], **said, ms=round(took * 1000))

    async def _serve(self, asked: _Asked, send: Send) -> None:
        """Answer; what goes wrong before there is an answer is answered here."""
        reply = _Reply(asked, send)
        try:
            wanted = await self._let_in(asked)
            if isinstance(wanted, Answer):
                await reply.give(wanted)
                return
            body = await self._bodies.read(asked.headers, asked.receive)
            for name in READ:
                asked.headers.pop(name, None)
            await self._carry_out(asked, reply, wanted, body)
        except (EndedError, LoginError, UnknownUserError):
            await reply.refuse(Answer(status=401, headers=UNAUTHORISED))
        except RequestError as error:
            _log.info("request refused", place=error.place, problem=error.problem)
            unknown = error.place in {"Cmd", "command code"} and error.value != ""
            await reply.refuse(Answer(status=501 if unknown else 400))
        except BodyError as error:
            await reply.refuse(Answer(status=error.status))
        except GoneError:
            return
        except dispatch.AWAY as error:
            _log.warning("request put off", reason=type(error).__name__)
            await reply.refuse(dispatch.away())
        except Exception as error:  # noqa: BLE001 - whatever it was, the client is told no more
            dispatch.broken(str(asked.said.get("command", asked.method)), error)
            await reply.refuse(Answer(status=500))

    async def _let_in(self, asked: _Asked) -> Answer | _Wanted:
        """Return what somebody who was let in wants done, or what is answered at once."""
        if refused := _refusal(asked):
            return refused
        credentials = basic.read(asked.headers.pop("authorization", ""))
        address = self._address(credentials)
        if credentials is None or address is None:
            raise LoginError
        verdict = await self._gateway.signin.try_(address, credentials.password, asked.client)
        if verdict is Verdict.LIMITED:
            return Answer(status=503, headers={"retry-after": "900"})
        if verdict is Verdict.REFUSED:
            raise LoginError
        asked.said["user"] = address
        if elsewhere := self._elsewhere(address):
            return Answer(status=451, headers={"x-ms-location": elsewhere})
        if asked.method == "OPTIONS":
            return self._options()
        what = request.parse(asked.query, asked.headers, self._gateway.hosted())
        asked.said.update(device=what.device_id, command=what.command, version=what.version)
        if not await self._own(what, address):
            return Answer(status=403)
        return _Wanted(what, address, credentials.password)

    def _elsewhere(self, address: str) -> str | None:
        """Return where the mailbox is now; None is here (MS-ASHTTP, section 3.1.5.2.2)."""
        moved = self._gateway.moved
        return moved.get(address) or moved.get(address.rpartition("@")[2])

    def _address(self, credentials: Credentials | None) -> str | None:
        """Return whose mailbox a log-in means; None where that can be nobody's."""
        if credentials is None:
            return None
        try:
            return request.address_of(credentials.login, self._gateway.hosted())
        except RequestError:
            return None

    def _options(self) -> Answer:
        """Return what is spoken here, and nothing that isn't (MS-ASHTTP, section 2.2.4)."""
        return Answer(
            headers={
                "allow": METHODS,
                "public": METHODS,
                "ms-asprotocolversions": ",".join(VERSIONS),
                "ms-asprotocolcommands": ",".join(self._gateway.dispatcher.commands),
            }
        )

    async def _own(self, what: Request, address: str) -> bool:
        """Tell whether the user of the query is the one who has shown a password."""
        if what.user is None or what.user == address:
            return True
        me = await self._gateway.people.me(address)
        return me is not None and what.user in me.addresses

    async def _carry_out(self, asked: _Asked, reply: _Reply, wanted: _Wanted, body: bytes) -> None:
        """Have the command carried out, anew each time that there is what it waits for."""
        stay = _Stay(self._gateway.sessions)
        pause: Pause | None = None
        why = Woken.NEWS
        while why is Woken.NEWS:
            async with _UnlessGone(asked.receive):
                answer = await self._work(asked, wanted, body, stay, pause)
                pause = answer.pause
                if pause is None:
                    break
            with stay:
                why = await pause.over(asked.receive)
        if why is Woken.GONE:
            raise GoneError
        with stay:
            async with _UnlessGone(asked.receive):
                await reply.give(answer)

    async def _work(
        self,
        asked: _Asked,
        wanted: _Wanted,
        body: bytes,
        stay: _Stay,
        resumed: Pause | None,
    ) -> Answer:
        """Return what comes of the command, which *stay* is about."""
        gateway, what, address = self._gateway, wanted.what, wanted.address
        newcomer = await gateway.people.newcomer(address, what.device_type)
        device = await gateway.store.meet(
            address,
            what.device_id,
            what.device_type,
            now=gateway.clock(),
            version=what.version,
            user_agent=clean(asked.headers.get("user-agent", ""))[:256],
            unknown=newcomer or gateway.new_devices,
        )

        async def open_session(device: Device) -> Session:
            me = await self._me(address)
            return self._session(what, device, stay.enter(me, wanted.password), me, resumed)

        with stay:
            answer = await gateway.dispatcher.answer(
                what,
                body,
                asked.headers.get("content-type", ""),
                device=device,
                policy=await gateway.people.device_policy(address),
                open_session=open_session,
            )
        if answer.status == 401:
            gateway.signin.forget([address])
            raise LoginError
        return answer

    async def _me(self, address: str) -> Me:
        """Return the user's record; raises LoginError where there is none any more."""
        me = self._gateway.sessions.me(address) or await self._gateway.people.me(address)
        if me is None:
            raise LoginError
        return me

    def _session(
        self, what: Request, device: Device, user: UserSession, me: Me, resumed: Pause | None
    ) -> Session:
        gateway = self._gateway
        return Session(
            request=what,
            owner=Owner(
                address=me.address,
                zone=_zone(me.timezone, gateway.timezone),
                name=me.name,
                aliases=frozenset(me.addresses) - {me.address},
            ),
            language=me.language,
            device=device,
            mail=user.mail,
            groupware=user.groupware,
            store=gateway.store,
            people=gateway.people,
            submission=user.submission,
            hub=user.hub,
            limits=gateway.limits,
            clock=gateway.clock,
            resumed=resumed,
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, as far as HTTP has it; *said* is what the log's line will say of it."""

    scope: Scope
    headers: dict[str, str]
    receive: Receive
    said: Said
    id: str

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    @property
    def query(self) -> str:
        """The query as it stands there; what is no ASCII can be no query of ours."""
        return bytes(self.scope["query_string"]).decode("latin-1")

    @property
    def client(self) -> str:
        """The client's address as nginx, the only one at our socket, wrote it down."""
        return client_of(self.headers.get("x-real-ip", ""))


def _refusal(asked: _Asked) -> Answer | None:
    """Return what is answered whoever asks; None where it depends on who does."""
    if asked.path.rstrip("/").lower() != PATH.lower():
        return Answer(status=404)
    if asked.method not in METHODS.split(","):
        return Answer(status=405, headers={"allow": METHODS})
    if asked.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        # A page elsewhere had the browser ask, which adds the password that it knows.
        return Answer(status=403)
    return None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A command, and who wants it, whose password has been found right."""

    what: Request
    address: str
    password: str = field(repr=False)


class EndedError(Exception):
    """The user's log-in ended while the request was under way."""


class _Stay:
    """
    A request's place in what is open for its user, which can end meanwhile.

    Used as a context for as long as the request needs it; raises EndedError where it was ended.
    """

    __slots__ = ("_sessions", "_user")

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._user: UserSession | None = None

    def enter(self, me: Me, password: str) -> UserSession:
        """Return what is open for the user of the record *me*."""
        self._leave()
        self._user = self._sessions.enter(me, password)
        return self._user

    def __enter__(self) -> None:
        """Take the place again that was left."""
        if self._user is not None:
            self._sessions.stay(self._user)

    def __exit__(self, _kind: object, error: BaseException | None, _: object) -> None:
        """Leave."""
        self._leave()
        ended = self._user is not None and self._user.ended
        if ended and isinstance(error, asyncio.CancelledError):
            _this_task().uncancel()
            raise EndedError from None

    def _leave(self) -> None:
        if self._user is not None:
            self._sessions.leave(self._user)


class _Reply:
    """The one answer to a request."""

    def __init__(self, asked: _Asked, send: Send) -> None:
        self._asked = asked
        self._send = send
        self._begun = False

    async def give(self, answer: Answer) -> None:
        """Send *answer*."""

        async def sending(message: Message) -> None:
            self._begun = True
            await self._send(message)

        headers = {**SERVER, "request-id": self._asked.id}
        packs = "gzip" in self._asked.headers.get("accept-encoding", "")
        browser = "sec-fetch-site" in self._asked.headers
        await send_answer(answer, headers, sending, packs=packs and not browser)

    async def refuse(self, answer: Answer) -> None:
        """Send *answer*, unless another one is half sent: that one is cut off in the middle."""
        if self._begun:
            _log.warning("answer broke off", status=answer.status)
        else:
            await self.give(answer)


class _UnlessGone:
    """
    Stops the block when the client hangs up: it will ask again.

    Raises GoneError then. While nothing is done the request listens itself; see `Pause`.
    """

    __slots__ = ("_gone", "_listening", "_task")

    def __init__(self, receive: Receive) -> None:
        self._gone = False
        self._task = _this_task()
        self._listening = asyncio.create_task(_hung_up(receive))

    async def __aenter__(self) -> None:
        """Begin to listen."""
        self._listening.add_done_callback(self._stop)

    async def __aexit__(self, _kind: object, error: BaseException | None, _: object) -> None:
        """Stop to listen; raises GoneError where that is why the block was cancelled."""
        self._listening.remove_done_callback(self._stop)
        self._listening.cancel()
        gone = self._gone and isinstance(error, asyncio.CancelledError)
        if gone and self._task.uncancel() == 0:
            raise GoneError from None

    def _stop(self, listening: asyncio.Task[None]) -> None:
        if not listening.cancelled():
            self._gone = True
            self._task.cancel()


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a request is answered by a task")
    return task


def _zone(name: str, otherwise: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(otherwise)
