"""The description of the API is true: of its routes, of what it takes, and of what it answers."""

import json
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from fermoposta.directory.model import (
    Alias,
    AllowedDomains,
    Company,
    Delegation,
    DeviceAccess,
    DevicePolicy,
    Domain,
    Grant,
    Group,
    JunkRule,
    Kind,
    MessageRule,
    OutOfOffice,
    Role,
    SendAs,
    User,
)
from fermoposta.directory.model import (
    Resource as Room,
)
from fermoposta.directory.model.mail_rules import Actions, Condition
from fermoposta.directory.steps import Action, Step
from fermoposta.inventory.fields import FORMS
from fermoposta.portal.administration import KINDS, REMOVABLE, WRITABLE, Outcome
from fermoposta.portal.administration.entries import entry_of
from fermoposta.portal.api.answers import ApiError, problem, shown, told
from fermoposta.portal.api.routes import OPENAPI, ROUTES

RECORDS = (
    Company("acme", "Acme"),
    Domain("example.org", "acme", catch_all="ada@example.org"),
    User(
        "ada@example.org",
        "Ada",
        mobile="+393331234567",
        redirect_to=("bob@example.org",),
        role=Role("administrator", companies=("acme",)),
        password_hash="{PLAIN}",
    ),
    Room("room@example.org", "Room"),
    Alias("sales@example.org", ("ada@example.org",)),
    Group("all@example.org", "All", ("ada@example.org",), senders=("ada@example.org",)),
    SendAs("sales@example.org", ("ada@example.org",)),
    Delegation("ada@example.org", "bob@example.org", (("inbox", 0x401),)),
    Grant("ada@example.org", "INBOX", "bob@example.org", 0x3),
    AllowedDomains("example.org", ("partner.example",)),
    JunkRule("example.org", "@spam.example", "block"),
    MessageRule(
        "ada@example.org",
        "Invoices",
        (Condition("subject", "contains", "invoice"),),
        Actions(move="INBOX/Invoices"),
    ),
    OutOfOffice("ada@example.org", "Away"),
    DevicePolicy("phones", company="acme", mail_age="1_week"),
    DeviceAccess("acme", types=(("iphone", "allow"),)),
)


@pytest.fixture(scope="module")
def described() -> dict:
    return json.loads(OPENAPI.read_text())


def valid(described: dict, name: str, value: object) -> bool:
    """Whether *value* is as the description has *name*."""
    document = Resource(contents=described, specification=DRAFT202012)
    validator = Draft202012Validator(
        {"$ref": f"urn:api#/components/schemas/{name}"},
        registry=Registry().with_resource("urn:api", document),
    )
    try:
        validator.validate(value)
    except ValidationError as error:
        raise AssertionError(error.message) from None
    return True


def name_of(kind: Kind) -> str:
    return "".join(word.capitalize() for word in kind.value.split("_"))


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "$ref":
                yield each
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_it_is_openapi_3_1(described) -> None:
    """Every schema is one, every reference leads somewhere, no operation stands twice."""
    assert described["openapi"] == "3.1.0"
    assert {"title", "version"} <= described["info"].keys()
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in references(described):
        found = described
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    operations = [
        operation
        for path in described["paths"].values()
        for verb, operation in path.items()
        if verb != "parameters"
    ]
    assert len({each["operationId"] for each in operations}) == len(operations)
    assert all(operation["responses"] for operation in operations)


def test_it_has_every_route_and_every_verb(described) -> None:
    """Those that are there, and no others."""
    for kind in KINDS:
        writes = kind in WRITABLE
        many = described["paths"][f"/{kind}"].keys()
        one = described["paths"][f"/{kind}/{{key}}"].keys()
        assert many == ({"get", "post"} if writes else {"get"})
        assert one - {"parameters"} == {"get"} | ({"put", "patch"} if writes else set()) | (
            {"delete"} if kind in REMOVABLE else set()
        )
    assert len(described["paths"]) == 1 + 2 * len(KINDS)
    assert [route.path for route in ROUTES] == [
        "/api/v1/openapi.json",
        "/api/v1/{kind:str}",
        "/api/v1/{kind:str}/{key:all}",
        "/api/{rest:all}",
    ]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.kind.value)
def test_what_is_answered_is_as_described(described, record) -> None:
    """An entry, an outcome; and an entry's fields are those that are taken."""
    name = name_of(record.kind)
    entry = entry_of(record)

    assert valid(described, f"{name}Entry", shown(entry))
    if record.kind in WRITABLE:
        assert valid(described, name, dict(entry.fields))
    if record.kind in REMOVABLE:
        steps = (Step(Action.REMOVE, record, None),)
        assert valid(described, f"{name}Outcome", told(Outcome(entry, steps)))


def test_every_kind_is_tried() -> None:
    """So that a new one is not forgotten."""
    assert {record.kind for record in RECORDS} == set(KINDS)


def test_the_fields_are_those_of_the_forms(described) -> None:
    """One model for inventory, portal and API; no secret comes out."""
    schemas = described["components"]["schemas"]
    for kind in set(KINDS) & FORMS.keys() & WRITABLE:
        assert schemas[name_of(kind)]["properties"].keys() == FORMS[kind].fields.keys()
        assert schemas[name_of(kind)]["required"] == list(FORMS[kind].required)
    fields = schemas["UsersEntry"]["properties"]["fields"]["properties"]
    assert not fields.keys() & {"password", "password_hash", "security_questions"}


def test_a_problem_is_as_described(described) -> None:
    """With everything that it may hold."""
    assert valid(described, "Problem", json.loads(problem(ApiError(401, "x")).body))
