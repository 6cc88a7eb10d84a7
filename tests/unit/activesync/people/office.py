"""A company with an address book of its own, around the room of one user's device."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.activesync.postroom import Room

from fermoposta.activesync.people import DevicePolicy, Me, OutOfOffice, Person
from fermoposta.activesync.wbxml import Element, decode, encode

PICTURE = b"\xff\xd8\xff" + bytes(97)
ADA = Person(
    address="ada@example.org",
    name="Ada Lovelace",
    given_name="Ada",
    surname="Lovelace",
    phone="+39 1",
    mobile="+39 2",
    office="3 & 4",
    title="Countess",
    company="Engines",
    picture=PICTURE,
)
BOB = Person(address="bob@example.org", name="Bob Babbage", picture=PICTURE + bytes(200))
BO = Person(address="bo@example.org", name="Bo Boole", picture=PICTURE)
CAT = Person(address="cat@example.org", name="Cat")
TEAM = Person(address="team@example.org", name="Team", kind="group", members=2)


class Company:
    """Everybody, what the user said, and what devices must do."""

    def __init__(self, *people):
        self.people = {each.address: each for each in people or (ADA, BOB, BO, CAT, TEAM)}
        self.in_group = {TEAM.address: [ADA.address, BOB.address]}
        self.said = OutOfOffice()
        self.policy = None
        self.refuses = None
        self.questions = []
        self.times = {}

    async def me(self, user):
        return Me(
            address=user,
            name="Ada Lovelace",
            language="en",
            timezone="Europe/Rome",
            addresses=(user, "a.l@example.org"),
        )

    async def search(self, user, words, *, most, start=0):
        self.questions.append(words)
        wanted = words.casefold().split()
        found = [
            replace(each, picture=None, certificates=())
            for each in self.people.values()
            if wanted and all(_begins(each, word) for word in wanted)
        ]
        return sorted(found, key=lambda each: each.name)[start : start + most]

    async def named(self, user, addresses):
        found = {address: self.people.get(address.lower()) for address in addresses}
        return {address: person for address, person in found.items() if person is not None}

    async def members(self, user, group):
        addresses = self.in_group.get(group, [])
        return [self.people.get(each) or Person(address=each, name=each) for each in addresses]

    async def busy(self, user, addresses, start, end):
        if isinstance(self.times, Exception):
            raise self.times
        return {each: self.times[each] for each in addresses if each in self.times}

    async def out_of_office(self, user):
        return self.said

    async def set_out_of_office(self, user, said):
        if self.refuses is not None:
            raise self.refuses
        self.said = said

    async def device_policy(self, user):
        return self.policy

    def demand(self, values, **more):
        self.policy = DevicePolicy(values, **more)


class Office(Room):
    """The room of Ada's phone in that company."""

    def __init__(self, *people, **more):
        super().__init__(**more)
        self.people = Company(*people)

    async def session(self, version, command="Search", device="D1", **query):
        return replace(await super().session(version, command, device, **query), people=self.people)

    async def device(self, name="D1"):
        """What is kept of a device."""
        found = await self.store.devices(self.owner.address)
        return next(each for each in found if each.id == name)


def el(namespace, tree):
    """Make an element of ``(name, text or list of such)``; a name may have a namespace."""
    name, content = tree
    children = content if isinstance(content, str | bytes) else [el(namespace, x) for x in content]
    return Element(name if ":" in name else f"{namespace}:{name}", children)


def tree(element):
    """The element as ``(name, text or list)``, as it arrives over the wire."""
    return _tree(decode(encode(element)))


def _tree(element):
    if element.elements:
        return (element.tag, [_tree(each) for each in element.elements])
    return (element.tag, element.text)


def _begins(person, word):
    parts = [*person.name.casefold().split(), person.address]
    return any(part.startswith(word) for part in parts)
