"""What becomes of a message: recipients, sender, headers."""

from __future__ import annotations

import uuid
from dataclasses import replace
from ipaddress import ip_network

import pytest

from fermoposta.directory.model import Domain
from fermoposta.directory.route import Router, Why
from fermoposta.inventory import load, parse
from fermoposta.policy.authors import AuthorError, authors_of
from fermoposta.policy.message import HEADERS_MAX, Letter, Recipient, Rejected, treat
from fermoposta.policy.origin import Site

ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@example.org"
FAR = "x@far.test"
ID = uuid.UUID(int=1)
COPY = f"sent+{ID}@agent.fermoposta.invalid"
SITE = Site(networks=(ip_network("192.0.2.0/24"),))
ROUTER = Router(
    parse(
        load(
            {
                "mail_companies": {"acme": {"name": "Acme"}},
                "mail_domains": {"example.org": {"company": "acme"}},
                "mail_users": {
                    ADA: {"name": "Ada"},
                    BOB: {"name": "Bob"},
                    EVE: {"name": "Eve", "restrict_sending": True, "restrict_receiving": True},
                },
                "mail_aliases": {
                    "list@example.org": {"destinations": [BOB, FAR]},
                    "info@example.org": {"destinations": [ADA, EVE]},
                },
                "mail_delegations": {ADA: {BOB: {}}},
                "mail_send_as": {
                    "info@example.org": {"senders": [BOB]},
                    ADA: {"senders": [BOB, EVE]},
                },
            }
        )
    )
)


def letter(login="", envelope=None, to=(ADA,), headers=None, **fields):
    sender = envelope if envelope is not None else login or FAR
    return Letter(
        login=login,
        envelope=f"<{sender}>",
        recipients=[Recipient(f"<{each}>") for each in to],
        headers=[("From", login or FAR)] if headers is None else headers,
        **fields,
    )


def done(made):
    verdict = treat(made, ROUTER, SITE, lambda: ID)
    assert not isinstance(verdict, Rejected), verdict
    return verdict


def added(changes):
    return [recipient.written for recipient in changes.added_recipients]


def test_an_address_that_leads_nowhere_else_is_left_alone():
    """Then its options stay, too; deleted and added again it would be taken for a duplicate."""
    changes = done(letter(to=["Ada@Example.ORG", "bob+x@example.org"]))

    assert changes.deleted_recipients == []
    assert changes.added_recipients == []


def test_an_alias_is_replaced_by_where_it_leads():
    """Each address once, also where it was written beside the alias."""
    changes = done(letter(to=["list@example.org", BOB]))

    assert changes.deleted_recipients == ["<list@example.org>"]
    assert changes.added_recipients == [Recipient(FAR, ("ORCPT=rfc822;list@example.org",))]


def test_who_is_of_ours_learns_of_a_refusal():
    """A log-in and a printer get a bounce that names the address; a stranger gets none."""
    bounce = "list@example.org.sending.refused.fermoposta.invalid"
    for made in (
        letter(EVE, to=["list@example.org"]),
        letter(envelope=EVE, client="192.0.2.7", to=["list@example.org"]),
    ):
        assert added(done(made)) == [BOB, bounce]
    stranger = done(letter(to=["info@example.org"]))
    assert added(stranger) == [ADA]
    assert [refusal.why for _, refusal in stranger.refusals] == [Why.RECEIVING]


def test_nothing_left_is_a_refusal():
    """Also where it was otherwise when the recipient was named."""
    assert treat(letter(to=[EVE]), ROUTER, SITE) == Rejected(
        "550 5.7.1",
        "This mailbox takes mail only from its own domain and from domains that are allowed to it",
    )
    unknown = treat(letter(to=["new@example.org", ADA]), ROUTER, SITE)
    assert isinstance(unknown, Rejected)
    assert unknown.code.startswith("4")


@pytest.mark.feature("F102", "F107")
def test_delegation_beats_send_as():
    """Bob may both; Sender names him, and the envelope stays."""
    changes = done(letter(BOB, headers=[("From", f"Ada <{ADA}>"), ("Sender", "ceo@far.test")]))

    assert ("Sender", f"<{BOB}>") in changes.added_headers
    assert changes.deleted_headers == [("Sender", 1)]
    assert changes.envelope is None
    assert added(changes) == [COPY]
    assert changes.submissions[0].represented == ADA


@pytest.mark.feature("F104", "F105")
def test_send_as_leaves_no_trace():
    """No Sender, the other's envelope; a copy goes to the agent."""
    changes = done(letter(EVE, headers=[("From", ADA), ("Sender", EVE), ("Message-ID", "<1@x>")]))

    assert changes.envelope == ADA
    assert changes.deleted_headers == [("Sender", 1)]
    assert EVE not in str(changes.added_headers)
    assert (changes.submissions[0].login, changes.submissions[0].message_id) == (EVE, "<1@x>")


@pytest.mark.feature("F061")
@pytest.mark.parametrize(
    ("headers", "envelope"),
    [
        ([("From", BOB)], ADA),
        ([("From", f"{ADA}, {BOB}")], ADA),
        ([("From", ADA)], BOB),
        ([("From", ADA), ("from", ADA)], ADA),
        ([("From", f"{ADA} <{BOB}>")], ADA),
        ([("From", "")], ADA),
    ],
)
def test_nobody_sends_as_whom_one_is_not(headers, envelope):
    verdict = treat(letter(ADA, envelope, headers=headers), ROUTER, SITE)

    assert isinstance(verdict, Rejected)
    assert verdict.code.startswith("550")


def test_a_receipt_has_no_envelope_sender():
    """A reading receipt (RFC 8098) goes out; who it is from is checked all the same."""
    assert done(letter(ADA, "", to=[FAR])).envelope is None


def test_a_message_without_from_gets_the_log_ins():
    assert ("From", f"<{ADA}>") in done(letter("Ada@example.org", headers=[])).added_headers


def test_what_looks_like_ours_goes():
    """Written by others in any case, last one first; and it says internal of trusted mail only."""
    forged = [
        ("From", FAR), ("X-Fermoposta-Origin", "internal"), ("x-fermoposta-origin", "x"),
        ("Sender", "ADA@example.org"),
    ]  # fmt: skip
    changes = done(letter(headers=forged))

    assert changes.deleted_headers == [
        ("Sender", 1),
        ("x-fermoposta-origin", 2),
        ("X-Fermoposta-Origin", 1),
    ]
    assert changes.added_headers == []
    assert done(letter(ADA)).added_headers == [("X-Fermoposta-Origin", "internal")]
    assert done(letter(headers=[("Sender", FAR)])).deleted_headers == []


def test_what_sieve_sends_on_is_held_to_both():
    """To its owner's restrictions on sending, and to its author's right to be received."""

    def sent_on(owner, sender, to, *more):
        headers = [("X-Sieve-Redirected-From", owner), *more]
        return treat(letter(envelope=sender, to=[to], headers=headers, host=True), ROUTER, SITE)

    origin = ("X-Fermoposta-Origin", "internal")
    assert isinstance(sent_on(EVE, FAR, "y@far.test"), Rejected)
    assert not isinstance(sent_on("bob+x@example.org", FAR, "y@far.test"), Rejected)
    assert isinstance(sent_on(BOB, ADA, EVE), Rejected)
    assert not isinstance(sent_on(BOB, ADA, EVE, origin), Rejected)


def test_this_host_gives_the_agent_work():
    changes = done(letter(envelope=ADA, to=[COPY], host=True))

    assert changes.deleted_recipients == changes.added_recipients == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (f"Ada <{ADA}>", (ADA,)),
        (f'"Lovelace, Ada" <{ADA}>,\r\n {BOB}', (ADA, BOB)),
        (f"{ADA} (Ada)", (ADA,)),
        (f"Ad\udcff <{ADA}>", (ADA,)),
        ("=?utf-8?q?ceo=40far=2Etest?= <ada@example.org>", (ADA,)),
    ],
)
def test_authors(value, found):
    assert authors_of([value]) == found


@pytest.mark.parametrize(
    "value",
    ["", "<>", "Ada", f"{ADA} {BOB}", f"Lovelace, Ada <{ADA}>", f"<{ADA}", f"us: {ADA};",
     "(" * 3000, "a" * 9000, f"{ADA}\x00"],
)  # fmt: skip
def test_what_clients_could_read_in_two_ways_is_no_author(value):
    with pytest.raises(AuthorError):
        authors_of([value])


def test_a_script_gives_the_agent_work_for_its_own_mailbox_only():
    """Who learns another mailbox's id can have nothing done in its name."""
    state = ROUTER.state.copy()
    for number, address in enumerate((ADA, BOB)):
        state.put(replace(state.users[address], mailbox_id=str(uuid.UUID(int=number))))
    router = Router(state)
    mine, others = str(uuid.UUID(int=0)), str(uuid.UUID(int=1))

    def sent_on(local, mailbox=ADA):
        headers = [("X-Sieve-Redirected-From", mailbox), ("From", FAR)]
        to = (f"{local}@agent.fermoposta.invalid",)
        return treat(letter(to=to, headers=headers, host=True, envelope=FAR), router, SITE)

    for own in (f"forward+{mine}.1", f"invitation+{mine}", "ham+ada=example.org+61000120000"):
        assert not isinstance(sent_on(own), Rejected)
        assert isinstance(sent_on(own, mailbox=BOB), Rejected)
        assert isinstance(sent_on(own, mailbox="nobody@example.org"), Rejected)
    for foreign in (
        f"forward+{others}.1",
        f"sent+{ID}",
        "spam+bob=example.org+1",
        "report-spam",
        "forward",
    ):
        assert isinstance(sent_on(foreign), Rejected)


@pytest.mark.feature("F143")
@pytest.mark.parametrize(
    "written",
    [f"<{EVE}.>", '<"eve"@example.org>', '<"e\\ve"@EXAMPLE.org.>', '<"eve@example.org"@mail.test>',
     '<"eve@example.org"@[192.0.2.1]>'],
)  # fmt: skip
def test_another_way_to_write_an_address_is_no_way_in(written):
    """Postfix delivers each of these to Eve, who takes no mail from outside."""
    router = Router(ROUTER.state, hosts=("mail.test",))
    verdict = treat(replace(letter(), recipients=[Recipient(written)]), router, SITE)

    assert isinstance(verdict, Rejected)
    assert verdict.code.startswith("550")


@pytest.mark.parametrize(
    "written",
    ['<e"v"e@example.org>', "<eve@example.org@mail.test>", "<eve(x)@example.org>",
     '<"eve@example.org">', "<<eve@example.org>>", "<e\\ve@example.org>"],
)  # fmt: skip
def test_what_postfix_could_read_otherwise_is_refused(written):
    """The answer names the address, and how to write it."""
    verdict = treat(replace(letter(ADA), recipients=[Recipient(written)]), ROUTER, SITE)

    assert isinstance(verdict, Rejected)
    assert verdict.code == "550 5.1.3"
    assert written in verdict.text


@pytest.mark.feature("F142")
def test_a_printer_does_not_hide_whose_restrictions_hold():
    """Strangers may have odd senders; who is believed writes its own plainly."""
    printer = letter(to=["list@example.org"], client="192.0.2.7")

    assert isinstance(
        treat(replace(printer, envelope='<e"v"e@example.org>'), ROUTER, SITE), Rejected
    )
    assert added(done(replace(printer, envelope=f"<{EVE}.>")))[0] == BOB
    assert FAR not in added(done(replace(printer, envelope=f"<{EVE}.>")))
    assert FAR in added(done(replace(printer, envelope='<e"v"e@far.test>')))


@pytest.mark.parametrize("to", ["postmaster", "o'brien=x@far.test", "é@far.test", "a.b+c@far.test"])
def test_odd_but_plain_addresses_are_understood(to):
    assert done(letter(ADA, to=[to])).deleted_recipients == []


def test_far_too_many_headers_are_refused():
    headers = [("From", FAR), *(("X", "1"),) * HEADERS_MAX]

    verdict = treat(letter(headers=headers), ROUTER, SITE)

    assert verdict == Rejected("550 5.6.0", f"The message has more than {HEADERS_MAX} headers")
    assert not isinstance(treat(letter(headers=headers[:-1]), ROUTER, SITE), Rejected)


def test_a_sender_from_outside_in_unicode_is_known_by_its_domain():
    """The directory has the domain's A-label; clients show both alike."""
    state = ROUTER.state.copy()
    state.put(Domain("xn--mnchen-3ya.example", "acme"))
    headers = [("From", FAR), ("Sender", "ada@münchen.example")]

    changes = treat(letter(headers=headers), Router(state), SITE)

    assert not isinstance(changes, Rejected)
    assert changes.deleted_headers == [("Sender", 1)]


@pytest.mark.parametrize("value", [f"{ADA}.", f"Ada <{ADA}", f"us: {ADA};", f"{ADA} {FAR}"])
def test_a_sender_from_outside_that_may_name_one_of_us_goes(value):
    """Some client finds the address in what is malformed, too."""
    headers = [("From", FAR), ("Sender", value)]

    assert done(letter(headers=headers)).deleted_headers == [("Sender", 1)]


def test_octets_that_are_no_ascii_are_kept_out():
    """Of what is written down, and of the options of a recipient."""
    headers = [("From", ADA), ("Message-ID", "<\udcff@x>")]
    changes = done(letter(BOB, headers=headers, to=["list+\udcffé@example.org"]))

    assert changes.submissions[0].message_id == "<?@x>"
    assert changes.added_recipients[-1].options == ("ORCPT=rfc822;list+2B+FF+C3+A9@example.org",)


def test_an_answer_of_this_host_is_no_work():
    """A stranger names the agent as whom to answer; a report of this host has no sender."""
    spam = ["spam+ada=example.org+1@agent.fermoposta.invalid"]
    headers = [("From", ADA), ("Auto-Submitted", "auto-replied (vacation)")]

    def verdict(envelope):
        return treat(letter(envelope=envelope, to=spam, headers=headers, host=True), ROUTER, SITE)

    assert isinstance(verdict(ADA), Rejected)
    assert not isinstance(verdict(""), Rejected)
