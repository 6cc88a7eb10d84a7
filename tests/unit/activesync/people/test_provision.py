"""How a device gets its policies, and how a lost one is wiped."""

import asyncio

import pytest
from tests.unit.activesync.people.office import Office, el, tree

from fermoposta.activesync.admission import digest_of
from fermoposta.activesync.commands.provision import PERMISSIVE, POLICY_TYPE, document, handle
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.people import DevicePolicy
from fermoposta.activesync.session import Asked
from fermoposta.activesync.status import Common
from fermoposta.activesync.store.model import Access, Wipe
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml.codepages import TOKENS

DEMANDED = {"DevicePasswordEnabled": "1", "MinDevicePasswordLength": "6"}
WITH_INFORMATION = ("14.1", "16.0", "16.1")


@pytest.fixture
def office():
    return Office()


def provision(office, version, *children, device="D1"):
    async def ask():
        session = await office.session(version, "Provision", device)
        return await handle(session, Asked(el("Provision", ("Provision", list(children)))))

    return asyncio.run(ask())


def policy(*children, kind=POLICY_TYPE):
    return ("Policies", [("Policy", [("PolicyType", kind), *children])])


def device(office):
    return asyncio.run(office.device())


def set_device(office, **fields):
    async def change():
        await office.session("16.1")
        await office.store.change_device(office.owner.address, "D1", **fields)

    asyncio.run(change())


def offered(office, version="16.1"):
    provision(office, version, policy())
    return str(device(office).offered_key)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_device_is_offered_policies_and_keeps_the_key_that_it_gets_for_them(office, version):
    """First a key for the offer alone, then another one, which is good from then on."""
    office.people.demand(DEMANDED)

    first = tree(provision(office, version, policy()).element)
    temporary = device(office).offered_key
    second = tree(
        provision(office, version, policy(("PolicyKey", str(temporary)), ("Status", "1"))).element
    )

    kind = ("Provision:PolicyType", POLICY_TYPE)
    (status, (_, [(_, answered)])) = first[1]
    assert status == ("Provision:Status", "1")
    assert answered[:3] == [kind, status, ("Provision:PolicyKey", str(temporary))]
    [(_, settings)] = answered[3][1]
    assert ("Provision:DevicePasswordEnabled", "1") in settings
    assert ("Provision:MinDevicePasswordLength", "6") in settings
    final = device(office).policy_key
    assert second == (
        "Provision:Provision",
        [
            status,
            (
                "Provision:Policies",
                [("Provision:Policy", [kind, status, ("Provision:PolicyKey", str(final))])],
            ),
        ],
    )
    assert final
    assert final != temporary
    assert device(office).offered_key == 0
    assert device(office).policy_digest == digest_of(office.people.policy)


def test_who_asks_for_policies_has_none_until_they_are_acknowledged(office):
    """The key of before is good no more: the device may be another one with the same name."""
    office.people.demand(DEMANDED)
    set_device(office, policy_key=7)

    provision(office, "16.1", policy())

    assert device(office).policy_key == 0


def test_what_was_acknowledged_is_what_was_offered(office):
    """Where other policies hold meanwhile, the device has not got them, and must ask again."""
    office.people.demand(DEMANDED)
    key = offered(office)
    office.people.demand({"DevicePasswordEnabled": "0"})

    provision(office, "16.1", policy(("PolicyKey", key), ("Status", "1")))

    assert device(office).policy_digest == digest_of(DevicePolicy(DEMANDED))


@pytest.mark.parametrize("key", ["", "1", "0", "x", "99999999999"])
def test_another_key_than_the_offered_one_acknowledges_nothing(office, key):
    """Also not 0, which stands for no key."""
    answer = tree(provision(office, "16.1", policy(("PolicyKey", key), ("Status", "1"))).element)

    assert ("Provision:Status", "5") in answer[1][1][1][0][1]
    assert device(office).policy_key == 0


def test_a_key_acknowledges_once(office):
    """Who sends the acknowledgement again must begin anew."""
    key = offered(office)
    provision(office, "16.1", policy(("PolicyKey", key), ("Status", "1")))
    final = device(office).policy_key

    answer = tree(provision(office, "16.1", policy(("PolicyKey", key), ("Status", "1"))).element)

    assert ("Provision:Status", "5") in answer[1][1][1][0][1]
    assert device(office).policy_key == final


def test_a_device_of_another_user_knows_nothing_of_the_key(office):
    """The key is good for the device that it was offered to."""
    key = offered(office)

    answer = provision(office, "16.1", policy(("PolicyKey", key), ("Status", "1")), device="D2")

    assert ("Provision:Status", "5") in tree(answer.element)[1][1][1][0][1]


@pytest.mark.parametrize(
    ("said", "version", "status"),
    [("3", "16.1", "139"), ("4", "16.1", "145"), ("3", "14.0", "139")],
)
def test_who_did_not_apply_the_policies_gets_no_key(office, said, version, status):
    """Nor does who is managed by somebody else."""
    office.people.demand(DEMANDED)
    key = offered(office, version)

    answer = provision(office, version, policy(("PolicyKey", key), ("Status", said)))

    assert tree(answer.element) == ("Provision:Provision", [("Provision:Status", status)])
    assert device(office).policy_key == 0


def test_at_12_1_who_did_not_apply_them_is_told_by_http(office):
    """It knows no such status."""
    office.people.demand(DEMANDED)
    key = offered(office, "12.1")

    answer = provision(office, "12.1", policy(("PolicyKey", key), ("Status", "3")))

    assert (answer.status, answer.element) == (403, None)


@pytest.mark.parametrize("said", ["1", "2", "3", "4"])
def test_where_it_is_allowed_a_device_need_not_apply_them(office, said):
    """It gets its key whatever it says."""
    office.people.demand(DEMANDED, allow_non_provisionable=True)
    key = offered(office)

    provision(office, "16.1", policy(("PolicyKey", key), ("Status", said)))

    assert device(office).policy_key


def test_policies_that_are_applied_in_part_will_do(office):
    """There is a password at least (section 2.2.2.54.1)."""
    office.people.demand(DEMANDED)
    key = offered(office)

    provision(office, "16.1", policy(("PolicyKey", key), ("Status", "2")))

    assert device(office).policy_key


@pytest.mark.parametrize("version", VERSIONS)
def test_where_nothing_is_demanded_all_is_allowed(office, version):
    """A document that says so, since "no policy" makes some clients give up."""
    answer = tree(provision(office, version, policy()).element)

    [(_, settings)] = answer[1][1][1][0][1][3][1]
    assert settings == [(f"Provision:{name}", value) for name, value in PERMISSIVE.items()]


def test_a_document_has_its_elements_in_the_order_of_the_schema():
    """Whatever the order of what is demanded, each is there once."""
    found = document({"ApprovedApplicationList": "a\nb\n", "AllowCamera": "0"})

    names = [each.name for each in found.elements]
    assert names == list(PERMISSIVE)
    assert [each.text for each in found.elements[-1].elements] == ["a", "b"]
    assert {each.tag for each in found.walk()} <= TOKENS.keys()


def test_a_policy_that_no_document_can_say_is_corrupt(office):
    """The device is told that it is the server's fault (status 4)."""
    office.people.demand({"AllowEverything": "1"})

    answer = tree(provision(office, "16.1", policy()).element)

    assert answer[1][1][1][0][1][1] == ("Provision:Status", "4")


@pytest.mark.parametrize("kind", ["MS-WAP-Provisioning-XML", "x"])
def test_another_type_of_policies_is_unknown(office, kind):
    """Nobody speaks the versions that have the other one."""
    answer = tree(provision(office, "14.1", policy(kind=kind)).element)

    assert answer[1][1][1][0][1] == [("Provision:PolicyType", kind), ("Provision:Status", "3")]


INFORMATION = (
    "Settings:DeviceInformation",
    [("Settings:Set", [("Settings:Model", "A1"), ("Settings:OS", "B2")])],
)


@pytest.mark.parametrize("version", WITH_INFORMATION)
def test_what_a_device_says_of_itself_is_kept(office, version):
    """It says so when it asks for policies, and is told that it is kept before all else."""
    answer = tree(provision(office, version, INFORMATION, policy()).element)

    assert answer[1][0] == ("Settings:DeviceInformation", [("Settings:Status", "1")])
    assert [name for name, _ in answer[1]][1:] == ["Provision:Status", "Provision:Policies"]
    assert device(office).information == {"Model": "A1", "OS": "B2"}


@pytest.mark.parametrize("version", ["12.1", "14.0"])
def test_versions_that_do_not_say_it_here_are_not_answered_it(office, version):
    """An element that the schema of the version lacks would make the device refuse all."""
    answer = tree(provision(office, version, INFORMATION, policy()).element)

    assert answer[1][0] == ("Provision:Status", "1")
    assert device(office).information == {}


def test_an_empty_request_of_a_device_that_nobody_wants_wiped_is_answered_with_success(office):
    """There is nothing else to say."""
    answer = tree(provision(office, "16.1").element)

    assert answer == ("Provision:Provision", [("Provision:Status", "1")])


@pytest.mark.parametrize(
    "children",
    [
        [("Policies", [])],
        [("Policies", [("Policy", [("PolicyType", "")])])],
        [("Policies", [("Policy", [("PolicyType", POLICY_TYPE)])] * 2)],
        [policy(("PolicyKey", "1"))],
        [policy(("PolicyKey", "1"), ("Status", "9"))],
        [("RemoteWipe", [("Status", "1")])],
        [("AccountOnlyRemoteWipe", [("Status", "1")])],
    ],
)
def test_what_is_no_request_is_a_protocol_error(office, children):
    """Also to acknowledge a wipe that nobody wanted, which must not block a device."""
    with pytest.raises(CommandError) as refused:
        provision(office, "16.1", *children)

    assert refused.value.status == 2
    assert device(office).access is Access.ALLOWED


@pytest.mark.parametrize("version", VERSIONS)
def test_a_device_is_told_to_wipe_itself_and_is_blocked_when_it_has(office, version):
    """What it asks for meanwhile does not matter, and it is told by nothing but the directive."""
    set_device(office, wipe=Wipe.REQUESTED, policy_key=7)

    told = tree(provision(office, version, policy()).element)
    sent = device(office).wipe
    done = tree(provision(office, version, ("RemoteWipe", [("Status", "1")])).element)

    directive = [("Provision:Status", "1"), ("Provision:RemoteWipe", "")]
    assert told == ("Provision:Provision", directive)
    assert sent is Wipe.SENT
    assert done == ("Provision:Provision", directive[:1])
    assert (device(office).wipe, device(office).access) == (Wipe.DONE, Access.BLOCKED)
    assert device(office).policy_key == 0


def test_a_wipe_that_failed_is_asked_for_again(office):
    """The device says status 2, and is told the same with the directive."""
    set_device(office, wipe=Wipe.SENT)

    answer = tree(provision(office, "16.1", ("RemoteWipe", [("Status", "2")])).element)

    assert answer[1] == [("Provision:Status", "2"), ("Provision:RemoteWipe", "")]
    assert (device(office).wipe, device(office).access) == (Wipe.SENT, Access.ALLOWED)


def test_a_wipe_is_not_done_before_the_device_was_told_of_it(office):
    """Who acknowledges it in advance is told first."""
    set_device(office, wipe=Wipe.REQUESTED)

    answer = tree(provision(office, "16.1", ("RemoteWipe", [("Status", "1")])).element)

    assert ("Provision:RemoteWipe", "") in answer[1]
    assert device(office).wipe is Wipe.SENT


def test_at_16_1_the_account_alone_is_wiped(office):
    """The rest of the phone is its owner's."""
    set_device(office, wipe=Wipe.REQUESTED, wipe_account_only=True)

    told = tree(provision(office, "16.1").element)
    wrong = tree(provision(office, "16.1", ("RemoteWipe", [("Status", "1")])).element)
    done = tree(provision(office, "16.1", ("AccountOnlyRemoteWipe", [("Status", "1")])).element)

    directive = [("Provision:Status", "1"), ("Provision:AccountOnlyRemoteWipe", "")]
    assert told[1] == wrong[1] == directive
    assert done[1] == directive[:1]
    assert (device(office).wipe, device(office).access) == (Wipe.DONE, Access.BLOCKED)


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_a_device_that_can_only_wipe_all_is_blocked_instead(office, version):
    """No version but 16.1 is ever told to wipe where the account alone is meant."""
    set_device(office, wipe=Wipe.REQUESTED, wipe_account_only=True)

    with pytest.raises(CommandError) as refused:
        provision(office, version, policy())

    assert refused.value.status == Common.DEVICE_BLOCKED
    assert (device(office).wipe, device(office).access) == (Wipe.REQUESTED, Access.BLOCKED)
