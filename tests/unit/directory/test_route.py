"""Where mail goes, and what it must not reach."""

from __future__ import annotations

import pytest

from fermoposta.directory.route import Router, Sender, Why
from fermoposta.inventory import load, parse

ADA, BOB, DARIO = "ada@example.org", "bob@example.org", "dario@example.org"
STRANGER = Sender("stranger@far.example")
COMPANY = {
    "mail_companies": {"acme": {"name": "Acme"}, "globex": {"name": "Globex"}},
    "mail_domains": {
        "example.org": {"company": "acme"},
        "example.com": {"company": "acme", "catch_all": ADA},
        "example.net": {"company": "globex"},
    },
}


def login(address):
    return Sender(address, login=address, trusted=True)


def router(users=(), **parts):
    """A router of a small company; *users* maps addresses to what is special about them."""
    people = {ADA: {}, BOB: {}, DARIO: {}, "elena@example.com": {}, "hank@example.net": {}}
    people |= dict(users)
    values = {
        **COMPANY,
        "mail_users": {address: {"name": address, **more} for address, more in people.items()},
        **{f"mail_{kind}": records for kind, records in parts.items()},
    }
    return Router(parse(load(values)), hosts=["mail.example.org"], postmaster=ADA)


def reached(routes):
    return [delivery.address for delivery in routes.deliveries]


def reasons(routes):
    return [refusal.why for refusal in routes.refusals]


def test_a_mailbox_is_reached_whatever_the_case():
    routes = router().route(STRANGER, "Ada@Example.ORG")

    assert reached(routes) == [ADA]
    assert routes.deliveries[0].path == (ADA,)
    assert routes.lost is None


def test_what_is_behind_a_plus_stays_with_our_addresses():
    """A detail goes on through an alias to mailboxes here, but not to addresses elsewhere."""
    paths = router(aliases={"info@example.org": {"destinations": [BOB, "x@far.example"]}})

    assert reached(paths.route(STRANGER, "ada+lists@example.org")) == ["ada+lists@example.org"]
    assert reached(paths.route(STRANGER, "info+q@example.org")) == [
        "bob+q@example.org",
        "x@far.example",
    ]


def test_a_catch_all_takes_what_nobody_else_has():
    paths = router()

    assert reached(paths.route(STRANGER, "nobody@example.com")) == [ADA]
    assert reached(paths.route(STRANGER, "elena@example.com")) == ["elena@example.com"]


def test_the_postmaster_of_domains_and_host():
    """RFC 5321 wants one for every domain; the operator's has it where none is declared."""
    paths = router()

    for address in ("postmaster@example.net", "abuse@example.com", "root@mail.example.org"):
        assert reached(paths.route(STRANGER, address)) == [ADA]
    assert reached(paths.route(STRANGER, "nobody@mail.example.org")) == ["nobody@mail.example.org"]


def test_an_address_that_was_made_a_moment_ago_waits():
    """smtpd asks the database, which may know more than we do: the sender tries again."""
    routes = router().route(STRANGER, "new@example.org")

    assert reached(routes) == []
    assert routes.refusals[0].code.startswith("450")


@pytest.mark.feature("F142", "F148")
def test_restricted_sending():
    """Own domain and allowed domains, on every path; nothing else."""
    paths = router(
        {DARIO: {"restrict_sending": True}},
        allowed_domains={"example.org": ["partner.example"]},
        aliases={"out@example.org": {"destinations": ["x@far.example", BOB]}},
    )
    dario = login(DARIO)

    assert reached(paths.route(dario, BOB)) == [BOB]
    assert reached(paths.route(dario, "x@partner.example")) == ["x@partner.example"]
    assert reasons(paths.route(dario, "x@far.example")) == [Why.SENDING]
    assert reasons(paths.route(dario, "elena@example.com")) == [Why.SENDING]
    assert reasons(paths.route(dario, "x@sub.partner.example")) == [Why.SENDING]
    assert reached(paths.route(dario, "spam@mail.example.org")) == ["spam@mail.example.org"]
    mixed = paths.route(dario, "out@example.org")
    assert reached(mixed) == [BOB]
    assert mixed.lost is Why.SENDING


@pytest.mark.feature("F142")
def test_restricted_sending_without_a_log_in():
    """Who is trusted without a log-in, such as a printer, is held to its sender's restrictions."""
    paths = router({DARIO: {"restrict_sending": True}})

    assert reasons(paths.route(Sender(DARIO, trusted=True), "x@far.example")) == [Why.SENDING]
    assert reached(paths.route(Sender(BOB, trusted=True), "x@far.example")) == ["x@far.example"]


@pytest.mark.feature("F143", "F148")
@pytest.mark.parametrize("to", [DARIO, "dario+x@example.org", "all@example.org", ADA])
def test_restricted_receiving_holds_on_every_path(to):
    """Directly, through an alias, through a redirect."""
    paths = router(
        {DARIO: {"restrict_receiving": True}, ADA: {"redirect_to": [DARIO]}},
        allowed_domains={"example.org": ["partner.example", "example.net"]},
        aliases={"all@example.org": {"destinations": [DARIO]}},
    )

    def arrives(sender):
        return any(a.startswith("dario") for a in reached(paths.route(sender, to)))

    assert arrives(login(BOB))
    assert arrives(Sender("x@partner.example"))
    assert arrives(login("hank@example.net"))
    assert arrives(Sender("", trusted=True)), "a bounce that this host wrote"
    assert not arrives(STRANGER)
    assert not arrives(Sender("x@sub.partner.example"))
    assert not arrives(login("elena@example.com"))
    assert not arrives(Sender("")), "anybody can write a bounce"
    assert not arrives(Sender(BOB)), "forged from outside"
    assert not arrives(Sender("hank@example.net")), "forged, in an allowed domain of ours"


@pytest.mark.feature("F143")
def test_who_is_restricted_does_not_get_round_it_by_a_redirect():
    """A restricted user's redirect carries nothing on that the user may not receive."""
    paths = router({DARIO: {"restrict_receiving": True, "redirect_to": ["d@home.example"]}})

    assert reached(paths.route(STRANGER, DARIO)) == []
    assert reached(paths.route(login(BOB), DARIO)) == ["d@home.example", DARIO]


def test_what_a_redirect_may_not_carry_on_stays():
    """The mailbox of who redirects keeps it, even where local delivery is off; nobody bounces."""
    paths = router(
        {
            DARIO: {"restrict_sending": True},
            BOB: {"redirect_to": ["bob@far.example"], "local_delivery": False},
        }
    )

    refused = paths.route(login(DARIO), BOB)
    assert reached(refused) == [BOB]
    assert reasons(refused) == [Why.SENDING]
    assert refused.lost is None
    assert reached(paths.route(login(ADA), BOB)) == ["bob@far.example"]


def test_a_refused_branch_does_not_stop_the_others():
    paths = router(
        {DARIO: {"restrict_receiving": True}},
        groups={"all@example.org": {"name": "All", "members": [DARIO, ADA]}},
    )
    routes = paths.route(STRANGER, "all@example.org")

    assert reached(routes) == [ADA]
    assert routes.refusals[0].path == ("all@example.org", DARIO)
    assert routes.lost is Why.RECEIVING


@pytest.mark.feature("F159")
@pytest.mark.parametrize(
    ("senders", "may", "may_not"),
    [
        ("anyone", [STRANGER, login(BOB), Sender("")], []),
        (
            "company",
            [login(BOB), login("elena@example.com"), Sender("printer@example.org", trusted=True)],
            [STRANGER, Sender(BOB), login("hank@example.net"), Sender("")],
        ),
        ("members", [login(ADA), login(DARIO), login("ada+x@example.org")],
         [login(BOB), Sender(ADA), STRANGER]),
        (
            [BOB, "boss@far.example"],
            [login(BOB), Sender("boss@far.example")],
            [Sender(BOB), login(ADA), STRANGER, Sender("")],
        ),
    ],
)  # fmt: skip
def test_who_may_write_to_a_group(senders, may, may_not):
    """The group itself, the group inside another one, and behind an alias."""
    paths = router(
        groups={
            "team@example.org": {
                "name": "Team",
                "members": [ADA, "nested@example.org"],
                "senders": senders,
            },
            "nested@example.org": {"name": "Nested", "members": [DARIO]},
            "outer@example.org": {"name": "Outer", "members": ["team@example.org"]},
        },
        aliases={"a@example.org": {"destinations": ["outer@example.org"]}},
    )

    for to in ("team@example.org", "outer@example.org", "a@example.org"):
        for sender in may:
            assert reached(paths.route(sender, to)) == [ADA, DARIO], sender
        for sender in may_not:
            routes = paths.route(sender, to)
            assert reached(routes) == [], sender
            assert reasons(routes) == [Why.GROUP]


def test_a_group_without_members_is_nobody():
    paths = router(groups={"empty@example.org": {"name": "Empty", "members": []}})

    assert reasons(paths.route(STRANGER, "empty@example.org")) == [Why.NOWHERE]


def test_nothing_leads_to_the_domains_that_this_host_works_with():
    """An administrator's alias does not reach the mailbox agent; what this host writes does."""
    inside = "sent+1@agent.fermoposta.invalid"
    paths = router(aliases={"x@example.org": {"destinations": [inside, ADA]}})

    assert reached(paths.route(login(ADA), "x@example.org")) == [ADA]
    assert reached(paths.route(Sender("", trusted=True), inside)) == [inside]


def test_a_very_long_way_ends():
    names = [f"a{n}@example.org" for n in range(150)]
    aliases = {
        name: {"destinations": [to]} for name, to in zip(names, [*names[1:], ADA], strict=True)
    }

    routes = router(aliases=aliases).route(STRANGER, names[0])

    assert reasons(routes) == [Why.STEPS]
    assert reached(router(aliases=aliases).route(STRANGER, names[100])) == [ADA]


@pytest.mark.feature("F142", "F143")
@pytest.mark.parametrize("domain", ["mail.example.org", "[192.0.2.1]", "far.example"])
def test_an_address_within_an_address_leads_nowhere(domain):
    """Postfix goes on to it where the domain is this host's: nobody reaches others by that."""
    paths = router({DARIO: {"restrict_sending": True, "restrict_receiving": True}})

    for sender, inner in ((STRANGER, DARIO), (login(DARIO), "x@far.example")):
        assert reasons(paths.route(sender, f"{inner}@{domain}")) == [Why.NOWHERE]


def test_a_network_address_is_no_domain():
    """This host's own would be a second name for its reports and roles."""
    paths = router()

    for to in ("spam@[192.0.2.1]", "root@[IPv6:2001:db8::1]"):
        assert reasons(paths.route(STRANGER, to)) == [Why.NOWHERE]


@pytest.mark.feature("F142")
def test_a_strangers_address_at_this_host_is_no_way_out():
    """Bounces find their way back by it; whoever saw one could write to the stranger."""
    paths = router({DARIO: {"restrict_sending": True}})
    back = "srs0=abcd=ef=far.example=x@mail.example.org"

    assert reasons(paths.route(login(DARIO), back)) == [Why.SENDING]
    assert reached(paths.route(Sender(""), back)) == [back]
    assert reached(paths.route(login(BOB), back)) == [back]
