"""A folder that others change, a client whose answers get lost: in the end they are equal."""

import json
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fermoposta.activesync.state import mail
from fermoposta.activesync.state.errors import ResyncNeededError, SyncKeyError
from fermoposta.activesync.state.generations import Turn, dump, load, receive
from fermoposta.activesync.state.items import Item, Kind, Response
from fermoposta.activesync.state.mail import MailState, Snapshot, difference, ensure_same, fitting
from fermoposta.mailstore.uidset import UidSet


@dataclass
class Mail:
    name: str
    flags: frozenset
    old: bool
    modseq: int


class Folder:
    """A mailbox as IMAP has it."""

    def __init__(self):
        self.uidvalidity, self.modseq, self.uidnext = 1, 1, 1
        self.mails = {}
        self.delivered = Counter()

    def tick(self):
        self.modseq += 1
        return self.modseq

    def append(self, name, old=False):
        uid, self.uidnext = self.uidnext, self.uidnext + 1
        self.mails[uid] = Mail(name, frozenset(), old, self.tick())
        self.delivered[name] += 1
        return uid

    def store(self, uids, flag):
        modseq = self.tick()  # one for all, as Dovecot does it
        for uid in uids:
            self.mails[uid].flags ^= {flag}
            self.mails[uid].modseq = modseq

    def expunge(self, uid):
        del self.mails[uid]
        self.tick()

    def recreate(self):
        """Other mails get the same UIDs, and modification sequences start again."""
        self.uidvalidity += 1
        kept = list(self.mails.values())[1::2]
        self.mails, self.uidnext, self.modseq = {}, 1, 1
        for each in kept:
            self.append(each.name, each.old)

    def snapshot(self, all_mail, modseq):
        inside = (uid for uid, each in self.mails.items() if all_mail or not each.old)
        return Snapshot(
            self.uidvalidity,
            self.modseq,
            UidSet.of(self.mails),
            UidSet.of(inside),
            {uid: each.modseq for uid, each in self.mails.items() if each.modseq > modseq},
        )


class Gateway:
    """What Sync does with a collection, without the protocol around it."""

    def __init__(self, folder):
        self.folder = folder
        self.row = None
        self.begun = 0

    def sync(self, key, changes, window_size, all_mail):
        """Return the key, the items with what was read, the responses and whether more waits."""
        known = None if self.row is None else load(json.loads(self.row), mail.load)
        self.begun += 1
        turn, known = receive(known, key, fresh=UUID(int=self.begun), empty=MailState())
        if turn is Turn.NEXT:
            known = self.next(known, changes, window_size, all_mail)
        elif turn is Turn.AGAIN:
            known = self.again(known, changes)
        self.row = json.dumps(dump(known, mail.dump))
        sent = known.pending
        responses = [
            each
            for kind, id_, digest in changes
            if (each := sent.response_to(kind, id_, digest)) is not None
        ]
        return str(known.key), self.read(sent.items), responses, sent.more

    def next(self, known, changes, window_size, all_mail):
        ensure_same(known.base.state, self.folder.uidvalidity, self.folder.modseq)
        state, responses = self.apply(known.base.state, changes)
        found = difference(state, self.folder.snapshot(all_mail, state.modseq))
        answer = found.first(fitting(found, window_size, 40, lambda item: 1 + int(item.id) % 9))
        return known.answering(answer.state, answer.items, more=answer.more, responses=responses)

    def again(self, known, changes):
        sent = known.pending
        ensure_same(sent.state, self.folder.uidvalidity, self.folder.modseq)
        fresh = [change for change in changes if sent.response_to(*change) is None]
        state, responses = self.apply(sent.state, fresh, sent.server_ids)
        repeated = type(sent)(sent.number, state, sent.items, sent.more, sent.responses)
        return type(known)(known.uuid, known.base, repeated.responding(responses))

    def apply(self, state, changes, server_ids=()):
        responses = []
        for kind, id_, digest in changes:
            if kind is Kind.ADD:
                uid = server_ids[id_] if id_ in server_ids else str(self.folder.append(digest))
                state = state.added(int(uid), self.folder.modseq)
                responses.append(Response(kind, id_, digest, 1, uid))
            elif int(id_) not in self.folder.mails:
                responses.append(Response(kind, id_, digest, 8))
            elif kind is Kind.DELETE:
                self.folder.expunge(int(id_))
                state = state.removed(int(id_))
                responses.append(Response(kind, id_, digest, 1))
            else:
                before = self.folder.mails[int(id_)].modseq
                self.folder.store([int(id_)], "mine")
                state = state.applied(int(id_), before, self.folder.modseq)
                responses.append(Response(kind, id_, digest, 1))
        return state, responses

    def read(self, items):
        """Items as they are now; what is gone meanwhile can't be sent."""
        for item in items:
            found = self.folder.mails.get(int(item.id))
            if item.kind in {Kind.ADD, Kind.CHANGE} and found is None:
                continue
            yield item, found and (found.name, found.flags)


class Client:
    """A phone: believes what it is told, and complains of what makes no sense."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.restart()

    def restart(self):
        self.key, self.mails, self.changes, self.quiet = "0", {}, [], False

    def sync(self, window_size, all_mail, lost):
        try:
            key, items, responses, more = self.gateway.sync(
                self.key, self.changes, window_size, all_mail
            )
        except (SyncKeyError, ResyncNeededError):
            self.restart()
            return
        items = list(items)
        if lost:
            return
        fresh = self.key == "0"
        self.key, self.quiet = key, not (more or items or fresh)
        for each in responses:
            self.answered(each)
        if not fresh:
            assert len(responses) == len(self.changes)
            self.changes = []
        for item, content in items:
            self.take(item, content)

    def answered(self, response):
        if response.kind is Kind.ADD:
            self.mails[response.server_id] = (response.digest, frozenset())
        elif response.kind is Kind.DELETE:
            self.mails.pop(response.id, None)
        elif response.status == 1 and response.id in self.mails:
            name, flags = self.mails[response.id]
            self.mails[response.id] = (name, flags ^ {"mine"})

    def take(self, item: Item, content):
        if item.kind is Kind.ADD:
            assert item.id not in self.mails, "applied twice"
            self.mails[item.id] = content
        elif item.kind is Kind.CHANGE:
            assert item.id in self.mails, "a change of what was never sent"
            self.mails[item.id] = content
        else:
            self.mails.pop(item.id, None)


class LossySync(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Folder()
        self.client = Client(Gateway(self.folder))
        self.drafts = 0
        self.all_mail = True

    @initialize(count=st.integers(0, 12))
    def begin(self, count):
        self.deliver(count, old=False)
        for _ in range(4):
            self.sync(8, lost=False)

    @rule(count=st.integers(1, 6), old=st.booleans())
    def deliver(self, count, old):
        for _ in range(count):
            self.folder.append("delivered", old)

    @precondition(lambda self: self.folder.mails)
    @rule(data=st.data(), flag=st.sampled_from(["seen", "flagged", "mine"]))
    def flag(self, data, flag):
        uids = st.sets(st.sampled_from(sorted(self.folder.mails)), min_size=1)
        self.folder.store(data.draw(uids), flag)

    @precondition(lambda self: self.folder.mails)
    @rule(data=st.data())
    def expunge(self, data):
        self.folder.expunge(data.draw(st.sampled_from(sorted(self.folder.mails))))

    @precondition(lambda self: self.folder.mails)
    @rule(data=st.data())
    def grow_old(self, data):
        self.folder.mails[data.draw(st.sampled_from(sorted(self.folder.mails)))].old = True

    @rule(one_in=st.integers(1, 8))
    def recreate(self, one_in):
        if one_in < 8:  # often enough, and the rest has time to go wrong
            return
        self.folder.recreate()
        # A draft that was saved may be gone with the folder; only what follows is counted.
        self.folder.delivered.clear()

    @rule()
    def other_window(self):
        self.all_mail = not self.all_mail

    @precondition(lambda self: self.client.key != "0")
    @rule()
    def write_draft(self):
        self.drafts += 1
        self.client.changes.append((Kind.ADD, f"c{self.drafts}", f"draft {self.drafts}"))

    @precondition(lambda self: self.client.mails and not self.client.changes)
    @rule(data=st.data(), kind=st.sampled_from([Kind.CHANGE, Kind.DELETE]))
    def change(self, data, kind):
        self.drafts += 1
        id_ = data.draw(st.sampled_from(sorted(self.client.mails)))
        self.client.changes.append((kind, id_, str(self.drafts)))

    @precondition(lambda self: self.folder.mails)
    @rule()
    def flag_all(self):
        self.folder.store(sorted(self.folder.mails), "seen")

    @rule(window_size=st.integers(1, 8))
    def sync_well(self, window_size):
        self.sync(window_size, lost=False)

    @rule(window_size=st.integers(1, 8))
    def sync_in_vain(self, window_size):
        self.sync(window_size, lost=True)

    def sync(self, window_size, lost):
        self.client.sync(window_size, self.all_mail, lost)

    @invariant()
    def no_draft_is_saved_twice(self):
        assert all(n == 1 for name, n in self.folder.delivered.items() if name != "delivered")

    def teardown(self):
        """With a network that works again, the client soon has what the server has."""
        quiet = 0
        for _ in range(400):
            self.client.sync(5, self.all_mail, lost=False)
            quiet = quiet + 1 if self.client.quiet else 0
            if quiet == 2:  # the first may be what was lost before, sent again
                break

        assert quiet == 2
        assert self.client.mails == {
            str(uid): (each.name, each.flags)
            for uid, each in self.folder.mails.items()
            if self.all_mail or not each.old
        }


TestLossySync = LossySync.TestCase
TestLossySync.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
