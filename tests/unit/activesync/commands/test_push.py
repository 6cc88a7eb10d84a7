import asyncio
import threading
import time

import pytest
from phone import ADA, Host, mail_of

from fermoposta.activesync.client import folders, ping, sync
from fermoposta.activesync.client.errors import ClientError, StatusError
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.session import Limits
from fermoposta.mailstore.groupware import Kind


@pytest.fixture
def host():
    """A gateway whose shortest heartbeat is a second."""
    host = Host(limits=Limits(heartbeat_least=1))
    yield host
    host.close()


def ready(host, *, id_="PHONE1", version="14.1"):
    phone = host.phone(version, id_=id_)
    folders.folder_sync(phone)
    folder = phone.device.folder_of_type(2).id
    sync.sync_all(phone, Wanted(folder=folder))
    return phone, folder


class Later:
    """Calls something in a thread, and tells what it returned and after how long."""

    def __init__(self, call):
        self._call = call
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        begun = time.monotonic()
        try:
            self.result = self._call()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.result = error
        self.seconds = time.monotonic() - begun

    def done(self, seconds=5):
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "it still waits"
        return self.result


def test_a_ping_tells_of_new_mail_at_once(host):
    """It is answered when the mail comes, and names the folder."""
    phone, folder = ready(host)
    waiting = Later(lambda: ping.ping(phone, [(folder, "Email")], 20))
    time.sleep(0.3)

    host.deliver(mail_of("new"))

    assert waiting.done() == (folder,)
    assert waiting.seconds < 2


def test_a_ping_without_news_ends_with_the_heartbeat(host):
    """Status 1, and no folder."""
    phone, folder = ready(host)

    answered = ping.ping(phone, [(folder, "Email")], 1)

    assert answered == ()


def test_mail_that_is_there_already_answers_a_ping_at_once(host):
    """What came between Sync and Ping is not waited for."""
    phone, folder = ready(host)
    host.deliver(mail_of("new"))

    assert ping.ping(phone, [(folder, "Email")], 20) == (folder,)


def test_the_newest_ping_of_a_device_ends_the_older_one(host):
    """A phone that comes again, as from another network, waits once."""
    phone, folder = ready(host)
    older = Later(lambda: ping.ping(phone, [(folder, "Email")], 20))
    time.sleep(0.3)

    newer = Later(lambda: ping.ping(phone, [(folder, "Email")], 2))

    older.done(1)
    assert newer.done() == ()


def test_two_devices_wait_side_by_side(host):
    """One's Ping is no business of the other's."""
    one, folder = ready(host)
    two, _ = ready(host, id_="PHONE2")
    first = Later(lambda: ping.ping(one, [(folder, "Email")], 20))
    second = Later(lambda: ping.ping(two, [(folder, "Email")], 20))
    time.sleep(0.3)

    host.deliver(mail_of("new"))

    assert first.done() == second.done() == (folder,)


def test_a_ping_without_a_body_repeats_the_last_one(host):
    """Parameters are remembered; before there are any it is status 3."""
    phone, folder = ready(host)
    with pytest.raises(ClientError, match=r"\b3\b"):
        ping.ping(phone, None, None, waiting=5)

    ping.ping(phone, [(folder, "Email")], 1)

    assert ping.ping(phone, None, None, waiting=5) == ()


@pytest.mark.parametrize(("heartbeat", "limit"), [(5, 60), (100_000, 3540)])
def test_a_heartbeat_out_of_range_is_told_the_limit(heartbeat, limit):
    """Status 5, and what would be allowed."""
    host = Host()
    try:
        phone, folder = ready(host)
        with pytest.raises(StatusError, match=r"\b5\b") as refused:
            ping.ping(phone, [(folder, "Email")], heartbeat)
        assert ping.bound(refused.value) == limit
    finally:
        host.close()


def test_a_folder_that_is_not_there_asks_for_folder_sync(host):
    """Status 7."""
    phone, _ = ready(host)

    with pytest.raises(ClientError, match=r"\b7\b"):
        ping.ping(phone, [("999", "Email")], 2)


def test_a_sync_that_waits_is_answered_when_something_comes(host):
    """With a heartbeat Sync tells of the mail itself, and else nothing at all."""
    phone, folder = ready(host)
    waiting = Later(lambda: sync.sync(phone, Wanted(folder=folder), heartbeat=60))
    time.sleep(0.3)

    host.deliver(mail_of("new"))

    assert len(waiting.done()[folder].added) == 1


def test_an_empty_sync_repeats_the_last_one(host):
    """The folders are remembered; what has come since is told."""
    phone, folder = ready(host)
    assert sync.sync(phone, Wanted(folder=folder)) == {}
    host.deliver(mail_of("new"))

    answered = sync.again(phone, Wanted(folder=folder))

    assert len(answered[folder].added) == 1


def test_a_stopping_gateway_answers_who_waits(host):
    """Nobody is cut off in the middle."""
    phone, folder = ready(host)
    waiting = Later(lambda: ping.ping(phone, [(folder, "Email")], 20))
    time.sleep(0.3)

    host.run(host.hub().stop())

    assert waiting.done() == ()


def test_a_calendar_that_the_database_tells_of_answers_a_ping(host):
    """Somebody's change in the webmail is told by owner and path; a shared calendar too."""
    phone = host.phone()
    folders.folder_sync(phone)
    calendar = phone.device.folder_of_type(8).id
    sync.sync_all(phone, Wanted(folder=calendar))
    waiting = Later(lambda: ping.ping(phone, [(calendar, "Calendar")], 20))
    time.sleep(0.3)
    path = host.run(host.calendars().collections())[0].path
    event = (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        b"DTSTAMP:20261101T080000Z\r\nDTSTART:20261103T090000Z\r\nSUMMARY:x\r\n"
        b"END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    host.run(host.calendars().put(path, "1.ics", event, etag=None))

    host.tell(ADA, path)

    assert waiting.done() == (calendar,)


def test_a_calendar_that_comes_asks_for_folder_sync(host):
    """Status 7, at once."""
    phone, folder = ready(host)
    waiting = Later(lambda: ping.ping(phone, [(folder, "Email")], 20))
    time.sleep(0.3)
    host.run(host.calendars().create("Holidays", Kind.EVENTS))

    host.tell(ADA, None)

    assert isinstance(waiting.done(), StatusError)
    assert waiting.result.status == 7


def test_who_hangs_up_before_the_watching_begins_leaves_nothing_watched(host, monkeypatch):
    """Dovecot may be slow to begin; the connection goes with the last one who wanted it."""
    monkeypatch.setattr("fermoposta.activesync.push.LINGER_SECONDS", 0)
    _, folder = ready(host)
    hub = host.hub()

    async def never(_path):
        await asyncio.Event().wait()
        yield

    hub._mail.watch = never

    async def hang_up():
        watched = await hub.named([folder])

        async def wait():
            async with hub.watching(watched):
                raise AssertionError("it has not begun")

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.05)
        assert not hub.idle
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.sleep(0.01)
        return hub.idle

    assert host.run(hang_up())
