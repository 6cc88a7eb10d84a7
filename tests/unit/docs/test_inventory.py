import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from fermoposta.directory.model import ALL_KINDS
from fermoposta.inventory.fields import FORMS
from fermoposta_docs import fields, inventory

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def validator():
    """What an editor holds a file against."""
    return jsonschema.Draft202012Validator(json.loads(inventory.schema()))


def test_every_kind_and_every_field_is_documented():
    """A field that nobody describes does not get in."""
    page = inventory.page(ROOT)

    assert all(f"`mail_{kind}`" in page for kind in ALL_KINDS)
    for kind, form in FORMS.items():
        documented = {field.name: field for field in fields.fields_of(kind)}
        assert set(documented) == set(form.fields)
        assert all(field.meaning.endswith(".") for field in documented.values())


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("inventories/*/group_vars/mail/*.yml")), ids=lambda p: str(p)[-40:]
)
def test_our_inventories_fit_the_schema(validator, path):
    """An editor marks nothing in what we show."""
    assert list(validator.iter_errors(yaml.safe_load(path.read_text()))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"mail_usres": {}},
        {"mail_users": {"ada@example.org": {}}},
        {"mail_users": {"ada@example.org": {"name": "Ada", "qouta_mb": 100}}},
        {"mail_users": {"ada@example.org": {"name": "Ada", "quota_mb": 99}}},
        {"mail_users": {"ada@example.org": {"name": "Ada", "language": "de"}}},
        {"mail_aliases": {"info@example.org": {"destinations": []}}},
        {"mail_grants": {"ada@example.org": {"INBOX": {"bob@example.org": "reader"}}}},
        {"mail_delegations": {"ada@example.org": {"bob@example.org": {"trash": "owner"}}}},
        {"mail_junk_rules": {"example.org": {"@spam.example": "drop"}}},
        {"mail_out_of_office": {"ada@example.org": {"text": "Away", "until": "2026-08-31T18:00"}}},
        {"mail_device_policies": {"phones": {"company": "acme", "pasword_required": True}}},
        {"mail_device_policies": {"phones": {"company": "acme", "bluetooth": "on"}}},
        {"mail_device_access": {"acme": {"types": {"iPhone": "ok"}}}},
    ],
    ids=lambda wrong: json.dumps(wrong)[:60],
)
def test_an_editor_marks_mistakes(validator, wrong):
    """A mistake is seen while it is typed."""
    assert not validator.is_valid(wrong)


def test_variables_of_others_may_stand_beside(validator):
    """Group variables of the roles are none of the directory's business."""
    assert validator.is_valid({"postfix_message_size_limit": 1, "mail_users": None})
