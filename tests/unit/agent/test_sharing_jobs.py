import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from fermoposta.agent.sharing import Sharing, webmail
from fermoposta.agent.sharing.events import Event
from fermoposta.agent.sharing.touched import touched
from fermoposta.directory.model import (
    ClosedMailbox,
    Company,
    Domain,
    Grant,
    Group,
    Kind,
    State,
    User,
)
from fermoposta.directory.store import Change
from fermoposta.mailstore.doveadm import DoveadmError

LUCA, BOB, CARLA = "luca@example.org", "bob@example.org", "carla@example.org"
INNER, OUTER, OTHER = (f"{name}@example.org" for name in ("inner", "outer", "other"))


def state(*grants):
    return State.of_records(
        [
            Company("acme", "Acme"),
            Domain("example.org", "acme"),
            *(User(each, each, mailbox_id=f"id of {each}") for each in (LUCA, BOB, CARLA)),
            Group(INNER, "Inner", (CARLA,)),
            Group(OUTER, "Outer", (INNER,)),
            Group(OTHER, "Other", (BOB,)),
            *(Grant(mailbox, "INBOX", grantee, 0x401) for mailbox, grantee in grants),
        ]
    )


def change(kind, key):
    return Change(1, datetime.now(UTC), kind, key)


@pytest.mark.parametrize(
    ("changed", "owners"),
    [(INNER, {LUCA, BOB}), (OUTER, {BOB}), (OTHER, {CARLA}), ("gone@example.org", set())],
)
def test_a_group_touches_whoever_gave_it_rights_and_nobody_else(changed, owners):
    """By way of the groups that it is in, too."""
    there = state((LUCA, INNER), (BOB, OUTER), (CARLA, OTHER))

    assert touched([change(Kind.GROUPS, changed)], there) == owners


class FakeMail:
    """Where rights on mail are projected; *done* names whose."""

    def __init__(self, *, fails=()):
        self.setters, self.touched, self.done, self.fails = {}, {}, [], dict(fails)

    async def project(self, owner, *, verify=False):
        self.done.append(owner)
        if owner in self.fails:
            raise self.fails[owner]
        return set()


class FakeBook:
    """The notes, of which *kept* says in which mailboxes somebody was given anything."""

    def __init__(self, *kept):
        self.kept = kept

    async def shared(self, mailbox_ids):
        return {each for each in mailbox_ids if each in self.kept}

    async def forget_others_than(self, mailbox_ids):
        pass

    async def unshared_by_others_than(self, owners):
        pass


def worked(sharing):
    """Do all the jobs there are."""

    async def main():
        working = asyncio.create_task(sharing.work())
        await asyncio.sleep(0.05)
        working.cancel()

    asyncio.run(main())


def test_many_new_folders_are_one_job():
    """Each look finds them all."""
    mail = FakeMail()
    sharing = Sharing(SimpleNamespace(directory=state()), mail, FakeBook())
    for number in range(100):
        sharing.take(Event(LUCA, "CREATE", LUCA, f"INBOX/{number}"))

    worked(sharing)

    assert mail.done == [LUCA]


@pytest.mark.parametrize("error", [TimeoutError(), DoveadmError("no")])
def test_one_mailbox_that_hangs_keeps_no_other_waiting(error):
    """It is looked at again with the others."""
    mail = FakeMail(fails={BOB: error})
    sharing = Sharing(SimpleNamespace(directory=state()), mail, FakeBook())
    for owner in (BOB, LUCA):
        sharing.take(Event(owner, "CREATE", owner, "INBOX/X"))

    worked(sharing)

    assert mail.done == [BOB, LUCA]


def test_who_is_back_is_looked_at():
    """Whatever Dovecot held for the closed mailbox is no right any more."""
    mail = FakeMail()
    sharing = Sharing(SimpleNamespace(directory=state()), mail, FakeBook(f"id of {LUCA}"))

    async def changes():
        yield [change(Kind.USERS, LUCA), change(Kind.USERS, BOB)]

    asyncio.run(sharing.follow(changes()))
    worked(sharing)

    assert mail.done == [LUCA]


class FakeWebmail:
    """SOGo, for whose folders *during* is called while one is at work."""

    def __init__(self, during=lambda owner: None):
        self.done, self.during = [], during

    async def project(self, owner):
        self.done.append(owner)
        self.during(owner)
        await asyncio.sleep(0)
        return True


async def working(round_, seconds):
    try:
        async with asyncio.timeout(seconds):
            await round_.work()
    except TimeoutError:
        pass


def test_a_change_does_not_wait_until_everybody_is_looked_at():
    """It is next."""
    there = state()
    there.users = {
        f"{number}@example.org": User(f"{number}@example.org", "x") for number in "123456"
    }

    def during(_owner):
        if len(fake.done) == 2:
            round_.add([LUCA])

    fake = FakeWebmail(during)
    round_ = webmail.Round(SimpleNamespace(directory=there), fake)

    async def changes():
        yield []

    async def main():
        await round_.follow(changes())
        await working(round_, 0.2)

    asyncio.run(main())

    assert fake.done[2] == LUCA
    assert len(fake.done) == 7


def test_a_thousand_rights_set_in_the_webmail_are_heard_at_once():
    """Ours among them, of which the database tells as well."""

    class Connection:
        async def execute(self, query):
            pass

        async def notifies(self):
            for number in range(1000):
                yield SimpleNamespace(payload=f"/{number}@example.org/Calendar/personal")
            yield SimpleNamespace(payload="broken")

    fake = FakeWebmail()
    round_ = webmail.Round(SimpleNamespace(directory=state()), fake)

    async def main():
        await round_.listen(Connection())
        await working(round_, 1)

    asyncio.run(main())

    assert len(fake.done) == 1000


class FakeSogo:
    """SOGo's database, as far as its functions for the agent go."""

    def __init__(self, roles):
        self.roles = roles

    async def execute(self, query, values):
        if "folders" in query:
            return Rows((path,) for path in self.roles if path.startswith(f"/{values[0]}/"))
        if "set_roles" in query:
            path, uid, roles = values
            self.roles[path].pop(uid, None)
            self.roles[path].update({uid: roles} if roles else {})
            return Rows(())
        return Rows(self.roles[values[0]].items())


class Rows(list):
    async def fetchall(self):
        return self


class Notes:
    """The agent's notes, by mailbox id and folder."""

    def __init__(self):
        self.noted = {}

    async def folders(self, mailbox_id):
        return dict(self.noted.get(mailbox_id, {}))

    async def keep(self, mailbox_id, folder, noted):
        self.noted.setdefault(mailbox_id, {})[folder] = noted

    async def forget(self, mailbox_id, folders):
        for folder in folders:
            self.noted.get(mailbox_id, {}).pop(folder, None)


@pytest.mark.parametrize("mailbox_id", [f"id of {LUCA}", "another"])
def test_who_has_an_address_next_gave_nobody_anything(tmp_path, mailbox_id):
    """The calendar of who had it stays in the webmail for a while; its rights don't."""
    before = state()
    before.put(Grant(LUCA, "calendar", BOB, 0x401))
    moments = [before]
    path = f"/{LUCA}/Calendar/personal"
    sogo, notes = FakeSogo({path: {}}), Notes()
    written = []

    class Writer:
        async def write(self, mailbox, folder, masks, *, actor):
            written.append((mailbox, folder, masks))

    there = webmail.Webmail(sogo, notes, Writer(), lambda: moments[-1], tmp_path / "no cache")
    asyncio.run(there.project(LUCA))
    assert BOB in sogo.roles[path]

    gone, back = state(), state()
    del gone.users[LUCA]
    closed = ClosedMailbox(f"id of {LUCA}", LUCA, Kind.USERS, datetime.now(UTC))
    gone.closed[closed.mailbox_id] = closed
    back.put(User(LUCA, "Luca", mailbox_id=mailbox_id))
    moments.append(gone)
    asyncio.run(there.project(LUCA))
    assert sogo.roles[path] == {}
    moments.append(back)
    asyncio.run(there.project(LUCA))

    assert sogo.roles[path] == {}
    assert written == []
